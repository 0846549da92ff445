//! The mail that a report is about: its header comes back whole, in part, or not at all.

use mail_parser::{HeaderName, HeaderValue, Message as Mail};

use super::{address, fields};
use crate::automatic::DELIVERY;
use crate::clean;

/// More addresses of one kind are not kept.
const MOST: usize = 50;

/// What is known of the mail that came back.
#[derive(Default)]
pub(crate) struct Returned {
    /// Its Message-ID, without angle brackets.
    pub(crate) id: Option<String>,
    /// The mark that a mail of ours carries.
    pub(crate) mark: Option<String>,
    /// Whom it was from, by any field.
    pub(crate) senders: Vec<String>,
    /// Whom it was written to, by its header.
    pub(crate) recipients: Vec<String>,
    /// Microsoft's junk mail reporting says so.
    pub(crate) is_complained_about: bool,
}

impl Returned {
    /// Adds what `header` says, where nothing is known yet.
    pub(crate) fn fill(&mut self, header: &Mail<'_>) {
        let raw = |name: &'static str| header.header_raw(name).map(str::trim);
        if self.id.is_none() {
            // Some give mails another id on their way, and keep the first one.
            let names = ["X-Microsoft-Original-Message-ID", "X-Google-Original-Message-ID"];
            let first = names.into_iter().map(|name| HeaderName::Other(name.into()));
            let mut names = first.chain([HeaderName::MessageId]);
            self.id = names.find_map(|name| header.header(name).and_then(id));
        }
        if self.mark.is_none() {
            self.mark = raw(DELIVERY).map(str::to_owned);
        }
        let addresses = |names: &[&'static str]| -> Vec<String> {
            let values = names.iter().filter_map(|name| raw(name));
            values.flat_map(address::all).map(str::to_owned).take(MOST).collect()
        };
        if self.senders.is_empty() {
            self.senders = addresses(&["From", "Return-Path", "Sender", "Reply-To"]);
        }
        if self.recipients.is_empty() {
            self.recipients = addresses(&["To", "Cc"]);
        }
        self.is_complained_about |= raw("X-HmXmrOriginalRecipient").is_some();
    }

    /// Adds what the words say of the mail in the form of fields, as many servers do that return
    /// none of it.
    pub(crate) fn fill_from_words(&mut self, words: &str) {
        for (field, value) in words.lines().filter_map(field) {
            let list = match field {
                Field::Sender => &mut self.senders,
                Field::Recipient => &mut self.recipients,
                Field::Id => {
                    self.id = self.id.take().or_else(|| bare(value));
                    continue;
                }
            };
            let room = MOST.saturating_sub(list.len());
            list.extend(address::all(value).take(room).map(str::to_owned));
        }
    }
}

/// What a line of words says of the returned mail.
enum Field {
    Sender,
    Recipient,
    Id,
}

fn field(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches([' ', '\t', '*', '-', '>']);
    let (name, value) = line.split_once(':')?;
    let field = match name.trim_end().to_ascii_lowercase().as_str() {
        "from" | "mail from" | "sender" | "original sender" => Field::Sender,
        "to" | "cc" => Field::Recipient,
        "message-id" => Field::Id,
        _ => return None,
    };
    Some((field, value))
}

/// Whether a line of words is about the returned mail, in the form of a field.
pub(crate) fn is_field(line: &str) -> bool {
    field(line).is_some()
}

fn id(value: &HeaderValue<'_>) -> Option<String> {
    let first = value.as_text_list().and_then(|list| list.first().map(AsRef::as_ref));
    bare(first.or(value.as_text())?)
}

/// An id without what stands around it.
pub(crate) fn bare(id: &str) -> Option<String> {
    let id = clean::line(id);
    let id = id.trim_matches(['<', '>']);
    (!id.is_empty()).then(|| id.to_owned())
}

/// What a report says itself, and the returned mail in it, when there is one.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    let mut block = Block::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        // Without a word before it, it is a form that the report begins with.
        let begins = |at: usize| !text[..at].trim().is_empty();
        if announces(line) && begins(at) {
            return (&text[..at], Some(&text[at + line.len()..]));
        }
        block.take(at, line);
        if block.is_header() && begins(block.start) {
            return (&text[..block.start], Some(&text[block.start..]));
        }
        at += line.len();
    }
    (text, None)
}

/// Whether `line` says that the returned mail follows.
fn announces(line: &str) -> bool {
    let line = line.trim();
    if line.len() > 100 {
        return false;
    }
    let is_rule = ["--", "==", "**", "__", "|-"].iter().any(|rule| line.starts_with(rule));
    let line = line.to_lowercase();
    let words = line.trim_matches(|c: char| !c.is_alphanumeric());
    let begins = ["below", "included is", "this is a copy", "here is", "original", "the original"];
    let follows = is_rule
        || words.ends_with("follow")
        || words.ends_with("follows")
        || line.ends_with(':') && begins.iter().any(|begin| words.starts_with(begin));
    follows
        && [
            "copy of the message",
            "copy of your message",
            "copy of the original",
            "header of the original",
            "original message",
            "original mail",
            "returned message",
            "returned mail follows",
            "unsent message",
            "message header follow",
            "message headers follow",
            "message text follows",
            "ursprüngliche nachricht",
            "originalnachricht",
            "message d'origine",
            "message original",
            "mensaje original",
            "messaggio originale",
            "oorspronkelijk bericht",
        ]
        .iter()
        .any(|phrase| words.contains(phrase))
}

/// Consecutive lines that look like the fields of a header (RFC 5322 2.2).
#[derive(Default)]
struct Block {
    start: usize,
    fields: usize,
    /// Those that every mail has.
    usual: usize,
    /// Those that only a mail's header has, never a form of two columns.
    telling: usize,
    /// One of them is From.
    has_author: bool,
}

impl Block {
    fn take(&mut self, at: usize, line: &str) {
        let line = line.trim_end();
        if self.fields > 0 && line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            return;
        }
        let Some((name, _)) = fields::split(line) else {
            *self = Self::default();
            return;
        };
        if self.fields == 0 {
            self.start = at;
        }
        self.fields += 1;
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.has_author |= is(&["From"]);
        self.usual += usize::from(is(&["From", "To", "Subject", "Date", "Cc"]));
        self.telling += usize::from(is(&[
            "Received",
            "Return-Path",
            "Message-ID",
            "DKIM-Signature",
            "MIME-Version",
            "X-Mailer",
            "X-Envelope-From",
            "X-Received",
            "Delivered-To",
        ]));
    }

    fn is_header(&self) -> bool {
        self.telling >= 2
            || self.telling == 1 && self.usual >= 1
            || self.usual >= 3 && self.has_author
    }
}
