//! Where an earlier mail begins that no marks of quotation tell apart: at the copy of its header
//! ("From: … Sent: … To: … Subject: …"), or at a line such as "-----Original Message-----". A
//! forwarded mail begins in the same ways.

use super::attribution;
use super::line::Line;
use super::words::{self, Field};

/// More lines than these are no header that a mail program copies.
const MAX_LINES: usize = 40;
/// Lines that one field is broken over, at most.
const MAX_FOLDS: usize = 4;
const MAX_NAME: usize = 40;

/// How many of `lines` are the header of an earlier mail.
pub(super) fn header(lines: &[Line<'_>]) -> Option<usize> {
    field(&lines.first()?.text)?;
    let mut seen = Vec::new();
    let mut is_mail = false;
    let (mut end, mut folds) = (0, 0);
    for (at, line) in lines.iter().enumerate().take(MAX_LINES) {
        if line.depth > 0 {
            break;
        }
        if let Some(field) = field(&line.text) {
            // A mail's text may go on with words like these.
            if field != Field::Other && seen.contains(&field) {
                break;
            }
            seen.push(field);
            (end, folds) = (at + 1, 0);
            // Forms and timetables have no addresses, and days rather than hours.
            is_mail |= field == Field::Sent || line.text.contains('@');
            is_mail |= field == Field::Date && attribution::names_hour(&line.text);
        } else {
            folds += 1;
            if folds > MAX_FOLDS {
                break;
            }
        }
    }
    let has = |field| seen.contains(&field);
    // What a form on a web page sends has no date.
    let is_header = has(Field::From)
        && (has(Field::Date) || has(Field::Sent))
        && (has(Field::To) || has(Field::Subject));
    (is_header && is_mail).then_some(end)
}

/// Which field of a header a line is. Programs that make text of HTML put stars around names.
fn field(line: &str) -> Option<Field> {
    let line = line.trim_start_matches([' ', '\t', '*', '|']);
    let end = line.char_indices().take(MAX_NAME).find(|(_, c)| matches!(c, ':' | '：'))?.0;
    let name = line[..end].trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase();
    let found = words::FIELDS.iter().find(|(_, names)| names.contains(&name.as_str()))?;
    Some(found.0)
}

/// "-----Original Message-----"
pub(super) fn is_original(line: &str) -> bool {
    between_dashes(line).is_some_and(|words| words::ORIGINAL.contains(&words.as_str()))
}

/// Whether an author says that the answers stand in the earlier mail: "see below". Nothing marks
/// them there, so that mail stays.
pub(super) fn points_below(line: &str) -> bool {
    let line = line.to_lowercase();
    let is_apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    words::BELOW.iter().any(|words| {
        let found = line.split_once(words);
        found.is_some_and(|(before, after)| {
            is_apart(before.chars().next_back()) && is_apart(after.chars().next())
        })
    })
}

/// "---------- Forwarded message ---------", "Begin forwarded message:"
pub(super) fn is_forward(line: &str) -> bool {
    if let Some(words) = between_dashes(line) {
        let is_from = words::FORWARDED_BY.iter().any(|start| words.starts_with(start));
        return is_from || words::FORWARDED.contains(&words.as_str());
    }
    let line = line.trim();
    let Some(line) = line.strip_suffix(':').filter(|line| line.len() < 100) else { return false };
    words::FORWARDED.contains(&line.trim().to_lowercase().as_str())
}

/// Whether a subject says that a mail is forwarded: by its first prefix, for an answer to what
/// was forwarded is an answer.
pub(crate) fn is_forwarding(subject: &str) -> bool {
    let Some((prefix, _)) = subject.trim_start().split_once(':') else { return false };
    words::FORWARDS.contains(&prefix.trim().to_lowercase().as_str())
}

/// What stands between dashes, in lower case.
fn between_dashes(line: &str) -> Option<String> {
    let line = line.trim().trim_matches('*');
    let is_dash = |c: char| matches!(c, '-' | '_' | '—' | '–' | '=');
    let is_dashed = line.starts_with(is_dash) && line.ends_with(is_dash) && line.len() < 300;
    let words = line.trim_matches(|c: char| is_dash(c) || c.is_whitespace());
    (is_dashed && !words.is_empty()).then(|| words.to_lowercase())
}
