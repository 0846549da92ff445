//! Every kind of system against its documented examples, in `tests/systems/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, Method};
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::words::Language;
use viadukt_api::{Call, Timestamp, Words};

use super::{HOOKS, SYSTEMS};
use crate::hook::{Reader, ReaderTable};
use crate::template::SENTENCES;
use crate::tool::{SavedCall, as_json, notices};

const NOW: Timestamp = Timestamp(1_795_521_600_000);

/// What reads calls of a system of `kind` whose table says `options`.
pub(crate) fn reader(kind: &str, options: &str, language: Language) -> Reader {
    let (_, parse) = HOOKS.iter().find(|(name, _)| *name == kind).unwrap();
    let document = DeTable::parse(options).unwrap();
    let findings = Findings::default();
    let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
    let table = ReaderTable::parse(&fields, parse(&fields));
    fields.finish();
    assert_eq!(findings.into_sorted(), [], "{options}");
    table.build(kind, &Arc::new(Words::new(language))).unwrap()
}

/// A call to a system.
pub(crate) fn call(headers: &[(&str, &str)], body: &str) -> Call {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    Call {
        method: Method::POST,
        path: "system".to_owned(),
        query: String::new(),
        url: "https://viadukt.amt.example/hooks/monitoring/system".to_owned(),
        headers: map,
        body: body.as_bytes().to_vec().into(),
        from: [127, 0, 0, 1].into(),
    }
}

/// The call in the file of a case.
pub(crate) fn case(name: &str) -> Call {
    let file = folder(name).with_extension("http");
    SavedCall::read(&std::fs::read(file).unwrap(), "").unwrap().0
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems").join(kind)
}

/// Compares with the file beside the case, or writes it when `UPDATE_CASES` is set.
fn expect(file: &Path, found: &str) {
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(file, found).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(found, expected, "{}", file.display());
}

#[test]
fn cases_become_what_is_written_beside_them() {
    let mut found = 0;
    for (kind, _) in HOOKS {
        let before = found;
        for entry in std::fs::read_dir(folder(kind)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_none_or(|kind| kind != "http") {
                continue;
            }
            found += 1;
            let options = std::fs::read_to_string(file.with_extension("toml")).unwrap_or_default();
            let call = SavedCall::read(&std::fs::read(&file).unwrap(), kind).unwrap();
            for (language, ending) in [(Language::En, "json"), (Language::De, "de.json")] {
                let beside = file.with_extension(ending);
                if language == Language::De && !beside.exists() {
                    continue;
                }
                let reader = reader(kind, &options, language);
                let notices = notices(&reader, &call, NOW);
                let notices = notices.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                let pretty = |line: String| {
                    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
                    format!("{value:#}\n")
                };
                let all: String =
                    notices.iter().map(|(id, notice)| pretty(as_json(id, notice))).collect();
                expect(&beside, &all);
            }
        }
        assert!(found > before, "{kind} has no case");
    }
    assert!(found >= 25, "only {found} calls");
}

#[test]
fn every_hook_is_a_system_of_the_same_name() {
    for (name, _) in HOOKS {
        assert!(SYSTEMS.iter().any(|kind| kind.name == *name), "{name}");
    }
}

#[test]
fn every_sentence_is_said_by_a_template() {
    let templates: String = HOOKS
        .iter()
        .map(|(_, parse)| {
            let document = DeTable::parse("").unwrap();
            let findings = Findings::default();
            parse(&Fields::new(document.get_ref(), 0..0, "", &findings)).template()
        })
        .collect();
    for (name, key) in SENTENCES {
        assert!(templates.contains(&format!("word(\"{name}\"")), "nothing says {name}");
        assert_eq!(*key, format!("intranet-{name}"));
    }
}
