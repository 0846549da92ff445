//! How a mail was protected when it came into our organisation, by the word of the server that
//! took it in there (RFC 5321 4.4). What it says of the hops before that, anybody may have made
//! up; how it came from the mailbox to us, our own connection knows.

use std::net::IpAddr;

use mail_parser::{HeaderName, Message as Mail, Protocol, Received};
use viadukt_api::{Certificate, Protection};

/// The protection of the hop over the border: of the topmost one that came from outside, or, in
/// a mail of our own house, of the topmost one over SMTP. Hops between programs of one mail
/// server (LMTP, RFC 2033) stand above it and say nothing about the network.
pub(crate) fn protection(mail: &Mail<'_>) -> Protection {
    let hops: Vec<_> = mail
        .header_values(HeaderName::Received)
        .filter_map(|value| value.as_received())
        .filter(|hop| hop.with.is_some_and(is_smtp))
        .collect();
    let border = hops.iter().find(|hop| hop.from_ip.is_some_and(is_outside)).or(hops.first());
    border.map(|hop| of_hop(hop)).unwrap_or_default()
}

fn of_hop(hop: &Received<'_>) -> Protection {
    let is_tls = hop.tls_version.is_some() || hop.with.is_some_and(is_encrypted);
    if !is_tls {
        return Protection::Plain;
    }
    Protection::Tls {
        version: hop.tls_version.map(|version| version.as_str().to_owned()),
        cipher: hop.tls_cipher.as_deref().map(str::to_owned),
        // Whose certificate the sending server saw, only that server knows.
        certificate: Certificate::Unknown,
    }
}

/// The protocols of RFC 3848 and RFC 6531 4.3 between servers.
fn is_smtp(with: Protocol) -> bool {
    use Protocol::{
        ESMTP, ESMTPA, ESMTPS, ESMTPSA, SMTP, UTF8SMTP, UTF8SMTPA, UTF8SMTPS, UTF8SMTPSA,
    };
    matches!(
        with,
        SMTP | ESMTP | ESMTPA | ESMTPS | ESMTPSA | UTF8SMTP | UTF8SMTPA | UTF8SMTPS | UTF8SMTPSA
    )
}

fn is_encrypted(with: Protocol) -> bool {
    use Protocol::{ESMTPS, ESMTPSA, UTF8SMTPS, UTF8SMTPSA};
    matches!(with, ESMTPS | ESMTPSA | UTF8SMTPS | UTF8SMTPSA)
}

/// Whether `ip` is in the internet: neither this machine nor a private network (RFC 1918,
/// RFC 4193).
fn is_outside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use mail_parser::MessageParser;

    use super::*;

    const LMTP: &str =
        "from mx.amt.example by store.amt.example with LMTP id 1 for <a@amt.example>";
    const INSIDE: &str =
        "from gate.amt.example (gate [10.1.2.3]) by mx.amt.example with ESMTP id 2";
    const OUTSIDE: &str = "from mail.citizen.example (mail.citizen.example [203.0.113.7]) \
        (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) \
        by gate.amt.example (Postfix) with ESMTPS id 3";
    const FORGED: &str = "from x (x [198.51.100.1]) by y with ESMTP id 4";

    fn of(hops: &[&str]) -> Protection {
        let head: String = hops
            .iter()
            .map(|hop| format!("Received: {hop}; Tue, 24 Nov 2026 08:00:00 +0000\r\n"))
            .collect();
        let mail = format!("{head}Subject: x\r\n\r\nx\r\n");
        protection(&MessageParser::default().parse(mail.as_bytes()).unwrap())
    }

    #[test]
    fn the_hop_over_the_border_counts() {
        let protection = of(&[LMTP, INSIDE, OUTSIDE, FORGED]);
        let Protection::Tls { version, cipher, certificate } = protection else {
            panic!("{protection:?}")
        };
        assert_eq!(version.as_deref(), Some("TLSv1.3"));
        assert_eq!(cipher.as_deref(), Some("TLS_AES_256_GCM_SHA384"));
        assert_eq!(certificate, Certificate::Unknown);
    }

    #[test]
    fn a_mail_of_our_own_house_has_crossed_no_border() {
        assert_eq!(of(&[LMTP, INSIDE]), Protection::Plain);
        assert_eq!(of(&[LMTP]), Protection::Unknown);
        assert_eq!(of(&[]), Protection::Unknown);
    }
}
