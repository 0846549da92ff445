//! What a call would become, as a program and as a person reads it.

use serde_json::{Value, json};

use crate::gateway::declaration::Declaration;
use crate::gateway::hook::Brought;
use crate::gateway::time::rfc3339;
use crate::reassembly::Part;
use crate::received::{Body, Received, Report, Text};
use crate::text::readable;

/// What is shown.
pub(crate) struct Shown<'d> {
    pub(crate) declaration: &'d Declaration,
    pub(crate) signature: String,
    pub(crate) brings: Result<Vec<Brought>, String>,
}

impl Shown<'_> {
    pub(crate) fn as_json(&self) -> String {
        let one = |brought: &Brought| match brought {
            Brought::Whole(received, _) => json!(received),
            Brought::Part(part) => json!({ "part": part }),
        };
        let brings =
            self.brings.as_ref().map_or_else(|_| Vec::new(), |all| all.iter().map(one).collect());
        let reply = &self.declaration.reply;
        let line = json!({
            "brings": brings,
            "signature": self.signature,
            "answer": {
                "status": reply.status.as_u16(),
                "content_type": reply.content_type,
                "body": reply.body,
            },
            "error": self.brings.as_ref().err().map_or(Value::Null, |why| why.as_str().into()),
        });
        format!("{line}\n")
    }

    /// A head with what is true of the call, and a paragraph for each thing that it brings.
    pub(crate) fn for_a_person(&self) -> String {
        let mut shown = lines(&[("Signature", &self.signature)]);
        // What went wrong is the command's error.
        let Ok(brings) = &self.brings else { return shown };
        let reply = &self.declaration.reply;
        let answer = match reply.body.as_str() {
            "" => reply.status.to_string(),
            body => format!("{}, {}: {body}", reply.status, reply.content_type),
        };
        shown += &lines(&[("Answer", &answer)]);
        if brings.is_empty() {
            shown += "\nIt brings nothing.\n";
        }
        for brought in brings {
            shown += "\n";
            shown += &match brought {
                Brought::Whole(Received::Text(text), _) => of_text(text),
                Brought::Whole(Received::Receipt(report), _) => of_report(report),
                Brought::Part(part) => of_part(part),
            };
        }
        shown
    }
}

fn of_text(text: &Text) -> String {
    let at = rfc3339(text.at);
    let head = lines(&[
        ("Text", &text.id),
        ("From", or_not_said(&text.from)),
        ("To", or_not_said(&text.to)),
        ("Written", &at),
    ]);
    let said = match &text.body {
        Body::Plain(said) => said.clone(),
        Body::Mms { text, count } if text.is_empty() => format!("[pictures: {count}]"),
        Body::Mms { text, count } => format!("{text}\n[pictures: {count}]"),
        Body::Binary { bytes } => format!("[binary data: {bytes} bytes]"),
        // No call brings it: it is what becomes of parts that wait for others in vain.
        Body::Incomplete { .. } => String::new(),
    };
    format!("{head}{}", quoted(&said))
}

fn of_part(part: &Part) -> String {
    let (place, at) = (&part.place, rfc3339(part.at));
    let which = format!("{} of {}, reference {}", place.number, place.of, place.reference);
    let head = lines(&[
        ("Part", &which),
        ("From", or_not_said(&part.from)),
        ("To", or_not_said(&part.to)),
        ("Written", &at),
    ]);
    format!("{head}{}", quoted(&part.said.text().unwrap_or_default()))
}

fn of_report(report: &Report) -> String {
    let state = json!(report.state);
    let state = state.as_str().unwrap_or_default();
    let code = report.code.as_deref().unwrap_or("none");
    lines(&[("Receipt of", &report.of), ("State", state), ("Code", code)])
}

/// One line for each field, the values below each other.
fn lines(fields: &[(&str, &str)]) -> String {
    let line = |(name, value): &(&str, &str)| {
        let (name, value) = (format!("{name}:"), readable(value));
        format!("{name:<12}{value}\n")
    };
    fields.iter().map(line).collect()
}

/// What somebody wrote, apart from what we say about it, and harmless to a terminal.
fn quoted(text: &str) -> String {
    readable(text).lines().map(|line| format!("  | {line}\n")).collect()
}

fn or_not_said(value: &str) -> &str {
    if value.is_empty() { "(not said)" } else { value }
}
