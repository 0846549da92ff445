//! Where the words of a report end and the mail begins that it returns below them. Many servers
//! send both as one text, with a line between them that says so, or none.

use super::{fields, phrases};

/// A longer line announces nothing.
const LONGEST: usize = 100;

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

/// Whether `line` says that the returned mail follows: it is a rule, ends so, or is a heading.
fn announces(line: &str) -> bool {
    let line = line.trim();
    if line.len() > LONGEST {
        return false;
    }
    let line = line.to_lowercase();
    let words = line.trim_matches(|c: char| !c.is_alphanumeric());
    let begins = |starts: &[&str], text: &str| starts.iter().any(|start| text.starts_with(start));
    let follows = begins(&["--", "==", "**", "__", "|-"], &line)
        || words.ends_with("follow")
        || words.ends_with("follows")
        || line.ends_with(':') && begins(phrases::HEADINGS, words);
    follows && phrases::RETURNED.iter().any(|phrase| words.contains(phrase))
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
