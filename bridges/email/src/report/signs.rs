//! What the header alone says about who sent a mail: enough to tell, of nearly every mail, that
//! it is no report.

use mail_parser::{Message as Mail, MimeHeaders};

use super::{address, phrases};

/// The signs of a report.
pub(crate) struct Signs {
    /// It names recipients that failed, in a field that Exim and Google write.
    pub(crate) names_failed: bool,
    /// Its author has the name that is given to nothing else.
    pub(crate) is_mailer_daemon: bool,
    /// Its author has a name that programs have which deliver mail.
    pub(crate) is_daemon: bool,
    /// It came without a sender (RFC 5321 4.5.5), as reports do and automatic replies.
    pub(crate) is_unanswerable: bool,
    /// Its subject says that it is a report.
    pub(crate) has_subject: bool,
    /// It has a part that only reports have, or returns a mail.
    pub(crate) has_part: bool,
}

impl Signs {
    pub(crate) fn of(mail: &Mail<'_>) -> Self {
        let header = |name: &'static str| {
            mail.header_raw(name).map(|value| value.trim().to_lowercase()).unwrap_or_default()
        };
        let (from, path) = (header("From"), header("Return-Path"));
        let author = address::all(&from).next().unwrap_or(from.trim_matches(['<', '>', ' ']));
        let author = author.split('@').next().unwrap_or_default();
        let subject = single_blanks(&mail.subject().unwrap_or_default().to_lowercase());
        Self {
            names_failed: header("X-Failed-Recipients").contains('@'),
            is_mailer_daemon: author.starts_with("mailer-daemon"),
            is_daemon: phrases::DAEMONS.iter().any(|name| author.starts_with(name))
                || phrases::NAMES.iter().any(|name| from.contains(name)),
            is_unanswerable: path.starts_with("<>") || path.starts_with("<mailer-daemon"),
            has_subject: phrases::SUBJECTS.iter().any(|words| subject.starts_with(words)),
            has_part: mail.parts.iter().any(|part| {
                let kind = part.content_type();
                kind.is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("message"))
            }),
        }
    }

    /// Whether it is worth reading as a report.
    pub(crate) fn any(&self) -> bool {
        self.has_part || self.by_header()
    }

    /// Whether the header speaks for a report.
    pub(crate) fn by_header(&self) -> bool {
        self.names_failed
            || self.is_mailer_daemon
            || self.is_daemon
            || self.is_unanswerable
            || self.has_subject
    }
}

/// `text` in one line, blanks made single.
pub(crate) fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
