//! normalise: raw input becomes a neutral message, and hostile input harms nobody else.
//!
//! What is about to be parsed is committed first. An item that takes the process down with it
//! is therefore known at the next start; at its third death it is put aside unparsed.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use viadukt_api::{DeliveryId, Form, ItemId, Message, Raw, Reason, Unreadable, WorkerName};

use super::{BATCH, Pipeline};
use crate::failpoint;
use crate::ledger::{
    Accepted, Dead, DeadWhat, Delivery, Draft, Lane, Parsing, RawRecord, Step, Way,
};
use crate::store::StoreError;

/// Deaths of the process after which an item is put aside.
const DEATHS: u8 = 3;

/// How long parsing one item may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Pipeline {
    /// Takes up what the journal holds from before the start. Items that were being parsed when
    /// the process died come one by one, so that each answers for itself alone.
    pub(super) async fn take_up_again(&self) -> Result<(), StoreError> {
        let suspects: HashMap<ItemId, u8> =
            self.ledger.draft().parsing()?.items.into_iter().collect();
        // Parsing follows the order of the journal: the suspects are its oldest items.
        let (suspected, innocent): (Vec<_>, Vec<_>) =
            self.ledger.journal()?.into_iter().partition(|id| suspects.contains_key(id));
        for id in suspected {
            self.pass_on_suspect(id, suspects.get(&id).map_or(1, |deaths| deaths + 1)).await?;
        }
        for batch in innocent.chunks(BATCH) {
            self.pass_on(batch).await?;
        }
        Ok(())
    }

    async fn pass_on_suspect(&self, id: ItemId, deaths: u8) -> Result<(), StoreError> {
        if deaths < DEATHS {
            self.commit_parsing(vec![(id, deaths)]).await?;
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

    /// Commits which items are about to be parsed and loads them.
    pub(super) async fn about_to_parse(&self, ids: &[ItemId]) -> Result<Vec<Accepted>, StoreError> {
        let draft = self.ledger.draft();
        let mut deaths: HashMap<ItemId, u8> = draft.parsing()?.items.into_iter().collect();
        let mut items = Vec::with_capacity(ids.len());
        // Put back by a person and taken up by a restart at once, an item may come twice.
        let ids: BTreeSet<ItemId> = ids.iter().copied().collect();
        for id in &ids {
            items.extend(draft.accepted(*id)?);
        }
        self.commit_parsing(ids.iter().map(|id| (*id, deaths.remove(id).unwrap_or(0))).collect())
            .await?;
        failpoint::pass("normalise.started");
        Ok(items)
    }

    async fn commit_parsing(&self, items: Vec<(ItemId, u8)>) -> Result<(), StoreError> {
        let mut draft = self.ledger.draft();
        draft.set_parsing(&Parsing { items });
        self.ledger.commit(draft).await
    }

    /// Parses one item on a thread of its own, so that a panic or a loop stays there.
    pub(super) async fn normalise(
        &self,
        accepted: &Accepted,
    ) -> Result<Result<Message, Unreadable>, StoreError> {
        let Some(worker) = self.worker(&accepted.worker) else {
            return Ok(Err(Unreadable { reason: Reason::new("unreadable-no-bridge") }));
        };
        let record: RawRecord = self.ledger.unpack(&accepted.raw)?;
        let raw = Raw { bytes: record.bytes.into(), lifted: record.lifted };
        let parse = tokio::task::spawn_blocking(move || {
            std::panic::catch_unwind(AssertUnwindSafe(|| worker.normalise(&raw)))
        });
        Ok(match tokio::time::timeout(PATIENCE, parse).await {
            Ok(Ok(Ok(read))) => read,
            Ok(_) => Err(Unreadable { reason: Reason::new("unreadable-panic") }),
            Err(_) => Err(Unreadable { reason: Reason::new("unreadable-time") }),
        })
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
