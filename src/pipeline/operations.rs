//! What a person may ask of the pipeline while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use viadukt_api::{
    ConversationId, Form, Health, ItemId, Message, MessageId, Probe, Reason, Timestamp, Worker,
    WorkerName,
};

use super::Pipeline;
use super::judge::Cause;
use crate::config::Allowance;
use crate::http::{DeadLetterView, OperationError, Operations, Reference, TraceEntry, TraceView};
use crate::ledger::{Account, Attempt, Dead, DeadWhat, Delivery, Draft, Place, Step, Way};
use crate::observe::Direction;
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

    /// `!status`, in words.
    pub(super) fn status_text(&self) -> String {
        let depth = self.lanes.depth();
        let lines = self.health().into_iter().map(|(name, health)| {
            let waiting = depth.get(&name).map_or(0, |waiting| waiting.count).to_string();
            let args = [("name", name.as_str()), ("waiting", waiting.as_str())];
            match health {
                _ if self.pauses(&name) => self.words.say("status-paused", &args),
                Health::Up => self.words.say("status-up", &args),
                Health::Down(_) => self.words.say("status-down", &args),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Puts the dead letters of a conversation, or the one called `reference`, back into the
    /// outbox, because `message` asks for it. What becomes of them is told like any other
    /// delivery; what may not leave again stays, and the reason is given.
    pub(super) fn resend(
        &self,
        draft: &mut Draft<'_>,
        message: &Message,
        conversation: Option<ConversationId>,
        reference: Option<&str>,
    ) -> Result<(Vec<Delivery>, Option<Reason>), StoreError> {
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
        let (mut again, mut refused) = (Vec::new(), None);
        for dead in &found {
            if let DeadWhat::Item(accepted) = &dead.what {
                // Routing is one batch after the other: it is taken up once this one is durable.
                let _ = self.again.send(accepted.id);
            }
            match self.pay_again(draft, message, dead)? {
                Ok(()) => again.extend(self.raise(draft, dead)),
                Err(reason) => refused = Some(reason),
            }
        }
        Ok((again, refused))
    }

    /// What leaves again costs again, and whoever asks for it pays. An item is judged anew.
    fn pay_again(
        &self,
        draft: &mut Draft<'_>,
        message: &Message,
        dead: &Dead,
    ) -> Result<Result<(), Reason>, StoreError> {
        let DeadWhat::Delivery(Delivery { remote: Some(remote), bridge, form, .. }) = &dead.what
        else {
            return Ok(Ok(()));
        };
        let (Form::Say { content, .. }, Some(room)) = (self.ledger.unpack(form)?, &message.room)
        else {
            return Ok(Ok(()));
        };
        let cause = Cause::Person { user: &message.sender.address, room };
        let to = std::slice::from_ref(&remote.recipient);
        match self.clear(draft, bridge, cause, to, &content)? {
            Ok(cleared) => cleared.spend(draft, bridge).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Moves a dead letter back to where it came from. Once the draft is durable, a delivery,
    /// which is given back, has to be queued, and an item to be routed.
    fn raise(&self, draft: &mut Draft<'_>, dead: &Dead) -> Option<Delivery> {
        draft.unbury(&dead.key());
        self.decided(draft, dead, "requeued");
        match &dead.what {
            DeadWhat::Item(accepted) => {
                draft.journal_again(accepted);
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

    /// The dead letter called `reference`.
    fn dead_letter(&self, reference: Reference) -> Result<Dead, OperationError> {
        let key = match reference {
            Reference::Item(item) => item.to_bytes().to_vec(),
            Reference::Delivery(delivery) => delivery.to_bytes().to_vec(),
        };
        self.ledger.draft().dead(&key).map_err(failed)?.ok_or(OperationError::Unknown)
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
        for (name, worker) in self.workers() {
            let waiting = depth.get(&name).cloned().unwrap_or_default();
            let oldest = waiting.oldest.map_or(now, |id| Timestamp(id.item.0.timestamp_ms()));
            self.metrics.queue(&name, waiting.count, now.since(oldest));
            self.metrics.held(&name, waiting.held);
            self.metrics.dead_letters(&name, dead.get(&name).copied().unwrap_or(0));
            self.metrics.up(&name, worker.health() == Health::Up);
            self.metrics.measured(&name, &worker.gauges());
        }
        self.measure_budgets()
    }

    /// Only what a bridge as a whole may spend: every other budget is a person's or a room's.
    fn measure_budgets(&self) -> Result<(), StoreError> {
        let draft = self.ledger.draft();
        for (bridge, rules) in &self.policy.rules {
            let Some(Allowance { units, period }) = rules.limits.per_bridge else { continue };
            let until = period.end(self.env.now(), &self.policy.zone);
            let used = draft.spent(bridge, &Account::Bridge, until)?;
            self.metrics.budget(bridge, used, units);
        }
        Ok(())
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

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        let steps = self.ledger.trail(item).map_err(failed)?;
        if steps.is_empty() {
            return Err(OperationError::Unknown);
        }
        let entries = steps.into_iter().flat_map(entries).collect();
        Ok(TraceView { reference: Reference::Item(item), entries })
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterView>, OperationError> {
        let mut views = Vec::new();
        self.ledger
            .dead(|dead| {
                views.push(self.view(dead));
                Ok(())
            })
            .map_err(failed)?;
        Ok(views)
    }

    async fn requeue(&self, reference: Reference) -> Result<(), OperationError> {
        let dead = self.dead_letter(reference)?;
        let mut draft = self.ledger.draft();
        let again = self.raise(&mut draft, &dead);
        self.ledger.commit(draft).await.map_err(failed)?;
        self.lanes.add(again);
        if let DeadWhat::Item(accepted) = dead.what {
            let _ = self.again.send(accepted.id);
        }
        Ok(())
    }

    async fn discard(&self, reference: Reference) -> Result<(), OperationError> {
        let dead = self.dead_letter(reference)?;
        let mut draft = self.ledger.draft();
        draft.unbury(&dead.key());
        self.decided(&mut draft, &dead, "discarded");
        self.ledger.commit(draft).await.map_err(failed)
    }
}

impl Pipeline {
    fn view(&self, dead: Dead) -> DeadLetterView {
        // The sentence without what fills it in: a server's answer may name a person.
        let reason = self.words.say(&dead.reason.key, &[]);
        let (reference, bridge, direction) = match dead.what {
            DeadWhat::Item(accepted) if accepted.worker.is_hub() => {
                (Reference::Item(accepted.id), accepted.worker, Direction::Out)
            }
            DeadWhat::Item(accepted) => {
                (Reference::Item(accepted.id), accepted.worker, Direction::In)
            }
            DeadWhat::Delivery(delivery) => {
                let direction = if delivery.to.is_hub() { Direction::In } else { Direction::Out };
                (Reference::Delivery(delivery.id), delivery.bridge, direction)
            }
        };
        DeadLetterView { reference, bridge, direction, since: dead.at, reason }
    }
}

/// A step as people see it.
fn entries(step: Step) -> Vec<TraceEntry> {
    let entry = |at, stage: &str, what: String, detail: String| TraceEntry {
        at,
        stage: stage.to_owned(),
        what,
        detail,
    };
    match step.way {
        Way::Routed { worker, received_at, protection, verdict, deliveries } => vec![
            entry(received_at, "accept", format!("from {worker}"), protection),
            entry(step.at, "judge", verdict, String::new()),
            entry(step.at, "route", format!("{deliveries} deliveries"), String::new()),
        ],
        Way::PutAside { worker, reason } => {
            vec![entry(step.at, "normalise", format!("from {worker}, put aside"), reason)]
        }
        Way::Attempted { part, attempt, to, outcome, detail } => {
            let what = format!("part {part} to {to}, attempt {attempt}: {outcome}");
            vec![entry(step.at, "deliver", what, detail)]
        }
        Way::Gathered { into } => {
            vec![entry(step.at, "deliver", format!("gathered into {into}"), String::new())]
        }
        Way::Decided { what } => vec![entry(step.at, "decide", what, String::new())],
    }
}

fn failed(error: StoreError) -> OperationError {
    OperationError::Failed(error.to_string())
}
