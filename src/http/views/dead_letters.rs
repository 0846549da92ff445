//! What was given up and waits for a person.

use serde::{Deserialize, Serialize};
use viadukt_api::{Timestamp, WorkerName};

use super::ReasonView;
use crate::http::Reference;
use crate::observe::Direction;

/// Something given up that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterView {
    /// What to call it.
    pub reference: Reference,
    /// Whose it is.
    pub bridge: WorkerName,
    /// Which way it went.
    pub direction: Direction,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it will be forgotten, unless somebody decides before.
    pub until: Timestamp,
    /// Why it was given up.
    pub reason: ReasonView,
    /// How often it was attempted.
    pub attempts: u32,
    /// Whether the far side may have it all the same.
    pub doubtful: bool,
}

/// Which dead letters are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterFilter {
    /// Whose.
    pub bridge: Option<WorkerName>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Why: the reason's key, or its beginning.
    pub reason: Option<String>,
    /// Waiting for at least so many seconds.
    pub older_than: Option<u64>,
}

impl DeadLetterFilter {
    /// Whether `letter` is meant, at `now`.
    pub fn fits(&self, letter: &DeadLetterView, now: Timestamp) -> bool {
        self.bridge.as_ref().is_none_or(|bridge| *bridge == letter.bridge)
            && self.direction.is_none_or(|direction| direction == letter.direction)
            && self.reason.as_ref().is_none_or(|key| letter.reason.key.starts_with(key))
            && self.older_than.is_none_or(|least| now.since(letter.since).as_secs() >= least)
    }
}

/// A dead letter with what somebody wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedView {
    /// The dead letter.
    pub letter: DeadLetterView,
    /// What somebody wrote.
    pub content: ContentView,
}

impl ContentView {
    /// Nothing but `text`.
    pub fn of(text: String) -> Self {
        Self { from: None, to: None, subject: None, text, attachments: Vec::new() }
    }
}

/// What somebody wrote. It has no `Debug`, so that it gets into no log by mistake.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentView {
    /// Who; `None` for raw input that nobody could read.
    pub from: Option<String>,
    /// To whom, on a far side.
    pub to: Option<String>,
    /// About what.
    pub subject: Option<String>,
    /// What; raw input as it came, at most 64 KiB of it.
    pub text: String,
    /// The names of what is attached.
    pub attachments: Vec<String>,
}
