//! A draft: writes that become durable together, seen by its own reads before that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde::de::DeserializeOwned;
use viadukt_api::{ConversationId, DeliveryId, ItemId, MessageId, SourceKey, WorkerName};

use super::records::{outbox_row, pack, unpack};
use super::{
    Accepted, Attempt, Awaited, Conversation, Dead, Delivery, Exchange, Fate, LAST_ITEM, Lane,
    Ledger, Mapped, PARSING, Parsing, REPLACED_ROOM, Replaced, conversation_key, keep_key,
};
use crate::store::{Batch, Space, StoreError};

/// Writes that become durable together by [`Ledger::commit`].
pub struct Draft<'l> {
    pub(super) ledger: &'l Ledger,
    /// What it asks for besides its writes.
    batch: Batch,
    /// The latest write of each key; those before it were never anybody's to see.
    written: BTreeMap<Space, HashMap<Vec<u8>, Option<Vec<u8>>>>,
    /// Deliveries that were added and taken out again.
    unmade: BTreeSet<DeliveryId>,
}

impl<'l> Draft<'l> {
    pub(super) fn new(ledger: &'l Ledger) -> Self {
        let batch = Batch::default();
        Self { ledger, batch, written: BTreeMap::new(), unmade: BTreeSet::new() }
    }

    /// Whether nothing was written into it.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    pub(super) fn into_batch(mut self) -> Batch {
        for (space, written) in self.written {
            let writes = written.into_iter().map(|(key, value)| (space, key, value));
            self.batch.writes.extend(writes);
        }
        self.batch
    }

    // Journal

    /// Marks the draft as one that brings in new input: refused first when space runs out.
    pub fn is_intake(&mut self) {
        self.batch.intake = true;
    }

    /// Journals an item. `keys` must not have been accepted before, or the commit conflicts.
    pub fn accept(&mut self, accepted: &Accepted, keys: &[SourceKey]) {
        for key in keys {
            let key = self.ledger.dedupe_key(&accepted.worker, key);
            self.batch.require_absent(Space::Dedupe, key);
            self.put(Space::Dedupe, &key, &accepted.received_at);
        }
        self.put(Space::Journal, &accepted.id.to_bytes(), accepted);
        self.write(Space::Meta, LAST_ITEM, Some(accepted.id.to_bytes().to_vec()));
    }

    /// Remembers `value` under `key` for `worker`; `None` forgets.
    pub fn keep(&mut self, worker: &WorkerName, key: &str, value: Option<Vec<u8>>) {
        self.write(Space::Keep, &keep_key(worker, key), value);
    }

    /// The journalled item.
    pub fn accepted(&self, id: ItemId) -> Result<Option<Accepted>, StoreError> {
        self.get(Space::Journal, &id.to_bytes())
    }

    /// Takes an item out of the journal.
    pub fn done(&mut self, id: ItemId) {
        self.write(Space::Journal, &id.to_bytes(), None);
    }

    /// Puts an item back into the journal.
    pub fn journal_again(&mut self, accepted: &Accepted) {
        self.put(Space::Journal, &accepted.id.to_bytes(), accepted);
    }

    /// The items that were being parsed.
    pub fn parsing(&self) -> Result<Parsing, StoreError> {
        Ok(self.get(Space::Meta, PARSING)?.unwrap_or_default())
    }

    /// Says which items are about to be parsed.
    pub fn set_parsing(&mut self, parsing: &Parsing) {
        self.put(Space::Meta, PARSING, parsing);
    }

    // Conversations and the map

    /// The conversation `id`.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        self.get(Space::Conversation, &conversation_key(id, 0))
    }

    /// Writes a conversation.
    pub fn set_conversation(&mut self, conversation: &Conversation) {
        self.put(Space::Conversation, &conversation_key(conversation.id, 0), conversation);
    }

    /// The exchange `id` of `bridge`.
    pub fn exchange(
        &self,
        bridge: &WorkerName,
        id: &MessageId,
    ) -> Result<Option<Exchange>, StoreError> {
        self.get(Space::Conversation, &self.ledger.exchange_key(bridge, id))
    }

    /// Writes an exchange.
    pub fn set_exchange(&mut self, bridge: &WorkerName, id: &MessageId, exchange: &Exchange) {
        self.put(Space::Conversation, &self.ledger.exchange_key(bridge, id), exchange);
    }

    /// What the map knows of `id` in `worker`'s network.
    pub fn mapped(
        &self,
        worker: &WorkerName,
        id: &MessageId,
    ) -> Result<Option<Mapped>, StoreError> {
        self.get(Space::Map, &self.ledger.map_key(worker, id))
    }

    /// Maps `id` of `worker`'s network.
    pub fn map(&mut self, worker: &WorkerName, id: &MessageId, mapped: &Mapped) {
        self.put(Space::Map, &self.ledger.map_key(worker, id), mapped);
    }

    // Outbox

    /// The delivery `id`.
    pub fn delivery(&self, lane: Lane, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.get(Space::Outbox, &outbox_row(lane, id, false))
    }

    /// Puts a delivery into the outbox, or a new form of it.
    pub fn set_delivery(&mut self, delivery: &Delivery) {
        self.put(Space::Outbox, &outbox_row(delivery.lane, delivery.id, false), delivery);
    }

    /// The attempts at a delivery.
    pub fn attempt(&self, lane: Lane, id: DeliveryId) -> Result<Option<Attempt>, StoreError> {
        self.get(Space::Outbox, &outbox_row(lane, id, true))
    }

    /// Writes the attempts at a delivery.
    pub fn set_attempt(&mut self, lane: Lane, id: DeliveryId, attempt: &Attempt) {
        self.put(Space::Outbox, &outbox_row(lane, id, true), attempt);
    }

    /// Takes a delivery and its attempts out of the outbox.
    pub fn delivered(&mut self, lane: Lane, id: DeliveryId) {
        self.write(Space::Outbox, &outbox_row(lane, id, false), None);
        self.write(Space::Outbox, &outbox_row(lane, id, true), None);
    }

    /// Takes out a delivery that this very draft adds, and that so nobody has queued yet;
    /// `false` when it adds none such.
    pub fn unmake(&mut self, lane: Lane, id: DeliveryId) -> bool {
        let key = outbox_row(lane, id, false);
        let outbox = self.written.get_mut(&Space::Outbox);
        let written = outbox.and_then(|written| written.get_mut(key.as_slice()));
        let taken = written.is_some_and(|value| value.take().is_some());
        if taken {
            self.unmade.insert(id);
        }
        taken
    }

    /// Deliveries that must not be queued although they were added.
    pub fn unmade(&self) -> &BTreeSet<DeliveryId> {
        &self.unmade
    }

    // Reports

    /// What the far side reported about a delivery.
    pub fn fate(&self, id: DeliveryId) -> Result<Option<Fate>, StoreError> {
        self.get(Space::Fate, &id.to_bytes())
    }

    /// Writes what the far side reported about a delivery.
    pub fn set_fate(&mut self, id: DeliveryId, fate: &Fate) {
        self.put(Space::Fate, &id.to_bytes(), fate);
    }

    /// Says that the report in `item` waits until `id` is known.
    pub fn set_awaited(&mut self, id: &MessageId, item: ItemId, awaited: &Awaited) {
        let key = self.ledger.awaited_key(&awaited.worker, id, item);
        self.put(Space::Awaited, &key, awaited);
    }

    /// Says that the report in `item` waits no longer.
    pub fn forget_awaited(&mut self, worker: &WorkerName, id: &MessageId, item: ItemId) {
        let key = self.ledger.awaited_key(worker, id, item);
        self.write(Space::Awaited, &key, None);
    }

    // Dead letters

    /// The dead letter kept under `key`.
    pub fn dead(&self, key: &[u8]) -> Result<Option<Dead>, StoreError> {
        self.get(Space::Dead, key)
    }

    /// Keeps a dead letter.
    pub fn bury(&mut self, dead: &Dead) {
        self.put(Space::Dead, &dead.key(), dead);
    }

    /// Removes a dead letter.
    pub fn unbury(&mut self, key: &[u8]) {
        self.write(Space::Dead, key, None);
    }

    // Rooms

    /// Says that a room was replaced.
    pub fn set_replaced(&mut self, replaced: &Replaced) {
        let hash = self.lookup("room", replaced.old.as_str());
        self.put(Space::Room, &[REPLACED_ROOM, &hash].concat(), replaced);
    }

    // Underneath

    pub(super) fn lookup(&self, label: &str, name: &str) -> [u8; 32] {
        self.ledger.keys.lookup(label, name.as_bytes())
    }

    pub(super) fn get<T: DeserializeOwned>(
        &self,
        space: Space,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        match self.written.get(&space).and_then(|written| written.get(key)) {
            Some(written) => written.as_deref().map(unpack).transpose(),
            None => self.ledger.store.get(space, key)?.as_deref().map(unpack).transpose(),
        }
    }

    pub(super) fn put<T: Serialize>(&mut self, space: Space, key: &[u8], value: &T) {
        self.write(space, key, Some(pack(value)));
    }

    pub(super) fn write(&mut self, space: Space, key: &[u8], value: Option<Vec<u8>>) {
        self.written.entry(space).or_default().insert(key.to_vec(), value);
    }
}
