//! Values put into Markdown: a stranger's value makes no markup.
//!
//! CommonMark 0.31.2, 2.4: a backslash before any ASCII punctuation takes its meaning. What else
//! has one is where a value ends a line, or begins it with blanks; so neither is left in it, and
//! a value stays within the paragraph, cell or item that the template put it into.

use minijinja::value::ValueKind;
use minijinja::{Error, Output, Value};

/// Writes `value` into a template's output.
pub(super) fn write(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if value.is_safe() => out.write_str(text)?,
        Some(text) => out.write_str(&text_of(text))?,
        // Nothing to say: `null` in a body.
        None if value.is_none() => {}
        None if matches!(value.kind(), ValueKind::Number | ValueKind::Bool) => {
            out.write_str(&text_of(&value.to_string()))?;
        }
        None => out.write_str(&code(&value.to_string()))?,
    }
    Ok(())
}

/// `text` without any meaning in Markdown.
pub(crate) fn text_of(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut is_first = true;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("<br />"),
            // Four blanks, or a tab, at a line's beginning would make it code.
            ' ' if is_first => escaped.push_str("&#32;"),
            '\t' => escaped.push_str("&#32;"),
            c if c.is_ascii_punctuation() => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
        is_first = false;
    }
    escaped
}

/// `text` as code within a line (CommonMark 6.1).
pub(super) fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    let line = text.replace(['\n', '\r'], " ");
    format!("{fence} {line} {fence}")
}

/// `text` as a block of code of its own (CommonMark 4.5).
pub(super) fn block(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    format!("\n\n{fence}\n{}\n{fence}\n\n", text.trim_end_matches('\n'))
}

/// `text`, leading to `url` if that is an address that people may be led to.
pub(super) fn link(text: &str, url: &str) -> String {
    let fits = ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
    let is_clean = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    let text = text_of(text);
    if fits && is_clean && crate::markup::is_open(url) {
        format!("[{text}](<{}>)", text_of(url))
    } else {
        text
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
