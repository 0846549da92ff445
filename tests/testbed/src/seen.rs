//! One event as a careful Matrix client shows it: what it says, where it belongs, and how far
//! its encryption can be trusted.

use anyhow::{Result, ensure};
use matrix_sdk::deserialized_responses::{
    TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState,
};
use matrix_sdk::ruma::events::AnySyncTimelineEvent;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};
use serde_json::Value;

/// An event of a room's timeline.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The room.
    pub room: OwnedRoomId,
    /// The event's id.
    pub event_id: OwnedEventId,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// The event's type, after decryption.
    pub kind: String,
    /// The event's content, after decryption.
    pub content: Value,
    /// How it was protected.
    pub lock: Lock,
    pub(crate) raw: Raw<AnySyncTimelineEvent>,
}

/// What a client can say about an event's encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Encrypted by a device that its owner's identity has signed: no warning in any client.
    CrossSigned,
    /// Encrypted, but clients warn, for the reason given.
    Doubtful(String),
    /// Encrypted, and not to be read, for the reason given.
    Unreadable(String),
    /// Not encrypted.
    Open,
}

impl Seen {
    /// Reads an event; `None` when it lacks what every event has.
    pub(crate) fn read(room: &RoomId, event: &TimelineEvent) -> Option<Self> {
        let raw = event.raw().clone();
        let json: Value = raw.deserialize_as_unchecked().ok()?;
        Some(Self {
            room: room.to_owned(),
            event_id: event.event_id()?,
            sender: event.sender()?,
            kind: json["type"].as_str()?.to_owned(),
            lock: Lock::of(event, &json),
            content: json["content"].clone(),
            raw,
        })
    }

    /// The text, for messages.
    pub fn body(&self) -> &str {
        self.content["body"].as_str().unwrap_or_default()
    }

    /// The text without the speaker's name, which stands before it for clients that know no
    /// per-message profiles (MSC4144).
    pub fn text(&self) -> &str {
        let named = self.speaker().and_then(|name| self.body().strip_prefix(name));
        named.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(self.body())
    }

    /// The HTML, for messages that have it.
    pub fn html(&self) -> Option<&str> {
        self.content["formatted_body"].as_str()
    }

    /// Whether this is a message of type `msgtype`, such as `m.text` or `m.file`.
    pub fn is_message(&self, msgtype: &str) -> bool {
        self.kind == "m.room.message" && self.content["msgtype"] == msgtype
    }

    /// The name shown instead of the sender's (MSC4144).
    pub fn speaker(&self) -> Option<&str> {
        self.content["com.beeper.per_message_profile"]["displayname"].as_str()
    }

    /// The name of the encrypted file that it carries.
    pub fn file(&self) -> Option<&str> {
        self.content["file"].as_object()?;
        Some(self.content["filename"].as_str().unwrap_or(self.body()))
    }

    /// The root of the thread that it belongs to.
    pub fn thread(&self) -> Option<&EventId> {
        self.relation("m.thread")
    }

    /// The message that it edits.
    pub fn edits(&self) -> Option<&EventId> {
        self.relation("m.replace")
    }

    /// The reaction's text, when this is a reaction to `event`.
    pub fn reaction_to(&self, event: &EventId) -> Option<&str> {
        (self.relation("m.annotation") == Some(event))
            .then(|| self.content["m.relates_to"]["key"].as_str())
            .flatten()
    }

    /// The event that it removes.
    pub fn redacts(&self) -> Option<&EventId> {
        event_id(&self.content["redacts"])
    }

    /// Fails unless it was encrypted by a cross-signed device.
    ///
    /// # Errors
    /// Says how it was protected instead.
    pub fn trusted(&self) -> Result<&Self> {
        let Self { event_id, lock, .. } = self;
        ensure!(*lock == Lock::CrossSigned, "{event_id} should be CrossSigned, but is {lock:?}");
        Ok(self)
    }

    fn relation(&self, kind: &str) -> Option<&EventId> {
        let relation = &self.content["m.relates_to"];
        (relation["rel_type"] == kind).then(|| event_id(&relation["event_id"])).flatten()
    }
}

impl Lock {
    fn of(event: &TimelineEvent, json: &Value) -> Self {
        match &event.kind {
            TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
                Self::Unreadable(format!("{:?}", utd_info.reason))
            }
            // What `/messages` could not decrypt comes back as it was.
            TimelineEventKind::PlainText { .. } if json["type"] == "m.room.encrypted" => {
                Self::Unreadable("no key".to_owned())
            }
            TimelineEventKind::PlainText { .. } => Self::Open,
            TimelineEventKind::Decrypted(decrypted) => {
                match &decrypted.encryption_info.verification_state {
                    // Verifying a person is up to two people; the device is signed either way.
                    VerificationState::Verified
                    | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity) => {
                        Self::CrossSigned
                    }
                    VerificationState::Unverified(level) => Self::Doubtful(level.to_string()),
                }
            }
        }
    }
}

fn event_id(value: &Value) -> Option<&EventId> {
    value.as_str().and_then(|id| <&EventId>::try_from(id).ok())
}
