//! The records. Each is MessagePack with field names, behind one byte that says which version
//! of the format wrote it: fields can be added with `#[serde(default)]`, other changes raise
//! the version.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use viadukt_api::{
    Address, BlobRef, ConversationId, DeliveryId, ItemId, Level, MessageId, Protection, Reason,
    RoomId, Timestamp, WorkerName,
};

use super::Reported;
use crate::store::StoreError;

/// The version that this program writes.
const VERSION: u8 = 1;

/// Writes a record.
pub fn pack<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    let written = rmp_serde::encode::write_named(&mut bytes, value);
    debug_assert!(written.is_ok(), "records are plain data and always serialise");
    bytes
}

/// Reads a record.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => rmp_serde::from_slice(rest)
            .map_err(|error| StoreError::Damaged(format!("a record does not parse: {error}"))),
        Some((newer, _)) if *newer > VERSION => Err(StoreError::Damaged(format!(
            "a record has version {newer}, this program knows up to {VERSION}; \
             run the newer viadukt that wrote it"
        ))),
        _ => Err(StoreError::Damaged("a record is empty or has no known version".to_owned())),
    }
}

/// Something that may be long: in the record, or in the spool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// The packed value itself.
    Inline(#[serde(with = "as_bytes")] Vec<u8>),
    /// The packed value, spooled.
    Spooled(BlobRef),
}

mod as_bytes {
    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

/// [`viadukt_api::Raw`] as it is stored.
#[derive(Serialize, Deserialize)]
pub struct RawRecord {
    /// The input.
    #[serde(with = "as_bytes")]
    pub bytes: Vec<u8>,
    /// The parts that were lifted out.
    pub lifted: Vec<BlobRef>,
}

/// An accepted item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Its reference.
    pub id: ItemId,
    /// The worker that brought it in.
    pub worker: WorkerName,
    /// When.
    pub received_at: Timestamp,
    /// How it was protected on the way to us.
    #[serde(default)]
    pub protection: Protection,
    /// The raw input (packed [`RawRecord`]).
    pub raw: Payload,
}

/// The items that are being parsed right now, committed before the first byte is parsed: who
/// is listed here when the process starts was there when it died.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Parsing {
    /// Item and how many deaths it has seen.
    pub items: Vec<(ItemId, u8)>,
}

/// The order of deliveries: one at a time within a lane. A conversation has one lane towards
/// each side; sentences outside any conversation have one per bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lane([u8; 17]);

impl Lane {
    /// The lane of a conversation towards the room.
    pub fn to_room(conversation: ConversationId) -> Self {
        Self(super::conversation_key(conversation, 0))
    }

    /// The lane of a conversation towards the far side.
    pub fn to_remote(conversation: ConversationId) -> Self {
        Self(super::conversation_key(conversation, 1))
    }

    /// The lane of a bridge's own sentences, outside any conversation.
    pub fn of_bridge(bridge: &WorkerName) -> Self {
        let hash = blake3::hash(bridge.as_str().as_bytes());
        Self::hashed(&hash, 2)
    }

    /// The lane of a delivery that keeps its own time, later or sooner than what was said before
    /// it: it holds up nothing, and nothing holds it up.
    pub fn scheduled(id: DeliveryId) -> Self {
        Self::hashed(&blake3::hash(&id.to_bytes()), 3)
    }

    fn hashed(hash: &blake3::Hash, part: u8) -> Self {
        let mut lane = [part; 17];
        lane[..16].copy_from_slice(hash.as_bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        Self(lane)
    }
}

/// The key of a delivery, or of its attempt, in the outbox.
pub fn outbox_row(lane: Lane, id: DeliveryId, attempt: bool) -> [u8; 36] {
    let mut key = [0; 36];
    key[..17].copy_from_slice(&lane.0);
    key[17..35].copy_from_slice(&id.to_bytes());
    key[35] = u8::from(attempt);
    key
}

/// Whether `key` of the outbox is that of an attempt.
pub fn is_attempt(key: &[u8]) -> bool {
    key.last() == Some(&1)
}

/// A delivery still to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Its lane.
    pub lane: Lane,
    /// The worker that makes it.
    pub to: WorkerName,
    /// The bridge whose rules and room it belongs to; the hub's own name for the hub's affairs.
    pub bridge: WorkerName,
    /// The conversation it is part of.
    pub conversation: Option<ConversationId>,
    /// The room, when it is not the conversation's or the bridge's: for sentences about an
    /// event in that room.
    pub room: Option<RoomId>,
    /// The thread in that room.
    #[serde(default)]
    pub root: Option<MessageId>,
    /// Towards a far side: who and with which ids.
    pub remote: Option<Remote>,
    /// The message that caused it and expects to hear what became of it.
    pub origin: Option<Origin>,
    /// The id, in the target's network, of the message it answers.
    pub answers: Option<MessageId>,
    /// When its message was accepted.
    pub accepted_at: Timestamp,
    /// A person wants it sent then.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// What sets it apart from words that are said once.
    #[serde(default, skip_serializing_if = "Role::is_usual")]
    pub role: Role,
    /// Into a room: how much protection it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What is delivered (packed [`viadukt_api::Form`]).
    pub form: Payload,
}

/// What sets a delivery apart from words that are said once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Nothing.
    #[default]
    Says,
    /// It is the latest word on what its origin began: where that is shown, it takes its place.
    Replaces,
    /// It asks a far side for a deed. That disturbs nobody at night, and is meant now or never.
    Asks,
}

impl Role {
    fn is_usual(&self) -> bool {
        *self == Self::Says
    }
}

impl Delivery {
    /// A delivery of `form` towards the far side of `bridge`, with nothing yet of what most
    /// deliveries lack.
    pub fn new(
        id: DeliveryId,
        lane: Lane,
        bridge: &WorkerName,
        accepted_at: Timestamp,
        form: Payload,
    ) -> Self {
        Self {
            id,
            lane,
            to: bridge.clone(),
            bridge: bridge.clone(),
            conversation: None,
            room: None,
            root: None,
            remote: None,
            origin: None,
            answers: None,
            accepted_at,
            not_before: None,
            role: Role::default(),
            level: None,
            form,
        }
    }

    /// Whether it is an automatic answer: towards a far side, and no person wrote it.
    pub fn is_automatic_answer(&self) -> bool {
        self.remote.is_some() && self.origin.is_none()
    }
}

/// Where a delivery goes on a far side; see [`viadukt_api::Target::Remote`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remote {
    /// Its one recipient.
    pub recipient: Address,
    /// Everyone it names as a recipient.
    pub to: Vec<Address>,
    /// Everyone it names as reading along.
    #[serde(default)]
    pub cc: Vec<Address>,
    /// Our own address that it leaves from.
    #[serde(default)]
    pub via: Option<Address>,
    /// The subject.
    pub subject: Option<String>,
    /// The id chosen for it.
    pub message_id: MessageId,
    /// The conversation so far, oldest first.
    pub references: Vec<MessageId>,
}

/// The message behind a delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The worker it came from.
    pub worker: WorkerName,
    /// Its id there.
    pub message: MessageId,
    /// The room it was said in, if any.
    pub room: Option<RoomId>,
    /// It is not part of the conversation that the delivery is part of: what became of it is
    /// told in words there.
    #[serde(default)]
    pub apart: bool,
    /// What passing it on costs, in words, where its author wants to know.
    #[serde(default)]
    pub cost: Option<Reason>,
}

/// The attempts at a delivery so far. Committed before an attempt starts and after it failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// How many attempts were started.
    pub count: u32,
    /// When the first one was started.
    pub first_at: Timestamp,
    /// An attempt is under way; found at start, the process died during it.
    pub under_way: bool,
    /// Deaths of the process during an attempt.
    pub deaths: u8,
    /// Not before this time.
    pub next_at: Timestamp,
    /// The sender was told that it takes longer.
    pub told: bool,
    /// Since when a rule holds it.
    #[serde(default)]
    pub held_since: Option<Timestamp>,
    /// The sender was told that a rule holds it.
    #[serde(default)]
    pub told_held: bool,
}

impl Attempt {
    /// An attempt begins now. The time that a rule held the delivery costs no patience.
    pub fn begin(&mut self, now: Timestamp) {
        let held = self.held_since.take().map(|since| now.since(since));
        self.first_at = match self.count {
            0 => now,
            _ => self.first_at.plus(held.unwrap_or_default()),
        };
        self.under_way = true;
        self.count += 1;
    }

    /// Whether an earlier attempt was cut short and may have reached the far side.
    pub fn is_repeated(&self) -> bool {
        self.deaths > 0
    }
}

/// A conversation. Written by `route` alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The bridge it runs over.
    pub bridge: WorkerName,
    /// The parties on the far side whom answers are written to.
    pub remotes: Vec<Address>,
    /// Parties who read along: they get answers, too.
    #[serde(default)]
    pub copies: Vec<Address>,
    /// Our own address that the other side writes to, where a bridge has several.
    #[serde(default)]
    pub via: Option<Address>,
    /// Its subject.
    pub subject: Option<String>,
    /// Ids of the far side's messages, oldest first, at most [`Conversation::MAX_IDS`].
    pub ids: Vec<MessageId>,
    /// When it began.
    pub began_at: Timestamp,
    /// How many messages it has had, as far as they were counted.
    #[serde(default)]
    pub messages: u32,
    /// When it had the last one.
    #[serde(default)]
    pub last_at: Option<Timestamp>,
    /// What it began with, until somebody has approved its party.
    #[serde(default)]
    pub opening: Option<String>,
    /// The room was told that what is written here leaves its encryption.
    #[serde(default)]
    pub told_leaving: bool,
}

impl Conversation {
    /// RFC 5322 3.6.4 sets no limit to References; beyond this the middle is left out, the
    /// first id and the latest ones are what threading needs.
    pub const MAX_IDS: usize = 12;

    /// Everybody who gets answers.
    pub fn parties(&self) -> Vec<Address> {
        self.remotes.iter().chain(&self.copies).cloned().collect()
    }

    /// Whether `address` is one of them.
    pub fn has(&self, address: &Address) -> bool {
        let is_same = |known: &Address| known.as_str().eq_ignore_ascii_case(address.as_str());
        self.remotes.iter().chain(&self.copies).any(is_same)
    }

    /// Adds the latest message, by its id.
    pub fn push_id(&mut self, id: MessageId, now: Timestamp) {
        self.messages = self.messages.saturating_add(1);
        self.last_at = Some(now);
        self.ids.retain(|known| *known != id);
        self.ids.push(id);
        if self.ids.len() > Self::MAX_IDS {
            self.ids.remove(1);
        }
    }
}

/// What the map knows of a message id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mapped {
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The same message's id on the other side, once known.
    pub counterpart: Option<MessageId>,
    /// The room that the counterpart is in, for a far side's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The item it came in or went out with.
    pub item: ItemId,
    /// The delivery that a report on it is about, where it stands for one alone.
    #[serde(default)]
    pub reported: Option<Reported>,
}

/// A room replaced by another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replaced {
    /// The old room.
    pub old: RoomId,
    /// The new room.
    pub new: RoomId,
}

/// Something given up, kept for a person to decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dead {
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// How often it was attempted; a further attempt goes on counting.
    pub attempts: u32,
    /// The far side may have it all the same.
    #[serde(default)]
    pub doubtful: bool,
    /// Nobody was told of it yet.
    #[serde(default)]
    pub untold: bool,
    /// When it was announced that it would be forgotten.
    #[serde(default)]
    pub announced_at: Option<Timestamp>,
    /// What.
    pub what: DeadWhat,
}

/// What was given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "one at a time, straight from and to the store")]
pub enum DeadWhat {
    /// Raw input that could not be made into a message.
    Item(Accepted),
    /// A delivery.
    Delivery(Delivery),
}

impl Dead {
    /// `what` was given up at `at`, without an attempt.
    pub fn new(at: Timestamp, reason: Reason, what: DeadWhat) -> Self {
        Self { at, reason, attempts: 0, doubtful: false, untold: false, announced_at: None, what }
    }

    /// The reference by which a person names it.
    pub fn reference(&self) -> String {
        match &self.what {
            DeadWhat::Item(accepted) => accepted.id.to_string(),
            DeadWhat::Delivery(delivery) => delivery.id.to_string(),
        }
    }

    /// The item that it is, or came from.
    pub fn item(&self) -> ItemId {
        match &self.what {
            DeadWhat::Item(accepted) => accepted.id,
            DeadWhat::Delivery(delivery) => delivery.id.item,
        }
    }

    /// The key it is kept under.
    pub fn key(&self) -> Vec<u8> {
        match &self.what {
            DeadWhat::Item(accepted) => accepted.id.to_bytes().to_vec(),
            DeadWhat::Delivery(delivery) => delivery.id.to_bytes().to_vec(),
        }
    }
}
