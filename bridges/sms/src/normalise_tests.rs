//! What gateways brought as files, each beside what is made of it. `UPDATE_CASES=1` writes what is
//! made now.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use viadukt_api::words::Language;
use viadukt_api::{Raw, Words};

use crate::normalise::Reader;
use crate::number::{Party, Region};

fn reader() -> Reader {
    let own = ["+4915112345678", "10001"].map(Party::of);
    let words = Arc::new(Words::new(Language::En));
    Reader { usual: own[0].clone(), own: own.to_vec(), region: Region::DE, words }
}

fn made(journalled: &[u8]) -> Value {
    let raw = Raw { bytes: journalled.to_vec().into(), lifted: Vec::new() };
    match reader().read(&raw) {
        Ok(message) => serde_json::to_value(message).unwrap(),
        Err(unreadable) => json!({ "unreadable": unreadable.reason.key }),
    }
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/received");
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".message.json") {
            continue;
        }
        found += 1;
        let made = made(&std::fs::read(&path).unwrap());
        let expected = path.with_extension("message.json");
        if update {
            std::fs::write(&expected, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let expected = std::fs::read(&expected).expect("a .message.json beside the .json");
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        assert_eq!(made, expected, "{name}");
    }
    assert!(found >= 20, "only {found} cases were found");
}

#[test]
fn the_same_two_are_in_the_same_exchange_however_they_are_written() {
    let one = |from: &str, to: &str| {
        let text = json!({ "text": { "id": "1", "from": from, "to": to, "at": 0,
            "body": { "plain": "Hallo" } } });
        made(text.to_string().as_bytes())["exchange"].clone()
    };
    let expected = json!("exchange:+4915112345678:+491701234567");
    for from in ["491701234567", "+491701234567", "00491701234567", "01701234567"] {
        for to in ["4915112345678", "+4915112345678", "015112345678", ""] {
            assert_eq!(one(from, to), expected, "{from} {to}");
        }
    }
}
