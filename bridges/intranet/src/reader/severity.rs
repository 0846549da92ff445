//! The words by which systems say how pressing something is.

use viadukt_api::Severity;

/// What `word` means; `None` when nobody knows.
pub(crate) fn read(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" | "crit" | "fatal" | "emergency" | "emerg" | "alert" | "page" | "disaster"
        | "error" | "err" | "failure" | "major" | "high" | "p1" | "danger" => {
            Some(Severity::Critical)
        }
        "warning" | "warn" | "average" | "medium" | "minor" | "p2" | "p3" => {
            Some(Severity::Warning)
        }
        "info" | "information" | "informational" | "notice" | "none" | "low" | "debug" | "ok"
        | "good" | "success" | "p4" | "p5" => Some(Severity::Info),
        _ => None,
    }
}
