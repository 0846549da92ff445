//! The parts of a mail: which of them are its text, which are files, and where a file's bytes
//! can be fetched later.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message as Mail, MessagePart, MimeHeaders, PartType};
use viadukt_api::{Attachment, WorkerName};

use crate::fetch::{Handle, Payload, Within};
use crate::kinds::Kind;
use crate::lift::Lifted;
use crate::said::Said;
use crate::{clean, html};

/// What `mail` says and carries.
pub(crate) fn content(
    mail: &Mail<'_>,
    lifted: &Lifted<'_>,
    worker: &WorkerName,
    forbidden: &[Kind],
) -> Said {
    let (texts, files, aside) = (Vec::new(), Vec::new(), Vec::new());
    let mut parts = Parts { mail, lifted, worker, forbidden, texts, files, aside };
    let is_text = |part: &MessagePart<'_>| matches!(part.body, PartType::Text(_));
    let is_mixed = mail.text_bodies().any(is_text);
    let mut has_plain = false;
    for part in mail.text_bodies() {
        match &part.body {
            PartType::Text(_) => has_plain |= parts.show(part),
            PartType::Html(_) if is_mixed => {
                parts.texts.push(clean::text(&html::to_text(&parts.text_of(part))));
            }
            _ => {}
        }
    }
    // Plain text is what the author's program meant for readers without HTML: it comes first,
    // and is never itself taken for HTML or Markdown.
    let mut formatted: String = mail
        .html_bodies()
        .filter(|part| matches!(part.body, PartType::Html(_)) && !has_plain)
        .map(|part| parts.text_of(part))
        .collect();
    let has_text = parts.texts.iter().any(|text| !text.trim().is_empty());
    let root = if has_text || !formatted.trim().is_empty() { None } else { root(mail) };
    for id in &mail.attachments {
        match mail.parts.get(*id as usize) {
            Some(part) if root == Some(*id) => match part.body {
                PartType::Html(_) => formatted = parts.text_of(part),
                _ => drop(parts.show(part)),
            },
            Some(part) => parts.attach(part),
            None => {}
        }
    }
    let Parts { mut texts, files, aside, .. } = parts;
    texts.retain(|text| !text.trim().is_empty());
    // Text that came after HTML: together they are text.
    if !is_mixed && !texts.is_empty() && !formatted.is_empty() {
        texts.insert(0, clean::text(&html::to_text(&formatted)));
        formatted.clear();
    }
    Said { text: texts.join("\n\n"), formatted, files, aside }
}

/// The part that speaks for a mail which shows nothing by itself: the one that a
/// `multipart/related` names as its root (RFC 2387 3.2), wherever it stands, else the first that
/// is text and no file.
fn root(mail: &Mail<'_>) -> Option<u32> {
    let bare = |id: &str| id.trim_matches(['<', '>', ' ']).to_owned();
    let roots: Vec<String> = mail
        .parts
        .iter()
        .filter_map(|part| part.content_type())
        .filter(|kind| kind.subtype().is_some_and(|kind| kind.eq_ignore_ascii_case("related")))
        .filter_map(|kind| kind.attribute("start").map(bare))
        .collect();
    let is_text = |part: &MessagePart<'_>| {
        let is_file = part.attachment_name().is_some()
            || part.content_disposition().is_some_and(|how| how.is_attachment());
        matches!(part.body, PartType::Html(_) | PartType::Text(_)) && !is_file
    };
    let texts = || {
        let parts = mail.attachments.iter().map(|id| (*id, mail.parts.get(*id as usize)));
        parts.filter_map(|(id, part)| Some((id, part.filter(|part| is_text(part))?)))
    };
    let is_root =
        |part: &MessagePart<'_>| part.content_id().is_some_and(|id| roots.contains(&bare(id)));
    let named = texts().find(|(_, part)| is_root(part));
    named.or_else(|| texts().next()).map(|(id, _)| id)
}

struct Parts<'a> {
    mail: &'a Mail<'a>,
    lifted: &'a Lifted<'a>,
    worker: &'a WorkerName,
    forbidden: &'a [Kind],
    texts: Vec<String>,
    files: Vec<Attachment>,
    /// Names of files that are not to be shown.
    aside: Vec<String>,
}

impl Parts<'_> {
    /// Adds a text part to what is shown; whether there was anything in it.
    fn show(&mut self, part: &MessagePart<'_>) -> bool {
        let text = self.without_marks(self.text_of(part));
        let has_text = !text.trim().is_empty();
        self.texts.push(text);
        has_text
    }

    fn attach(&mut self, part: &MessagePart<'_>) {
        let raw = self.raw(part);
        let (handle, size) = match (self.lifted.part(raw), self.lifted.copy) {
            (Some((at, size)), _) => {
                let blob = self.lifted.parts[at].clone();
                (
                    Handle {
                        payload: Payload::Spooled(blob),
                        encoding: encoding(part),
                        within: None,
                    },
                    size,
                )
            }
            (None, Some(copy)) => {
                let within = Within {
                    start: part.offset_body.into(),
                    end: part.offset_end.into(),
                    nonce: String::from_utf8_lossy(self.lifted.nonce).into_owned(),
                    parts: self.lifted.parts.to_vec(),
                };
                let size = match part.body {
                    PartType::Message(_) => raw.len(),
                    _ => part.contents().len(),
                };
                let payload = Payload::Spooled(copy.clone());
                let handle = Handle { payload, encoding: encoding(part), within: Some(within) };
                (handle, size as u64)
            }
            // Text without a file's name that came after the text: it is more of the same.
            (None, None) => {
                self.show(part);
                return;
            }
        };
        let kind = part.content_type();
        let mime = kind.map_or_else(String::new, |kind| {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_lowercase()
        });
        let mime = if is_mime(&mime) { mime } else { default_mime(part).to_owned() };
        let name = part.attachment_name().map(clean::file_name).filter(|name| !name.is_empty());
        let number = self.files.len() + 1;
        let name = name.unwrap_or_else(|| format!("attachment-{number}.{}", suffix(&mime)));
        let head = self.lifted.head(raw);
        let head = head.as_deref().unwrap_or_else(|| part.contents());
        if self.is_forbidden(&name, head) || self.holds_forbidden(part) {
            self.aside.push(name);
            return;
        }
        self.files.push(Attachment {
            name,
            mime,
            size: Some(size),
            media: handle.media(self.worker),
        });
    }

    fn is_forbidden(&self, name: &str, head: &[u8]) -> bool {
        Kind::of(name, head).is_some_and(|kind| self.forbidden.contains(&kind))
    }

    /// Whether a mail that is attached brings what is not to be shown.
    fn holds_forbidden(&self, part: &MessagePart<'_>) -> bool {
        let PartType::Message(inner) = &part.body else { return false };
        inner.parts.iter().any(|part| {
            let name = part.attachment_name().map(clean::file_name).unwrap_or_default();
            let is_file = matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_));
            // Where it stands is told from the beginning of the whole mail.
            let lifted = self.lifted.head(self.raw(part));
            let head = lifted.as_deref().unwrap_or_else(|| part.contents());
            self.is_forbidden(&name, if is_file { head } else { b"" }) || self.holds_forbidden(part)
        })
    }

    /// The part's body as it stands in the mail.
    fn raw(&self, part: &MessagePart<'_>) -> &[u8] {
        let range = part.offset_body as usize..part.offset_end as usize;
        self.mail.raw_message.get(range).unwrap_or_default()
    }

    /// A part's text. One whose bytes do not fit its character set, or that names none, is
    /// read as what most mean, so that umlauts survive.
    fn text_of(&self, part: &MessagePart<'_>) -> String {
        let text = part.text_contents().unwrap_or_default();
        let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
        let decode = charset.and_then(|name| charset_decoder(name.as_bytes()));
        let is_vague = charset.is_none_or(|name| {
            ["us-ascii", "ascii", "utf-8", "utf8"].iter().any(|v| name.eq_ignore_ascii_case(v))
        });
        let raw = self.raw(part);
        let bytes = match part.encoding {
            _ if part.is_encoding_problem => encoded_start(part, raw).map(Cow::Owned),
            _ if !text.contains('\u{fffd}') || !is_vague && decode.is_some() => None,
            Encoding::None => Some(Cow::Borrowed(raw)),
            Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
            Encoding::QuotedPrintable => quoted_printable_decode(raw).map(Cow::Owned),
        };
        match (bytes, decode.filter(|_| !is_vague)) {
            (None, _) => text.to_owned(),
            (Some(bytes), Some(decode)) => decode(&bytes),
            (Some(bytes), None) => clean::decoded(&bytes).into_owned(),
        }
    }

    /// `text` without marks. One that stands in a text took the place of something that looked
    /// like a file while it arrived; it becomes one.
    fn without_marks(&mut self, text: String) -> String {
        if self.lifted.nonce.is_empty() {
            return text;
        }
        let mut kept = Vec::new();
        for line in text.lines() {
            let Some((at, _)) = self.lifted.part(line.as_bytes()) else {
                kept.push(line);
                continue;
            };
            let name = format!("attachment-{}.txt", self.files.len() + 1);
            let head = self.lifted.head(line.as_bytes()).unwrap_or_default();
            if self.is_forbidden(&name, &head) {
                self.aside.push(name);
                continue;
            }
            let blob = self.lifted.parts[at].clone();
            let size = Some(blob.size);
            let payload = Payload::Spooled(blob);
            let handle = Handle { payload, encoding: String::new(), within: None };
            self.files.push(Attachment {
                name,
                mime: "text/plain".to_owned(),
                size,
                media: handle.media(self.worker),
            });
        }
        kept.join("\n")
    }
}

/// A body that begins in base64 and goes on as it is: lists add their footer to whatever comes.
fn encoded_start(part: &MessagePart<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    if !part.content_transfer_encoding().is_some_and(|name| name.eq_ignore_ascii_case("base64")) {
        return None;
    }
    let is_encoded = |line: &&[u8]| {
        let line = line.trim_ascii();
        line.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b))
    };
    let end = raw.split_inclusive(|b| *b == b'\n').take_while(is_encoded).map(<[u8]>::len).sum();
    let (encoded, rest) = raw.split_at(end);
    let decoded = base64_decode(encoded).filter(|decoded| !decoded.is_empty())?;
    Some([&decoded[..], b"\n", rest].concat())
}

fn encoding(part: &MessagePart<'_>) -> String {
    match part.encoding {
        Encoding::None => "",
        Encoding::Base64 => "base64",
        Encoding::QuotedPrintable => "quoted-printable",
    }
    .to_owned()
}

fn default_mime(part: &MessagePart<'_>) -> &'static str {
    match part.body {
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        PartType::Message(_) => "message/rfc822",
        _ => "application/octet-stream",
    }
}

/// RFC 6838 4.2.
fn is_mime(mime: &str) -> bool {
    let is_token = |word: &str| {
        !word.is_empty()
            && word.len() <= 127
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    mime.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}

fn suffix(mime: &str) -> &'static str {
    match mime {
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "message/rfc822" => "eml",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/html" => "html",
        "message/delivery-status" | "text/plain" | "text/rfc822-headers" => "txt",
        _ => "bin",
    }
}
