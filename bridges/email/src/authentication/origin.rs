//! Who handed a mail to our mail servers, by the trace that these left on it.
//!
//! Each server writes its `Received` above those that came with the mail (RFC 5321 4.4), so the
//! topmost ones are ours, as far down as the one before names a server of ours as the client.
//! Everything below was written by strangers.

use std::net::IpAddr;

use mail_parser::{HeaderName, HeaderValue, Host, Message as Mail, Protocol, Received};
use viadukt_api::network::Networks;

/// Servers of ours behind one another, at most.
const MOST: usize = 20;

/// The client of the outermost of our servers, and what it said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) address: IpAddr,
    /// The name it greeted with (RFC 5321 4.1.1.1).
    pub(super) greeting: String,
    /// The reverse path (RFC 5321 4.4: written down at final delivery); empty: none.
    pub(super) sender: String,
}

impl Origin {
    /// Follows the trace of `mail` through the servers in `ours`; `None` when it ends without the
    /// address of a stranger.
    pub(super) fn of(mail: &Mail<'_>, ours: &Networks) -> Option<Self> {
        let hops = mail.header_values(HeaderName::Received).filter_map(|value| match value {
            HeaderValue::Received(received) => Some(received),
            _ => None,
        });
        for hop in hops.take(MOST) {
            match hop.from_ip.or_else(|| named(hop)) {
                Some(address) if is_ours(address, ours) => {}
                Some(address) => {
                    let greeting = match &hop.from {
                        Some(Host::Name(name)) => name.to_string(),
                        _ => String::new(),
                    };
                    return Some(Self { address, greeting, sender: sender(mail) });
                }
                // What stands below a hop without an address is ours only when this one was the
                // last step into the mailbox.
                None if is_local(hop) => {}
                None => return None,
            }
        }
        None
    }
}

fn is_ours(address: IpAddr, ours: &Networks) -> bool {
    address.to_canonical().is_loopback() || ours.contain(address)
}

fn named(hop: &Received<'_>) -> Option<IpAddr> {
    match hop.from {
        Some(Host::IpAddr(address)) => Some(address),
        _ => None,
    }
}

/// LMTP (RFC 2033) is spoken inside one system only.
fn is_local(hop: &Received<'_>) -> bool {
    use Protocol::{LMTP, LMTPA, LMTPS, LMTPSA, Local, UTF8LMTP, UTF8LMTPS};
    matches!(hop.with, Some(LMTP | LMTPA | LMTPS | LMTPSA | UTF8LMTP | UTF8LMTPS | Local))
}

fn sender(mail: &Mail<'_>) -> String {
    let path = mail.header_raw("Return-Path").unwrap_or_default().trim();
    let path = path.trim_start_matches('<').trim_end_matches('>');
    path.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    fn origin(hops: &[&str]) -> Option<String> {
        let hops: String = hops.iter().map(|hop| format!("Received: {hop}\r\n")).collect();
        let mail = format!("Return-Path: <eva@citizen.example>\r\n{hops}Subject: x\r\n\r\nx");
        let mail = MessageParser::default().parse(&mail).unwrap();
        let ours = Networks::of(&["10.0.0.0/8"]).unwrap();
        Origin::of(&mail, &ours).map(|origin| format!("{} {}", origin.address, origin.greeting))
    }

    const DATE: &str = "; Tue, 24 Nov 2026 10:00:00 +0100";

    #[test]
    fn the_first_stranger_counts() {
        let dovecot = format!("from mx.amt.example\r\n\tby imap.amt.example with LMTP id x{DATE}");
        let inner = format!(
            "from mx.amt.example (mx.amt.example [10.1.2.3])\r\n\tby store.amt.example (Postfix) with ESMTPS id x{DATE}"
        );
        let outer = format!(
            "from out.citizen.example (unknown [192.0.2.7])\r\n\tby mx.amt.example (Postfix) with ESMTPS id x{DATE}"
        );
        let forged = format!(
            "from good.example (good.example [203.0.113.1])\r\n\tby mx.amt.example (Postfix) with ESMTPS id x{DATE}"
        );
        let found = Some("192.0.2.7 out.citizen.example".to_owned());
        assert_eq!(origin(&[&dovecot, &inner, &outer, &forged]), found);
        assert_eq!(origin(&[&outer, &forged]), found);
        assert_eq!(origin(&[&inner]), None);
        assert_eq!(origin(&[]), None);
    }

    #[test]
    fn a_hop_without_an_address_is_not_passed() {
        let blind = format!("from somewhere by mx.amt.example with ESMTP id x{DATE}");
        let forged = format!(
            "from good.example (good.example [203.0.113.1])\r\n\tby mx.amt.example (Postfix) with ESMTPS id x{DATE}"
        );
        assert_eq!(origin(&[&blind, &forged]), None);
    }
}
