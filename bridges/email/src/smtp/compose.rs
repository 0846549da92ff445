//! A delivery becomes a mail (RFC 5322, RFC 2045). The same delivery gives the same bytes, so
//! that a server or a reader can tell a second attempt from a second mail.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use lettre::Address as MailAddress;
use lettre::message::header::{
    Cc, ContentDisposition, ContentType, Date, From, HeaderName, HeaderValue, Headers,
    MIME_VERSION_1_0, Subject, To,
};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use viadukt_api::{
    Address, Attachment, BlobRef, Content, DeliveryError, Form, Media, MessageId, Outbound, Reason,
    Sender, Spool, Target, Words,
};

use crate::automatic::DELIVERY;
use crate::clean;
use crate::config::EmailSection;

/// References keeps the first and the last of a long conversation (RFC 5322 3.6.4 asks for all;
/// servers refuse headers that grow without end).
const MAX_REFERENCES: usize = 30;
/// A longer id is not written again (RFC 5322 2.1.1: a line has at most 998 characters).
const MAX_ID: usize = 900;
/// Bytes of an attachment that make one line of base64 (RFC 2045 6.8).
const LINE: usize = 57;

/// A mail, ready to be sent.
pub(crate) struct Letter {
    /// `None`: it must not be answered (RFC 3834 3.3).
    pub(crate) from: Option<MailAddress>,
    pub(crate) recipient: MailAddress,
    /// Everything before the first attachment.
    head: Vec<u8>,
    files: Vec<(Vec<u8>, BlobRef)>,
    /// Everything after the last.
    tail: Vec<u8>,
}

/// What a delivery asks for, whichever form it has.
struct Draft<'a> {
    sender: Option<&'a Sender>,
    content: Content,
    automatic: bool,
}

impl Letter {
    /// Composes `out` for the mailbox of `section`.
    ///
    /// # Errors
    /// It cannot be a mail, or would be too large a one.
    pub(crate) fn compose(
        out: &Outbound,
        section: &EmailSection,
        words: &Words,
    ) -> Result<Self, DeliveryError> {
        let refused = |key: &str| DeliveryError::refused(Reason::new(key));
        let Target::Remote { recipient, to, cc, via, subject, message_id, references } =
            &out.target
        else {
            return Err(refused("mail-no-recipient"));
        };
        let recipient = mail_address(recipient).ok_or_else(|| refused("mail-bad-recipient"))?;
        let draft =
            Draft::of(&out.form, section, words).ok_or_else(|| refused("mail-not-possible"))?;
        let own = via.as_ref().and_then(mail_address).unwrap_or_else(|| section.address.clone());

        let mut named = mailboxes(to);
        if to.is_empty() {
            named.push(Mailbox::new(None, recipient.clone()));
        }
        let date = UNIX_EPOCH + Duration::from_millis(out.accepted_at.0);
        let subject = subject_of(subject.as_deref(), !references.is_empty(), words);

        let mut headers = Headers::new();
        headers.set(Date::new(date));
        let name = display_name(draft.sender, section);
        let author = Mailbox::new(name, own.clone());
        headers.set(From::from(Mailboxes::from(author)));
        headers.set(To::from(named));
        if !cc.is_empty() {
            headers.set(Cc::from(mailboxes(cc)));
        }
        headers.set(Subject::from(subject));
        let own_id = id_field(std::slice::from_ref(message_id));
        raw(&mut headers, "Message-ID", own_id.ok_or_else(|| refused("mail-not-possible"))?);
        if let Some(parent) = references.last().and_then(|id| id_field(std::slice::from_ref(id))) {
            raw(&mut headers, "In-Reply-To", parent);
        }
        if let Some(field) = id_field(references) {
            raw(&mut headers, "References", field);
        }
        if draft.automatic {
            raw(&mut headers, "Auto-Submitted", "auto-generated".to_owned());
            raw(&mut headers, "X-Auto-Response-Suppress", "All".to_owned());
        }
        raw(&mut headers, DELIVERY, format!("{} via {}", out.id, section.address));
        headers.set(MIME_VERSION_1_0);

        let from = (!draft.automatic).then_some(own);
        let letter = Self::assemble(from, recipient, &headers, draft.content, out)?;
        if letter.size() > section.max_size {
            let megabytes = (section.max_size / 1_000_000).to_string();
            let reason = Reason::new("mail-too-large-to-send").with("megabytes", megabytes);
            return Err(DeliveryError::refused(reason));
        }
        Ok(letter)
    }

    fn assemble(
        from: Option<MailAddress>,
        recipient: MailAddress,
        headers: &Headers,
        content: Content,
        out: &Outbound,
    ) -> Result<Self, DeliveryError> {
        let boundary = |kind: &str| format!("viadukt-{kind}-{}", out.id);
        let text = SinglePart::plain(content.text);
        let text = match content.html {
            None => text.formatted(),
            Some(html) => MultiPart::alternative()
                .boundary(boundary("text"))
                .singlepart(text)
                .singlepart(SinglePart::html(document(&html)))
                .formatted(),
        };
        let mut head = headers.to_string().into_bytes();
        if content.attachments.is_empty() {
            head.extend_from_slice(&text);
            return Ok(Self { from, recipient, head, files: Vec::new(), tail: Vec::new() });
        }
        let mixed = boundary("mixed");
        let begin =
            format!("Content-Type: multipart/mixed; boundary=\"{mixed}\"\r\n\r\n--{mixed}\r\n");
        head.extend_from_slice(begin.as_bytes());
        head.extend_from_slice(&text);
        let files = content.attachments.iter().map(|file| file_part(file, &mixed));
        let files = files.collect::<Result<_, _>>()?;
        let tail = format!("\r\n--{mixed}--\r\n").into_bytes();
        Ok(Self { from, recipient, head, files, tail })
    }

    /// Its size when encoded.
    fn size(&self) -> u64 {
        let line = LINE as u64;
        let encoded = |size: u64| size.div_ceil(line).saturating_mul(78);
        let files: u64 =
            self.files.iter().map(|(head, blob)| head.len() as u64 + encoded(blob.size)).sum();
        files.saturating_add((self.head.len() + self.tail.len()) as u64)
    }

    /// Writes it, attachments encoded on the way.
    ///
    /// # Errors
    /// Those of the spool and of `to`.
    pub(crate) fn write(&self, spool: &dyn Spool, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&self.head)?;
        for (head, blob) in &self.files {
            to.write_all(head)?;
            encode(&mut *spool.open(blob)?, to)?;
        }
        to.write_all(&self.tail)
    }
}

impl<'a> Draft<'a> {
    /// `None` for what has no meaning in mail.
    fn of(form: &'a Form, section: &EmailSection, words: &Words) -> Option<Self> {
        match form {
            Form::Say { sender, content, correction, automatic, .. } => {
                let mut content = content.clone();
                if !automatic {
                    sign(&mut content, sender, section);
                }
                if *correction {
                    let note = words.say("mail-correction", &[]);
                    content.text = format!("{note}\n\n{}", content.text);
                    content.html = content
                        .html
                        .map(|html| format!("<p>{}</p>{html}", ammonia::clean_text(&note)));
                }
                Some(Self { sender: Some(sender), content, automatic: *automatic })
            }
            Form::Notice { text } => {
                let content = Content { text: text.clone(), ..Content::default() };
                Some(Self { sender: None, content, automatic: true })
            }
            Form::Edit { .. } | Form::Deed { .. } | Form::Status { .. } | Form::Join => None,
        }
    }
}

/// `Erika Muster (Bürgerbüro)`, or the mailbox's name alone.
fn display_name(sender: Option<&Sender>, section: &EmailSection) -> Option<String> {
    let person = sender.and_then(|s| s.name.as_deref()).map(clean::line).filter(|n| !n.is_empty());
    let agency = section.agency.as_deref().or(section.name.as_deref()).map(clean::line);
    match (person, agency) {
        (Some(person), Some(agency)) => Some(format!("{person} ({agency})")),
        (Some(person), None) => Some(person),
        (None, _) => section.name.as_deref().map(clean::line),
    }
}

/// Puts below `content` what stands below the mails of `sender`; `{name}` in it is the name that
/// the room knows them by. The line before it is what mail programs tell it by (RFC 3676 4.3).
fn sign(content: &mut Content, sender: &Sender, section: &EmailSection) {
    let own = section.signatures.get(sender.address.as_str());
    let Some(signature) = own.or(section.signature.as_ref()) else { return };
    let name = sender.name.as_deref().map(clean::line).unwrap_or_default();
    let signature = signature.trim().replace("{name}", &name);
    content.text = format!("{}\n\n-- \n{signature}", content.text.trim_end());
    if let Some(html) = &mut content.html {
        let lines = signature.lines().map(ammonia::clean_text).collect::<Vec<_>>().join("<br>");
        *html = format!("{html}<p>-- <br>{lines}</p>");
    }
}

/// The conversation's subject, with one `Re:` when it is an answer (RFC 5322 3.6.5).
fn subject_of(subject: Option<&str>, answers: bool, words: &Words) -> String {
    let subject = subject.map(clean::line).filter(|subject| !subject.is_empty());
    let subject = subject.unwrap_or_else(|| words.say("mail-no-subject", &[]));
    let begins = subject.get(..4).unwrap_or(&subject).to_lowercase();
    let is_reply = ["re:", "aw:", "sv:"].iter().any(|prefix| begins.starts_with(prefix));
    if answers && !is_reply { format!("Re: {subject}") } else { subject }
}

/// Ids in angle brackets, one a line; `None` when none of them can be written. They come from
/// strangers: whatever could begin another field or a comment is left out.
fn id_field(ids: &[MessageId]) -> Option<String> {
    let fits = |id: &&MessageId| {
        let id = id.as_str();
        !id.is_empty()
            && id.len() <= MAX_ID
            && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
    };
    let mut ids: Vec<_> = ids.iter().filter(fits).collect();
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
    let written: Vec<_> = ids.iter().map(|id| format!("<{}>", id.as_str())).collect();
    (!written.is_empty()).then(|| written.join("\r\n "))
}

/// `value` is safe to stand in a header as it is.
fn raw(headers: &mut Headers, name: &'static str, value: String) {
    let name = HeaderName::new_from_ascii_str(name);
    headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value));
}

fn mailboxes(parties: &[Address]) -> Mailboxes {
    parties.iter().filter_map(mail_address).map(|address| Mailbox::new(None, address)).collect()
}

fn mail_address(address: &Address) -> Option<MailAddress> {
    address.as_str().parse().ok()
}

fn file_part(file: &Attachment, boundary: &str) -> Result<(Vec<u8>, BlobRef), DeliveryError> {
    let Media::Spooled(blob) = &file.media else {
        return Err(DeliveryError::refused(Reason::new("mail-attachment-lost")));
    };
    let name = Some(clean::file_name(&file.name)).filter(|name| !name.is_empty());
    let mut headers = Headers::new();
    let kind = ContentType::parse(&file.mime);
    headers.set(kind.unwrap_or_else(|_| octets()));
    headers.set(ContentDisposition::attachment(name.as_deref().unwrap_or("attachment")));
    raw(&mut headers, "Content-Transfer-Encoding", "base64".to_owned());
    Ok((format!("\r\n--{boundary}\r\n{headers}\r\n").into_bytes(), blob.clone()))
}

fn octets() -> ContentType {
    ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN)
}

fn document(html: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n<body>{html}</body></html>\n"
    )
}

/// Base64 in lines of 76 characters.
fn encode(from: &mut dyn io::Read, to: &mut dyn Write) -> io::Result<()> {
    use base64::Engine;
    let mut from = io::BufReader::new(from);
    let mut line = Vec::with_capacity(LINE);
    loop {
        line.clear();
        io::Read::read_to_end(&mut io::Read::take(&mut from, LINE as u64), &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(&line);
        to.write_all(encoded.as_bytes())?;
        to.write_all(b"\r\n")?;
    }
}
