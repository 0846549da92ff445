//! A delivery as a worker sees it, and what may become of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::env::Timestamp;
use crate::ids::{Address, DeliveryId, MessageId, RoomId};
use crate::message::{Content, Matter, Sender, State};
use crate::protection::Protection;
use crate::words::Reason;

/// One message on its way to one recipient. The same id always carries the same content, so
/// that the same bytes go out at every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outbound {
    /// Its id; stable over all attempts and restarts.
    pub id: DeliveryId,
    /// When the message was accepted; the same at every attempt.
    pub accepted_at: Timestamp,
    /// Whether an earlier attempt may already have reached the far side.
    #[serde(skip)]
    pub repeated: bool,
    /// Where it goes.
    pub target: Target,
    /// What it is.
    pub form: Form,
}

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// Into a room, by the hub.
    Room {
        /// The room.
        room: RoomId,
        /// The thread's first event; `None` starts one or stays outside threads.
        thread: Option<MessageId>,
        /// The event it answers.
        reply_to: Option<MessageId>,
    },
    /// To a party on a far side.
    Remote {
        /// The one recipient of this delivery.
        recipient: Address,
        /// Every recipient that the message names, for networks that show them.
        to: Vec<Address>,
        /// Which of our own addresses it leaves from, where a bridge has several.
        via: Option<Address>,
        /// The conversation's subject.
        subject: Option<String>,
        /// The id that the message must carry in its network, if its network lets us choose.
        message_id: MessageId,
        /// Ids of the conversation so far, oldest first; the last is the one answered.
        references: Vec<MessageId>,
    },
}

/// What is delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// A person's message.
    Say {
        /// Who speaks, on the other side.
        sender: Sender,
        /// What is said.
        content: Content,
        /// Shown above the text where the network has no subjects: a new or changed subject.
        subject: Option<String>,
        /// The text corrects an earlier one that this network cannot edit.
        correction: bool,
        /// A machine wrote it; shown as such.
        automatic: bool,
        /// In a room: users who are to notice it.
        #[serde(default)]
        mentions: Vec<Address>,
    },
    /// Replaces an earlier message; only for workers with [`crate::worker::Edits`].
    Edit {
        /// The message to replace, in the target's network.
        of: MessageId,
        /// Who speaks.
        sender: Sender,
        /// The new content.
        content: Content,
    },
    /// What a person asks a far side to do about something that goes on there; only for workers
    /// that know the word ([`crate::worker::Worker::deeds`]).
    Deed {
        /// The word.
        word: String,
        /// What stands behind it, as written: `2h`.
        rest: String,
        /// Who asks.
        sender: Sender,
        /// What it is about, as the latest report left it.
        matter: Matter,
    },
    /// A sentence of the bridge itself.
    Notice {
        /// What it says.
        text: String,
    },
    /// What became of a message that a person in the room sent.
    Status {
        /// That person's event.
        of: MessageId,
        /// What became of it.
        state: State,
        /// The sentence to show, in the room's language.
        text: String,
    },
    /// Enter the room.
    Join,
}

/// The far side took a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The message's id in the far side's network; `None` where it has none (a room entered).
    pub id: Option<MessageId>,
    /// Ids of further messages that it took: one for each attachment, where the network sends
    /// them apart.
    #[serde(default)]
    pub more: Vec<MessageId>,
    /// How this hop was protected.
    pub protection: Protection,
}

/// Why an attempt failed, named by what the caller does next.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DeliveryError {
    /// Nothing was delivered; try again, not before `after` if the far side named a time.
    #[error("try again: {reason}")]
    Retry {
        /// Why.
        reason: Reason,
        /// The wait that the far side asked for.
        after: Option<Duration>,
    },
    /// Nothing was delivered and trying again is no use.
    #[error("refused: {reason}")]
    Refused {
        /// Why.
        reason: Reason,
    },
    /// The far side may have it; asking it is not possible.
    #[error("unknown: {reason}")]
    Unknown {
        /// Why.
        reason: Reason,
    },
}

impl DeliveryError {
    /// A [`DeliveryError::Retry`] with no wish about when.
    pub fn retry(reason: Reason) -> Self {
        Self::Retry { reason, after: None }
    }

    /// A [`DeliveryError::Refused`].
    pub fn refused(reason: Reason) -> Self {
        Self::Refused { reason }
    }

    /// A [`DeliveryError::Unknown`].
    pub fn unknown(reason: Reason) -> Self {
        Self::Unknown { reason }
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Retry { reason, .. } | Self::Refused { reason } | Self::Unknown { reason } => {
                reason
            }
        }
    }
}
