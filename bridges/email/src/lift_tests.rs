//! Whatever is lifted out can be put back, however the mail was cut while it arrived.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use viadukt_api::contract::MemorySpool;

use crate::lift::{Lifted, Lifter, restore};
use crate::read_tests::with_attachment;

fn lift_and_restore(mail: &[u8], mut cuts: impl FnMut() -> usize) -> Vec<u8> {
    let spool = MemorySpool::default();
    let mut lifter = Lifter::new([9; 16], Arc::new(spool.clone()));
    let mut rest = mail;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(cuts().clamp(1, rest.len()));
        lifter.push(now).unwrap();
        rest = later;
    }
    let (raw, hash) = lifter.finish().unwrap();
    assert_eq!(hash, blake3::hash(mail));
    let lifted = Lifted::of(&raw);
    let mut restored = Vec::new();
    restore(&mut &*lifted.skeleton, lifted.nonce, lifted.parts, &spool, &mut restored).unwrap();
    restored
}

/// A generator that gives the same numbers in every run.
fn numbers(mut seed: u64) -> impl FnMut() -> usize {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    }
}

#[test]
fn real_mails_come_back_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut mails: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(!mails.is_empty());
    mails.push(with_attachment(&[0xff; 200_000]));
    mails.push(with_attachment(&[0; 49_152]));
    for mail in &mails {
        assert!(lift_and_restore(mail, || usize::MAX) == *mail);
        for seed in 0..4 {
            let mut number = numbers(seed);
            assert!(lift_and_restore(mail, || number() % 3_000) == *mail, "seed {seed}");
        }
    }
}

#[test]
fn random_mixtures_come_back_byte_for_byte() {
    let long = "QUJD".repeat(30_000);
    let lines = [
        "Content-Type: multipart/mixed; boundary=x\r\n",
        "Content-Type: image/png\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "\r\n",
        "\n",
        "--x\r\n",
        "--x--\r\n",
        "--",
        "\r",
        " folded\r\n",
        "text with spaces, no base64\r\n",
        &long,
        "QUJD\r\n",
        "Content-Type: message/rfc822\r\n",
        "VIADUKTLIFTEDOUT/09090909090909090909090909090909/000000000009/000000000001/\r\n",
    ];
    for seed in 0..300 {
        let mut number = numbers(seed);
        let mut mail = String::from("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n");
        for _ in 0..number() % 40 {
            mail += lines[number() % lines.len()];
        }
        let restored = lift_and_restore(mail.as_bytes(), || number() % 50_000);
        assert!(restored == mail.as_bytes(), "seed {seed}");
    }
}
