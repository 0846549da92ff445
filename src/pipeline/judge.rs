//! judge: may it pass, and if not, who hears why. Pure: every fact is an argument.

mod facts;
mod leave;

use std::collections::BTreeMap;
use std::time::Duration;

use viadukt_api::{
    Act, Address, Automatic, ConversationId, Deed, Level, Message, Reason, WorkerName,
};

use leave::{may_ask, may_leave};

use super::commands::Command;
pub use leave::{Cause, Cleared, Prospect};

use crate::config::{Denied, Invites, Rooms, Rules, Senders, Zone};
use crate::ledger::{Matter, Place};

/// RFC 5321 6.3 asks for a limit of at least 100 relays; a message that came this far is in a
/// loop, or as good as.
const MOST_HOPS: u16 = 100;

/// Why a message of somebody blocked stops.
pub const BLOCKED: &str = "blocked";

/// The verdict on a message that needs more protection than its room gives.
pub const WITHHELD: &str = "withheld";

/// The rules of this installation.
pub struct Policy {
    /// The zone in which times of day are meant.
    pub zone: Zone,
    /// Who may invite the hub into rooms.
    pub invites: Invites,
    /// Per bridge, who may send out.
    pub rules: BTreeMap<WorkerName, Rules>,
    /// Per bridge, its further rooms.
    pub rooms: BTreeMap<WorkerName, Rooms>,
    /// How long what was given up waits for a person.
    pub keep_dead: Duration,
}

impl Policy {
    /// How much protection what is said in one of a bridge's rooms is given; `None` sets no
    /// limit.
    pub fn level(&self, bridge: &WorkerName, place: &Place) -> Option<Level> {
        let further = self.rooms.get(bridge).and_then(|rooms| rooms.further.get(place));
        match further {
            Some(further) => further.level,
            // A room that is not configured any more leaves the bridge's.
            None => self.rules.get(bridge).and_then(|rules| rules.level),
        }
    }
}

/// What the judge knows besides the message.
pub struct Facts<'p> {
    /// The bridge that the message's room or far side belongs to, with its rules.
    pub bridge: Option<(WorkerName, &'p Rules)>,
    /// The conversation that the message continues.
    pub conversation: Option<ConversationId>,
    /// Who may send out of the room, where that is not for the bridge's rules to say.
    pub senders: Option<&'p Senders>,
    /// What keeps the conversation from being written to where the message was written.
    pub closed: Option<Closed>,
    /// From a far side: nobody wants to hear of its sender.
    pub blocked: bool,
    /// From a room, in a conversation: what decides whether it may leave.
    pub prospect: Option<Prospect>,
    /// From a far side: how much protection the room gives that it will be shown in.
    pub level: Option<Level>,
    /// From a room: what goes on at the far side and is shown by what the message answers, or
    /// puts a mark to.
    pub about: Option<Matter>,
    /// The bridge's own word for `!send`.
    pub verb: &'p str,
    /// What the far side can be asked to do.
    pub deeds: &'p [Deed],
    /// Who may invite.
    pub invites: &'p Invites,
}

/// Why a conversation cannot be written to in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Nobody has approved the party yet.
    NotApproved,
    /// It lives in another room by now.
    Elsewhere,
}

/// A message that may pass. Only [`judge`] makes one.
pub struct Judged {
    message: Message,
    bridge: WorkerName,
    conversation: Option<ConversationId>,
    command: Option<Command>,
    cleared: Option<Cleared>,
    about: Option<Matter>,
    compact: bool,
    withheld: Option<Level>,
}

impl Judged {
    fn new(message: Message, bridge: WorkerName, conversation: Option<ConversationId>) -> Self {
        Self {
            message,
            bridge,
            conversation,
            command: None,
            cleared: None,
            about: None,
            compact: false,
            withheld: None,
        }
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The bridge whose affair it is.
    pub fn bridge(&self) -> &WorkerName {
        &self.bridge
    }

    /// The conversation that it continues.
    pub fn conversation(&self) -> Option<ConversationId> {
        self.conversation
    }

    /// The command that it is.
    pub fn command(&self) -> Option<&Command> {
        self.command.as_ref()
    }

    /// Whether it is to be shown compactly, because a machine wrote it.
    pub fn compact(&self) -> bool {
        self.compact
    }

    /// What goes on at the far side, and the command is about.
    pub fn about(&self) -> Option<&Matter> {
        self.about.as_ref()
    }

    /// Its level, where that is above the room's: only that it came may be shown.
    pub fn withheld(&self) -> Option<Level> {
        self.withheld
    }

    /// The verdict in a word, for the trail.
    pub fn verdict(&self) -> &'static str {
        if self.withheld.is_some() { WITHHELD } else { "pass" }
    }

    /// Takes the message out.
    pub fn into_message(self) -> Message {
        self.message
    }

    /// Takes the message out together with the permission to leave, if it has one.
    pub fn into_leaving(self) -> Option<(Message, Cleared)> {
        Some((self.message, self.cleared?))
    }
}

/// The judge's answer.
#[allow(clippy::large_enum_variant, reason = "made once per message and taken apart at once")]
pub enum Verdict {
    /// It passes.
    Pass(Judged),
    /// It stops here; its author is told why.
    Refuse {
        /// The message.
        message: Message,
        /// The bridge whose room it was written in.
        bridge: WorkerName,
        /// The conversation that it continues.
        conversation: Option<ConversationId>,
        /// Why.
        reason: Reason,
    },
    /// It stops here in silence: nobody expects anything of it.
    Ignore {
        /// The message.
        message: Message,
        /// Why, for the trail: the key of a sentence.
        why: &'static str,
    },
}

impl Verdict {
    /// The message that was judged.
    pub fn message(&self) -> &Message {
        match self {
            Self::Pass(judged) => &judged.message,
            Self::Refuse { message, .. } | Self::Ignore { message, .. } => message,
        }
    }
}

/// Judges one message.
pub fn judge(message: Message, facts: Facts<'_>) -> Verdict {
    if message.room.is_some() { from_room(message, facts) } else { from_far_side(message, facts) }
}

fn from_far_side(message: Message, facts: Facts<'_>) -> Verdict {
    let Some((bridge, _)) = &facts.bridge else {
        return Verdict::Ignore { message, why: "ignored-no-bridge" };
    };
    if message.automatic == Some(Automatic::Own) {
        return Verdict::Ignore { message, why: "ignored-own-message-came-back" };
    }
    let says_something =
        matches!(message.act, Act::Say | Act::Edit(_) | Act::Redact(_) | Act::Wish(_));
    if facts.blocked && says_something {
        return Verdict::Ignore { message, why: BLOCKED };
    }
    let compact = message.automatic.is_some() || message.hops > MOST_HOPS;
    let above = |level: &Level| facts.level.is_some_and(|room| *level > room);
    let withheld = message.level.filter(above);
    let (bridge, conversation) = (bridge.clone(), facts.conversation);
    Verdict::Pass(Judged { compact, withheld, ..Judged::new(message, bridge, conversation) })
}

fn from_room(message: Message, facts: Facts<'_>) -> Verdict {
    match message.act {
        Act::Invite if facts.invites.may_invite(&message.sender.address) => {
            return Verdict::Pass(Judged::new(message, WorkerName::hub(), None));
        }
        Act::Invite => return Verdict::Ignore { message, why: "ignored-invite-not-allowed" },
        _ => {}
    }
    let Some((bridge, rules)) = &facts.bridge else {
        return Verdict::Ignore { message, why: "ignored-room-without-bridge" };
    };
    let bridge = bridge.clone();
    if matches!(message.act, Act::Moved(_) | Act::Tell(_)) {
        return Verdict::Pass(Judged::new(message, bridge, facts.conversation));
    }
    if message.automatic.is_some() {
        return Verdict::Ignore { message, why: "ignored-written-by-a-machine" };
    }
    let command = match &message.act {
        Act::React { mark, .. } => match Command::of_mark(mark, facts.deeds) {
            Some(command) if facts.about.is_some() => Some(command),
            _ => return Verdict::Ignore { message, why: "ignored-a-mark" },
        },
        _ => Command::parse(&message.content.text, facts.verb, facts.deeds),
    };
    let is_edit = matches!(message.act, Act::Edit(_));
    if is_edit && command.is_some() {
        let (conversation, reason) = (facts.conversation, Reason::new("refused-edited-command"));
        return Verdict::Refuse { message, bridge, conversation, reason };
    }
    if command.is_none() && facts.conversation.is_none() {
        return Verdict::Ignore { message, why: "ignored-outside-any-conversation" };
    }
    let leaves = command.is_none() && !matches!(message.act, Act::Redact(_));
    let closed = facts.closed.filter(|_| leaves);
    // The conversation lives elsewhere; who writes here must hear of it here.
    let conversation = facts.conversation.filter(|_| closed != Some(Closed::Elsewhere));
    let closed = closed.map(|closed| match closed {
        Closed::NotApproved => "refused-not-approved",
        Closed::Elsewhere => "refused-elsewhere",
    });
    let senders = facts.senders.unwrap_or(&rules.senders);
    if let Some(key) = obstacle(&message, rules, senders).or(closed) {
        return Verdict::Refuse { message, bridge, conversation, reason: Reason::new(key) };
    }
    let cleared = match (facts.prospect, &command) {
        (Some(prospect), None) if leaves => may_leave(prospect).map(Some),
        (Some(prospect), Some(Command::Deed { .. })) => may_ask(&prospect).map(|()| None),
        _ => Ok(None),
    };
    let cleared = match cleared {
        Ok(cleared) => cleared,
        Err(reason) => return Verdict::Refuse { message, bridge, conversation, reason },
    };
    let about = facts.about;
    let judged = Judged::new(message, bridge, conversation);
    Verdict::Pass(Judged { command, cleared, about, ..judged })
}

/// What keeps a person's message from going out.
fn obstacle(message: &Message, rules: &Rules, senders: &Senders) -> Option<&'static str> {
    match message.act {
        // They carry no content and are never encrypted (Matrix client-server 11.7).
        Act::Redact(_) => {}
        // Nor are marks in any client: who runs a member's homeserver can forge one, and whether
        // that is a risk is the operator's to say.
        Act::React { .. } if rules.notices.marks => {}
        Act::React { .. } => return Some("refused-mark"),
        _ if !message.protection.is_end_to_end() => return Some("refused-not-encrypted"),
        _ => {}
    }
    match senders.may_send(&message.sender.address, message.sender.power) {
        Ok(()) => None,
        Err(Denied::NotListed) => Some("refused-sender"),
        Err(Denied::TooLittlePower) => Some("refused-power-level"),
    }
}

/// Whether `address` is among `remotes`; the judge of who is a stranger to a conversation.
pub fn takes_part(remotes: &[Address], address: &Address) -> bool {
    remotes.iter().any(|remote| remote.as_str().eq_ignore_ascii_case(address.as_str()))
}
