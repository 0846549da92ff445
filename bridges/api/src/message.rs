//! What was said, in neutral form, from either side.

use serde::{Deserialize, Serialize};

use crate::env::Timestamp;
use crate::ids::{Address, MessageId, RoomId, WorkerName};
use crate::protection::Protection;
use crate::spool::BlobRef;
use crate::words::Reason;

/// One message. A worker's `normalise` makes it from raw input; the pipeline judges and routes
/// it; another worker puts it into its own network's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id in its own network.
    pub id: MessageId,
    /// When its author says it was sent.
    pub sent_at: Timestamp,
    /// Who speaks.
    pub sender: Sender,
    /// Where the sender wants answers to go, if elsewhere (RFC 5322 3.6.2, `Reply-To`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_to: Option<Address>,
    /// The room it was said in; `None` for a message from a far side.
    pub room: Option<RoomId>,
    /// Which of our own addresses a far side's message was sent to, where a bridge has several:
    /// answers leave from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Address>,
    /// The exchange it belongs to, in networks without threads: the id that stands for
    /// everything said between [`Message::via`] and the sender ([`crate::Worker::exchange`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<MessageId>,
    /// Whom a far side's message names as recipients besides us, in order, without doubles.
    #[serde(default)]
    pub recipients: Vec<Address>,
    /// Ids that this message continues, the nearest first: the message replied to, then older
    /// ones, then the thread's root. Empty: it starts something new.
    pub ancestors: Vec<MessageId>,
    /// Its subject, where its network has one.
    pub subject: Option<String>,
    /// What it does.
    pub act: Act,
    /// What it says.
    pub content: Content,
    /// Set when a machine wrote it: shown compactly, never answered.
    pub automatic: Option<Automatic>,
    /// From a far side: what it is the latest word on, where that goes on for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<Matter>,
    /// How pressing its author says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How much protection it needs; `None`: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// How often it was relayed before it came to us (RFC 5321 6.3: `Received` fields).
    pub hops: u16,
    /// How it was protected on its way, as far as it tells itself: end-to-end, or on the hop into
    /// our organisation. How it came to us from there, its item tells
    /// ([`crate::inbox::Item::protection`]).
    #[serde(default)]
    pub protection: Protection,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sender {
    /// The party.
    pub address: Address,
    /// The name to show; empty is never stored.
    pub name: Option<String>,
    /// In a room: the sender's power level when the message was received.
    pub power: Option<i64>,
}

/// What a message does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// Says something new.
    Say,
    /// Replaces what an earlier message of the same network said.
    Edit(MessageId),
    /// Takes an earlier message of the same network back.
    Redact(MessageId),
    /// A person put a short mark such as "👍" to an earlier message of the room.
    React {
        /// The message.
        to: MessageId,
        /// The mark.
        mark: String,
    },
    /// The hub was invited to [`Message::room`] by the sender.
    Invite,
    /// [`Message::room`] was replaced by another one.
    Moved(RoomId),
    /// The sender says whether it may be written to at all. Also shown as an ordinary message.
    Wish(Wish),
    /// Something a person in the room must know, told by a worker on its own: the named far
    /// side's mailbox was reset, an event cannot be decrypted. Has no other content.
    Tell(Reason),
    /// A far side's report on a message that we delivered earlier.
    Report {
        /// The id of the reported message in the far side's network.
        of: MessageId,
        /// What became of it.
        state: State,
    },
}

/// Something that goes on at a far side, such as an alert: it is reported again and again, and
/// the room shows one message for all of it, always the latest word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Its id in its own network, the same in each report; unique within the bridge.
    pub id: MessageId,
    /// This is the last word on it. What comes later under the same id begins anew.
    pub ends: bool,
    /// What the worker needs to act on it later ([`crate::worker::Worker::deeds`]); opaque to
    /// everyone else, at most 4 KiB.
    pub handle: Option<String>,
}

/// How pressing a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look at it today.
    Warning,
    /// Somebody must act now.
    Critical,
}

/// How much protection something needs, or is given: the categories of BSI-Standard 200-2, 8.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// "normal"
    Normal,
    /// "hoch"
    High,
    /// "sehr hoch"
    VeryHigh,
}

/// What a remote asks for about being written to (in SMS: the single words STOPP, START, HILFE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// Never write to me again.
    Stop,
    /// You may write to me again.
    Start,
    /// Who are you, and how do I stop this?
    Help,
}

/// What a message says. Text is always there (it may be empty next to attachments); HTML is
/// already reduced to the tags that Matrix clients show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Plain text, lines separated by `\n`.
    pub text: String,
    /// The same in HTML, when the author formatted it.
    pub html: Option<String>,
    /// What is attached, in the author's order.
    pub attachments: Vec<Attachment>,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// File name without any path.
    pub name: String,
    /// Media type such as `application/pdf` (RFC 6838).
    pub mime: String,
    /// Size in bytes as far as known before fetching.
    pub size: Option<u64>,
    /// Where its bytes are.
    pub media: Media,
}

/// Where an attachment's bytes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Media {
    /// In the spool.
    Spooled(BlobRef),
    /// Still with the worker that brought the message in; [`crate::worker::Worker::fetch`]
    /// understands the handle.
    With {
        /// The worker that has it.
        worker: WorkerName,
        /// That worker's own description of where; opaque to everyone else.
        handle: String,
        /// What the handle stands on in the spool; kept there as long as the message.
        #[serde(default)]
        blobs: Vec<BlobRef>,
    },
}

/// Why a message counts as written by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Automatic {
    /// An answer to something: out of office, an acknowledgement (RFC 3834).
    Reply,
    /// A report about an earlier message (RFC 3462, RFC 3464, RFC 8098).
    Report,
    /// Sent to many: a mailing list, a newsletter (RFC 2369, RFC 2919).
    Bulk,
    /// Written by a machine in some other way.
    Generated,
    /// Our own message, come back.
    Own,
}

/// What became of a delivery, as told to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is held by a rule, or waits for its time.
    Held,
    /// The far side took it.
    Sent,
    /// It arrived at its recipient.
    Delivered,
    /// It has waited for hours and is still being tried.
    Delayed,
    /// It did not arrive and will not.
    Failed,
    /// It may have arrived; the far side did not say.
    Unknown,
}
