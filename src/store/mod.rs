//! The store: ordered key spaces, durable atomic commits. [`memory`] serves unit tests,
//! [`sled`] is the default; one conformance suite runs against every kind. What is too long for
//! a record lies beside it in the [`spool`]. Everything is encrypted with one key file
//! (`seal`, [`keys`]).

#[cfg(test)]
mod conformance;
pub(crate) mod disk;
pub mod keys;
pub mod memory;
mod schema;
mod seal;
mod secrets;
pub mod sled;
mod snapshot;
pub mod spool;
mod timed;
mod usage;

use async_trait::async_trait;

pub use disk::bytes_on_disk;
pub use keys::{KeyError, Keys};
pub use memory::MemoryStore;
pub use schema::SCHEMA;
pub use sled::SledStore;
pub use snapshot::{Row, Snapshot};
pub use spool::FileSpool;
pub use timed::TimedStore;
pub use usage::Usage;

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
    /// Conversations and where they live, by id; exchanges, by a hash.
    Conversation = 5,
    /// What was given up, by item or delivery id.
    Dead = 6,
    /// The workers' own small memories.
    Keep = 7,
    /// One message's way, for `trace`, by item id.
    Trail = 8,
    /// Rooms of bridges, replaced rooms.
    Room = 9,
    /// What is known of parties on far sides, by bridge and party.
    Contact = 10,
    /// What was spent, by account and period.
    Tally = 11,
    /// What far sides reported about deliveries, by delivery id.
    Fate = 12,
    /// Reports that came before what they are about was known, by a hash of that and item id.
    Awaited = 13,
    /// What goes on at far sides, by hashes of its id and of what shows it.
    Matter = 14,
    /// Deliveries that wait for the end of a flood, by conversation and delivery id.
    Gathered = 15,
    /// What networks call a message, by a hash of that and item id.
    Named = 16,
    /// What operators did, by time.
    Done = 17,
}

impl Space {
    /// Every space, for export and for the conformance suite.
    pub const ALL: [Self; 18] = [
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
        Self::Contact,
        Self::Tally,
        Self::Fate,
        Self::Awaited,
        Self::Matter,
        Self::Gathered,
        Self::Named,
        Self::Done,
    ];

    /// The space whose byte this is.
    pub fn of(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// The key of a record among those of all spaces: the space's byte, then the key.
    fn full_key(self, key: &[u8]) -> Vec<u8> {
        let mut full = Vec::with_capacity(1 + key.len());
        full.push(self as u8);
        full.extend_from_slice(key);
        full
    }
}

/// The longest value a store takes, in bytes. Longer payloads belong into the spool.
pub const MAX_VALUE: usize = 4096;

/// The longest key a store takes, in bytes.
pub const MAX_KEY: usize = 512;

/// What to do about damage.
const REMEDY: &str = "check the disk, then run `viadukt repair` or restore the store from a backup";

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// An ordered key-value store with durable atomic commits. Keys have at most [`MAX_KEY`] bytes,
/// values at most [`MAX_VALUE`].
///
/// Reads see everything that was committed before they began, and may already see a commit that
/// is still on its way to the disk. Whatever is committed after such a read becomes durable
/// later than what was read, so acting through a commit is safe; who wants to act on a read
/// alone (tell a source that its item is known) commits an empty batch first.
#[async_trait]
pub trait Store: Send + Sync {
    /// The value of `key`. [`StoreError::Damaged`] when its check fails.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries whose keys begin with `prefix` and, if `after` is given, are greater than it, in
    /// order of the keys, at most `limit`. Not a snapshot: a commit made meanwhile may show in
    /// part.
    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Applies `batch` as a whole or not at all. On return it is on the disk; commits that wait
    /// at the same time share one sync. An empty batch waits until everything that reads could
    /// see before is on the disk. After [`StoreError::Failed`] no later commit succeeds: the
    /// process must end and start again.
    ///
    /// Dropping the future before it is ready leaves open whether the batch is applied.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Everything that is committed now, to be read while commits go on. What is still on its
    /// way to the disk is seen, as by other reads.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError>;
}

/// What is committed together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// It brings in new input. Only such batches are refused with [`StoreError::Full`] while the
    /// disk is nearly full; work that was accepted can still be finished.
    pub intake: bool,
    /// The batch applies only if none of these keys exists.
    pub absent: Vec<(Space, Vec<u8>)>,
    /// Writes in order; `None` removes the key.
    pub writes: Vec<(Space, Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Refuses what is longer than a store takes.
    fn check_lengths(&self) -> Result<(), StoreError> {
        let too_long = |what, bytes, limit| match bytes > limit {
            true => Err(StoreError::TooLong { what, bytes }),
            false => Ok(()),
        };
        for (_, key) in &self.absent {
            too_long("key", key.len(), MAX_KEY)?;
        }
        for (_, key, value) in &self.writes {
            too_long("key", key.len(), MAX_KEY)?;
            too_long("value", value.as_ref().map_or(0, Vec::len), MAX_VALUE)?;
        }
        Ok(())
    }

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
