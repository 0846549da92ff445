//! What a person may ask of the pipeline while it runs.

mod letters;
mod standing;
mod way;

use std::sync::Arc;

use async_trait::async_trait;
use viadukt_api::{Health, ItemId, MessageId, Probe, Worker, WorkerName};

use super::Pipeline;
use crate::http::views::{
    ContactView, ConversationsView, DeadLetterFilter, DeadLetterView, DoneView, ExplainView,
    FoundView, OpenedView, Question, StatusView, TraceView,
};
use crate::http::{OperationError, Operations, Reference};
use crate::ledger::{DeadWhat, Decision, Place};
use crate::store::StoreError;

pub use standing::Standing;

impl Pipeline {
    /// The worker called `name`.
    pub(super) fn worker(&self, name: &WorkerName) -> Option<Arc<dyn Worker>> {
        if name.is_hub() {
            return Some(self.hub.clone());
        }
        self.bridges.get(name).cloned()
    }

    /// A new id for a message towards `bridge`, such as nobody can guess.
    pub(super) fn new_message_id(&self, bridge: &WorkerName) -> MessageId {
        let mut random = [0; 16];
        self.env.entropy.fill(&mut random);
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        self.worker(bridge)
            .map_or_else(|| MessageId::new(token.clone()), |worker| worker.message_id(&token))
    }

    /// Every worker, the hub first.
    pub fn workers(&self) -> Vec<(WorkerName, Arc<dyn Worker>)> {
        let hub: (_, Arc<dyn Worker>) = (WorkerName::hub(), self.hub.clone());
        let bridges = self.bridges.iter().map(|(name, worker)| (name.clone(), worker.clone()));
        std::iter::once(hub).chain(bridges).collect()
    }
}

#[async_trait]
impl Operations for Pipeline {
    fn ready(&self) -> bool {
        self.bridges.keys().all(|bridge| self.rooms.of(bridge, &Place::Main).is_some())
    }

    fn health(&self) -> Vec<(WorkerName, Health)> {
        self.workers().into_iter().map(|(name, worker)| (name, worker.health())).collect()
    }

    async fn probe(&self) -> Vec<(WorkerName, Vec<Probe>)> {
        let mut probed = Vec::new();
        for (name, worker) in self.workers() {
            probed.push((name, worker.probe().await));
        }
        probed
    }

    async fn status(&self) -> Result<StatusView, OperationError> {
        self.status_view(self.ready()).map_err(failed)
    }

    async fn find(&self, name: &str) -> Result<Vec<FoundView>, OperationError> {
        self.find_all(name).map_err(failed)
    }

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        self.way_of(item).map_err(failed)?.ok_or(OperationError::Unknown)
    }

    async fn explain(&self, question: &Question) -> Result<ExplainView, OperationError> {
        self.explained(question).map_err(failed)?.ok_or(OperationError::Unknown)
    }

    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, OperationError> {
        let (now, mut views) = (self.env.now(), Vec::new());
        self.ledger
            .dead(|dead| {
                views.push(self.view(&dead));
                Ok(())
            })
            .map_err(failed)?;
        views.retain(|letter| filter.fits(letter, now));
        views.sort_by_key(|letter| letter.since);
        Ok(views)
    }

    async fn dead_letter(&self, reference: Reference) -> Result<DeadLetterView, OperationError> {
        self.letter(reference).map(|dead| self.view(&dead))
    }

    async fn open(&self, reference: Reference, by: &str) -> Result<OpenedView, OperationError> {
        let dead = self.letter(reference)?;
        let content = self.content_of(&dead).map_err(failed)?;
        let mut draft = self.ledger.draft();
        self.decided(&mut draft, &dead, Decision::Opened, by);
        self.ledger.commit(draft).await.map_err(failed)?;
        Ok(OpenedView { letter: self.view(&dead), content })
    }

    async fn requeue(&self, reference: Reference, by: &str) -> Result<(), OperationError> {
        let dead = self.letter(reference)?;
        let mut draft = self.ledger.draft();
        let again = self.raise(&mut draft, &dead, by);
        self.ledger.commit(draft).await.map_err(failed)?;
        self.lanes.add(again);
        if let DeadWhat::Item(accepted) = dead.what {
            let _ = self.again.send(accepted.id);
        }
        Ok(())
    }

    async fn discard(&self, reference: Reference, by: &str) -> Result<(), OperationError> {
        let dead = self.letter(reference)?;
        let mut draft = self.ledger.draft();
        draft.unbury(&dead.key());
        self.decided(&mut draft, &dead, Decision::Discarded, by);
        self.ledger.commit(draft).await.map_err(failed)
    }

    async fn conversations(&self) -> Result<ConversationsView, OperationError> {
        self.conversation_views().map_err(failed)
    }

    async fn contacts(&self) -> Result<Vec<ContactView>, OperationError> {
        self.contact_views().map_err(failed)
    }

    async fn unblock(&self, contact: &str) -> Result<(), OperationError> {
        self.unblock_contact(contact).await
    }

    async fn test_room(&self, bridge: &WorkerName) -> Result<Reference, OperationError> {
        self.say_in_room(bridge).await
    }

    async fn record_done(&self, done: DoneView) -> Result<(), OperationError> {
        self.add_done(done).await.map_err(failed)
    }

    async fn done(&self) -> Result<Vec<DoneView>, OperationError> {
        self.done_views().map_err(failed)
    }
}

pub(super) fn failed(error: StoreError) -> OperationError {
    OperationError::Failed(error.to_string())
}
