//! What the listener asks of the pipeline. The answers are [`super::views`].

use async_trait::async_trait;
use viadukt_api::{Health, ItemId, Probe, WorkerName};

use super::reference::Reference;
use super::views::{
    ContactView, ConversationsView, DeadLetterFilter, DeadLetterView, DoneView, ExplainView,
    FoundView, OpenedView, Question, StatusView, TraceView,
};

/// The running pipeline, as an operator sees it.
///
/// Who decides about a dead letter is named by `by`: a word of the source code such as
/// `command-line`, or an alias of a person ([`crate::store::Keys::alias`]); it goes into the
/// trail and the log.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Whether the start is over and the store at work. The workers' state is apart.
    fn ready(&self) -> bool;

    /// How each worker does.
    fn health(&self) -> Vec<(WorkerName, Health)>;

    /// What each worker's [`viadukt_api::Worker::probe`] says.
    async fn probe(&self) -> Vec<(WorkerName, Vec<Probe>)>;

    /// The process and every worker, the hub first, right now.
    async fn status(&self) -> Result<StatusView, OperationError>;

    /// The messages that `name` may mean, the latest first: our own reference, or what a network
    /// calls a message (a Matrix event, a Message-ID with or without `<>`, a gateway's or a
    /// webhook's id). Empty: none is known.
    async fn find(&self, name: &str) -> Result<Vec<FoundView>, OperationError>;

    /// One message's way.
    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError>;

    /// What would happen to a message, and why.
    async fn explain(&self, question: &Question) -> Result<ExplainView, OperationError>;

    /// What was given up and fits `filter`, the oldest first.
    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, OperationError>;

    /// One thing that was given up, without content.
    async fn dead_letter(&self, reference: Reference) -> Result<DeadLetterView, OperationError>;

    /// The same with what somebody wrote. That somebody read it is in the trail before this
    /// returns.
    async fn open(&self, reference: Reference, by: &str) -> Result<OpenedView, OperationError>;

    /// Tries again what was given up; durable on return.
    async fn requeue(&self, reference: Reference, by: &str) -> Result<(), OperationError>;

    /// Forgets what was given up; durable on return.
    async fn discard(&self, reference: Reference, by: &str) -> Result<(), OperationError>;

    /// The conversations that had a message last, the latest first.
    async fn conversations(&self) -> Result<ConversationsView, OperationError>;

    /// Everyone on far sides who wants no messages or is blocked, the latest first.
    async fn contacts(&self) -> Result<Vec<ContactView>, OperationError>;

    /// Shows again what a contact writes; durable on return.
    async fn unblock(&self, contact: &str) -> Result<(), OperationError>;

    /// Says a sentence in the room of a bridge; gives its reference.
    async fn test_room(&self, bridge: &WorkerName) -> Result<Reference, OperationError>;

    /// Adds to the record of what operators did; durable on return.
    async fn record_done(&self, done: DoneView) -> Result<(), OperationError>;

    /// The record of what operators did, the latest first.
    async fn done(&self) -> Result<Vec<DoneView>, OperationError>;
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// There is nothing by that reference.
    #[error("nothing is known by this reference")]
    Unknown,
    /// It did not work; what happened and what to do.
    #[error("{0}")]
    Failed(String),
}
