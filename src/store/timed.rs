//! A store whose commits are timed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Batch, Entry, Snapshot, Space, Store, StoreError};
use crate::observe::Metrics;

/// Any store, with the time of its commits in the metrics.
pub struct TimedStore<S> {
    store: S,
    metrics: Arc<Metrics>,
}

impl<S: Store> TimedStore<S> {
    /// Times `store`.
    pub fn new(store: S, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }
}

#[async_trait]
impl<S: Store> Store for TimedStore<S> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(space, key)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan(space, prefix, after, limit)
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let since = Instant::now();
        self.store.commit(batch).await?;
        self.metrics.committed(since.elapsed());
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.store.snapshot()
    }
}
