//! What is accepted for each event: the event as it came, decrypted, beside what only the
//! moment of receiving knew about it.

use matrix_sdk::deserialized_responses::{
    DeviceLinkProblem, TimelineEvent, VerificationLevel, VerificationState,
};
use matrix_sdk::ruma::RoomId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use viadukt_api::inbox::{Item, Raw, SourceKey};
use viadukt_api::{Protection, Reason, Timestamp, Trust};

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
        /// How it was protected; see [`protection_of`].
        protection: Protection,
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
        let protection = match self {
            Self::Event { protection, .. } => protection,
            Self::Invite { .. } | Self::Tell { .. } => Protection::Unknown,
        };
        let raw = Raw { bytes: bytes.into(), lifted: Vec::new() };
        Item { keys: vec![key], received_at, protection, raw }
    }
}

/// How `event` was protected.
pub(crate) fn protection_of(event: &TimelineEvent) -> Protection {
    event.encryption_info().map_or(Protection::Plain, |info| Protection::Megolm {
        trust: Some(trust_in(&info.verification_state)),
    })
}

fn trust_in(state: &VerificationState) -> Trust {
    match state {
        VerificationState::Verified => Trust::Verified,
        VerificationState::Unverified(level) => match level {
            VerificationLevel::UnverifiedIdentity => Trust::CrossSigned,
            VerificationLevel::VerificationViolation => Trust::IdentityChanged,
            VerificationLevel::UnsignedDevice => Trust::UnsignedDevice,
            VerificationLevel::None(DeviceLinkProblem::MissingDevice) => Trust::UnknownDevice,
            VerificationLevel::None(DeviceLinkProblem::InsecureSource) => Trust::InsecureSource,
            VerificationLevel::MismatchedSender => Trust::SenderMismatch,
        },
    }
}
