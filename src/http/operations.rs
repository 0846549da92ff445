//! What the listener asks of the pipeline, and the answers: typed, and without content,
//! addresses or secrets.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use viadukt_api::{DeliveryId, Health, ItemId, Probe, Timestamp, WorkerName};

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
