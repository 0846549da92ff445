//! normalise: raw input becomes a neutral message, and hostile input harms nobody else.
//!
//! What a start finds in the journal may be what ended the process before. It is committed
//! before it is parsed, so that every further death is counted, and put aside unparsed at the
//! third one. What comes in later needs no such mark: should it take the process down with it,
//! the next start finds it.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use viadukt_api::{DeliveryId, Form, ItemId, Message, Raw, Reason, Unreadable, Worker, WorkerName};

use super::{BATCH, Pipeline};
use crate::failpoint;
use crate::ledger::{
    Accepted, Dead, DeadWhat, Delivery, Draft, Lane, Parsing, RawRecord, Step, Way,
};
use crate::store::StoreError;

/// Deaths of the process after which an item is put aside.
const DEATHS: u8 = 3;

/// How long parsing one item may take, at the least; twice as long at the most.
const PATIENCE: Duration = Duration::from_secs(10);

/// With so many bytes of raw input in memory no further item is loaded.
const LOAD: usize = 1 << 20;

/// What parsing makes of an item.
pub(super) type Read = Result<Message, Unreadable>;

impl Pipeline {
    /// Takes up what the journal holds from before the start. Items that were being taken up
    /// when the process died come one by one, so that each answers for itself alone.
    pub(super) async fn take_up_again(&self) -> Result<(), StoreError> {
        let suspects: HashMap<ItemId, u8> =
            self.ledger.draft().parsing()?.items.into_iter().collect();
        // A start follows the order of the journal: the suspects are its oldest items.
        let (suspected, innocent): (Vec<_>, Vec<_>) =
            self.ledger.journal()?.into_iter().partition(|id| suspects.contains_key(id));
        for id in suspected {
            self.pass_on_suspect(id, suspects.get(&id).map_or(1, |deaths| deaths + 1)).await?;
        }
        for batch in innocent.chunks(BATCH) {
            // Nobody marked them before; one of them may have ended the process.
            self.mark(batch.iter().map(|id| (*id, 1)).collect()).await?;
            self.pass_on(batch).await?;
        }
        // What is still there waits for something else, and has done no harm.
        self.mark(Vec::new()).await
    }

    async fn pass_on_suspect(&self, id: ItemId, deaths: u8) -> Result<(), StoreError> {
        if deaths < DEATHS {
            self.mark(vec![(id, deaths)]).await?;
            return self.pass_on(&[id]).await;
        }
        let mut draft = self.ledger.draft();
        let Some(accepted) = draft.accepted(id)? else { return Ok(()) };
        let unreadable = Unreadable { reason: Reason::new("unreadable-deaths") };
        let told = self.put_aside(&mut draft, &accepted, unreadable)?;
        draft.done(id);
        self.ledger.commit(draft).await?;
        self.lanes.add(told);
        Ok(())
    }

    /// Commits which items a start is about to parse, and how many deaths they have seen.
    async fn mark(&self, items: Vec<(ItemId, u8)>) -> Result<(), StoreError> {
        let mut draft = self.ledger.draft();
        draft.set_parsing(&Parsing { items });
        self.ledger.commit(draft).await
    }

    /// Takes the first of `ids`, as many as may lie in memory together, and parses their items;
    /// `None` when nothing is left.
    pub(super) async fn normalise(
        &self,
        ids: &mut BTreeSet<ItemId>,
    ) -> Result<Option<Vec<(Accepted, Read)>>, StoreError> {
        let draft = self.ledger.draft();
        let (mut items, mut inputs, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < LOAD
            && let Some(id) = ids.pop_first()
        {
            let Some(accepted) = draft.accepted(id)? else { continue };
            let record: RawRecord = self.ledger.unpack(&accepted.raw)?;
            bytes += record.bytes.len();
            let raw = Raw { bytes: record.bytes.into(), lifted: record.lifted };
            inputs.push(Input { worker: self.worker(&accepted.worker), raw });
            items.push(accepted);
        }
        if items.is_empty() {
            return Ok(None);
        }
        failpoint::pass("normalise.started");
        let mut all_read = Vec::with_capacity(inputs.len());
        while !inputs.is_empty() {
            let read = parse(inputs.clone()).await;
            inputs.drain(..read.len());
            all_read.extend(read);
        }
        Ok(Some(items.into_iter().zip(all_read).collect()))
    }

    /// Keeps an unreadable item as a dead letter, raw form and all, and tells the room.
    pub(super) fn put_aside(
        &self,
        draft: &mut Draft<'_>,
        accepted: &Accepted,
        unreadable: Unreadable,
    ) -> Result<Option<Delivery>, StoreError> {
        let worker = &accepted.worker;
        let reference = accepted.id.to_string();
        let reason = self.words.clause(&unreadable.reason);
        tracing::warn!(item = %reference, worker = %worker, reason = %unreadable.reason, "put aside");
        let now = self.env.now();
        draft.step(
            accepted.id,
            &Step {
                at: now,
                way: Way::PutAside {
                    worker: worker.clone(),
                    reason: unreadable.reason.to_string(),
                },
            },
        );
        draft.bury(&Dead {
            at: now,
            reason: unreadable.reason,
            attempts: 0,
            doubtful: false,
            what: DeadWhat::Item(accepted.clone()),
        });
        if worker.is_hub() {
            return Ok(None);
        }
        let text =
            self.words.say("item-put-aside", &[("reference", &reference), ("reason", &reason)]);
        let told = self.bridge_notice(accepted, 0, worker, text)?;
        draft.set_delivery(&told);
        Ok(Some(told))
    }

    /// A sentence into a bridge's room, outside any conversation.
    pub(super) fn bridge_notice(
        &self,
        accepted: &Accepted,
        part: u16,
        bridge: &WorkerName,
        text: String,
    ) -> Result<Delivery, StoreError> {
        let id = DeliveryId { item: accepted.id, part };
        let (lane, form) = (Lane::of_bridge(bridge), self.ledger.payload(&Form::Notice { text })?);
        let notice = Delivery::new(id, lane, bridge, accepted.received_at, form);
        Ok(Delivery { to: WorkerName::hub(), ..notice })
    }
}

/// Raw input and who can read it.
#[derive(Clone)]
struct Input {
    worker: Option<Arc<dyn Worker>>,
    raw: Raw,
}

impl Input {
    fn parse(&self) -> Read {
        let Some(worker) = &self.worker else { return unreadable("unreadable-no-bridge") };
        std::panic::catch_unwind(AssertUnwindSafe(|| worker.normalise(&self.raw)))
            .unwrap_or_else(|_| unreadable("unreadable-panic"))
    }
}

/// Parses `inputs` in order on a thread of their own, so that a panic or a loop stays there.
/// Gives up on the first one that takes too long, and leaves those behind it to another thread.
async fn parse(inputs: Vec<Input>) -> Vec<Read> {
    let count = inputs.len();
    let read = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let results = Arc::downgrade(&read);
    let mut thread = tokio::task::spawn_blocking(move || {
        for input in inputs {
            let one = input.parse();
            // Who took too long is not waited for any more.
            let Some(read) = results.upgrade() else { return };
            lock(&read).push(one);
        }
    });
    let mut before = 0;
    loop {
        let ended = tokio::time::timeout(PATIENCE, &mut thread).await.is_ok();
        let mut read = lock(&read);
        if ended {
            // Only a runtime that ends leaves any of them out.
            read.resize(count, unreadable("unreadable-panic"));
        } else if read.len() == before {
            read.push(unreadable("unreadable-time"));
        } else {
            before = read.len();
            continue;
        }
        return std::mem::take(&mut read);
    }
}

fn unreadable(key: &str) -> Read {
    Err(Unreadable { reason: Reason::new(key) })
}

fn lock(read: &Mutex<Vec<Read>>) -> MutexGuard<'_, Vec<Read>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}
