//! gather: when machines say too much at once, the room gets one message instead of hundreds.
//!
//! A conversation may bring so many messages of machines in such a time (`notices.flood`). What
//! comes beyond that is routed like everything else, but its delivery waits in the ledger until
//! the time is over. Then `route`'s own loop, which alone gathers, turns what waited into one
//! delivery: a line for each message, their full texts in a file. What is the latest word on
//! something that the room shows already goes there instead, one last edit for each. What is
//! critical never waits.
//!
//! A flood outlives a restart, since what it has gathered says until when it lasts. How much came
//! before that is counted in memory alone: a conversation may bring as much again after a restart.
//! All of that is shown, so a count on the disk, which every message of a machine would write,
//! would spare the room a few messages and lose nothing either way.

mod digest;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use viadukt_api::{ConversationId, DeliveryId, Form, Severity, Timestamp, WorkerName};

use super::route::Routing;
use super::{LONGEST_PAUSE, Pipeline};
use crate::config::Flood;
use crate::failpoint;
use crate::ledger::{Delivery, Gathered, Lane, Ledger};
use crate::store::StoreError;

/// The part of an item that its gathered delivery is: above what an item of a far side becomes,
/// below what is told.
const GATHERED: u16 = 0x900;

/// One message shows at most this many of them.
const MOST: usize = 1_000;

/// Without room for the file, what was gathered waits so much longer.
const PUT_OFF: Duration = Duration::from_secs(60);

/// How much each conversation brings.
pub struct Floods(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    counts: HashMap<ConversationId, Count>,
    /// By the time when their count is over.
    over: BTreeSet<(Timestamp, ConversationId)>,
}

#[derive(Clone, Copy)]
struct Count {
    until: Timestamp,
    messages: u32,
}

impl Floods {
    /// Those under way when the process ended.
    pub fn load(ledger: &Ledger) -> Result<Self, StoreError> {
        let mut inner = Inner::default();
        ledger.all_gathered(|gathered| {
            if let Some(id) = gathered.delivery.conversation {
                inner.set(id, Count { until: gathered.until, messages: u32::MAX });
            }
            Ok(())
        })?;
        Ok(Self(Mutex::new(inner)))
    }

    /// Counts a message of `conversation`; says until when it has to wait, if it is one too many.
    fn count(
        &self,
        conversation: ConversationId,
        now: Timestamp,
        flood: Flood,
    ) -> Option<Timestamp> {
        let mut inner = self.lock();
        let fresh = Count { until: now.plus(flood.span), messages: 0 };
        let mut count = inner.counts.get(&conversation).copied().unwrap_or(fresh);
        count.messages = count.messages.saturating_add(1);
        inner.set(conversation, count);
        (count.messages > flood.most).then_some(count.until)
    }

    /// When the first count is over.
    fn first_over(&self) -> Option<Timestamp> {
        self.lock().over.first().map(|(until, _)| *until)
    }

    /// Forgets the counts that are over by `now`; says whose they were.
    fn take_over(&self, now: Timestamp) -> Vec<ConversationId> {
        let mut inner = self.lock();
        let mut taken = Vec::new();
        while let Some((_, id)) = inner.over.first().copied().filter(|(until, _)| *until <= now) {
            inner.remove(id);
            taken.push(id);
        }
        taken
    }

    /// What `conversation` gathered is looked at again at `until`, and as long it gathers on.
    fn put_off(&self, conversation: ConversationId, until: Timestamp) {
        self.lock().set(conversation, Count { until, messages: u32::MAX });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn set(&mut self, conversation: ConversationId, count: Count) {
        self.remove(conversation);
        self.over.insert((count.until, conversation));
        self.counts.insert(conversation, count);
    }

    fn remove(&mut self, conversation: ConversationId) {
        if let Some(count) = self.counts.remove(&conversation) {
            self.over.remove(&(count.until, conversation));
        }
    }
}

impl Routing<'_, '_> {
    /// Until when a message has to wait because of a flood, if it has to.
    pub(super) fn flood(
        &self,
        bridge: &WorkerName,
        conversation: ConversationId,
        by_machine: bool,
        severity: Option<Severity>,
    ) -> Option<Timestamp> {
        let rules = self.pipeline.policy.rules.get(bridge).filter(|_| by_machine)?;
        let now = self.pipeline.env.now();
        let until = self.pipeline.floods.count(conversation, now, rules.notices.flood);
        until.filter(|_| severity != Some(Severity::Critical))
    }

    /// The id of the delivery that [`Routing::show`] makes next.
    pub(super) fn id_of_shown(&self, flood: Option<Timestamp>) -> DeliveryId {
        match flood {
            None => self.next_id(),
            Some(_) => DeliveryId { item: self.accepted.id, part: GATHERED },
        }
    }

    /// Adds a delivery of `form` into the room, or gathers it.
    pub(super) fn show(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        flood: Option<Timestamp>,
        fill: impl FnOnce(&mut Delivery),
        form: &Form,
    ) -> Result<(), StoreError> {
        let lane = Lane::to_room(conversation);
        let Some(until) = flood else { return self.add(lane, bridge, fill, form) };
        let id = self.id_of_shown(flood);
        let form = self.pipeline.ledger.payload(form)?;
        let mut delivery = Delivery::new(id, lane, bridge, self.accepted.received_at, form);
        fill(&mut delivery);
        self.draft.gather(conversation, &Gathered { delivery, until });
        Ok(())
    }
}

impl Pipeline {
    /// Waits until a count may be over.
    pub(super) async fn flood_over(&self) {
        match self.floods.first_over() {
            Some(until) => {
                let rest = until.since(self.env.now());
                tokio::time::sleep(rest.min(LONGEST_PAUSE)).await;
            }
            None => std::future::pending().await,
        }
    }

    /// Shows what the floods gathered that are over.
    pub(super) async fn show_gathered(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        for conversation in self.floods.take_over(now) {
            match self.show_gathered_in(conversation).await {
                Ok(false) => {}
                Ok(true) => self.floods.put_off(conversation, now),
                Err(StoreError::Full(why)) => {
                    tracing::warn!(%why, "no room to show what a flood gathered");
                    self.floods.put_off(conversation, now.plus(PUT_OFF));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Shows what `conversation` gathered, [`MOST`] at a time; whether there may be more.
    async fn show_gathered_in(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        let gathered = self.ledger.gathered(conversation, MOST)?;
        if gathered.is_empty() {
            return Ok(false);
        }
        let mut draft = self.ledger.draft();
        let more = gathered.len() == MOST;
        let deliveries = self.digest(&mut draft, gathered)?;
        failpoint::pass("gather.before-commit");
        self.ledger.commit(draft).await?;
        failpoint::pass("gather.committed");
        self.lanes.add(deliveries);
        Ok(more)
    }
}
