//! Every case is a pair of files in `tests/cases/event`: `NAME.json`, an accepted envelope, and
//! `NAME.expected.json`, the message. `VIADUKT_BLESS=1` writes the expected ones anew.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use viadukt_api::inbox::Raw;

use super::normalise;

#[test]
fn events_become_the_expected_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/event");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| !name.ends_with(".expected"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "cases are missing: {names:?}");
    for name in names {
        let bytes = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let raw = Raw { bytes: bytes.into(), lifted: Vec::new() };
        let got = match normalise(&raw) {
            Ok(message) => serde_json::to_value(message).unwrap(),
            Err(error) => serde_json::json!({ "unreadable": error.reason.key }),
        };
        let expected = folder.join(format!("{name}.expected.json"));
        if std::env::var_os("VIADUKT_BLESS").is_some() {
            let text = serde_json::to_string_pretty(&got).unwrap();
            std::fs::write(&expected, text + "\n").unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap();
        let wanted: serde_json::Value = serde_json::from_str(&wanted).unwrap();
        assert_eq!(got, wanted, "{name}");
    }
}
