//! Enhanced status codes (RFC 3463, RFC 5248) and where they stand in a text.

use std::fmt;

use serde::{Serialize, Serializer};

/// One code, such as `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// 2 success, 4 for now, 5 for good.
    pub(crate) class: u8,
    pub(crate) subject: u16,
    pub(crate) detail: u16,
}

impl Status {
    /// The first code in `text`, whatever its class.
    pub(crate) fn first(text: &str) -> Option<Self> {
        Self::all(text).next()
    }

    /// The code in `text` that says most about a failure: the first that names a detail, else the
    /// first that only says that there was one (`5.0.0`).
    pub(crate) fn of_failure(text: &str) -> Option<Self> {
        let failures = || Self::all(text).filter(|status| status.class != 2);
        failures().find(|status| !status.is_vague()).or_else(|| failures().next())
    }

    /// Whether it says nothing but its class.
    pub(crate) fn is_vague(self) -> bool {
        (self.subject, self.detail) == (0, 0)
    }

    fn all(text: &str) -> impl Iterator<Item = Self> {
        let bytes = text.as_bytes();
        (0..bytes.len()).filter_map(move |at| {
            let begins = at == 0 || !is_part_of_word(bytes[at - 1]);
            (begins && matches!(bytes[at], b'2' | b'4' | b'5'))
                .then(|| Self::at_start(&bytes[at..]))
                .flatten()
        })
    }

    /// RFC 3463 2: class, subject and detail; what goes on after it is an address or a version.
    fn at_start(bytes: &[u8]) -> Option<Self> {
        let class = bytes[0] - b'0';
        let (subject, rest) = number(bytes[1..].strip_prefix(b".")?)?;
        let (detail, rest) = number(rest.strip_prefix(b".")?)?;
        let goes_on = match rest {
            [b'.' | b'-' | b'_', next, ..] => next.is_ascii_alphanumeric(),
            [next, ..] => next.is_ascii_alphanumeric() || *next == b'@',
            [] => false,
        };
        (!goes_on).then_some(Self { class, subject, detail })
    }
}

fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_'
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let length = bytes.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&length) {
        return None;
    }
    let (digits, rest) = bytes.split_at(length);
    Some((digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')), rest))
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (text, expected) in [
            ("5.1.1", "5.1.1"),
            ("550-5.7.26 Unauthenticated", "5.7.26"),
            ("Sorry, no mailbox here. (#5.1.1)", "5.1.1"),
            ("host mx[192.0.2.5] said: 550 5.2.2 full", "5.2.2"),
            ("5.0.0 (554 5.7.1 spam)", "5.7.1"),
            ("5.0.0 undefined", "5.0.0"),
            ("mx-5.1.1.example said no", ""),
            ("from 5.9.4.2", ""),
            ("sent 2.0.0", ""),
            ("4.1234.1", ""),
        ] {
            let found = Status::of_failure(text).map_or_else(String::new, |s| s.to_string());
            assert_eq!(found, expected, "{text}");
        }
    }
}
