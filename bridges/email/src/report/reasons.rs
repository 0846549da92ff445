//! Why a mail did not arrive, in a person's words instead of a server's.

use viadukt_api::Words;

use super::Recipient;
use super::status::Status;

/// What of a server's own words is shown, at most.
const LONGEST: usize = 160;

/// Words by which servers without codes, or with one that says nothing, name the cause. The
/// first that stands in what was said counts.
const SAID: &[(&[&str], &str)] = &[
    (&["spam", "blacklist", "blocklist", "block list", "spamhaus"], "mail-reason-policy"),
    (&["dmarc", "spf ", "dkim", "not authenticated", "unauthenticated"], "mail-reason-sender"),
    (
        &[
            "quota",
            "mailbox full",
            "mailbox is full",
            "mailfolder is full",
            "überfüllt",
            "exceeded storage",
        ],
        "mail-reason-full",
    ),
    (&["too large", "too big", "size limit", "maximum size", "zu groß"], "mail-reason-size"),
    (
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "no such recipient",
            "no such address",
            "unknown recipient",
            "unknown address",
            "recipient unknown",
            "recipient not found",
            "invalid recipient",
            "invalid address",
            "no mailbox",
            "not listed in",
            "not exist",
            "nicht bekannt",
            "unbekannt",
            "existiert nicht",
        ],
        "mail-reason-mailbox",
    ),
    (&["disabled", "inactive", "suspended", "deaktiviert"], "mail-reason-disabled"),
    (
        &["host unknown", "unknown host", "host not found", "domain not found", "no mx"],
        "mail-reason-domain",
    ),
    (
        &["timed out", "timeout", "connection refused", "unreachable", "no route to host"],
        "mail-reason-unreachable",
    ),
    (&["too many hops", "hop count", "loop"], "mail-reason-loop"),
];

/// Why it did not arrive at `recipient`, with the code and the server's own words.
pub(crate) fn in_words(recipient: &Recipient, words: &Words) -> String {
    let said = recipient.diagnostic.as_deref().unwrap_or_default();
    let by_code = recipient.status.and_then(of_status);
    let key = by_code.or_else(|| of_words(said)).unwrap_or("mail-reason-unknown");
    let mut reason = words.say(key, &[]);
    if let Some(status) = recipient.status {
        reason += &format!(" ({status})");
    }
    let said = shortened(said);
    match said.is_empty() {
        true => reason + ".",
        false => format!("{reason}. {}", words.say("mail-reason-said", &[("said", &said)])),
    }
}

/// RFC 3463 3 and RFC 5248; `None` where the code says no more than that something failed.
fn of_status(status: Status) -> Option<&'static str> {
    Some(match (status.subject, status.detail) {
        // Exchange says 5.1.10 and 5.1.351 of mailboxes that it does not know.
        (1, 1 | 10 | 351) => "mail-reason-mailbox",
        (1, 2) | (4, 4) => "mail-reason-domain",
        (1, 3) => "mail-reason-syntax",
        (1, 6) => "mail-reason-moved",
        (1, 7 | 8) | (7, 20..=29 | 509 | 515) => "mail-reason-sender",
        (1, _) => "mail-reason-address",
        (2, 1) => "mail-reason-disabled",
        (2, 2) => "mail-reason-full",
        (2, 3) | (3, 4) => "mail-reason-size",
        (3, 1) | (4, 5) => "mail-reason-overloaded",
        (3, 2) | (4, 1..=3) => "mail-reason-unreachable",
        (4, 6) => "mail-reason-loop",
        (4, 7) => "mail-reason-expired",
        (6, _) => "mail-reason-content",
        (7, _) if status.class == 4 => "mail-reason-later",
        (7, _) => "mail-reason-policy",
        _ => return None,
    })
}

fn of_words(said: &str) -> Option<&'static str> {
    let said = said.to_lowercase();
    let is_said = |(phrases, _): &&(&[&str], &str)| phrases.iter().any(|word| said.contains(word));
    SAID.iter().find(is_said).map(|(_, key)| *key)
}

/// The beginning of what a server said, in one line.
fn shortened(said: &str) -> String {
    let line = crate::clean::line(said);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use viadukt_api::words::Language;

    use super::*;

    #[test]
    fn cases() {
        let words = Words::new(Language::De);
        for (status, said, expected) in [
            ("5.1.1", "", "Postfach unbekannt (5.1.1)."),
            (
                "5.2.2",
                "552 5.2.2 Mailbox full",
                "Postfach voll (5.2.2). Der Server schreibt: „552 5.2.2 Mailbox full“",
            ),
            (
                "5.0.0",
                "550 No such user",
                "Postfach unbekannt (5.0.0). Der Server schreibt: „550 No such user“",
            ),
            ("", "", "ohne Angabe eines Grundes."),
            ("5.7.606", "", "vom Empfänger abgewiesen, zum Beispiel als unerwünscht (5.7.606)."),
        ] {
            let recipient = Recipient {
                address: "eva@amt.example".to_owned(),
                status: Status::first(status),
                action: None,
                diagnostic: Some(said.to_owned()),
            };
            assert_eq!(in_words(&recipient, &words), expected, "{status} {said}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        assert!(shortened(&"ä ".repeat(9_999)).chars().count() < LONGEST + 4);
    }
}
