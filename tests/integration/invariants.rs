//! What `ARCHITECTURE.md` says must always hold, checked on the sources themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use viadukt::config::{Config, Report};

#[test]
fn the_example_configuration_loads() {
    let file = root().join("config.example.toml");
    let text = read(&file);
    let findings = Config::parse(&text, &crate::registry::registry()).err().unwrap_or_default();
    assert_eq!(Report { file: &file, text: &text, findings: &findings }.to_string(), "");
}

#[test]
fn only_the_hub_depends_on_matrix_sdk() {
    for manifest in manifests() {
        let depends = dependencies(&manifest).contains("matrix-sdk");
        assert_eq!(depends, manifest.ends_with("bridges/matrix/Cargo.toml"), "{manifest:?}");
    }
}

#[test]
fn bridges_depend_on_the_contract_alone_and_the_contract_on_none() {
    for manifest in manifests().iter().filter(|manifest| manifest.starts_with(bridges())) {
        let ours: Vec<String> =
            dependencies(manifest).into_iter().filter(|name| name.starts_with("viadukt")).collect();
        let expected: &[&str] =
            if manifest.ends_with("api/Cargo.toml") { &[] } else { &["viadukt-api"] };
        assert_eq!(ours, expected, "{manifest:?}");
    }
}

#[test]
fn the_library_names_no_bridge() {
    let binary = [root().join("src/main.rs"), root().join("src/registry.rs")];
    let crates: Vec<String> = manifests()
        .iter()
        .filter_map(|manifest| manifest.parent()?.file_name()?.to_str())
        .filter(|name| !["api", "viadukt"].contains(name))
        .map(|name| format!("viadukt_{name}"))
        .collect();
    for file in rust_files(&root().join("src")).iter().filter(|file| !binary.contains(file)) {
        let text = read(file);
        for name in &crates {
            assert!(!text.contains(name.as_str()), "{file:?} names {name}");
        }
    }
}

#[test]
fn only_the_ledger_knows_the_stores_key_spaces() {
    let src = root().join("src");
    let insiders = [src.join("ledger"), src.join("store")];
    let is_inside = |file: &PathBuf| insiders.iter().any(|folder| file.starts_with(folder));
    for file in rust_files(&src).iter().filter(|file| !is_inside(file)) {
        assert!(!read(file).contains("Space::"), "{file:?} touches a key space");
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    for file in all_rust_files() {
        let lines = read(&file).lines().count();
        assert!(lines <= 500, "{file:?} has {lines} lines: which second thing lives there?");
    }
}

#[test]
fn both_languages_say_the_same_sentences() {
    let (de, en) = (sentences("de"), sentences("en"));
    for (key, variables) in &de {
        assert_eq!(Some(variables), en.get(key), "{key} in German and in English");
    }
    for key in en.keys() {
        assert!(de.contains_key(key), "{key} is not in German");
    }
}

#[test]
fn every_sentence_exists_and_is_said() {
    let known = sentences("en");
    let sources: String =
        all_rust_files().iter().filter(|file| !is_test(file)).map(|file| live_code(file)).collect();
    for call in [".say(", "Reason::new("] {
        for (at, _) in sources.match_indices(call) {
            let argument = sources[at + call.len()..].trim_start();
            let Some(literal) = argument.strip_prefix('"') else { continue };
            let key = literal.split('"').next().unwrap_or_default();
            assert!(known.contains_key(key), "{call}{key:?}) is in no file of locales/");
        }
    }
    for key in known.keys() {
        assert!(sources.contains(&format!("\"{key}\"")), "nothing says {key}");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn bridges() -> PathBuf {
    root().join("bridges")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

/// The manifests of the workspace, the root's first.
fn manifests() -> Vec<PathBuf> {
    let mut all = vec![root().join("Cargo.toml")];
    all.extend(entries(&bridges()).iter().map(|folder| folder.join("Cargo.toml")));
    assert!(all.len() >= 4, "only {all:?}");
    all
}

/// What a crate is built with; what its tests alone use does not count.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let table: toml::Table = read(manifest).parse().unwrap_or_else(|e| panic!("{manifest:?}: {e}"));
    let of = |table: &toml::Table| -> Vec<String> {
        let kinds = ["dependencies", "build-dependencies"];
        let tables = kinds.iter().filter_map(|kind| table.get(*kind)?.as_table());
        tables.flat_map(|table| table.keys().cloned()).collect()
    };
    let targets = table.get("target").and_then(|target| target.as_table());
    let per_target = targets.into_iter().flat_map(|t| t.values()).filter_map(|t| t.as_table());
    std::iter::once(&table).chain(per_target).flat_map(of).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// Every source file of the workspace, tests included.
fn all_rust_files() -> Vec<PathBuf> {
    ["src", "bridges", "tests"].iter().flat_map(|name| rust_files(&root().join(name))).collect()
}

fn is_test(file: &Path) -> bool {
    let of_tests =
        file.strip_prefix(root()).is_ok_and(|file| file.iter().any(|part| part == "tests"));
    of_tests || file.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
}

/// The text of a file up to its tests, which say sentences of their own. Tests that are in a file
/// of their own are only named.
fn live_code(file: &Path) -> String {
    let text = read(file);
    let has_body = |at: usize| {
        text[at..].find(['{', ';']).is_some_and(|end| text[at + end..].starts_with('{'))
    };
    let mut tests = text.match_indices("#[cfg(test)]").map(|(at, _)| at);
    let end = tests.find(|at| has_body(*at)).unwrap_or(text.len());
    text[..end].to_owned()
}

/// The sentences of a language by key, each with the variables that fill it in.
fn sentences(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    let mut current = String::new();
    for line in read(&root().join(format!("locales/{language}.ftl"))).lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (key, _) = line.split_once('=').unwrap_or_else(|| panic!("no sentence: {line}"));
            current = key.trim().to_owned();
            let again = all.insert(current.clone(), BTreeSet::new());
            assert!(again.is_none(), "{current} is there twice in {language}");
        } else if line.starts_with('#') {
            continue;
        }
        let variables = line.split('$').skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        all.entry(current.clone()).or_default().extend(variables);
    }
    all.remove("");
    assert!(!all.is_empty(), "no sentences in {language}");
    all
}
