//! judge: may it pass, and if not, who hears why. Pure: every fact is an argument.

mod leave;

use std::collections::BTreeMap;

use viadukt_api::{Act, Address, Automatic, ConversationId, Message, Reason, RoomId, WorkerName};

use leave::may_leave;

use super::commands::Command;
pub use leave::{Cause, Cleared, Prospect};

use crate::config::{Denied, Invites, Rooms, Rules, Senders, Zone};
use crate::ledger::{Accepted, Draft, Place};
use crate::pipeline::Pipeline;
use crate::store::StoreError;

/// RFC 5321 6.3 asks for a limit of at least 100 relays; a message that came this far is in a
/// loop, or as good as.
const MOST_HOPS: u16 = 100;

/// Why a message of somebody blocked stops.
pub const BLOCKED: &str = "blocked";

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
    /// The bridge's own word for `!send`.
    pub verb: &'p str,
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
    compact: bool,
}

impl Judged {
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
        /// Why, for the trail.
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
        return Verdict::Ignore { message, why: "no-bridge" };
    };
    if message.automatic == Some(Automatic::Own) {
        return Verdict::Ignore { message, why: "own-message-came-back" };
    }
    let says_something =
        matches!(message.act, Act::Say | Act::Edit(_) | Act::Redact(_) | Act::Wish(_));
    if facts.blocked && says_something {
        return Verdict::Ignore { message, why: BLOCKED };
    }
    let compact = message.automatic.is_some() || message.hops > MOST_HOPS;
    let bridge = bridge.clone();
    pass(message, bridge, facts.conversation, compact)
}

fn from_room(message: Message, facts: Facts<'_>) -> Verdict {
    match message.act {
        Act::Invite if facts.invites.may_invite(&message.sender.address) => {
            return pass(message, WorkerName::hub(), None, false);
        }
        Act::Invite => return Verdict::Ignore { message, why: "invite-not-allowed" },
        _ => {}
    }
    let Some((bridge, rules)) = &facts.bridge else {
        return Verdict::Ignore { message, why: "room-without-bridge" };
    };
    let bridge = bridge.clone();
    if matches!(message.act, Act::Moved(_) | Act::Tell(_)) {
        return pass(message, bridge, facts.conversation, false);
    }
    if message.automatic.is_some() {
        return Verdict::Ignore { message, why: "written-by-a-machine" };
    }
    if matches!(message.act, Act::React { .. }) {
        return Verdict::Ignore { message, why: "a-mark" };
    }
    let command = Command::parse(&message.content.text, facts.verb);
    let is_edit = matches!(message.act, Act::Edit(_));
    if is_edit && command.is_some() {
        let (conversation, reason) = (facts.conversation, Reason::new("refused-edited-command"));
        return Verdict::Refuse { message, bridge, conversation, reason };
    }
    if command.is_none() && facts.conversation.is_none() {
        return Verdict::Ignore { message, why: "outside-any-conversation" };
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
    if let Some(key) = obstacle(&message, senders).or(closed) {
        return Verdict::Refuse { message, bridge, conversation, reason: Reason::new(key) };
    }
    let cleared = match facts.prospect.filter(|_| leaves).map(may_leave).transpose() {
        Ok(cleared) => cleared,
        Err(reason) => return Verdict::Refuse { message, bridge, conversation, reason },
    };
    Verdict::Pass(Judged { message, bridge, conversation, command, cleared, compact: false })
}

/// What keeps a person's message from going out.
fn obstacle(message: &Message, senders: &Senders) -> Option<&'static str> {
    if !message.protection.encrypted && !matches!(message.act, Act::Redact(_)) {
        // Redactions carry no content and are never encrypted (Matrix client-server 11.7).
        return Some("refused-not-encrypted");
    }
    match senders.may_send(&message.sender.address, message.sender.power) {
        Ok(()) => None,
        Err(Denied::NotListed) => Some("refused-sender"),
        Err(Denied::TooLittlePower) => Some("refused-power-level"),
    }
}

fn pass(
    message: Message,
    bridge: WorkerName,
    conversation: Option<ConversationId>,
    compact: bool,
) -> Verdict {
    let (command, cleared) = (None, None);
    Verdict::Pass(Judged { message, bridge, conversation, command, cleared, compact })
}

impl Pipeline {
    /// Gathers what the judge must know.
    pub(super) fn facts(
        &self,
        draft: &Draft<'_>,
        accepted: &Accepted,
        message: &Message,
    ) -> Result<Facts<'_>, StoreError> {
        let room = match &message.room {
            Some(room) => self.known_room(draft, room)?,
            None => None,
        };
        let bridge = match &room {
            Some(room) => Some(room.bridge.clone()),
            None => Some(accepted.worker.clone()).filter(|worker| !worker.is_hub()),
        };
        let mut conversation = self.conversation_of(draft, accepted, message)?;
        let (mut senders, mut closed) = (None, None);
        if let Some(room) = &room {
            conversation = conversation.or(room.conversation);
            senders = self.senders(&room.bridge, &room.place);
            closed =
                conversation.map(|id| self.closed(draft, id, message, &room.place)).transpose()?;
        }
        let rules = |name: WorkerName| self.policy.rules.get(&name).map(|rules| (name, rules));
        let worker = bridge.as_ref().and_then(|name| self.worker(name));
        let (mut blocked, mut prospect) = (false, None);
        if let Some(bridge) = &bridge {
            match (&message.room, conversation) {
                (None, _) => {
                    blocked = draft.contact(bridge, &message.sender.address)?.blocked.is_some();
                }
                (Some(room), Some(id)) => {
                    prospect = self.prospect_in(draft, bridge, room, id, message)?;
                }
                (Some(_), None) => {}
            }
        }
        Ok(Facts {
            verb: worker.map_or("send", |worker| worker.verb()),
            bridge: bridge.and_then(rules),
            conversation,
            senders,
            closed: closed.flatten(),
            blocked,
            prospect,
            invites: &self.policy.invites,
        })
    }

    /// Who may send out of a further room of `bridge`.
    fn senders(&self, bridge: &WorkerName, place: &Place) -> Option<&Senders> {
        Some(&self.policy.rooms.get(bridge)?.further.get(place)?.senders)
    }

    /// Why the conversation `id` cannot be written to by `message`, in a room that is `place`.
    fn closed(
        &self,
        draft: &Draft<'_>,
        id: ConversationId,
        message: &Message,
        place: &Place,
    ) -> Result<Option<Closed>, StoreError> {
        let latest = |room: &RoomId| self.rooms.latest(room);
        let is_here = match draft.thread(id)? {
            Some(thread) => Some(latest(&thread.room)) == message.room.as_ref().map(latest),
            None => draft.home(id)? == *place,
        };
        if !is_here {
            return Ok(Some(Closed::Elsewhere));
        }
        if *place != Place::Intake {
            return Ok(None);
        }
        let Some(conversation) = draft.conversation(id)? else { return Ok(None) };
        let is_approved = self.is_approved(draft, &conversation)?;
        Ok((!is_approved).then_some(Closed::NotApproved))
    }

    /// What must be known before a person's message leaves in the conversation `id`.
    fn prospect_in(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        room: &RoomId,
        id: ConversationId,
        message: &Message,
    ) -> Result<Option<Prospect>, StoreError> {
        let Some(conversation) = draft.conversation(id)? else { return Ok(None) };
        let cause = Cause::Person { user: &message.sender.address, room };
        let content = self.numbered(draft, &conversation, message.content.clone())?;
        self.prospect(draft, bridge, cause, &conversation.remotes, &content).map(Some)
    }

    /// The conversation that a message continues: that of the nearest ancestor we know, or, in
    /// networks without threads, one of its exchange. A subject alone never joins one.
    fn conversation_of(
        &self,
        draft: &Draft<'_>,
        accepted: &Accepted,
        message: &Message,
    ) -> Result<Option<ConversationId>, StoreError> {
        let changed = match &message.act {
            Act::Edit(of) | Act::Redact(of) | Act::Report { of, .. } => Some(of),
            _ => None,
        };
        for id in changed.into_iter().chain(&message.ancestors) {
            if let Some(mapped) = draft.mapped(&accepted.worker, id)? {
                return Ok(Some(mapped.conversation));
            }
        }
        self.conversation_in_exchange(draft, &accepted.worker, message)
    }
}

/// Whether `address` is among `remotes`; the judge of who is a stranger to a conversation.
pub fn takes_part(remotes: &[Address], address: &Address) -> bool {
    remotes.iter().any(|remote| remote.as_str().eq_ignore_ascii_case(address.as_str()))
}
