//! What a person may ask of the pipeline while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use viadukt_api::{ConversationId, Health, MessageId, Timestamp, Worker, WorkerName};

use super::Pipeline;
use crate::ledger::{Attempt, Dead, DeadWhat, Delivery, Draft, Step, Way};
use crate::store::StoreError;

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

    /// How every worker does, the hub first.
    pub fn health(&self) -> Vec<(WorkerName, Health)> {
        self.workers().into_iter().map(|(name, worker)| (name, worker.health())).collect()
    }

    /// `!status`, in words.
    pub(super) fn status_text(&self) -> String {
        let depth = self.lanes.depth();
        let lines = self.health().into_iter().map(|(name, health)| {
            let waiting = depth.get(&name).map_or(0, |waiting| waiting.count).to_string();
            let args = [("name", name.as_str()), ("waiting", waiting.as_str())];
            match health {
                Health::Up => self.words.say("status-up", &args),
                Health::Down(_) => self.words.say("status-down", &args),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Puts the dead letters of a conversation, or the one called `reference`, back into the
    /// outbox. What becomes of them is told like any other delivery.
    pub(super) fn resend(
        &self,
        draft: &mut Draft<'_>,
        conversation: Option<ConversationId>,
        reference: Option<&str>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut found = Vec::new();
        self.ledger.dead(|dead| {
            let fits = match (&dead.what, reference) {
                (_, Some(reference)) => dead.reference() == reference,
                (DeadWhat::Delivery(delivery), None) => {
                    delivery.conversation.is_some() && delivery.conversation == conversation
                }
                (DeadWhat::Item(_), None) => false,
            };
            if fits {
                found.push(dead);
            }
            Ok(())
        })?;
        Ok(found.iter().filter_map(|dead| self.raise(draft, dead)).collect())
    }

    /// Moves a dead letter back to where it came from. A delivery is given back and has to be
    /// queued once the draft is durable.
    fn raise(&self, draft: &mut Draft<'_>, dead: &Dead) -> Option<Delivery> {
        draft.unbury(&dead.key());
        self.decided(draft, dead, "requeued");
        match &dead.what {
            DeadWhat::Item(accepted) => {
                draft.journal_again(accepted);
                // Taken up after this draft, or, if that is lost, with the journal at the start.
                let _ = self.again.send(accepted.id);
                None
            }
            DeadWhat::Delivery(delivery) => {
                draft.set_delivery(delivery);
                // The clock of patience starts anew, the count goes on.
                let attempt = Attempt {
                    count: dead.attempts,
                    first_at: self.env.now(),
                    ..Attempt::default()
                };
                draft.set_attempt(delivery.lane, delivery.id, &attempt);
                Some(delivery.clone())
            }
        }
    }

    fn decided(&self, draft: &mut Draft<'_>, dead: &Dead, what: &str) {
        let item = match &dead.what {
            DeadWhat::Item(accepted) => accepted.id,
            DeadWhat::Delivery(delivery) => delivery.id.item,
        };
        let way = Way::Decided { what: what.to_owned() };
        draft.step(item, &Step { at: self.env.now(), way });
    }

    /// Brings the gauges up to date.
    pub fn measure(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        let depth = self.lanes.depth();
        let mut dead: BTreeMap<WorkerName, usize> = BTreeMap::new();
        self.ledger.dead(|letter| {
            let worker = match letter.what {
                DeadWhat::Item(accepted) => accepted.worker,
                DeadWhat::Delivery(delivery) => delivery.to,
            };
            *dead.entry(worker).or_default() += 1;
            Ok(())
        })?;
        for (name, health) in self.health() {
            let waiting = depth.get(&name).cloned().unwrap_or_default();
            let oldest = waiting.oldest.map_or(now, |id| Timestamp(id.item.0.timestamp_ms()));
            self.metrics.queue(&name, waiting.count, now.since(oldest));
            self.metrics.dead_letters(&name, dead.get(&name).copied().unwrap_or(0));
            self.metrics.up(&name, health == Health::Up);
        }
        Ok(())
    }
}
