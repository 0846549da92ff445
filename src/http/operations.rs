//! What the listener asks of the pipeline, and the answers: typed, and without content,
//! addresses or secrets.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use viadukt_api::{ConversationId, DeliveryId, Health, ItemId, Probe, Timestamp, WorkerName};

use crate::observe::Direction;

/// The running pipeline, as an operator sees it.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Whether the start is over and the store at work. The workers' state is apart.
    fn ready(&self) -> bool;

    /// How each worker does.
    fn health(&self) -> Vec<(WorkerName, Health)>;

    /// What each worker's [`viadukt_api::Worker::probe`] says.
    async fn probe(&self) -> Vec<(WorkerName, Vec<Probe>)>;

    /// One message's way.
    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError>;

    /// What was given up, the oldest first.
    async fn dead_letters(&self) -> Result<Vec<DeadLetterView>, OperationError>;

    /// Tries again what was given up; durable on return.
    async fn requeue(&self, reference: Reference) -> Result<(), OperationError>;

    /// Forgets what was given up; durable on return.
    async fn discard(&self, reference: Reference) -> Result<(), OperationError>;

    /// What waits for each worker.
    fn queues(&self) -> Vec<QueueView>;

    /// The conversations that had a message last, the latest first.
    async fn conversations(&self) -> Result<ConversationsView, OperationError>;

    /// Everyone on far sides who wants no messages or is blocked, the latest first.
    async fn contacts(&self) -> Result<Vec<ContactView>, OperationError>;

    /// Shows again what a contact writes; durable on return.
    async fn unblock(&self, contact: &str) -> Result<(), OperationError>;

    /// Says a sentence in the room of a bridge; gives its reference.
    async fn test_room(&self, bridge: &WorkerName) -> Result<Reference, OperationError>;

    /// Adds to the record of what operators did; durable on return.
    async fn record_done(&self, done: DoneView) -> Result<(), OperationError>;

    /// The record of what operators did, the latest first.
    async fn done(&self) -> Result<Vec<DoneView>, OperationError>;
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// There is nothing by that reference.
    #[error("nothing is known by this reference")]
    Unknown,
    /// It did not work; what happened and what to do.
    #[error("{0}")]
    Failed(String),
}

/// What people and logs use to speak of a message (`01JD2Z…`) or of one delivery of it
/// (`01JD2Z…-0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// The message.
    Item(ItemId),
    /// One delivery.
    Delivery(DeliveryId),
}

impl Reference {
    /// The message that it is about.
    pub fn item(self) -> ItemId {
        match self {
            Self::Item(item) => item,
            Self::Delivery(delivery) => delivery.item,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => item.fmt(f),
            Self::Delivery(delivery) => delivery.fmt(f),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('-') {
            return text.parse().map(Self::Delivery);
        }
        let item = text.parse().map_err(|_| "expected a reference like 01JD2Z… or 01JD2Z…-0")?;
        Ok(Self::Item(item))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// One message's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceView {
    /// The message.
    pub reference: Reference,
    /// What happened to it, in order.
    pub entries: Vec<TraceEntry>,
}

/// One step of a message's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    /// When.
    pub at: Timestamp,
    /// The stage, such as `judge`.
    pub stage: String,
    /// What happened there, such as `passed`.
    pub what: String,
    /// Why, or how a hop was protected; may be empty.
    pub detail: String,
}

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
    /// Why it was given up, in words.
    pub reason: String,
}

/// What waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// The worker.
    pub worker: WorkerName,
    /// Whether nothing leaves it, because somebody said so.
    pub paused: bool,
    /// How many deliveries wait or are under way.
    pub waiting: usize,
    /// How many of them a rule holds.
    pub held: usize,
    /// Since when the oldest one waits that no rule holds.
    pub oldest: Option<Timestamp>,
}

/// The conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationsView {
    /// How many there are on each bridge.
    pub total: BTreeMap<WorkerName, usize>,
    /// Those that had a message last, the latest first; not all of them.
    pub latest: Vec<ConversationView>,
}

/// A conversation, without what is said in it, and without who says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// The bridge it runs over.
    pub bridge: WorkerName,
    /// Where it lives.
    pub home: Home,
    /// Short names of the parties on the far side, the same as in log lines.
    pub parties: Vec<String>,
    /// How many messages it has had, as far as they were counted.
    pub messages: u32,
    /// When it began.
    pub began_at: Timestamp,
    /// When it had the last message, as far as known.
    pub last_at: Option<Timestamp>,
}

/// Where a conversation lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Home {
    /// In a thread of the bridge's room.
    Main,
    /// In a thread of a further room, by that room's name in the configuration.
    Team(String),
    /// In a thread of the room for parties whom nobody has approved yet.
    Intake,
    /// In a room of its own.
    Own,
}

/// Somebody on a far side of whom something lasting is known. Who it is nobody can tell from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// What to call them when something is asked about them.
    pub id: String,
    /// A short name, the same as in log lines.
    pub alias: String,
    /// The bridge they are known on; `None` where nothing was learned of them for long.
    pub bridge: Option<WorkerName>,
    /// Since when they want no messages.
    pub stopped: Option<Timestamp>,
    /// Since when nothing of them is shown.
    pub blocked: Option<Timestamp>,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneView {
    /// When.
    pub at: Timestamp,
    /// Who, by their name.
    pub who: String,
    /// How they showed that they may: `token`, `oidc`.
    pub proof: String,
    /// What, such as `requeue`.
    pub what: String,
    /// To what: a reference, a bridge, the short name of a contact.
    pub about: String,
}

/// What one worker's probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeView {
    /// The worker.
    pub worker: WorkerName,
    /// What was tried, and what came of it.
    pub steps: Vec<(String, Result<String, String>)>,
}

impl ProbeView {
    /// The view of `probes`.
    pub fn new(worker: WorkerName, probes: Vec<Probe>) -> Self {
        let steps = probes.into_iter().map(|probe| (probe.what, probe.result)).collect();
        Self { worker, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_message_or_a_delivery() {
        for text in ["01JD2Z5Y3V0Q8R6T4W2X1Z9B7C", "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-3"] {
            assert_eq!(text.parse::<Reference>().map(|read| read.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "-", "x-0", "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-x", "01JD2Z"] {
            assert!(text.parse::<Reference>().is_err(), "{text:?} was taken");
        }
    }
}
