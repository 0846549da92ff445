//! What would happen to a message, and why.

use serde::{Deserialize, Serialize};
use viadukt_api::WorkerName;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// A room's id, or a bridge's name.
    pub place: String,
    /// Who would write; without it somebody who may.
    pub from: Option<String>,
    /// To whom on the far side; without it what holds for everybody.
    pub to: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainView {
    /// The bridge whose rules decide.
    pub bridge: WorkerName,
    /// The bridge's kind, as the configuration calls it.
    pub kind: String,
    /// What would become of a message towards the far side.
    pub expected: Expected,
    /// Why, one sentence a topic, in the order in which it is decided.
    pub lines: Vec<ExplainLine>,
}

/// What would become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It would leave at once.
    Sent,
    /// It would wait.
    Held,
    /// It would not leave, and its author would be told why.
    Refused,
    /// Nothing would happen.
    Ignored,
}

/// One sentence of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainLine {
    /// What it is about.
    pub topic: ExplainTopic,
    /// The sentence.
    pub words: String,
}

/// What a sentence of an explanation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExplainTopic {
    /// Whose room it is.
    Bridge,
    /// What would become of the message.
    Verdict,
    /// Who may send, and where that is set.
    Senders,
    /// What encryption is asked for, and that it ends.
    Encryption,
    /// How much protection the room gives and the far side is given.
    Level,
    /// Quiet hours and pauses.
    Hours,
    /// What may be spent, and what was.
    Budget,
    /// In what form it would go.
    Form,
    /// What comes in from the far side, and where it is shown.
    Inward,
}
