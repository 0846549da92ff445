//! The seam: what the bridge asks of a system, whatever it speaks. A system is a small file; it
//! has the abilities that it needs and no others.

use tokio_util::sync::CancellationToken;
use viadukt_api::config::Fields;
use viadukt_api::{
    Answer, BuildError, Call, Content, Context, Deed, DeliveryError, Health, HookError, Inbox,
    Matter, Probe, Reason, Receipt, Sender, Timestamp, WorkerError, async_trait,
};

use crate::reader::Reader;
use crate::received::Received;

/// A kind of system: its line in [`crate::systems::SYSTEMS`].
pub(crate) struct SystemKind {
    /// The word behind `speaks =`.
    pub(crate) name: &'static str,
    /// Reads what its table says besides what every system's does. The caller calls `finish`.
    pub(crate) parse: fn(&Fields<'_>) -> Option<Box<dyn Declared>>,
}

/// A system's valid table, ready to be built.
pub(crate) trait Declared: Send + Sync {
    /// Builds it: reads secrets and files, connects to nothing. `name` is its own in the
    /// configuration, `context` the bridge's.
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError>;

    /// Whether it will have [`System::called`].
    fn is_called(&self) -> bool {
        false
    }
}

/// A system at work.
pub(crate) trait System: Send + Sync {
    /// Reads what it brings, if it brings anything.
    fn reader(&self) -> Option<&Reader> {
        None
    }

    /// It calls us over HTTP.
    fn called(&self) -> Option<&dyn Called> {
        None
    }

    /// We listen to it, or ask it now and then.
    fn listens(&self) -> Option<&dyn Listens> {
        None
    }

    /// It takes messages.
    fn takes(&self) -> Option<&dyn Takes> {
        None
    }

    /// What people can ask for about a matter that it reported, and [`Takes::act`] does.
    fn deeds(&self) -> &'static [Deed] {
        &[]
    }
}

/// The ability to call us.
pub(crate) trait Called: Send + Sync {
    /// Checks what needs no body of who calls; see [`viadukt_api::Hooks::admit`].
    ///
    /// # Errors
    /// The body need not be read.
    fn admit(&self, call: &Call, now: Timestamp) -> Result<(), HookError>;

    /// Checks who calls and takes apart what was brought. Pure; `now` is the time.
    ///
    /// # Errors
    /// Nothing is accepted, and the caller is told so.
    fn call(&self, call: &Call, now: Timestamp) -> Result<Brought, HookError>;
}

/// What a call brought.
pub(crate) struct Brought {
    /// What is to be accepted, in order.
    pub(crate) items: Vec<Received>,
    /// What the caller is told once that is durable.
    pub(crate) answer: Answer,
}

/// The ability to be listened to.
#[async_trait]
pub(crate) trait Listens: Send + Sync {
    /// Brings in what it says until `stop` fires, also because its time is over; see
    /// [`viadukt_api::Worker::run`].
    async fn run(&self, inbox: &Inbox, stop: CancellationToken) -> Result<(), WorkerError>;

    /// How the connection does.
    fn health(&self) -> Health;
}

/// The ability to take messages.
#[async_trait]
pub(crate) trait Takes: Send + Sync {
    /// Whether it takes messages for the party `behind` it, or why not. Pure.
    fn party(&self, behind: Option<&str>) -> Result<(), Reason>;

    /// Whether it takes `content`, or why not. Pure.
    fn fits(&self, content: &Content) -> Result<(), Reason> {
        let _ = content;
        Ok(())
    }

    /// Whether a message that is sent twice with the same id arrives once.
    fn idempotent(&self) -> bool {
        false
    }

    /// Makes one attempt; see [`viadukt_api::Worker::deliver`].
    async fn send(&self, out: &Outgoing<'_>) -> Result<Receipt, DeliveryError>;

    /// Does what a person asks for about a matter; see [`System::deeds`].
    async fn act(&self, asked: &Asked<'_>) -> Result<Receipt, DeliveryError> {
        let _ = asked;
        Err(DeliveryError::refused(Reason::new("intranet-no-deed")))
    }

    /// Tries what can be tried without a message.
    async fn probe(&self) -> Option<Probe> {
        None
    }
}

/// A message on its way to a system.
pub(crate) struct Outgoing<'o> {
    /// The id that it bears, the same at every attempt.
    pub(crate) id: &'o str,
    /// When it was accepted.
    pub(crate) accepted_at: Timestamp,
    /// Whether an earlier attempt may have arrived.
    pub(crate) repeated: bool,
    /// The party behind the system.
    pub(crate) behind: Option<&'o str>,
    /// Who speaks.
    pub(crate) sender: &'o Sender,
    /// What is said.
    pub(crate) content: &'o Content,
    /// It corrects an earlier message.
    pub(crate) correction: bool,
}

/// What a person asks a system to do.
pub(crate) struct Asked<'a> {
    /// The id of the request, the same at every attempt.
    pub(crate) id: &'a str,
    /// When it was asked.
    pub(crate) asked_at: Timestamp,
    /// The usual word of the deed.
    pub(crate) word: &'a str,
    /// What stood behind it.
    pub(crate) rest: &'a str,
    /// Who asks.
    pub(crate) sender: &'a Sender,
    /// About what.
    pub(crate) matter: &'a Matter,
}
