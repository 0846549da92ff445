//! What a call would become, as a program and as a person reads it.

use serde_json::json;
use viadukt_api::Words;

use crate::notice::Notice;

/// One line.
pub(crate) fn as_json(id: &str, notice: &Notice) -> String {
    let line = json!({
        "id": id,
        "at": notice.at,
        "speaker": notice.speaker,
        "stream": notice.stream,
        "severity": notice.severity,
        "matter": notice.matter,
        "by_person": notice.by_person,
        "tell": notice.tell,
        "text": notice.content.text,
        "html": notice.content.html,
    });
    format!("{line}\n")
}

/// A head with what is known of it, and what it says.
pub(crate) fn for_a_person(id: &str, notice: &Notice) -> String {
    let mut shown = line("Message", id);
    let severity = notice.severity.map(|severity| format!("{severity:?}").to_lowercase());
    let matter = notice.matter.as_ref();
    let ends = matter.map(|matter| if matter.ends { "the last word" } else { "goes on" });
    for (name, value) in [
        ("Speaker", notice.speaker.as_deref()),
        ("Stream", notice.stream.as_deref()),
        ("Severity", severity.as_deref()),
        ("Matter", matter.map(|matter| matter.id.as_str())),
        ("State", ends),
        ("By", notice.by_person.then_some("a person, who can be answered")),
    ] {
        if let Some(value) = value {
            shown += &line(name, value);
        }
    }
    let told = notice.tell.as_ref().map(|reason| Words::new(Default::default()).reason(reason));
    for text in [told.as_deref(), Some(&notice.content.text)].into_iter().flatten() {
        shown += &text.lines().map(|line| format!("  | {line}\n")).collect::<String>();
    }
    if let Some(html) = &notice.content.html {
        shown += "HTML:\n";
        shown += &html.lines().map(|line| format!("  | {line}\n")).collect::<String>();
    }
    shown + "\n"
}

/// The values stand below each other, and are harmless to a terminal.
fn line(name: &str, value: &str) -> String {
    let value: String =
        value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("{:<12}{value}\n", format!("{name}:"))
}
