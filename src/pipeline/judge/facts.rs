//! What the judge must know, gathered.

use viadukt_api::{Act, ConversationId, Level, Message, RoomId, WorkerName};

use super::{Cause, Closed, Facts, Prospect};
use crate::config::Senders;
use crate::ledger::{Accepted, Draft, Matter, Place};
use crate::pipeline::Pipeline;
use crate::store::StoreError;

impl Pipeline {
    /// Gathers what the judge must know.
    pub(in crate::pipeline) fn facts(
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
        let worker = bridge.as_ref().and_then(|name| self.bridges.get(name));
        let (mut blocked, mut prospect, mut level, mut about) = (false, None, None, None);
        if let Some(bridge) = &bridge {
            match (&message.room, conversation) {
                (None, _) => {
                    blocked = draft.contact(bridge, &message.sender.address)?.blocked.is_some();
                    level = self.level_where_shown(draft, bridge, conversation, message)?;
                }
                (Some(room), Some(id)) => {
                    prospect = self.prospect_in(draft, bridge, room, id, message)?;
                    about = self.matter_meant(draft, bridge, message)?;
                }
                (Some(_), None) => {}
            }
        }
        Ok(Facts {
            level,
            about,
            verb: worker.map_or("send", |worker| worker.verb()),
            deeds: worker.map_or(&[], |worker| worker.deeds()),
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
        self.prospect(draft, bridge, cause, &conversation.parties(), &content).map(Some)
    }

    /// How much protection the room gives that a far side's message will be shown in.
    fn level_where_shown(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
        message: &Message,
    ) -> Result<Option<Level>, StoreError> {
        if message.level.is_none() {
            return Ok(None);
        }
        let place = match conversation {
            Some(id) => draft.home(id)?,
            None => self.place_of_birth(draft, bridge, message)?,
        };
        Ok(self.policy.level(bridge, &place))
    }

    /// What goes on at the far side and is shown by what `message` answers, or puts a mark to.
    fn matter_meant(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        message: &Message,
    ) -> Result<Option<Matter>, StoreError> {
        let marked = match &message.act {
            Act::React { to, .. } => Some(to),
            _ if message.content.text.starts_with('!') => None,
            _ => return Ok(None),
        };
        for event in marked.into_iter().chain(&message.ancestors) {
            let mapped = draft.mapped(&WorkerName::hub(), event)?;
            let Some(shown) = mapped.and_then(|mapped| mapped.counterpart) else { continue };
            if let Some(matter) = draft.matter_shown_by(bridge, &shown)? {
                return Ok(Some(matter));
            }
        }
        Ok(None)
    }

    /// The conversation that a message continues: the one that shows its matter, that of the
    /// nearest ancestor we know, or, in networks without threads, one of its exchange. A subject
    /// alone never joins one.
    fn conversation_of(
        &self,
        draft: &Draft<'_>,
        accepted: &Accepted,
        message: &Message,
    ) -> Result<Option<ConversationId>, StoreError> {
        if let Some(matter) = &message.matter
            && let Some(known) = draft.matter(&accepted.worker, &matter.id)?
            && !known.ended
        {
            return Ok(Some(known.conversation));
        }
        let changed = match &message.act {
            Act::Edit(of)
            | Act::Redact(of)
            | Act::Report { of, .. }
            | Act::React { to: of, .. } => Some(of),
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
