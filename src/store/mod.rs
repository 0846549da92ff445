//! The store: ordered key spaces, durable atomic commits. [`memory`] serves unit tests,
//! `sled` is the default; one conformance suite runs against every kind.

use async_trait::async_trait;

/// A key space. Keys of different spaces never meet; within one they are ordered by bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Space {
    /// Schema version and other facts about the store itself.
    Meta = 0,
    /// Accepted items that are not routed yet, by item id.
    Journal = 1,
    /// Deliveries still to make, by lane and delivery id.
    Outbox = 2,
    /// Keys of what was accepted, with the time, for recognising repetitions.
    Dedupe = 3,
    /// Far-side message id or event id → conversation and delivery.
    Map = 4,
    /// Conversations, by id.
    Conversation = 5,
    /// What was given up, by item or delivery id.
    Dead = 6,
    /// The workers' own small memories.
    Keep = 7,
    /// One message's way, for `trace`, by item id.
    Trail = 8,
    /// Rooms of bridges, replaced rooms.
    Room = 9,
}

impl Space {
    /// Every space, for export and for the conformance suite.
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::Journal,
        Self::Outbox,
        Self::Dedupe,
        Self::Map,
        Self::Conversation,
        Self::Dead,
        Self::Keep,
        Self::Trail,
        Self::Room,
    ];
}

/// The longest value a store takes, in bytes. Longer payloads belong into the spool.
pub const MAX_VALUE: usize = 4096;

/// An ordered key-value store with durable atomic commits. Reads see everything that was
/// committed before they began. Keys have at most 512 bytes, values at most [`MAX_VALUE`].
#[async_trait]
pub trait Store: Send + Sync {
    /// The value of `key`. [`StoreError::Damaged`] when its check fails.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries whose keys begin with `prefix` and, if `after` is given, are greater than it, in
    /// order of the keys, at most `limit`.
    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError>;

    /// Applies `batch` as a whole or not at all. On return it is on the disk; commits that wait
    /// at the same time share one sync. After [`StoreError::Failed`] no later commit succeeds:
    /// the process must end and start again.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}

/// What is committed together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The batch applies only if none of these keys exists.
    pub absent: Vec<(Space, Vec<u8>)>,
    /// Writes in order; `None` removes the key.
    pub writes: Vec<(Space, Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Requires that `key` does not exist.
    pub fn require_absent(&mut self, space: Space, key: impl Into<Vec<u8>>) {
        self.absent.push((space, key.into()));
    }

    /// Writes `value` under `key`.
    pub fn put(&mut self, space: Space, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.push((space, key.into(), Some(value.into())));
    }

    /// Removes `key`.
    pub fn remove(&mut self, space: Space, key: impl Into<Vec<u8>>) {
        self.writes.push((space, key.into(), None));
    }
}

/// Why the store did not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A key that had to be absent exists; nothing was written.
    #[error("the key exists already")]
    Conflict,
    /// A record's check failed, or it is of a newer version than this program knows.
    #[error("{0}")]
    Damaged(String),
    /// A key or value is longer than a store takes; nothing was written.
    #[error("{what} of {bytes} bytes is longer than a store takes")]
    TooLong {
        /// `key` or `value`.
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// Too little free space; nothing was written, later commits may succeed.
    #[error("too little free disk space: {0}")]
    Full(String),
    /// Writing or syncing failed; nothing that waits is acknowledged and nothing later will be.
    #[error("the store failed: {0}")]
    Failed(String),
}
