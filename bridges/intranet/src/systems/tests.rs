//! Every kind of system against its documented examples, in `tests/systems/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, Method};
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::words::Language;
use viadukt_api::{Call, HookError, Timestamp, Unreadable, Words};

use super::{HOOKS, LISTENED, SYSTEMS};
use crate::guard::Proof;
use crate::hook::{Calls, Dialect, SavedCall};
use crate::notice::Notice;
use crate::reader::{Reader, ReaderTable};
use crate::received::Received;
use crate::template::SENTENCES;
use crate::tool::{Asked, as_json};

const NOW: Timestamp = Timestamp(1_795_521_600_000);

/// What `parse` makes of a table that says `options`, and nothing else.
pub(crate) fn with_fields<T>(options: &str, parse: impl FnOnce(&Fields<'_>) -> T) -> T {
    let document = DeTable::parse(options).unwrap();
    let findings = Findings::default();
    let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
    let parsed = parse(&fields);
    fields.finish();
    assert_eq!(findings.into_sorted(), [], "{options}");
    parsed
}

/// A system that calls, without its guard.
pub(crate) struct Caller {
    calls: Calls,
    reader: Reader,
}

/// A system of `kind` that calls and whose table says `options`.
pub(crate) fn caller(kind: &str, options: &str) -> Caller {
    let (_, parse) = HOOKS.iter().find(|(name, _)| *name == kind).unwrap();
    let (calls, table) = with_fields(options, |fields| {
        let calls = Calls::parse(fields, parse(fields));
        (calls.clone(), ReaderTable::parse(fields, Arc::new(calls)))
    });
    let reader = table.reader(kind, &Arc::new(Words::new(Language::En))).unwrap();
    Caller { calls, reader }
}

impl Caller {
    /// What `call` brings.
    pub(crate) fn take(&self, call: &Call, now: Timestamp) -> Result<Vec<Received>, HookError> {
        self.calls.take(self.reader.name(), call, Proof::Token, now)
    }

    /// What is made of it.
    pub(crate) fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        self.reader.read(received)
    }
}

/// How systems of `kind` speak that call us.
pub(crate) fn dialect(kind: &str) -> Arc<dyn Dialect> {
    let (_, parse) = HOOKS.iter().find(|(name, _)| *name == kind).unwrap();
    with_fields("", parse)
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
    let bytes = std::fs::read(file).unwrap();
    SavedCall::read(&bytes, &*dialect("webhook"), HeaderMap::new()).unwrap().0
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

/// What a dry run can be asked for.
fn kinds() -> impl Iterator<Item = &'static str> {
    let listened = LISTENED.iter().map(|(name, _)| *name);
    HOOKS.iter().map(|(name, _)| *name).chain(listened)
}

#[test]
fn cases_become_what_is_written_beside_them() {
    let mut found = 0;
    for kind in kinds() {
        let before = found;
        for entry in std::fs::read_dir(folder(kind)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_none_or(|end| end != "http" && end != "brought") {
                continue;
            }
            found += 1;
            let options = std::fs::read_to_string(file.with_extension("toml")).unwrap_or_default();
            let bytes = std::fs::read(&file).unwrap();
            for (language, ending) in [(Language::En, "json"), (Language::De, "de.json")] {
                let beside = file.with_extension(ending);
                if language == Language::De && !beside.exists() {
                    continue;
                }
                let asked = Asked::of(kind, &options);
                let notices = asked.notices(&bytes, &Arc::new(Words::new(language)), NOW);
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
fn what_can_be_tried_is_a_system_of_the_same_name() {
    for name in kinds() {
        assert!(SYSTEMS.iter().any(|kind| kind.name == name), "{name}");
    }
}

#[test]
fn every_sentence_is_said_by_a_template() {
    let of_hooks = HOOKS.iter().map(|(_, parse)| with_fields("", *parse).template());
    let of_listened = LISTENED.iter().map(|(_, parse)| with_fields("", *parse).template());
    let templates: String = of_hooks.chain(of_listened).collect();
    for (name, key) in SENTENCES {
        assert!(templates.contains(&format!("word(\"{name}\"")), "nothing says {name}");
        assert!(key.ends_with(name), "{key}");
    }
}
