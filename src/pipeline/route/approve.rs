//! Parties that nobody knows yet begin in the intake room; `!approve` takes them out of it.

use viadukt_api::{Address, Content, Form, Level, Message, Sender, WorkerName};

use super::Routing;
use crate::ledger::{Conversation, Delivery, Draft, Lane, Place, Thread};
use crate::pipeline::Pipeline;
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

/// Of a conversation's first text this much is shown again where the conversation moves to; the
/// old thread has all of it.
const OPENING: usize = 1_500;

impl Pipeline {
    /// Whether somebody has said that the party of `conversation` may write, or nobody need say
    /// so.
    pub(in crate::pipeline) fn is_approved(
        &self,
        draft: &Draft<'_>,
        conversation: &Conversation,
    ) -> Result<bool, StoreError> {
        match conversation.remotes.first() {
            Some(party) => self.may_write(draft, &conversation.bridge, party),
            None => Ok(true),
        }
    }

    fn may_write(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        party: &Address,
    ) -> Result<bool, StoreError> {
        let rooms = self.policy.rooms.get(bridge);
        if !rooms.is_some_and(|rooms| rooms.has_intake()) {
            return Ok(true);
        }
        Ok(draft.contact(bridge, party)?.approved.is_some())
    }

    /// Where a conversation lives that begins with `message` of a far side.
    pub(in crate::pipeline) fn place_of_birth(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        message: &Message,
    ) -> Result<Place, StoreError> {
        let party = message.answer_to.as_ref().unwrap_or(&message.sender.address);
        if !self.may_write(draft, bridge, party)? {
            return Ok(Place::Intake);
        }
        let rooms = self.policy.rooms.get(bridge);
        Ok(rooms.map_or(Place::Main, |rooms| rooms.birthplace(message.via.as_ref())))
    }
}

impl Routing<'_, '_> {
    /// Settles where `conversation`, which begins with `message` of a far side, lives.
    pub(super) fn settle_home(
        &mut self,
        conversation: &mut Conversation,
        message: &Message,
    ) -> Result<(), StoreError> {
        let place = self.pipeline.place_of_birth(self.draft, &conversation.bridge, message)?;
        // What needs protection is not repeated: the next room may give less.
        if place == Place::Intake && message.level.is_none_or(|level| level == Level::Normal) {
            conversation.opening = Some(opening(&message.content.text));
        }
        if place != Place::Main {
            self.draft.set_home(conversation.id, &place);
        }
        Ok(())
    }

    fn birthplace(&self, conversation: &Conversation) -> Place {
        let rooms = self.pipeline.policy.rooms.get(&conversation.bridge);
        rooms.map_or(Place::Main, |rooms| rooms.birthplace(conversation.via.as_ref()))
    }

    /// Remembers that somebody of us wants to hear from `party`.
    pub(super) fn approve_party(
        &mut self,
        bridge: &WorkerName,
        party: &Address,
    ) -> Result<(), StoreError> {
        let rooms = self.pipeline.policy.rooms.get(bridge);
        if rooms.is_some_and(|rooms| rooms.has_intake()) {
            let mut contact = self.draft.contact(bridge, party)?;
            contact.approved.get_or_insert(self.pipeline.env.now());
            self.draft.set_contact(bridge, party, &contact);
        }
        Ok(())
    }

    /// `!approve [ROOM]`: the conversation moves from the intake room to where it belongs.
    pub(super) fn approve(
        &mut self,
        judged: &Judged,
        team: Option<&str>,
    ) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let bridge = judged.bridge().clone();
        let found = match judged.conversation() {
            Some(id) => self.draft.conversation(id)?.filter(|_| self.lives_in_intake(id)),
            None => None,
        };
        let Some(mut conversation) = found else {
            let text = words.say("command-approve-where", &[]);
            return self.tell(&bridge, judged.conversation(), text);
        };
        let rooms = self.pipeline.policy.rooms.get(&bridge);
        let place = match team {
            Some(name) => rooms.and_then(|rooms| rooms.team(name)),
            None => Some(self.birthplace(&conversation)),
        };
        let Some(mut place) = place else {
            let text = words.say("command-approve-room", &[("room", team.unwrap_or_default())]);
            return self.tell(&bridge, Some(conversation.id), text);
        };
        if place == Place::Own && self.pipeline.is_approved(self.draft, &conversation)? {
            // It has had a room of its own, which everyone has left.
            place = Place::Main;
        }
        if let Some(thread) = self.draft.thread(conversation.id)? {
            self.farewell(&bridge, thread, &place)?;
        }
        for party in conversation.remotes.clone() {
            self.approve_party(&bridge, &party)?;
        }
        self.draft.set_home(conversation.id, &place);
        let opening = conversation.opening.take();
        self.draft.set_conversation(&conversation);
        self.open_again(&bridge, &conversation, opening)
    }

    fn lives_in_intake(&self, id: viadukt_api::ConversationId) -> bool {
        self.draft.home(id).is_ok_and(|home| home == Place::Intake)
    }

    /// A word in the old thread where the conversation went.
    fn farewell(
        &mut self,
        bridge: &WorkerName,
        thread: Thread,
        place: &Place,
    ) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let text = match place {
            Place::Team(room) => words.say("moved-to-team", &[("room", room)]),
            Place::Own => words.say("moved-to-own", &[]),
            Place::Main | Place::Intake => words.say("moved-to-main", &[]),
        };
        let fill = |delivery: &mut Delivery| {
            delivery.to = WorkerName::hub();
            delivery.room = Some(self.pipeline.rooms.latest(&thread.room));
            delivery.root = thread.root;
        };
        self.add(Lane::of_bridge(bridge), bridge, fill, &Form::Notice { text })
    }

    /// The conversation's new thread, begun by the text that began it.
    fn open_again(
        &mut self,
        bridge: &WorkerName,
        conversation: &Conversation,
        opening: Option<String>,
    ) -> Result<(), StoreError> {
        let form = match (opening, conversation.remotes.first()) {
            (Some(text), Some(party)) => Form::Say {
                sender: Sender { address: party.clone(), name: None, power: None },
                content: Content { text, ..Content::default() },
                subject: conversation.subject.clone(),
                correction: false,
                automatic: false,
                mentions: Vec::new(),
            },
            _ => Form::Notice { text: self.pipeline.words.say("moved-here", &[]) },
        };
        let fill = |delivery: &mut Delivery| {
            delivery.to = WorkerName::hub();
            delivery.conversation = Some(conversation.id);
        };
        self.add(Lane::to_room(conversation.id), bridge, fill, &form)
    }
}

/// The beginning of `text`, as far as it is kept.
fn opening(text: &str) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > OPENING) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}
