//! The trail: one message's way, step by step, for people who ask what became of it.

use serde::{Deserialize, Serialize};
use viadukt_api::{Timestamp, WorkerName};

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
        /// How it was protected until then.
        protection: String,
        /// The verdict: `pass`, or why not.
        verdict: String,
        /// How many deliveries it became.
        deliveries: u16,
    },
    /// It could not be read and was put aside.
    PutAside {
        /// Where it came from.
        worker: WorkerName,
        /// Why.
        reason: String,
    },
    /// One attempt to deliver.
    Attempted {
        /// Which delivery of the item.
        part: u16,
        /// Which attempt, from 1.
        attempt: u32,
        /// By which worker.
        to: WorkerName,
        /// `delivered`, `retry`, `refused`, `unknown`, `gave-up`.
        outcome: String,
        /// The reason's key, or how the hop was protected.
        detail: String,
    },
    /// A flood kept it from the room; it is part of the message called `into`.
    Gathered {
        /// The delivery that shows it with the others.
        into: String,
    },
    /// A person decided about a dead letter: `requeued`, `discarded`.
    Decided {
        /// What.
        what: String,
    },
}
