//! Mails from honest and from lying senders, against a zone of our own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults};
use viadukt_api::network::Networks;

use super::{Authentication, Checker, Standing, zone};
use crate::config::CheckSection;

const HEADER: &str = "Return-Path: <eva@citizen.example>\r\n\
    Received: from out.citizen.example (out.citizen.example [192.0.2.7])\r\n\
    \tby mx.amt.example (Postfix) with ESMTPS id x; Tue, 24 Nov 2026 10:00:00 +0100\r\n";
const MAIL: &str = "From: Eva <eva@citizen.example>\r\nSubject: Antrag\r\n\
    Message-ID: <1@citizen.example>\r\n\r\nGuten Tag.\r\n";

fn key() -> Ed25519Key {
    Ed25519Key::from_seed_and_public_key(&SEED, &PUBLIC).unwrap()
}

fn signed(domain: &str) -> String {
    let signer =
        DkimSigner::from_key(key()).domain(domain).selector("s").headers(["From", "Subject"]);
    signer.sign(MAIL.as_bytes()).unwrap().to_header() + MAIL
}

async fn checker(zone: &[(&str, &str)]) -> Checker {
    let key = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(PUBLIC));
    let keys = ["citizen.example", "evil.example"]
        .map(|domain| (format!("s._domainkey.{domain}"), key.clone()));
    let zone = zone.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let resolver = zone::serve(zone.chain(keys).collect()).await;
    let section = CheckSection {
        trusted_relays: Networks::of(&["10.0.0.0/8"]).unwrap(),
        trusted_sealers: vec!["list.amt.example".to_owned()],
        resolvers: vec![resolver],
    };
    Checker::new(&section).unwrap()
}

/// A key pair of RFC 8032 7.1.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const PUBLIC: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

async fn check(mail: &str, zone: &[(&str, &str)]) -> Authentication {
    let outcomes = checker(zone).await.check(mail.as_bytes()).await;
    Authentication::new(None, &outcomes, "eva@citizen.example")
}

async fn standing(mail: &str, zone: &[(&str, &str)]) -> Standing {
    check(mail, zone).await.sender
}

const DMARC: (&str, &str) = ("_dmarc.citizen.example", "v=DMARC1; p=reject");
const SPF: (&str, &str) = ("citizen.example", "v=spf1 ip4:192.0.2.7 -all");
const OTHER_SPF: (&str, &str) = ("citizen.example", "v=spf1 ip4:192.0.2.9 -all");

#[tokio::test]
async fn a_signature_of_the_authors_domain_stands_for_the_author() {
    let mail = HEADER.to_owned() + &signed("citizen.example");
    assert_eq!(standing(&mail, &[]).await, Standing::Verified);
    let found = check(&mail, &[DMARC, OTHER_SPF]).await;
    assert_eq!(found.sender, Standing::Verified);
    let results: Vec<_> = found.results.iter().map(|(m, r)| format!("{m}={r}")).collect();
    assert_eq!(results, ["dkim=pass", "dmarc=pass", "spf=fail"]);
}

#[tokio::test]
async fn so_does_the_way_that_it_took() {
    let mail = HEADER.to_owned() + MAIL;
    assert_eq!(standing(&mail, &[SPF]).await, Standing::Verified);
    assert_eq!(standing(&mail, &[OTHER_SPF]).await, Standing::Unverified);
    // Through a server of ours that is not the outermost one.
    let inner = "Received: from mx.amt.example (mx.amt.example [10.1.2.3])\r\n\
        \tby store.amt.example (Postfix) with ESMTPS id y; Tue, 24 Nov 2026 10:00:01 +0100\r\n";
    assert_eq!(standing(&(inner.to_owned() + &mail), &[SPF]).await, Standing::Verified);
}

#[tokio::test]
async fn who_only_says_so_is_suspect_where_the_domain_disowns_it() {
    let plain = HEADER.to_owned() + MAIL;
    assert_eq!(standing(&plain, &[]).await, Standing::Unverified);
    assert_eq!(standing(&plain, &[DMARC, OTHER_SPF]).await, Standing::Suspect);
    let theirs = HEADER.to_owned() + &signed("evil.example");
    assert_eq!(standing(&theirs, &[]).await, Standing::Unverified);
    assert_eq!(standing(&theirs, &[DMARC]).await, Standing::Suspect);
    let changed = (HEADER.to_owned() + &signed("citizen.example")).replace("Guten", "Schlechten");
    assert_eq!(standing(&changed, &[DMARC]).await, Standing::Suspect);
}

#[tokio::test]
async fn what_a_mail_says_about_itself_does_not_count() {
    let claims = "Authentication-Results: mx.amt.example; dmarc=pass header.from=citizen.example\r\n\
        Received: from good (good [192.0.2.9])\r\n\tby mx.amt.example with ESMTPS id z; \
        Tue, 24 Nov 2026 09:00:00 +0100\r\n";
    let mail = HEADER.to_owned() + claims + MAIL;
    assert_eq!(standing(&mail, &[DMARC, OTHER_SPF]).await, Standing::Suspect);
}

#[tokio::test]
async fn a_seal_counts_when_its_owner_is_trusted() {
    for (sealer, expected, shown) in [
        ("list.amt.example", Standing::Unverified, "pass"),
        ("evil.example", Standing::Suspect, "policy"),
    ] {
        let listed = HEADER.to_owned() + &sealed(sealer);
        let key = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(PUBLIC));
        let keys = [DMARC, ("s._domainkey.list.amt.example", key.as_str())];
        let found = check(&listed, &keys).await;
        assert_eq!((found.sender, found.results["arc"].as_str()), (expected, shown), "{sealer}");
        let forged = listed.replace("Guten", "Schlechten");
        assert_eq!(standing(&forged, &keys).await, Standing::Suspect, "{sealer}");
    }
}

#[tokio::test]
async fn a_dns_that_does_not_answer_leaves_it_open() {
    let mail = HEADER.to_owned() + &signed("citizen.example");
    let silent = [("_dmarc.citizen.example", ""), ("s._domainkey.citizen.example", "")];
    assert_eq!(standing(&mail, &silent).await, Standing::Unchecked);
}

/// As a mailing list passes a mail on: its own subject, its own seal.
fn sealed(domain: &str) -> String {
    let listed = signed("citizen.example").replace("Subject: ", "Subject: [Liste] ");
    let message = AuthenticatedMessage::parse(listed.as_bytes()).unwrap();
    let results = AuthenticationResults::new("list.amt.example");
    let set = ArcSealer::from_key(key())
        .domain(domain)
        .selector("s")
        .headers(["From", "Subject", "DKIM-Signature"])
        .seal(&message, &results, &ArcOutput::default())
        .unwrap();
    set.to_header() + &listed
}
