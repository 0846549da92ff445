//! One message's way.

use serde::{Deserialize, Serialize};
use viadukt_api::{ItemId, Protection, Timestamp, WorkerName};

use super::ReasonView;
pub use crate::ledger::AttemptOutcome;
use crate::observe::Direction;

/// A message that a name may mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundView {
    /// Our reference to it.
    pub item: ItemId,
    /// The worker whose network calls it so.
    pub worker: WorkerName,
    /// When it was accepted.
    pub at: Timestamp,
}

/// One message's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceView {
    /// The message.
    pub item: ItemId,
    /// Where it came from; `None` when that has been forgotten.
    pub from: Option<WorkerName>,
    /// Which way it goes.
    pub direction: Option<Direction>,
    /// What happened to it, in order.
    pub entries: Vec<TraceEntry>,
}

/// One step of a message's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    /// When.
    pub at: Timestamp,
    /// How many milliseconds after the entry before; 0 for the first one.
    pub after_ms: u64,
    /// The stage.
    pub stage: Stage,
    /// What happened there, in words.
    pub what: String,
    /// Why, where there is a reason.
    pub reason: Option<ReasonView>,
    /// The worker that did it, where one did.
    pub worker: Option<WorkerName>,
    /// The attempt that it was, at [`Stage::Deliver`].
    pub attempt: Option<AttemptView>,
    /// How the hop was protected, where it was one.
    pub protection: Option<Protection>,
}

/// The stages of a message's way, as `pipeline.rs` has them, and two besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Before it came to us: the hop into our organisation, by the message's own word.
    Border,
    /// It became durable.
    Accept,
    /// It was read.
    Normalise,
    /// It was judged.
    Judge,
    /// It became deliveries.
    Route,
    /// An attempt, or what took the place of one.
    Deliver,
    /// A far side reported on it.
    Report,
    /// A person, or time, decided about what was given up.
    Decide,
}

impl Stage {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Border => "border",
            Self::Accept => "accept",
            Self::Normalise => "normalise",
            Self::Judge => "judge",
            Self::Route => "route",
            Self::Deliver => "deliver",
            Self::Report => "report",
            Self::Decide => "decide",
        }
    }
}

/// One attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    /// Which of the message's deliveries, from 0; what we say about it ourselves comes above
    /// 4096.
    pub part: u16,
    /// Which attempt, from 1.
    pub number: u32,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// The far side's code, such as `550 5.1.1` or `0x00000045`, where it gave one.
    pub code: Option<String>,
}
