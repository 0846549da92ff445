//! The trail: one message's way, step by step, for people who ask what became of it; and the
//! names under which networks know a message, by which they may ask.

use serde::{Deserialize, Serialize};
use viadukt_api::{ItemId, MessageId, Protection, State, Timestamp, WorkerName};

use super::{Draft, Ledger, item_from, records};
use crate::store::{Space, StoreError};

/// One step of a message's way. Content-free: names of workers, verdicts, keys of reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub way: Way,
}

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Way {
    /// It was accepted from `worker` at `received_at`, judged and routed.
    Routed {
        /// Where it came from.
        worker: WorkerName,
        /// When it was accepted.
        received_at: Timestamp,
        /// How it was protected before it came to us, by its own word.
        #[serde(default)]
        before: Protection,
        /// How it was protected on the way to us.
        #[serde(default)]
        hop: Protection,
        /// The verdict: `pass`, or the key of the reason why not.
        verdict: String,
        /// How many deliveries it became.
        deliveries: u16,
    },
    /// It could not be read and was put aside.
    PutAside {
        /// Where it came from.
        worker: WorkerName,
        /// The reason's key.
        reason: String,
    },
    /// A rule holds one of its deliveries.
    Held {
        /// Which.
        part: u16,
        /// The worker that would make it.
        to: WorkerName,
        /// Until then; `None`: its bridge pauses.
        until: Option<Timestamp>,
    },
    /// One attempt to deliver.
    Attempted {
        /// Which delivery of the item.
        part: u16,
        /// Which attempt, from 1.
        attempt: u32,
        /// By which worker.
        to: WorkerName,
        /// What came of it.
        outcome: AttemptOutcome,
        /// The reason's key.
        #[serde(default)]
        reason: Option<String>,
        /// The far side's code.
        #[serde(default)]
        code: Option<String>,
        /// How the hop was protected.
        #[serde(default)]
        hop: Protection,
    },
    /// A flood kept it from the room; it is part of the message called `into`.
    Gathered {
        /// The delivery that shows it with the others.
        into: String,
    },
    /// The far side reported on one of its deliveries.
    Reported {
        /// Which far side.
        by: WorkerName,
        /// What became of it.
        state: State,
    },
    /// A person, or time, decided about a dead letter.
    Decided {
        /// What.
        what: Decision,
        /// Who: a word of the source code, or an alias.
        #[serde(default)]
        by: String,
    },
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// The far side has it.
    Delivered,
    /// It will be tried again.
    Retry,
    /// The far side does not want it: a dead letter.
    Refused,
    /// The far side may have it: a dead letter.
    Unknown,
    /// It was tried for too long: a dead letter.
    GaveUp,
}

impl AttemptOutcome {
    /// Its word in the log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::GaveUp => "gave-up",
        }
    }
}

/// What was decided about a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// To try again.
    Requeued,
    /// To forget it.
    Discarded,
    /// To read what somebody wrote.
    Opened,
    /// Nobody decided in time: it was forgotten.
    Expired,
    /// A later word on the same matter took its place.
    Overtaken,
    /// The far side reported that it arrived after all.
    ReportedDelivered,
    /// There was nothing to decide: it is a test.
    Tested,
}

impl Decision {
    /// Its word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requeued => "requeued",
            Self::Discarded => "discarded",
            Self::Opened => "opened",
            Self::Expired => "expired",
            Self::Overtaken => "overtaken",
            Self::ReportedDelivered => "reported-delivered",
            Self::Tested => "tested",
        }
    }
}

/// Whose network calls a message by a name, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The worker.
    pub worker: WorkerName,
    /// When it was accepted.
    pub at: Timestamp,
}

impl Draft<'_> {
    /// Adds a step to the way of `item`; its key keeps steps apart and in order.
    pub fn step(&mut self, item: ItemId, step: &Step) {
        let mut key = item.to_bytes().to_vec();
        let (kind, part, n) = match &step.way {
            Way::Routed { .. } | Way::PutAside { .. } => (0u8, 0, 0),
            Way::Attempted { part, attempt, .. } => (1, *part, *attempt),
            Way::Held { part, .. } => (1, *part, 0),
            Way::Gathered { .. } | Way::Reported { .. } | Way::Decided { .. } => (1, u16::MAX, 0),
        };
        // After a person's decision an item may take the same steps again.
        key.extend(step.at.0.to_be_bytes());
        key.push(kind);
        key.extend(part.to_be_bytes());
        key.extend(n.to_be_bytes());
        self.put(Space::Trail, &key, step);
    }

    /// Writes down that `item` is called `id` in its own network, whatever becomes of it.
    pub fn name(&mut self, id: &MessageId, item: ItemId, named: &Named) {
        let key = [name_key(self.ledger, id.as_str()).as_slice(), &item.to_bytes()].concat();
        self.put(Space::Named, &key, named);
    }
}

impl Ledger {
    /// The way of `item`, in order.
    pub fn trail(&self, item: ItemId) -> Result<Vec<Step>, StoreError> {
        let rows = self.store.scan(Space::Trail, &item.to_bytes(), None, usize::MAX)?;
        rows.iter().map(|(_, value)| records::unpack(value)).collect()
    }

    /// The items that their own network calls `name`, oldest first.
    pub fn named(&self, name: &str) -> Result<Vec<(ItemId, Named)>, StoreError> {
        let key = name_key(self, name);
        let rows = self.store.scan(Space::Named, &key, None, usize::MAX)?;
        let read = rows.iter().map(|(row, value)| {
            let item = row.get(key.len()..).and_then(item_from);
            Ok(item.zip(Some(records::unpack(value)?)))
        });
        read.filter_map(Result::transpose).collect()
    }
}

/// The key hides the name: it may be an address, and belongs to a person.
fn name_key(ledger: &Ledger, name: &str) -> [u8; 32] {
    ledger.keys.lookup("name", name.as_bytes())
}
