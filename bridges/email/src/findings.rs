//! What was found out about a mail when it was fetched, which takes the network: it travels as one
//! line before the raw mail, because reading a mail is pure.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use viadukt_api::Raw;

use crate::authentication::Outcome;

/// Begins the line.
const LINE: &[u8] = b"Viadukt-Found: ";

/// What was found out.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// About who wrote it; `None`: nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcomes: Option<Vec<Outcome>>,
}

impl Findings {
    /// Takes them off the bytes of a raw mail.
    pub(crate) fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let untouched = || (Self::default(), bytes);
        let Some(rest) = bytes.strip_prefix(LINE) else { return untouched() };
        let Some(end) = memchr::memchr(b'\n', rest) else { return untouched() };
        let (line, mail) = rest.split_at(end + 1);
        (serde_json::from_slice(line).unwrap_or_default(), mail)
    }

    /// Puts them before `raw`, in the place of others.
    pub(crate) fn join(&self, raw: &Raw) -> Raw {
        let (_, mail) = Self::split(&raw.bytes);
        let mut bytes = LINE.to_vec();
        // A serialised record has no line break in it.
        bytes.extend(serde_json::to_vec(self).unwrap_or_default());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(mail);
        Raw { bytes: Bytes::from(bytes), lifted: raw.lifted.clone() }
    }
}

/// The raw form of a mail about which nothing was found out: one that a stranger began with a line
/// like ours gets an empty one of our own before it.
pub(crate) fn guard(mail: Vec<u8>) -> Bytes {
    let guarded = if mail.starts_with(LINE) { [LINE, b"{}\r\n", &mail].concat() } else { mail };
    Bytes::from(guarded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(result: &str) -> Findings {
        let outcome = Outcome { method: "spf".to_owned(), result: result.to_owned(), domain: None };
        Findings { outcomes: Some(vec![outcome]) }
    }

    #[test]
    fn what_was_found_comes_back() {
        let raw = Raw { bytes: Bytes::from_static(b"From: x\r\n\r\nx"), lifted: Vec::new() };
        let joined = found("fail").join(&found("pass").join(&raw));
        assert_eq!(Findings::split(&joined.bytes), (found("fail"), &raw.bytes[..]));
    }

    #[test]
    fn a_stranger_cannot_say_what_was_found() {
        let raw = Raw { bytes: Bytes::from_static(b"From: x\r\n\r\nx"), lifted: Vec::new() };
        let forged = found("pass").join(&raw).bytes.to_vec();
        let guarded = guard(forged.clone());
        assert_eq!(Findings::split(&guarded), (Findings::default(), &forged[..]));
    }
}
