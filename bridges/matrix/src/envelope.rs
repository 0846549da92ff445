//! What is accepted for each event: the event as it came, decrypted, beside what only the
//! moment of receiving knew about it.

use matrix_sdk::deserialized_responses::{
    DeviceLinkProblem, EncryptionInfo, TimelineEvent, VerificationLevel, VerificationState,
};
use matrix_sdk::ruma::RoomId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use viadukt_api::inbox::{Item, Raw, SourceKey};
use viadukt_api::{Reason, Timestamp};

/// The accepted form of everything that the hub brings in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Envelope {
    /// An event of a room's timeline.
    Event {
        /// Its room.
        room: String,
        /// The event, decrypted.
        event: Box<RawValue>,
        /// One word for how it was protected; see [`trust_of`].
        trust: String,
        /// The sender's display name on receipt.
        #[serde(default)]
        name: Option<String>,
        /// The sender's power level on receipt.
        power: Option<i64>,
        /// Whether the room was ever seen encrypted.
        pinned: bool,
    },
    /// An invitation to us.
    Invite {
        /// The room.
        room: String,
        /// Who invites.
        sender: String,
        /// When we received it; stripped state carries no time.
        at: Timestamp,
    },
    /// Something the room must know.
    Tell {
        /// The room.
        room: String,
        /// The event it is about, else an id of our own.
        about: String,
        /// Whose event that is.
        sender: String,
        /// What happened.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
}

impl Envelope {
    /// A notice to `room` about `event` of `sender`.
    pub(crate) fn tell(
        room: &RoomId,
        about: &str,
        sender: &str,
        reason: Reason,
        at: Timestamp,
    ) -> Self {
        Self::Tell {
            room: room.to_string(),
            about: about.to_owned(),
            sender: sender.to_owned(),
            reason,
            at,
        }
    }

    /// The envelope as an item, recognised by `key` if it comes again.
    pub(crate) fn into_item(self, key: SourceKey, received_at: Timestamp) -> Item {
        // An envelope is made of strings, numbers and JSON that was parsed before: it has no
        // map with other keys, the only thing that serde_json refuses.
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        Item { keys: vec![key], received_at, raw: Raw { bytes: bytes.into(), lifted: Vec::new() } }
    }
}

/// Not encrypted.
pub(crate) const TRUST_NONE: &str = "none";
/// The homeserver names another sender than the device that encrypted it.
pub(crate) const TRUST_MISMATCH: &str = "sender-mismatch";

/// One word for how far the device that sent `event` is trusted.
pub(crate) fn trust_of(event: &TimelineEvent) -> &'static str {
    event.encryption_info().map_or(TRUST_NONE, |info| trust_word(info))
}

fn trust_word(info: &EncryptionInfo) -> &'static str {
    match &info.verification_state {
        VerificationState::Verified => "verified",
        VerificationState::Unverified(level) => match level {
            VerificationLevel::UnverifiedIdentity => "cross-signed",
            VerificationLevel::VerificationViolation => "identity-changed",
            VerificationLevel::UnsignedDevice => "unsigned-device",
            VerificationLevel::None(DeviceLinkProblem::MissingDevice) => "unknown-device",
            VerificationLevel::None(DeviceLinkProblem::InsecureSource) => "insecure-source",
            VerificationLevel::MismatchedSender => TRUST_MISMATCH,
        },
    }
}
