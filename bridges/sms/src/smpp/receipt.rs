//! Receipts: by their parameters (SMPP 3.4 5.3.2.12, 5.3.2.35), else by the text that gateways
//! have written since before there were any (Appendix B), in whichever variant.

use rusmpp::tlvs::TlvTag;
use viadukt_api::State;

use super::config::ReceiptIds;
use super::pdu::Sm;
use crate::received::{Report, fingerprint};

/// `esm_class` of a delivery receipt and of an intermediate notification (SMPP 3.4 5.2.12).
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;

/// A receipt, and the fingerprint that it would be known by if it came again.
pub(super) struct Read {
    pub(super) report: Report,
    pub(super) same: String,
}

/// Whether `sm` is a receipt. Its text alone does not make it one: anybody could write that.
pub(super) fn is_one(sm: &Sm) -> bool {
    sm.esm_class & (RECEIPT | INTERMEDIATE) != 0
        || (sm.parameters.find(TlvTag::ReceiptedMessageId).is_some()
            && sm.parameters.find(TlvTag::MessageState).is_some())
}

/// Reads a receipt; `None` when it does not say about which message it is.
pub(super) fn read(sm: &Sm, ids: ReceiptIds) -> Option<Read> {
    let text: String = sm.octets.iter().map(|octet| char::from(*octet)).collect();
    let text = Fields(&text);
    let id = sm.parameters.text(TlvTag::ReceiptedMessageId).filter(|id| !id.trim().is_empty());
    let id = ids.receipted(&id.or_else(|| text.value("id"))?);
    let word = text.value("stat").map(|word| word.to_ascii_uppercase());
    let number = sm.parameters.number(TlvTag::MessageState);
    let state = match number.and_then(by_number).or_else(|| by_word(word.as_deref()?)) {
        Some(state) => state,
        None if sm.esm_class & INTERMEDIATE != 0 => State::Delayed,
        None => State::Unknown,
    };
    let error = error(sm).or_else(|| text.value("err")).filter(|code| !is_nothing(code));
    let code = match (state, word, error) {
        (State::Delivered, _, _) | (_, None, None) => None,
        (_, Some(word), None) => Some(word),
        (_, None, Some(error)) => Some(error),
        (_, Some(word), Some(error)) => Some(format!("{word} {error}")),
    };
    // Gateways that count from 1 again after a restart give the same id another time.
    let done = text.value("done date").unwrap_or_default();
    let same = fingerprint(&["receipt", &id, &format!("{state:?}"), &done]);
    Some(Read { report: Report { of: id, state, code }, same })
}

/// SMPP 3.4 5.2.28, and the two states that 5.0 added (4.7.15).
fn by_number(state: u16) -> Option<State> {
    Some(match state {
        0 | 1 | 6 => State::Delayed,
        2 => State::Delivered,
        3 | 4 | 5 | 8 | 9 => State::Failed,
        7 => State::Unknown,
        _ => return None,
    })
}

/// Appendix B, and words that gateways write besides.
fn by_word(word: &str) -> Option<State> {
    Some(match word {
        "DELIVRD" | "DELIVERED" => State::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "UNDELIVERABLE" | "REJECTD" | "REJECTED" | "FAILED" => {
            State::Failed
        }
        "ACCEPTD" | "ACCEPTED" | "ENROUTE" | "BUFFERED" | "SCHEDULED" => State::Delayed,
        "UNKNOWN" => State::Unknown,
        _ => return None,
    })
}

/// `network_error_code` (SMPP 3.4 5.3.2.31): the kind of network, then its error.
fn error(sm: &Sm) -> Option<String> {
    match &*sm.parameters.find(TlvTag::NetworkErrorCode)? {
        [_, high, low] => Some(u16::from_be_bytes([*high, *low]).to_string()),
        _ => None,
    }
}

fn is_nothing(code: &str) -> bool {
    code.bytes().all(|digit| digit == b'0')
}

/// `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…` in any order and case.
/// What stands behind `text:` is quoted and says nothing.
struct Fields<'a>(&'a str);

impl Fields<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let lower = self.0.to_ascii_lowercase();
        let end = find(&lower, "text").map_or(lower.len(), |(at, _)| at);
        let (_, after) = find(lower.get(..end)?, name)?;
        let value = self.0.get(after..end)?.trim_start();
        let length = value.find([' ', ',', ';', '\t', '\r', '\n']).unwrap_or(value.len());
        value.get(..length).filter(|value| !value.is_empty()).map(str::to_owned)
    }
}

/// Where `name:` stands as a word of its own, and where its value begins.
fn find(text: &str, name: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(name) {
        let at = from + found;
        let after = at + name.len();
        let begins = text.get(..at)?.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        if begins && text.get(after..)?.starts_with(':') {
            return Some((at, after + 1));
        }
        from = after;
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::smpp::pdu::tests::{deliver_sm, parameter};

    fn read_text(text: &str) -> Option<(String, State, Option<String>)> {
        let sm = deliver_sm(0x04, 0, text.as_bytes(), &[]);
        assert!(is_one(&sm));
        let Report { of, state, code } = read(&sm, ReceiptIds::Same)?.report;
        Some((of, state, code))
    }

    #[test]
    fn texts_of_many_gateways() {
        let cases = [
            (
                "id:0123456789 sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 \
                 stat:DELIVRD err:000 text:Hallo",
                ("123456789", State::Delivered, None),
            ),
            ("ID:AB-1 STAT:undeliv ERR:027", ("ab-1", State::Failed, Some("UNDELIV 027"))),
            ("stat:EXPIRED id: 77", ("77", State::Failed, Some("EXPIRED"))),
            ("id:7 stat:ACCEPTD err:000", ("7", State::Delayed, Some("ACCEPTD"))),
            (
                "id:7 stat:REJECTD err:12 text: stat:DELIVRD",
                ("7", State::Failed, Some("REJECTD 12")),
            ),
            ("id:7", ("7", State::Unknown, None)),
            ("msgid:9 id:7 stat:BLACKLISTED", ("7", State::Unknown, Some("BLACKLISTED"))),
        ];
        for (text, (of, state, code)) in cases {
            let expected = (of.to_owned(), state, code.map(str::to_owned));
            assert_eq!(read_text(text), Some(expected), "{text}");
        }
        assert!(read_text("delivered").is_none());
        assert!(read_text("text:id:7 stat:DELIVRD").is_none());
    }

    #[test]
    fn parameters_come_before_the_text() {
        let parameters =
            [parameter(0x001e, b"00FF\0"), parameter(0x0427, &[5]), parameter(0x0423, &[3, 0, 9])];
        let sm = deliver_sm(0, 0, b"id:1 stat:DELIVRD", &parameters.concat());
        assert!(is_one(&sm));
        let report = read(&sm, ReceiptIds::HexToDecimal).unwrap().report;
        assert_eq!((report.of.as_str(), report.state), ("ff", State::Failed));
        assert_eq!(report.code.as_deref(), Some("DELIVRD 9"));
    }

    #[test]
    fn an_intermediate_notification_is_a_delay() {
        let sm = deliver_sm(0x20, 0, b"id:1", &[]);
        assert_eq!(read(&sm, ReceiptIds::Same).unwrap().report.state, State::Delayed);
    }

    #[test]
    fn what_a_person_writes_is_no_receipt() {
        assert!(!is_one(&deliver_sm(0, 0, b"id:1 stat:DELIVRD", &[])));
    }
}
