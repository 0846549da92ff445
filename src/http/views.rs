//! What operators are shown: typed, in words where a person reads it, and without content,
//! addresses or secrets. Only [`OpenedView`] holds what somebody wrote.

mod console;
mod dead_letters;
mod explain;
mod status;
mod trace;

pub use console::{ContactView, ConversationView, ConversationsView, DoneView, Home};
pub use dead_letters::{ContentView, DeadLetterFilter, DeadLetterView, OpenedView};
pub use explain::{Expected, ExplainLine, ExplainTopic, ExplainView, Question};
pub use status::{ProbeView, ProcessView, StatusView, WorkerView};
pub use trace::{AttemptOutcome, AttemptView, FoundView, Stage, TraceEntry, TraceView};

use serde::{Deserialize, Serialize};
use viadukt_api::Words;

/// Why, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// The sentence's key in `locales/`: the same whatever the language.
    pub key: String,
    /// The sentence, without what a far side said: that may name a person.
    pub words: String,
}

impl ReasonView {
    /// `key` in words.
    pub fn new(key: &str, words: &Words) -> Self {
        Self { key: key.to_owned(), words: words.bare(key) }
    }
}
