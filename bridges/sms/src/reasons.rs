//! Why a message did not arrive, in a person's words instead of the network's.

use viadukt_api::Words;

/// States of the receipts that SMPP describes (3.4 Appendix B), besides the spellings of HTTP
/// gateways.
const STATES: [(&[&str], &str); 5] = [
    (&["EXPIRED"], "sms-report-expired"),
    (
        &["UNDELIV", "UNDELIVERABLE", "UNDELIVERED", "NOTDELIVERED", "FAILED"],
        "sms-report-undeliverable",
    ),
    (&["REJECTD", "REJECTED"], "sms-report-rejected"),
    (&["DELETED", "CANCELED", "CANCELLED"], "sms-report-deleted"),
    (&["UNKNOWN"], "sms-report-unknown"),
];

/// Errors of the GSM network (3GPP TS 29.002 17.6.6, in SMPP receipts as `err:027`), and those
/// of the phone (TS 23.040 9.2.3.22).
const ERRORS: [(&[&str], &str); 8] = [
    (&["001", "005"], "sms-error-unknown-subscriber"),
    (&["006", "027"], "sms-error-absent"),
    (&["009", "012"], "sms-error-not-admitted"),
    (&["011", "021"], "sms-error-no-service"),
    (&["013"], "sms-error-barred"),
    (&["031"], "sms-error-busy"),
    (&["034"], "sms-error-network"),
    (&["208", "211"], "sms-error-memory-full"),
];

/// A code that says nothing is wrong.
const NO_ERROR: &str = "000";
/// The longest code that is shown.
const LONGEST: usize = 60;

/// What a gateway's `code` means; empty when it says no more than that it did not arrive. The
/// network's error is the closest to the cause; the state is said when the error is not known.
pub(crate) fn in_words(code: &str, words: &Words) -> String {
    let tokens: Vec<String> = code
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|token| !token.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let known = |table: &[(&[&str], &'static str)]| {
        let meant = |(spellings, _): &&(&[&str], &str)| {
            spellings.iter().any(|spelling| tokens.iter().any(|token| token == spelling))
        };
        table.iter().find(meant).map(|(_, key)| words.say(key, &[]))
    };
    if let Some(error) = known(&ERRORS) {
        return error;
    }
    let state = known(&STATES);
    let is_error =
        |token: &&String| token.as_str() != NO_ERROR && token.bytes().any(|b| b.is_ascii_digit());
    let shown = match &state {
        Some(_) => tokens.iter().find(is_error).cloned(),
        None => Some(shortened(code)).filter(|code| !code.is_empty() && code != NO_ERROR),
    };
    let error = shown.map(|code| words.say("sms-error-code", &[("code", &code)]));
    [state, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn shortened(code: &str) -> String {
    code.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use viadukt_api::words::Language;

    use super::*;

    #[test]
    fn cases() {
        let words = Words::new(Language::En);
        for (code, expected) in [
            ("EXPIRED", "It could not be delivered in time."),
            ("UNDELIV 027", "The phone is switched off or has no network."),
            ("stat:UNDELIV err:001", "The network does not know this number."),
            ("undeliv 211", "The phone's memory is full."),
            ("REJECTD 099", "The network refused it. The network gives the code 099."),
            ("REJECTD 000", "The network refused it."),
            ("30003", "The network gives the code 30003."),
            // A gateway's own single digit is no error of the GSM network.
            ("1", "The network gives the code 1."),
            ("blocked-by-carrier", "The network gives the code blocked-by-carrier."),
            ("", ""),
            ("000", ""),
            ("\u{0}\n", ""),
        ] {
            assert_eq!(in_words(code, &words), expected, "{code}");
        }
    }

    #[test]
    fn a_long_code_is_cut() {
        assert!(in_words(&"x".repeat(9_999), &Words::new(Language::En)).len() < 120);
    }
}
