//! The machine-readable part of a delivery report (RFC 3464 2, RFC 6533 3).

use super::address;
use super::status::Status;
use super::{Action, Recipient};

/// More recipients are not read: a report on so many is of no use to a person.
const MOST: usize = 200;
/// Longer diagnostics are cut.
const LONGEST: usize = 2_000;

/// The recipients that `text` has fields for, in order.
pub(crate) fn recipients(text: &str) -> Vec<Recipient> {
    let mut groups = Groups::default();
    for field in fields(text) {
        match field {
            None => groups.ended = true,
            Some((name, value)) => groups.take(&name, value.trim()),
        }
        if groups.done.len() >= MOST {
            break;
        }
    }
    groups.finish()
}

/// The fields of `text` with their continuation lines (RFC 5322 2.2.3); `None` is an empty line.
/// A name may be followed by blanks, as some servers write it.
pub(crate) fn fields(text: &str) -> impl Iterator<Item = Option<(String, String)>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let line = lines.next()?;
        let Some((name, value)) = split(line) else { return Some(None) };
        let mut value = value.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            if value.len() < LONGEST && !more.trim().is_empty() {
                value.push(' ');
                value.push_str(more.trim());
            }
        }
        Some(Some((name.to_ascii_lowercase(), value)))
    })
}

/// A field's name and the value on the same line.
pub(crate) fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_end();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    is_name.then_some((name, value))
}

/// Fields, put together by recipient. Some servers leave the empty line between two recipients
/// out, others put one between the fields of the same: a field that is there already begins the
/// next.
#[derive(Default)]
struct Groups {
    done: Vec<Group>,
    now: Group,
    /// There was an empty line since the last field.
    ended: bool,
}

#[derive(Default)]
struct Group {
    last: Option<String>,
    original: Option<String>,
    action: Option<Action>,
    status: Option<Status>,
    diagnostic: Option<String>,
}

impl Groups {
    fn take(&mut self, name: &str, value: &str) {
        let is_known = match name {
            "final-recipient" => self.now.last.is_some(),
            "original-recipient" => self.now.original.is_some(),
            "action" => self.now.action.is_some(),
            "status" => self.now.status.is_some(),
            "diagnostic-code" => self.now.diagnostic.is_some(),
            _ => return,
        };
        let begins = self.ended && name.ends_with("-recipient") && self.now.is_named();
        if is_known || begins {
            self.done.push(std::mem::take(&mut self.now));
        }
        self.ended = false;
        match name {
            "final-recipient" => self.now.last = named(value),
            "original-recipient" => self.now.original = named(value),
            "action" => self.now.action = Action::parse(value),
            "status" => self.now.status = Status::first(value),
            _ => self.now.diagnostic = Some(diagnostic(value)),
        }
    }

    fn finish(mut self) -> Vec<Recipient> {
        self.done.push(self.now);
        self.done.into_iter().filter_map(Group::finish).collect()
    }
}

impl Group {
    fn is_named(&self) -> bool {
        self.last.is_some() || self.original.is_some()
    }

    /// The address is the one that the failure is about; where that is none outside its server,
    /// the one that was written to. It is empty when both are none.
    fn finish(self) -> Option<Recipient> {
        let is_empty = self.action.is_none() && self.status.is_none();
        if is_empty && !self.is_named() {
            return None;
        }
        let named = || [&self.last, &self.original].into_iter().flatten();
        let best = named().find(|address| address::is_public(address)).or_else(|| named().next());
        let address = best.cloned().unwrap_or_default();
        let status = closest(self.status, self.diagnostic.as_deref());
        let diagnostic = self.diagnostic.filter(|said| !said.is_empty());
        Some(Recipient { address, status, action: self.action, diagnostic })
    }
}

/// What the far server said is closer to the cause than what ours made of it ("tried too long").
fn closest(field: Option<Status>, said: Option<&str>) -> Option<Status> {
    let said = said.and_then(Status::of_failure);
    said.filter(|said| field.is_none() || !said.is_vague()).or(field)
}

/// RFC 3464 2.3.1, 2.3.2: the address after its type.
fn named(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, value)| value);
    address::all(value).next().map(str::to_owned)
}

/// RFC 3464 2.3.6: what was said, after the type of it.
fn diagnostic(value: &str) -> String {
    let is_type = |kind: &str| kind.len() < 20 && kind.bytes().all(|b| b.is_ascii_graphic());
    match value.split_once(';') {
        Some((kind, said)) if is_type(kind.trim()) => said.trim().to_owned(),
        _ => value.to_owned(),
    }
}
