//! The way to a gateway, as the worker sees it.

use tokio_util::sync::CancellationToken;
use viadukt_api::{DeliveryError, Health, Hooks, Inbox, Probe, Receipt, WorkerError, async_trait};

use crate::outgoing::Outgoing;

/// A way to a gateway: [`crate::smpp`] or [`crate::gateway`].
#[async_trait]
pub(crate) trait Transport: Send + Sync {
    /// Keeps the way open and brings in what the gateway sends, as [`crate::received::Received`]
    /// in JSON, until `stop` fires; see [`viadukt_api::Worker::run`].
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError>;

    /// Waits a while until it can send at all; see [`viadukt_api::Worker::ready`].
    async fn ready(&self) -> Result<(), DeliveryError>;

    /// Sends once. The receipt holds the ids of all parts: the first as `id`, the others as
    /// `more`, in the form in which [`crate::received::Report::of`] will name them.
    async fn send(&self, sms: &Outgoing) -> Result<Receipt, DeliveryError>;

    /// Tries what the configuration names; see [`viadukt_api::Worker::probe`].
    async fn probe(&self) -> Vec<Probe>;

    /// How it does right now.
    fn health(&self) -> Health;

    /// Whether the gateway knows a message again that is sent twice with the same reference.
    fn idempotent(&self) -> bool {
        false
    }

    /// How many messages may be under way at the same time.
    fn parallel(&self) -> usize;

    /// The ability to be called by the gateway.
    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }
}
