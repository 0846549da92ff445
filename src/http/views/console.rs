//! What the console shows besides: conversations, contacts, and what operators did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use viadukt_api::{ConversationId, Timestamp, WorkerName};

/// The conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationsView {
    /// How many there are on each bridge.
    pub total: BTreeMap<WorkerName, usize>,
    /// Those that had a message last, the latest first; not all of them.
    pub latest: Vec<ConversationView>,
}

/// A conversation, without what is said in it, and without who says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// The bridge it runs over.
    pub bridge: WorkerName,
    /// Where it lives.
    pub home: Home,
    /// Short names of the parties on the far side, the same as in log lines.
    pub parties: Vec<String>,
    /// How many messages it has had, as far as they were counted.
    pub messages: u32,
    /// When it began.
    pub began_at: Timestamp,
    /// When it had the last message, as far as known.
    pub last_at: Option<Timestamp>,
}

/// Where a conversation lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Home {
    /// In a thread of the bridge's room.
    Main,
    /// In a thread of a further room, by that room's name in the configuration.
    Team(String),
    /// In a thread of the room for parties whom nobody has approved yet.
    Intake,
    /// In a room of its own.
    Own,
}

/// Somebody on a far side of whom something lasting is known. Who it is nobody can tell from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// What to call them when something is asked about them.
    pub id: String,
    /// A short name, the same as in log lines.
    pub alias: String,
    /// The bridge they are known on; `None` where nothing was learned of them for long.
    pub bridge: Option<WorkerName>,
    /// Since when they want no messages.
    pub stopped: Option<Timestamp>,
    /// Since when nothing of them is shown.
    pub blocked: Option<Timestamp>,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneView {
    /// When.
    pub at: Timestamp,
    /// Who, by their name.
    pub who: String,
    /// How they showed that they may: `token`, `oidc`.
    pub proof: String,
    /// What, such as `requeue`.
    pub what: String,
    /// To what: a reference, a bridge, the short name of a contact.
    pub about: String,
}
