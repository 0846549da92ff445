//! Reports that come before what they are about is known.
//!
//! A far side may report on a message before it has answered our attempt, and reports are
//! routed beside the recording of attempts. Both sides write first and look afterwards: `route`
//! writes that a report waits, commits, and looks whether the id is known by now; `record`
//! writes the id, commits, and looks whether a report waits for it. So one of them sees the
//! other, and takes the report up again; taken up twice, it leaves the journal once.

use std::time::Duration;

use viadukt_api::{ItemId, MessageId, WorkerName};

use super::Pipeline;
use super::deliver::Outcome;
use super::route::reportable;
use crate::store::StoreError;

/// How long a report waits for the id that it is about. Whatever is still under way after that
/// is told by its own attempts.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// The ids under which a far side may report on a delivery.
pub(super) struct Ids {
    worker: WorkerName,
    ids: Vec<MessageId>,
}

impl Ids {
    /// Those of an attempt that has ended.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        let remote = outcome.delivery.remote.as_ref()?;
        let mut ids = vec![remote.message_id.clone()];
        if let Ok(receipt) = &outcome.result {
            let given = receipt.id.iter().chain(&receipt.more);
            ids.extend(given.filter(|id| **id != remote.message_id).cloned());
        }
        Some(Self { worker: outcome.delivery.to.clone(), ids })
    }
}

impl Pipeline {
    /// Takes up the reports that waited for `known`, now that it is recorded.
    pub(super) fn take_up_reports(&self, known: &Ids) -> Result<(), StoreError> {
        for id in &known.ids {
            for item in self.ledger.awaited(&known.worker, id)? {
                // Without a receiver the process is stopping; the next start takes it up.
                let _ = self.again.send(item);
            }
        }
        Ok(())
    }

    /// Looks again for what reports wait for, now that it is durable that they wait.
    pub(super) fn look_again(
        &self,
        waiting: Vec<(WorkerName, MessageId, ItemId)>,
    ) -> Result<(), StoreError> {
        for (worker, id, item) in waiting {
            if reportable(&self.ledger.draft(), &worker, &id)?.is_some() {
                let _ = self.again.send(item);
            }
        }
        Ok(())
    }

    /// Drops the reports on messages that nobody knows.
    ///
    /// # Errors
    /// The store failed.
    pub async fn drop_unclaimed_reports(&self) -> Result<(), StoreError> {
        for worker in self.ledger.sweep_awaited(self.env.now(), PATIENCE).await? {
            self.metrics.unclaimed(&worker);
        }
        Ok(())
    }
}
