//! The contract between viadukt and its bridge workers.
//!
//! Read in this order: what is said ([`message`]), how it is named ([`ids`]), who carries it
//! ([`worker`]), how it gets in durably ([`inbox`], called over HTTP by [`hooks`]) and out again
//! ([`outbound`]). The rest are
//! the pieces that every worker shares: what operators see of it ([`gauge`]), the spool for large payloads ([`spool`]), configuration
//! ([`config`], [`network`]), HTTP to far sides ([`client`], over [`tls`] whose
//! [`certificate`] ends one day, to where [`egress`] admits), the HTML that Matrix clients show ([`html`]), the sentences a person reads
//! ([`words`]), and the world outside as arguments ([`env`]).

#[cfg(feature = "tls")]
pub mod certificate;
#[cfg(feature = "client")]
pub mod client;
pub mod config;
#[cfg(feature = "contract")]
pub mod contract;
pub mod egress;
pub mod env;
#[cfg(feature = "contract")]
pub mod fake;
pub mod gauge;
pub mod hooks;
#[cfg(feature = "html")]
pub mod html;
pub mod ids;
pub mod inbox;
pub mod message;
pub mod network;
pub mod outbound;
pub mod protection;
pub mod spool;
#[cfg(feature = "tls")]
pub mod tls;
pub mod words;
pub mod worker;

pub use async_trait::async_trait;
pub use env::{Clock, Env, Timestamp};
pub use gauge::{Gauge, Readings};
pub use hooks::{Answer, Call, HookError, Hooks};
pub use ids::{Address, ConversationId, DeliveryId, ItemId, MessageId, RoomId, WorkerName};
pub use inbox::{AcceptError, Inbox, Intake, Item, Keep, Raw, SourceKey};
pub use message::{
    Act, Attachment, Automatic, Content, Level, Matter, Media, Message, Sender, Severity, State,
    Wish,
};
pub use outbound::{DeliveryError, Form, Outbound, Receipt, Target};
pub use protection::{Certificate, Protection, Trust};
pub use spool::{BlobRef, Spool, SpoolWriter};
pub use words::{Reason, Words};
pub use worker::{
    BuildError, Context, Cost, Deed, Edits, Health, Hub, HubKind, HubSection, Kind, Patience,
    Probe, RoomSpec, Section, Tool, Unreadable, Worker, WorkerError,
};
