//! Reports as files, each beside what is read in it and what the room is told; among them what
//! is easily taken for a report. `UPDATE_CASES=1` writes what is made now.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use viadukt_api::words::Language;
use viadukt_api::{Raw, Words};

use crate::read::{Reader, Reading};

fn shown(mail: Vec<u8>) -> Value {
    let reader = Reader {
        worker: "post".parse().unwrap(),
        own: crate::own::Own::new(&"buero@amt.example".parse().unwrap(), &[]),
        authserv_id: None,
        forbidden: crate::kinds::Kind::USUAL.to_vec(),
        words: Arc::new(Words::new(Language::De)),
    };
    let raw = Raw { bytes: mail.into(), lifted: Vec::new() };
    let Reading { message, report, .. } = reader.reading(&raw).expect("readable");
    json!({
        "report": report,
        "automatic": message.automatic,
        "act": message.act,
        "ancestors": message.ancestors,
        "recipients": message.recipients,
        "text": message.content.text.lines().collect::<Vec<_>>(),
    })
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports");
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        found += 1;
        let made = shown(std::fs::read(&path).unwrap());
        let expected = path.with_extension("json");
        if update {
            std::fs::write(&expected, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let expected = std::fs::read_to_string(&expected).expect("a .json beside the .eml");
        let expected: Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(made, expected, "{}", path.display());
    }
    assert!(found >= 30, "only {found} cases were found");
}
