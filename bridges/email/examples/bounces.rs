//! How much of real reports is understood: `cargo run -p viadukt-email --example bounces --
//! FOLDER GOLD.csv [MORE…]`.
//!
//! FOLDER holds mails; GOLD.csv says of each what it is, in the columns file, kind, n_expected,
//! expected_status, expected_reason, expected_hard, recipients, recipients_trust. MORE are
//! folders of ordinary mail, none of which may be taken for a report.
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;
use viadukt_api::Kind;
use viadukt_email::Email;

/// What is known of a file.
struct Gold {
    file: String,
    kind: String,
    statuses: BTreeSet<String>,
    recipients: BTreeSet<String>,
    is_sure: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, gold, more @ ..] = arguments.as_slice() else {
        return Err("usage: bounces FOLDER GOLD.csv [MORE…]".into());
    };
    let gold: Vec<Gold> =
        std::fs::read_to_string(gold)?.lines().skip(1).filter_map(known).collect();
    let files = gold.iter().map(|gold| Path::new(folder).join(&gold.file)).collect::<Vec<_>>();
    let read = read(&files)?;
    let mut figures: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (gold, read) in gold.iter().zip(&read) {
        for (figure, is_right) in judge(gold, read) {
            let (right, all) = figures.entry(figure).or_default();
            *right += usize::from(is_right);
            *all += 1;
            if !is_right {
                println!("{figure}: {} {}", gold.file, read["report"]);
            }
        }
    }
    for folder in more {
        let mut files = Vec::new();
        mails(Path::new(folder), &mut files)?;
        for (file, read) in files.iter().zip(self::read(&files)?) {
            let (right, all) = figures.entry("ordinary mail").or_default();
            *right += usize::from(read["report"].is_null());
            *all += 1;
            if !read["report"].is_null() {
                println!("ordinary mail: {} {}", file.display(), read["report"]);
            }
        }
    }
    for (figure, (right, all)) in figures {
        println!("{figure}: {right} of {all}");
    }
    Ok(())
}

fn known(line: &str) -> Option<Gold> {
    let columns: Vec<&str> = line.split(',').collect();
    let [file, kind, _, statuses, _, _, recipients, trust] = columns.as_slice() else {
        return None;
    };
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect();
    Some(Gold {
        file: (*file).to_owned(),
        kind: (*kind).to_owned(),
        statuses: words(statuses),
        recipients: words(recipients),
        is_sure: trust.trim() == "count-matches",
    })
}

/// Each figure that `read` counts for, and whether it is right.
fn judge(gold: &Gold, read: &Value) -> Vec<(&'static str, bool)> {
    let kind = read["report"]["kind"].as_str().unwrap_or("none");
    let is_automatic = !read["automatic"].is_null();
    let recipients = read["report"]["recipients"].as_array().map_or(&[][..], Vec::as_slice);
    let named = |key: &str| -> BTreeSet<String> {
        recipients.iter().filter_map(|r| r[key].as_str()).map(str::to_lowercase).collect()
    };
    let failed: BTreeSet<String> = recipients
        .iter()
        .filter(|r| matches!(r["action"].as_str(), Some("failed" | "delayed")))
        .filter_map(|r| r["address"].as_str())
        .map(str::to_lowercase)
        .collect();
    match gold.kind.as_str() {
        "bounce" => {
            let mut figures = vec![
                ("bounce", kind == "bounce"),
                ("bounce or delay", matches!(kind, "bounce" | "delay")),
                ("bounce is automatic", is_automatic),
            ];
            if gold.is_sure {
                figures.push(("recipients", failed == gold.recipients));
            }
            let statuses: BTreeSet<_> =
                gold.statuses.iter().filter(|s| !s.contains(".0.9")).cloned().collect();
            if !statuses.is_empty() {
                figures.push(("status", statuses.is_subset(&named("status"))));
            }
            figures
        }
        "vacation" => vec![("vacation", kind == "none" && read["automatic"] == "reply")],
        "delivered" => vec![("delivered", kind == "delivered")],
        "feedback" => vec![("feedback", kind == "feedback")],
        _ => Vec::new(),
    }
}

/// What `viadukt mail read` says about `files`.
fn read(files: &[PathBuf]) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut words: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    words.push("--json".to_owned());
    let tool = Email.tools().iter().find(|tool| tool.verb == "read").ok_or("no such tool")?;
    let mut lines = Vec::new();
    // A file that cannot be read has a line that says so.
    let _ = (tool.run)(&words, &mut lines);
    let lines = String::from_utf8(lines)?;
    Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn mails(folder: &Path, to: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => mails(&path, to)?,
            false if path.file_name().is_some_and(|name| name != "LICENSE") => to.push(path),
            false => {}
        }
    }
    Ok(())
}
