//! A store in memory, for unit tests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Batch, Entry, Row, Snapshot, Space, Store, StoreError};

/// A store that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<Records>,
}

type Records = BTreeMap<(Space, Vec<u8>), Vec<u8>>;

impl MemoryStore {
    fn records(&self) -> MutexGuard<'_, Records> {
        // A batch is applied by steps that cannot panic, so a poisoned map is still whole.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.records().get(&(space, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded((space, after.to_vec())),
            _ => Bound::Included((space, prefix.to_vec())),
        };
        Ok(self
            .records()
            .range((from, Bound::Unbounded))
            .take_while(|((of, key), _)| *of == space && key.starts_with(prefix))
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check_lengths()?;
        let mut records = self.records();
        if batch.absent.iter().any(|key| records.contains_key(key)) {
            return Err(StoreError::Conflict);
        }
        for (space, key, value) in batch.writes {
            match value {
                Some(value) => records.insert((space, key), value),
                None => records.remove(&(space, key)),
            };
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(Copied(self.records().clone())))
    }
}

/// What was not shown yet of a copy.
struct Copied(Records);

impl Snapshot for Copied {
    fn next(&mut self, limit: usize) -> Result<Vec<Row>, StoreError> {
        let next = std::iter::from_fn(|| self.0.pop_first()).take(limit.max(1));
        Ok(next.map(|((space, key), value)| Row { space, key, value }).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::conformance;

    #[tokio::test]
    async fn conforms() {
        conformance::suite(async || Arc::new(MemoryStore::default()) as Arc<dyn Store>).await;
    }
}
