//! How items get in durably, and a worker's own small durable memory.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::env::Timestamp;
use crate::ids::{ItemId, WorkerName};
use crate::protection::Protection;
use crate::spool::BlobRef;

/// Where a worker puts what it received.
#[derive(Clone)]
pub struct Inbox {
    worker: WorkerName,
    durable: Arc<dyn Durable>,
}

/// What an [`Inbox`] and a [`Keep`] stand on. The pipeline implements it over the store; the
/// contract suite in memory.
#[async_trait]
pub trait Durable: Send + Sync {
    /// See [`Inbox::accept`].
    async fn accept(
        &self,
        worker: &WorkerName,
        intake: Intake,
    ) -> Result<Vec<Option<ItemId>>, AcceptError>;
    /// See [`Inbox::seen`].
    fn seen(&self, worker: &WorkerName, key: &SourceKey) -> Result<bool, AcceptError>;
    /// See [`Keep::get`].
    fn kept(&self, worker: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, AcceptError>;
    /// See [`Keep::starting_with`].
    fn kept_under(
        &self,
        worker: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, AcceptError>;
}

impl Inbox {
    /// An inbox of `worker`.
    pub fn new(worker: WorkerName, durable: Arc<dyn Durable>) -> Self {
        Self { worker, durable }
    }

    /// Accepts `intake` in one transaction: all items, and what the worker wants to remember
    /// beside them (its position in the source). Returns once it is durable, with the id of
    /// each item in order; `None` for one whose key had been accepted before. An error means
    /// that nothing was accepted; the source must not be acknowledged.
    pub async fn accept(&self, intake: Intake) -> Result<Vec<Option<ItemId>>, AcceptError> {
        self.durable.accept(&self.worker, intake).await
    }

    /// Whether an item with `key` was accepted before.
    pub fn seen(&self, key: &SourceKey) -> Result<bool, AcceptError> {
        self.durable.seen(&self.worker, key)
    }
}

/// A worker's own small durable memory: its position in the source, what it waits for.
/// Written with [`Intake::keep`] beside items, or alone with [`Keep::put`].
#[derive(Clone)]
pub struct Keep {
    worker: WorkerName,
    durable: Arc<dyn Durable>,
}

impl Keep {
    /// The memory of `worker`.
    pub fn new(worker: WorkerName, durable: Arc<dyn Durable>) -> Self {
        Self { worker, durable }
    }

    /// What was kept under `key`.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        self.durable.kept(&self.worker, key)
    }

    /// Everything kept under keys that begin with `prefix`, in order of the keys.
    pub fn starting_with(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        self.durable.kept_under(&self.worker, prefix)
    }

    /// Keeps `value` under `key` (`None` forgets it); durable on return.
    pub async fn put(&self, key: &str, value: Option<Vec<u8>>) -> Result<(), AcceptError> {
        let intake = Intake { items: Vec::new(), keep: vec![(key.to_owned(), value)] };
        self.durable.accept(&self.worker, intake).await.map(drop)
    }
}

/// What is accepted in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// New items, in the source's order.
    pub items: Vec<Item>,
    /// What to remember beside them: a key of at most 200 bytes and a value of at most 3 KiB;
    /// `None` forgets the key.
    pub keep: Vec<(String, Option<Vec<u8>>)>,
}

/// One thing received, as it came.
#[derive(Clone, Debug)]
pub struct Item {
    /// Keys by which the source would be recognised if it sent this again; one that is known
    /// makes the item a duplicate. All are remembered for at least 30 days.
    pub keys: Vec<SourceKey>,
    /// When it was received.
    pub received_at: Timestamp,
    /// How it was protected on the way to us.
    pub protection: Protection,
    /// The raw input.
    pub raw: Raw,
}

/// Raw input, exactly as it came, except that large parts of it may lie in the spool.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// The input, with the worker's own marks where parts were lifted out.
    pub bytes: Bytes,
    /// The parts that were lifted out, in order.
    pub lifted: Vec<BlobRef>,
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes, {} lifted)", self.bytes.len(), self.lifted.len())
    }
}

/// A key by which a source's repetition is recognised, unique within its worker.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SourceKey(String);

impl SourceKey {
    /// A key from its parts; parts cannot run into each other.
    pub fn new(parts: &[&str]) -> Self {
        let mut key = String::new();
        for part in parts {
            key.push_str(&part.len().to_string());
            key.push(':');
            key.push_str(part);
        }
        Self(key)
    }

    /// The bytes to look it up by.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceKey(…)")
    }
}

/// Nothing was accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AcceptError {
    /// The disk is nearly full or the queue at its bound: wait and offer the same again.
    #[error("no room for new input: {0}; free space or drain the queue")]
    Full(String),
    /// The store failed; the process is about to end. Do not acknowledge, do not go on.
    #[error("the store failed: {0}")]
    Store(String),
}
