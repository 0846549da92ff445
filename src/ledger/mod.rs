//! What viadukt remembers, in its own terms, over any [`Store`]. Every key and record of the
//! pipeline is defined here; nothing else touches [`Space`]s.
//!
//! - the *journal* holds what was accepted and is not routed yet;
//! - the *outbox* holds deliveries still to make, in lanes, and their attempts;
//! - the *map* links a message's id in its network with its conversation and its counterpart;
//! - *exchanges* tell the conversations with one party apart, *homes* and *threads* say where in
//!   Matrix each of them lives;
//! - *fates* hold what far sides reported about deliveries;
//! - *matters* are what goes on at far sides, each shown by one message that is kept up to date;
//! - what is *gathered* waits for the end of a flood of messages;
//! - *dead letters* hold what was given up;
//! - the *trail* tells one message's way, without content; *names* are what networks call it;
//! - *contacts* and *tallies* are what the rules stand on;
//! - what was *done* by operators is recorded.

mod check;
mod done;
mod doubt;
mod draft;
mod exchange;
mod fate;
mod gathered;
mod matter;
mod place;
mod records;
mod rules;
mod sweep;
mod trail;

use std::sync::Arc;

use viadukt_api::{ConversationId, ItemId, MessageId, SourceKey, Spool, WorkerName};

pub use check::Fault;
pub use done::Done;
pub use draft::Draft;
pub use exchange::{Exchange, Numbered};
pub use fate::{Awaited, Fate, Reported};
pub use gathered::Gathered;
pub use matter::Matter;
pub use place::{Place, Thread};
pub use records::{
    Accepted, Attempt, Conversation, Dead, DeadWhat, Delivery, Lane, Mapped, Origin, Parsing,
    Payload, RawRecord, Remote, Replaced, Role,
};
pub use rules::{Account, Answer, Contact, ContactId};
pub use trail::{AttemptOutcome, Decision, Named, Step, Way};

use crate::store::{Keys, Row, Space, Store, StoreError};

/// Payloads up to this many bytes stay in their record; longer ones go into the spool. It
/// leaves room for the rest of the record below [`crate::store::MAX_VALUE`].
const INLINE: usize = 2560;

/// Rows read at a time.
const PAGE: usize = 256;

/// Typed access to the store and the spool; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    spool: Arc<dyn Spool>,
    keys: Arc<Keys>,
}

impl Ledger {
    /// A ledger over `store` and `spool`; `keys` hide persons in look-up keys.
    pub fn new(store: Arc<dyn Store>, spool: Arc<dyn Spool>, keys: Arc<Keys>) -> Self {
        Self { store, spool, keys }
    }

    /// The spool that payloads lie in.
    pub fn spool(&self) -> &Arc<dyn Spool> {
        &self.spool
    }

    /// An empty draft: reads see its own writes, nothing is durable before [`Ledger::commit`].
    pub fn draft(&self) -> Draft<'_> {
        Draft::new(self)
    }

    /// Makes a draft durable as a whole. On return everything is durable, too, that its reads
    /// have seen; an empty draft waits for just that.
    pub async fn commit(&self, draft: Draft<'_>) -> Result<(), StoreError> {
        self.store.commit(draft.into_batch()).await
    }

    /// Serialises `value` into a payload, spooling it first when it is long.
    pub fn payload<T: serde::Serialize>(&self, value: &T) -> Result<Payload, StoreError> {
        let bytes = records::pack(value);
        if bytes.len() <= INLINE {
            return Ok(Payload::Inline(bytes));
        }
        let blob = self.spool.put(&bytes).map_err(spool_failed)?;
        Ok(Payload::Spooled(blob))
    }

    /// Reads a payload back.
    pub fn unpack<T: serde::de::DeserializeOwned>(
        &self,
        payload: &Payload,
    ) -> Result<T, StoreError> {
        match payload {
            Payload::Inline(bytes) => records::unpack(bytes),
            Payload::Spooled(blob) => {
                records::unpack(&self.spool.get(blob, u64::MAX).map_err(spool_failed)?)
            }
        }
    }

    /// Whether `key` of `worker` was accepted before.
    pub fn seen(&self, worker: &WorkerName, key: &SourceKey) -> Result<bool, StoreError> {
        Ok(self.store.get(Space::Dedupe, &self.dedupe_key(worker, key))?.is_some())
    }

    /// What `worker` kept under keys that begin with `prefix`.
    pub fn kept(
        &self,
        worker: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let start = keep_key(worker, prefix);
        let name = start.len() - prefix.len();
        let rows = self.store.scan(Space::Keep, &start, None, usize::MAX)?;
        Ok(rows
            .into_iter()
            .map(|(key, value)| {
                (String::from_utf8_lossy(key.get(name..).unwrap_or_default()).into_owned(), value)
            })
            .collect())
    }

    /// What `worker` kept under `key`.
    pub fn kept_one(&self, worker: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(Space::Keep, &keep_key(worker, key))
    }

    /// Ids of everything in the journal, in order.
    pub fn journal(&self) -> Result<Vec<ItemId>, StoreError> {
        let rows = self.store.scan(Space::Journal, &[], None, usize::MAX)?;
        Ok(rows.iter().filter_map(|(key, _)| item_from(key)).collect())
    }

    /// The greatest item id ever used, so that new ones come after it whatever the clock says.
    pub fn last_item(&self) -> Result<Option<ItemId>, StoreError> {
        Ok(self.store.get(Space::Meta, LAST_ITEM)?.and_then(|bytes| item_from(&bytes)))
    }

    /// Shows every delivery in the outbox to `each`, lane by lane in order, with its attempts.
    pub fn outbox(
        &self,
        mut each: impl FnMut(Delivery, Option<Attempt>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut held: Option<Delivery> = None;
        self.each_row(Space::Outbox, |key, value| {
            if records::is_attempt(key) {
                let attempt = Some(records::unpack(value)?);
                return held.take().map_or(Ok(()), |delivery| each(delivery, attempt));
            }
            let next = records::unpack(value)?;
            held.replace(next).map_or(Ok(()), |delivery| each(delivery, None))
        })?;
        held.map_or(Ok(()), |delivery| each(delivery, None))
    }

    /// Shows every dead letter to `each`, in order.
    pub fn dead(
        &self,
        mut each: impl FnMut(Dead) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each_row(Space::Dead, |_, value| each(records::unpack(value)?))
    }

    /// Shows everything as it stands to `each`, `page` rows at a time in memory.
    pub fn each(
        &self,
        page: usize,
        mut each: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut snapshot = self.store.snapshot()?;
        loop {
            let rows = snapshot.next(page)?;
            if rows.is_empty() {
                return Ok(());
            }
            rows.iter().try_for_each(&mut each)?;
        }
    }

    /// Shows the rows of a space to `each`, in order, few at a time in memory.
    fn each_row(
        &self,
        space: Space,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self.store.scan(space, &[], after.as_deref(), PAGE)?;
            for (key, value) in &rows {
                each(key, value)?;
            }
            match rows.into_iter().next_back() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// The items with reports on `id` that came before it was known.
    pub fn awaited(&self, worker: &WorkerName, id: &MessageId) -> Result<Vec<ItemId>, StoreError> {
        let key = self.map_key(worker, id);
        let rows = self.store.scan(Space::Awaited, &key, None, usize::MAX)?;
        Ok(rows.iter().filter_map(|(row, _)| item_from(row.get(key.len()..)?)).collect())
    }

    /// Rooms that were replaced by another one.
    pub fn replaced_rooms(&self) -> Result<Vec<Replaced>, StoreError> {
        let rows = self.store.scan(Space::Room, REPLACED_ROOM, None, usize::MAX)?;
        rows.iter().map(|(_, value)| records::unpack(value)).collect()
    }

    fn dedupe_key(&self, worker: &WorkerName, key: &SourceKey) -> [u8; 32] {
        self.keys.lookup(worker.as_str(), key.as_bytes())
    }

    fn exchange_key(&self, bridge: &WorkerName, id: &MessageId) -> [u8; 32] {
        let key = [bridge.as_str().as_bytes(), b"/", id.as_str().as_bytes()].concat();
        self.keys.lookup("exchange", &key)
    }

    fn awaited_key(&self, worker: &WorkerName, id: &MessageId, item: ItemId) -> Vec<u8> {
        [self.map_key(worker, id).as_slice(), &item.to_bytes()].concat()
    }

    fn map_key(&self, worker: &WorkerName, id: &MessageId) -> [u8; 32] {
        self.keys.lookup(worker.as_str(), id.as_str().as_bytes())
    }
}

const LAST_ITEM: &[u8] = b"last-item";
const PARSING: &[u8] = b"parsing";
const PAUSED: &[u8] = b"paused/";
const BRIDGE_ROOM: &[u8] = b"bridge/";
const REPLACED_ROOM: &[u8] = b"replaced/";

fn keep_key(worker: &WorkerName, key: &str) -> Vec<u8> {
    format!("{worker}/{key}").into_bytes()
}

fn item_from(bytes: &[u8]) -> Option<ItemId> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(ItemId(u128::from_be_bytes(bytes).into()))
}

fn conversation_key(id: ConversationId, part: u8) -> [u8; 17] {
    let mut key = [part; 17];
    key[..16].copy_from_slice(&id.to_bytes());
    key
}

/// What a failure of the spool is to the ledger.
pub fn spool_failed(error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData => {
            StoreError::Damaged(format!(
                "a spool file: {error}; `viadukt verify` says which, and `viadukt repair` sets aside what needs it"
            ))
        }
        std::io::ErrorKind::StorageFull => StoreError::Full(error.to_string()),
        _ => StoreError::Failed(format!("the spool: {error}")),
    }
}
