//! What is made of what a system brought, and how it becomes a message.

use viadukt_api::{
    Act, Address, Automatic, Content, Level, Matter, Message, MessageId, Reason, Sender, Severity,
    Timestamp,
};

use crate::address::Party;
use crate::markup::tidy_name;
use crate::received::Received;

/// What a system says, in the words of the room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Notice {
    /// When it says that it happened; when it came, if it does not say.
    pub(crate) at: Option<Timestamp>,
    /// Who speaks there, where the system tells several apart: a user, a job.
    pub(crate) speaker: Option<String>,
    /// The stream within the system that it belongs to, where there are several; each is a
    /// conversation of its own and may have a room of its own.
    pub(crate) stream: Option<String>,
    /// The same in plain text and, if formatted, in HTML.
    pub(crate) content: Content,
    /// How pressing it is.
    pub(crate) severity: Option<Severity>,
    /// What it is the latest word on.
    pub(crate) matter: Option<Matter>,
    /// A person wrote it there, and may be answered.
    pub(crate) by_person: bool,
    /// In the place of content: what the room must know about the system itself.
    pub(crate) tell: Option<Reason>,
}

/// What the configuration says of a system, whatever it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// The name that is shown.
    pub(crate) title: Option<String>,
    /// How much protection it needs what it says.
    pub(crate) level: Option<Level>,
}

impl Notice {
    /// As a message of the system.
    pub(crate) fn into_message(self, received: &Received, manner: &Manner) -> Message {
        let party = Party { system: &manner.name, behind: self.stream.as_deref() }.address();
        let title = manner.title.clone();
        let speaker = self.speaker.map(|name| tidy_name(&name));
        let name = speaker.or(title).filter(|name| !name.trim().is_empty());
        Message {
            id: MessageId::new(format!("{}/{}", manner.name, received.id)),
            sent_at: self.at.unwrap_or(received.at),
            sender: Sender { address: party.clone(), name, power: None },
            answer_to: None,
            room: None,
            via: Some(party.clone()),
            exchange: Some(exchange(&party)),
            recipients: Vec::new(),
            ancestors: Vec::new(),
            subject: None,
            act: self.tell.map_or(Act::Say, Act::Tell),
            content: self.content,
            automatic: (!self.by_person).then_some(Automatic::Generated),
            matter: self.matter,
            severity: self.severity,
            level: manner.level,
            hops: 0,
            protection: received.protection.clone(),
        }
    }
}

/// The id that stands for everything said between us and `party`.
pub(crate) fn exchange(party: &Address) -> MessageId {
    MessageId::new(format!("with {}", party.as_str()))
}
