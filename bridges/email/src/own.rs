//! Our own addresses: the mailbox's, and those whose mail is delivered to it besides.

use std::fmt;
use std::str::FromStr;

use mail_parser::{HeaderName, Message as Mail};
use viadukt_api::Address;

/// Fields in which a mail server writes whom a mail was sent to before aliases were resolved.
/// Each server writes one of them, above whatever the mail brought along.
const ENVELOPE: [&str; 2] = ["X-Original-To", "Envelope-To"];

/// An address that belongs to the mailbox besides its own: `bau@amt.example`, with a subaddress
/// (RFC 5233) or without, or a domain's whole: `*@bau.example`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Alias(String);

/// Who we are. A dry run has no mailbox and nothing is its own.
#[derive(Clone, Default)]
pub(crate) struct Own {
    mailbox: Option<String>,
    aliases: Vec<Alias>,
}

impl Own {
    pub(crate) fn new(mailbox: &lettre::Address, aliases: &[Alias]) -> Self {
        Self { mailbox: Some(mailbox.to_string()), aliases: aliases.to_vec() }
    }

    /// The mailbox's address.
    pub(crate) fn mailbox(&self) -> Option<&str> {
        self.mailbox.as_deref()
    }

    /// Whether `address` reaches us.
    pub(crate) fn has(&self, address: &str) -> bool {
        self.mailbox().is_some_and(|mailbox| same_mailbox(address, mailbox))
            || self.is_alias(address)
    }

    fn is_alias(&self, address: &str) -> bool {
        self.aliases.iter().any(|alias| alias.covers(address))
    }

    /// Which alias `mail` was sent to, by the receiving server's word, or else by the mail's own;
    /// `None` when it was sent to the mailbox itself.
    pub(crate) fn via(&self, mail: &Mail<'_>) -> Option<Address> {
        let of_envelope = ENVELOPE.iter().filter_map(|field| mail.header_raw(*field));
        let of_envelope = of_envelope.map(|value| value.trim().trim_matches(['<', '>']));
        let named = [HeaderName::To, HeaderName::Cc].map(|field| mail.header(field));
        let named = named.iter().flatten().filter_map(|value| value.as_address());
        let named = named.flat_map(|field| field.iter()).filter_map(|addr| addr.address());
        let reached = of_envelope.chain(named).find(|address| self.has(address))?;
        self.is_alias(reached).then(|| Address::new(reached.to_ascii_lowercase()))
    }
}

impl Alias {
    fn covers(&self, address: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(domain) => {
                let tail = address.len().checked_sub(domain.len());
                let tail = tail.filter(|length| *length > 0).and_then(|at| address.get(at..));
                tail.is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
            }
            None => self.0.eq_ignore_ascii_case(address),
        }
    }
}

impl FromStr for Alias {
    type Err = ();

    fn from_str(alias: &str) -> Result<Self, ()> {
        // Any letter would do in place of the star.
        let plausible = alias.strip_prefix("*@").map(|domain| format!("a@{domain}"));
        let address = plausible.as_deref().unwrap_or(alias).parse::<lettre::Address>();
        address.map(|_| Self(alias.to_owned())).map_err(drop)
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alias(…)")
    }
}

/// Whether `address` reaches the mailbox `own`, perhaps with a subaddress (RFC 5233).
fn same_mailbox(address: &str, own: &str) -> bool {
    let (Some((local, domain)), Some((own_local, own_domain))) =
        (address.rsplit_once('@'), own.rsplit_once('@'))
    else {
        return false;
    };
    let local = local.split('+').next().unwrap_or_default();
    domain.eq_ignore_ascii_case(own_domain) && local.eq_ignore_ascii_case(own_local)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    fn own() -> Own {
        let aliases = ["Bau@amt.example", "buero+pass@amt.example", "*@bau.example"];
        let aliases: Vec<_> = aliases.iter().map(|alias| alias.parse().unwrap()).collect();
        Own::new(&"buero@amt.example".parse().unwrap(), &aliases)
    }

    #[test]
    fn what_reaches_us_is_ours() {
        for (address, ours) in [
            ("buero@amt.example", true),
            ("Buero+x@AMT.example", true),
            ("bau@amt.example", true),
            ("bau+x@amt.example", false),
            ("anyone@Bau.example", true),
            ("@bau.example", false),
            ("eva@nichtbau.example", false),
            ("eva@x.bau.example", false),
            ("nobody", false),
        ] {
            assert_eq!(own().has(address), ours, "{address}");
        }
        assert!(!Own::default().has("buero@amt.example"));
    }

    #[test]
    fn an_alias_is_an_address_or_a_domain() {
        for (text, fits) in [
            ("bau@amt.example", true),
            ("*@amt.example", true),
            ("*", false),
            ("*amt.example", false),
            ("b*@amt.example@", false),
            ("amt.example", false),
        ] {
            assert_eq!(text.parse::<Alias>().is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn the_alias_that_a_mail_was_sent_to_is_known() {
        for (head, alias) in [
            ("To: buero@amt.example", None),
            ("To: Bau <BAU@amt.example>, buero@amt.example", Some("bau@amt.example")),
            ("To: eva@x.example\r\nCc: wer@bau.example", Some("wer@bau.example")),
            ("To: buero+pass@amt.example", Some("buero+pass@amt.example")),
            ("To: buero+other@amt.example", None),
            // The server knows better than what the sender wrote.
            ("X-Original-To: bau@amt.example\r\nTo: buero@amt.example", Some("bau@amt.example")),
            ("Envelope-To: <wer@bau.example>\r\nTo: eva@x.example", Some("wer@bau.example")),
            ("X-Original-To: buero@amt.example\r\nTo: bau@amt.example", None),
            ("X-Original-To: list@x.example\r\nTo: bau@amt.example", Some("bau@amt.example")),
            ("Subject: To nobody", None),
        ] {
            let mail = format!("From: eva@x.example\r\n{head}\r\n\r\nHallo");
            let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
            assert_eq!(own().via(&mail).as_ref().map(Address::as_str), alias, "{head}");
        }
    }
}
