//! Mails that OpenSSL signed (`tests/smime/make.sh`), and what is made of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use viadukt_api::words::Language;

use super::*;

/// 2027-01-01, when all certificates are valid.
const NOW: Timestamp = Timestamp(1_798_761_600_000);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smime")
}

fn mail(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name).with_extension("eml")).unwrap()
}

fn open(mail: &[u8], now: Timestamp) -> Opened {
    let authorities = Authorities::read(&folder().join("ca.pem")).unwrap();
    authorities.open(mail, now).expect("signed")
}

fn told(name: &str) -> String {
    let signature = open(&mail(name), NOW).signature;
    signature.told("eva@citizen.example", &Words::new(Language::En))
}

#[test]
fn a_signature_tells_who_signed_and_who_vouches() {
    let valid = "[Signed by Eva Beispiel <eva@citizen.example>. The signature is valid; Wurzel des \
        Landes vouches for the name.]";
    for name in
        ["detached", "opaque", "opaque-in-pieces", "opaque-sha512", "opaque-pss", "opaque-ecdsa"]
    {
        assert_eq!(told(name), valid, "{name}");
    }
    assert!(told("opaque-of-another").contains("mallory@evil.example"));
    assert!(told("opaque-of-another").contains("not the sender"));
    assert!(told("opaque-unvouched").contains("nobody who is trusted here"));
    for name in ["opaque-sha1", "opaque-brainpool", "opaque-pss-salt"] {
        assert!(told(name).contains("cannot be checked"), "{name}");
    }
}

#[test]
fn what_was_signed_is_the_mail() {
    for name in ["opaque", "opaque-in-pieces", "opaque-unvouched", "opaque-sha1"] {
        let opened = open(&mail(name), NOW).mail.unwrap();
        let opened = MessageParser::default().parse(&opened).unwrap();
        assert_eq!(opened.subject(), Some("Antrag"), "{name}");
        assert_eq!(opened.body_text(0).unwrap().trim(), "Grüße, gezeichnet Eva.", "{name}");
    }
    assert!(open(&mail("detached"), NOW).mail.is_none());
}

#[test]
fn a_changed_mail_is_told() {
    let detached = String::from_utf8(mail("detached")).unwrap();
    let changed = detached.replace("gezeichnet Eva", "gezeichnet Max");
    assert_eq!(open(changed.as_bytes(), NOW).signature.state, State::Broken);
    // A server that ends lines in another way changed nothing that counts.
    let unix = detached.replace("\r\n", "\n");
    assert_eq!(open(unix.as_bytes(), NOW).signature.state, State::Valid);
}

#[test]
fn a_certificate_counts_in_its_time() {
    assert_eq!(open(&mail("opaque"), Timestamp(0)).signature.state, State::Unvouched);
}

#[test]
fn what_is_cut_is_unreadable_or_nothing() {
    let whole = mail("opaque");
    for length in (0..whole.len()).step_by(61) {
        let authorities = Authorities::default();
        if let Some(opened) = authorities.open(&whole[..length], NOW) {
            assert_ne!(opened.signature.state, State::Valid);
        }
    }
    assert!(Authorities::default().open(&mail("enveloped"), NOW).is_none());
}
