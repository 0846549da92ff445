//! The contract of a worker: a small trait, a few optional abilities, and the steps from a
//! configuration section to a running worker (parse and validate, then build).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::config::Fields;
use crate::env::Env;
use crate::gauge::Readings;
use crate::hooks::Hooks;
use crate::ids::{Address, MessageId, RoomId, WorkerName};
use crate::inbox::{Inbox, Keep, Raw};
use crate::message::{Content, Level, Message};
use crate::outbound::{DeliveryError, Outbound, Receipt};
use crate::spool::{BlobRef, Spool};
use crate::words::{Reason, Words};

/// One side of viadukt at work: a bridge's far side, or the hub.
#[async_trait]
pub trait Worker: Send + Sync {
    /// Brings items in until `stop` fires, then returns within a second or two.
    /// `inbox.accept(…).await` returns once the items are durable; only then may the source be
    /// acknowledged. Network trouble is the worker's own to wait out; an error means that it
    /// cannot go on at all (credentials refused, the store gone).
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError>;

    /// Reads raw input into a neutral message. Pure: no IO, no clock, same input, same answer.
    /// May be slow or even panic on hostile input; the pipeline guards against both.
    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable>;

    /// Waits a while until it can deliver at all. Asked before an attempt counts as begun, so
    /// that what happens to the process meanwhile is not held against the delivery.
    async fn ready(&self) -> Result<(), DeliveryError> {
        Ok(())
    }

    /// Makes one attempt. May be called again with the same delivery id, also after a crash.
    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError>;

    /// Brings the bytes behind a [`crate::message::Media::With`] handle of this worker into the
    /// spool. The same handle gives the same bytes.
    async fn fetch(&self, handle: &str) -> Result<BlobRef, DeliveryError>;

    /// Tries what the configuration names (a login, no delivery) and says what is wrong.
    async fn probe(&self) -> Vec<Probe>;

    /// How it does right now.
    fn health(&self) -> Health;

    /// What it measures of itself right now; what it does not know at the moment is left out.
    /// Asked every few seconds: no network, no waiting.
    fn gauges(&self) -> Readings {
        Readings::new()
    }

    /// The id that a message going out will carry, from a token that nobody can guess. Networks
    /// that give out ids themselves ignore it.
    fn message_id(&self, token: &str) -> MessageId {
        MessageId::new(token)
    }

    /// Reads a recipient as a person wrote it (`0170 1234567`) into the form that this network
    /// knows it by (`+491701234567`), or says why it cannot be written to. Pure.
    fn recipient(&self, written: &str) -> Result<Address, Reason> {
        Ok(Address::new(written))
    }

    /// In networks without threads: the id that stands for everything said between our own
    /// address `via` (`None`: the usual one) and `party`. Pure; equal to what
    /// [`Worker::normalise`] writes into [`Message::exchange`].
    fn exchange(&self, via: Option<&Address>, party: &Address) -> Option<MessageId> {
        let _ = (via, party);
        None
    }

    /// What sending `content` to `to` costs, or why this network does not take it: asked before
    /// anything is routed, so that the sender hears of it at once. Pure.
    fn measure(&self, to: &Address, content: &Content) -> Result<Cost, Reason> {
        let _ = (to, content);
        Ok(Cost::default())
    }

    /// The word of the command by which a person writes to somebody new: `!send` everywhere,
    /// and this besides.
    fn verb(&self) -> &'static str {
        "send"
    }

    /// How much protection what goes to `to` is given there; `None`: nobody said. Pure.
    fn level(&self, to: &Address) -> Option<Level> {
        let _ = to;
        None
    }

    /// What people can ask for about a matter ([`Message::matter`]) that it reported.
    fn deeds(&self) -> &[Deed] {
        &[]
    }

    /// The ability to be called over HTTP.
    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }

    /// Whether a delivery to `recipient` (`None`: into a room) made twice with the same id arrives
    /// once. If not, a person is told after an interrupted attempt that the message may have
    /// arrived twice.
    fn idempotent(&self, recipient: Option<&Address>) -> bool {
        let _ = recipient;
        false
    }

    /// How many deliveries it makes at the same time, in different conversations.
    fn parallel(&self) -> usize {
        8
    }

    /// How long to keep trying, and at which pace.
    fn patience(&self) -> Patience;

    /// `None`: an edit is delivered as a new message that says it corrects an earlier one.
    fn edits(&self) -> Option<&dyn Edits> {
        None
    }
}

/// How long to keep trying a delivery that the far side cannot take yet. Pauses are spread by
/// ±20 % so that many deliveries do not return at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The pauses after the first, second, … attempt; the last one repeats.
    pub pauses: Vec<Duration>,
    /// After this time since the first attempt the delivery is given up.
    pub give_up_after: Duration,
    /// After this time the sender is told that it takes longer.
    pub tell_after: Duration,
}

impl Patience {
    /// Reads `retry`, `tell_after` and `give_up_after`; what is missing is as in `usual`.
    pub fn read(fields: &Fields<'_>, usual: &Self) -> Self {
        let mut pauses = fields.or("retry", usual.pauses.clone());
        if pauses.is_empty() {
            fields.object("retry", "expected at least one time such as \"2m\"");
            pauses.clone_from(&usual.pauses);
        }
        Self {
            pauses,
            give_up_after: fields.or("give_up_after", usual.give_up_after),
            tell_after: fields.or("tell_after", usual.tell_after),
        }
    }
}

/// The ability to replace what was delivered.
#[async_trait]
pub trait Edits: Send + Sync {
    /// Makes one attempt as [`Worker::deliver`] does; the form is [`crate::Form::Edit`].
    async fn edit(&self, out: &Outbound) -> Result<Receipt, DeliveryError>;
}

/// What sending one message to one recipient costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// What budgets count: one, or the number of parts that the network charges for.
    pub units: u32,
    /// The cost in words for the sender (`3 SMS`), where it is worth knowing.
    pub shown: Option<Reason>,
}

impl Default for Cost {
    fn default() -> Self {
        Self { units: 1, shown: None }
    }
}

/// Something that people can ask a far side to do about what goes on there: with `!word` in an
/// answer to the message that shows it, or by a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The words of the command, the usual one first: `silence`, `stumm`.
    pub words: &'static [&'static str],
    /// The marks that mean the same.
    pub marks: &'static [&'static str],
}

/// What the hub can do besides.
#[async_trait]
pub trait Hub: Worker {
    /// Finds, joins or creates the room described; the same description gives the same room,
    /// also after a crash in the middle.
    async fn ensure_room(&self, spec: &RoomSpec) -> Result<RoomId, DeliveryError>;
}

/// The reason's key with which the hub refuses to say something in a room where nobody but
/// itself has joined or is invited.
pub const ROOM_EMPTY: &str = "matrix-room-empty";

/// A room as the configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSpec {
    /// The bridge it is for.
    pub bridge: WorkerName,
    /// What tells it from the bridge's other rooms: the same key gives the same created room.
    /// `None` for the bridge's first one.
    pub key: Option<String>,
    /// An existing room's id (`!…`) or alias (`#…`); `None` creates an encrypted one.
    pub existing: Option<String>,
    /// Name of a created room.
    pub name: String,
    /// User ids to invite into a created room.
    pub invite: Vec<Address>,
}

/// A worker cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The far side refuses us for good: credentials, a withdrawn token.
    #[error("{worker}: {what}; {remedy}")]
    Shut {
        /// Which worker.
        worker: WorkerName,
        /// What happened, without names of persons or secrets.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Accepting is no longer possible.
    #[error(transparent)]
    Accept(#[from] crate::inbox::AcceptError),
}

/// Raw input that cannot be made into a message. It is put aside, its raw form kept.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("unreadable: {reason}")]
pub struct Unreadable {
    /// Why, in words for the room.
    pub reason: Reason,
}

/// One finding of a [`Worker::probe`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What was tried: `imap login`, `smtp starttls`.
    pub what: String,
    /// What is wrong and what to do about it; `Ok` with a detail worth knowing.
    pub result: Result<String, String>,
}

/// How a worker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Connected and at work.
    Up,
    /// Not connected yet, or waiting to try again; why in a word or two, without names.
    Down(String),
}

/// A kind of bridge: its line in the registry.
pub trait Kind: Send + Sync {
    /// The word behind `kind =` in the configuration.
    fn name(&self) -> &'static str;

    /// Reads and validates a section: pure, every finding collected in `fields`. `None` when
    /// a finding makes the section unusable.
    fn parse(&self, name: &WorkerName, fields: &Fields<'_>) -> Option<Box<dyn Section>>;

    /// Commands of this kind that need neither configuration nor network.
    fn tools(&self) -> &'static [Tool] {
        &[]
    }
}

/// A command such as `viadukt mail read`.
pub struct Tool {
    /// The first word: `mail`.
    pub noun: &'static str,
    /// The second word: `read`.
    pub verb: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// Runs it with the words after the verb; what a person reads goes to the writer. The error
    /// is a sentence that says what to do. `--help` among the words prints the usage.
    pub run: fn(&[String], &mut dyn std::io::Write) -> Result<(), String>,
}

/// The hub's line in the registry.
pub trait HubKind: Send + Sync {
    /// Reads and validates the `[matrix]` table, as [`Kind::parse`] does for a bridge.
    fn parse(&self, fields: &Fields<'_>) -> Option<Box<dyn HubSection>>;
}

/// A valid `[matrix]` table, ready to be built.
#[async_trait]
pub trait HubSection: Send + Sync {
    /// Builds the hub; see [`Section::build`]. `data` is a folder of its own.
    async fn build(
        &self,
        context: Context,
        data: &std::path::Path,
    ) -> Result<Arc<dyn Hub>, BuildError>;
}

/// A valid configuration section, ready to be built.
#[async_trait]
pub trait Section: Send + Sync {
    /// Builds the worker: reads secrets, opens what it needs. Connects to nothing that may be
    /// away for a while; that is [`Worker::run`]'s to wait for.
    async fn build(&self, context: Context) -> Result<Arc<dyn Worker>, BuildError>;

    /// Whether its worker will have [`Worker::hooks`], and so needs the public listener.
    fn is_called(&self) -> bool {
        false
    }
}

/// What a worker is given when it is built.
#[derive(Clone)]
pub struct Context {
    /// Its name.
    pub name: WorkerName,
    /// Clock and randomness.
    pub env: Env,
    /// Large payloads.
    pub spool: Arc<dyn Spool>,
    /// Its own small durable memory.
    pub keep: Keep,
    /// The sentences people read.
    pub words: Arc<Words>,
    /// Where far sides reach its [`Worker::hooks`]: `https://…/hooks/NAME`; `None` when nothing
    /// listens for them.
    pub hooks_url: Option<String>,
}

/// A worker could not be built.
#[derive(Debug, thiserror::Error)]
#[error("{worker}: {what}; {remedy}")]
pub struct BuildError {
    /// Which worker.
    pub worker: WorkerName,
    /// What happened, without secrets.
    pub what: String,
    /// What to do.
    pub remedy: String,
}
