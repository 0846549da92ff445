//! accept: an item is durable before its source hears of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc;
use ulid::Ulid;
use viadukt_api::inbox::Durable;
use viadukt_api::{AcceptError, Env, Intake, Item, ItemId, SourceKey, WorkerName};

use crate::failpoint;
use crate::ledger::{Accepted, Ledger, RawRecord};
use crate::observe::Metrics;
use crate::store::StoreError;

/// The journal behind every worker's [`viadukt_api::Inbox`] and [`viadukt_api::Keep`].
pub struct Journal {
    ledger: Ledger,
    env: Env,
    metrics: Arc<Metrics>,
    ids: Mutex<Ids>,
    routed_to: mpsc::UnboundedSender<ItemId>,
    /// Deliveries in the outbox, and how many there may be before input has to wait.
    waiting: Arc<AtomicU64>,
    most_waiting: u64,
}

impl Journal {
    /// A journal over `ledger`. Ids of accepted items go to `routed_to` once they are durable.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn open(
        ledger: Ledger,
        env: Env,
        metrics: Arc<Metrics>,
        routed_to: mpsc::UnboundedSender<ItemId>,
        waiting: Arc<AtomicU64>,
        most_waiting: u64,
    ) -> Result<Self, StoreError> {
        let ids = Mutex::new(Ids { last: ledger.last_item()?.map_or(Ulid::nil(), |id| id.0) });
        Ok(Self { ledger, env, metrics, ids, routed_to, waiting, most_waiting })
    }

    /// Writes the new ones among `items` into the journal and gives their ids in place.
    async fn write(
        &self,
        worker: &WorkerName,
        intake: &Intake,
    ) -> Result<Vec<Option<ItemId>>, StoreError> {
        let mut draft = self.ledger.draft();
        draft.is_intake();
        let mut ids = Vec::with_capacity(intake.items.len());
        let mut batch_keys = std::collections::HashSet::new();
        for item in &intake.items {
            if self.is_repetition(worker, item, &mut batch_keys)? {
                ids.push(None);
                continue;
            }
            let id = self.next_id();
            let raw = RawRecord { bytes: item.raw.bytes.to_vec(), lifted: item.raw.lifted.clone() };
            let accepted = Accepted {
                id,
                worker: worker.clone(),
                received_at: item.received_at,
                protection: item.protection.clone(),
                raw: self.ledger.payload(&raw)?,
            };
            draft.accept(&accepted, &item.keys);
            ids.push(Some(id));
        }
        for (key, value) in &intake.keep {
            draft.keep(worker, key, value.clone());
        }
        failpoint::pass("accept.before-commit");
        self.ledger.commit(draft).await?;
        failpoint::pass("accept.committed");
        Ok(ids)
    }

    fn is_repetition<'i>(
        &self,
        worker: &WorkerName,
        item: &'i Item,
        in_batch: &mut std::collections::HashSet<&'i SourceKey>,
    ) -> Result<bool, StoreError> {
        for key in &item.keys {
            if in_batch.contains(key) || self.ledger.seen(worker, key)? {
                return Ok(true);
            }
        }
        in_batch.extend(&item.keys);
        Ok(false)
    }

    fn next_id(&self) -> ItemId {
        let mut random = [0; 16];
        self.env.entropy.fill(&mut random);
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.next(self.env.now().0, u128::from_be_bytes(random))
    }
}

#[async_trait]
impl Durable for Journal {
    async fn accept(
        &self,
        worker: &WorkerName,
        intake: Intake,
    ) -> Result<Vec<Option<ItemId>>, AcceptError> {
        if !intake.items.is_empty() && self.waiting.load(Ordering::Relaxed) >= self.most_waiting {
            return Err(AcceptError::Full("too many deliveries are waiting".to_owned()));
        }
        let ids = loop {
            match self.write(worker, &intake).await {
                // Another intake brought the same item in between; look again.
                Err(StoreError::Conflict) => {}
                Err(StoreError::Full(why)) => return Err(AcceptError::Full(why)),
                Err(error) => return Err(AcceptError::Store(error.to_string())),
                Ok(ids) => break ids,
            }
        };
        for id in &ids {
            match id {
                Some(id) => {
                    self.metrics.accepted(worker);
                    // Without a receiver the process is stopping; the next start takes it up.
                    let _ = self.routed_to.send(*id);
                }
                None => self.metrics.duplicate(worker),
            }
        }
        Ok(ids)
    }

    fn seen(&self, worker: &WorkerName, key: &SourceKey) -> Result<bool, AcceptError> {
        self.ledger.seen(worker, key).map_err(unreadable)
    }

    fn kept(&self, worker: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        self.ledger.kept_one(worker, key).map_err(unreadable)
    }

    fn kept_under(
        &self,
        worker: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        self.ledger.kept(worker, prefix).map_err(unreadable)
    }
}

fn unreadable(error: StoreError) -> AcceptError {
    AcceptError::Store(error.to_string())
}

/// Gives out ids that only ever grow, also when the clock jumps back.
struct Ids {
    last: Ulid,
}

impl Ids {
    fn next(&mut self, now: u64, random: u128) -> ItemId {
        let fresh = Ulid::from_parts(now, random);
        let after = Ulid(self.last.0.saturating_add(1));
        self.last = fresh.max(after);
        ItemId(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_when_the_clock_jumps_back() {
        let mut ids = Ids { last: Ulid::nil() };
        let given: Vec<_> = [50, 50, 49, 1, 51].map(|now| ids.next(now, 7)).to_vec();
        let mut sorted = given.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(given, sorted);
    }
}
