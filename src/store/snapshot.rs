//! Everything that a store holds, as it stood at one moment.

use super::seal::{fingerprint, place};
use super::{Space, StoreError};

/// A record with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key space.
    pub space: Space,
    /// The key within it.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

impl Row {
    /// Names the record in words, without its key, which may speak of a person.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.space.full_key(&self.key))
    }

    /// A row of the space whose byte this is.
    pub fn of(space: u8, key: Vec<u8>, value: Vec<u8>) -> Option<Self> {
        Some(Self { space: Space::of(space)?, key, value })
    }

    /// The row of a record's full key (see [`Space::full_key`]).
    pub(super) fn new(full_key: &[u8], value: Vec<u8>) -> Result<Self, StoreError> {
        let (space, key) = full_key.split_first().unwrap_or((&u8::MAX, &[]));
        let space = Space::of(*space).ok_or_else(|| {
            StoreError::Damaged(format!("{} is of no known kind", place(full_key)))
        })?;
        Ok(Self { space, key: key.to_vec(), value })
    }
}

/// What a store held when the snapshot was taken: whole commits, whatever is committed since.
/// What it has shown takes no memory; what is overwritten before it was shown does.
pub trait Snapshot: Send {
    /// The next rows in order of space and key, about `limit`; none when all were shown.
    /// [`StoreError::Damaged`] when the check of one fails; the snapshot is of no use then.
    fn next(&mut self, limit: usize) -> Result<Vec<Row>, StoreError>;
}
