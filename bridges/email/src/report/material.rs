//! What a report consists of (RFC 6522 3): words for people, fields for machines, and the mail
//! that it is about. Many servers send the words alone.

use mail_parser::{Message as Mail, MessageParser, MessagePart, MimeHeaders, PartType};

use super::returned::{self, Returned};
use super::signs::Signs;
use super::{Kind, Recipient, Report, fields};
use crate::{clean, html};

/// More words are not read.
const LONGEST: usize = 64 << 10;

/// A mail, taken apart as a report.
pub(crate) struct Material<'m> {
    pub(crate) mail: &'m Mail<'m>,
    pub(crate) signs: Signs,
    /// What it says to people, without the mail that it returns.
    pub(crate) notice: String,
    /// Fields about the delivery (RFC 3464).
    pub(crate) status: Option<String>,
    /// Fields about what a recipient did (RFC 8098).
    pub(crate) disposition: Option<String>,
    /// Fields of a complaint (RFC 5965).
    pub(crate) feedback: Option<String>,
    pub(crate) returned: Returned,
}

impl<'m> Material<'m> {
    /// Takes `mail` apart, whose header has `signs`.
    pub(crate) fn of(mail: &'m Mail<'m>, signs: Signs) -> Self {
        let mut material = Self {
            mail,
            signs,
            notice: String::new(),
            status: None,
            disposition: None,
            feedback: None,
            returned: Returned::default(),
        };
        let mut formatted = String::new();
        for part in &mail.parts {
            match &part.body {
                PartType::Message(inner) => material.returned.fill(inner),
                PartType::Text(text) => material.take(part, text),
                PartType::Html(html) if formatted.is_empty() => formatted.push_str(html),
                PartType::Binary(bytes) => material.take(part, &String::from_utf8_lossy(bytes)),
                _ => {}
            }
        }
        if material.notice.trim().is_empty() && !formatted.is_empty() {
            material.notice = html::to_text(&formatted);
        }
        if material.is_empty() {
            // A multipart whose boundary never occurs.
            let body = mail
                .parts
                .first()
                .and_then(|root| mail.raw_message.get(root.offset_body as usize..));
            material.notice = cut(&clean::decoded(body.unwrap_or_default()));
        }
        material.split_notice();
        material
    }

    /// This, as a report of `kind` about `recipients`.
    pub(crate) fn report(self, kind: Kind, recipients: Vec<Recipient>) -> Report {
        Report { kind, recipients, returned: self.returned }
    }

    /// The report with fields that it carries whole.
    pub(crate) fn wrapped(&self) -> Option<Report> {
        let inner = self.mail.parts.iter().find_map(|part| match &part.body {
            PartType::Message(inner) => Some(inner),
            _ => None,
        })?;
        let inner = Material::of(inner, Signs::of(inner));
        let (kind, recipients) = super::in_fields(&inner)?;
        Some(inner.report(kind, recipients))
    }

    fn is_empty(&self) -> bool {
        let fields = [&self.status, &self.disposition, &self.feedback];
        self.notice.trim().is_empty() && fields.iter().all(|fields| fields.is_none())
    }

    fn take(&mut self, part: &MessagePart<'_>, text: &str) {
        let kind = part.content_type();
        let subtype = kind.and_then(|kind| kind.subtype()).unwrap_or("plain").to_lowercase();
        let add = |to: &mut Option<String>| {
            append(to.get_or_insert_default(), text);
        };
        match subtype.as_str() {
            "delivery-status" | "global-delivery-status" => add(&mut self.status),
            "disposition-notification" | "global-disposition-notification" => {
                add(&mut self.disposition);
            }
            "feedback-report" => add(&mut self.feedback),
            "rfc822-headers" | "global-headers" => self.returned_header(text),
            "plain" if matches!(part.body, PartType::Text(_)) => append(&mut self.notice, text),
            _ => {}
        }
    }

    fn returned_header(&mut self, text: &str) {
        // A parser finds no header in what no empty line ends.
        let header = format!("{}\r\n\r\n", cut(text.trim()));
        if let Some(header) = MessageParser::default().parse_headers(&header) {
            self.returned.fill(&header);
        }
    }

    /// Takes the returned mail, and fields, out of the words.
    fn split_notice(&mut self) {
        let notice = std::mem::take(&mut self.notice);
        let (own, header) = returned::split(&notice);
        if self.status.is_none() && self.signs.by_header() {
            self.status = [own, &notice].into_iter().find(|text| has_recipient(text)).map(cut);
        }
        self.notice = cut(own);
        if let Some(header) = header {
            self.returned_header(header);
        }
        self.returned.fill_from_words(&self.notice);
    }
}

/// Whether fields of a delivery report stand in a text.
fn has_recipient(text: &str) -> bool {
    let is_recipient = |(name, _): (&str, &str)| name.eq_ignore_ascii_case("final-recipient");
    text.lines().any(|line| fields::split(line).is_some_and(is_recipient))
}

/// Adds a part's text, as much of it as is read.
fn append(to: &mut String, text: &str) {
    let room = LONGEST.saturating_sub(to.len());
    to.push_str(&text[..text.floor_char_boundary(room)]);
    to.push_str("\n\n");
}

/// As much of `text` as is read.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}
