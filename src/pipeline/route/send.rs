//! `!send`: a text to one or several recipients, in the conversation that there is with each or
//! in a new one.

use viadukt_api::{
    Address, Content, ConversationId, Message, Reason, Timestamp, Worker, WorkerName,
};

use super::Routing;
use super::outward::Leaving;
use crate::ledger::{Conversation, Place, Thread};
use crate::pipeline::judge::{Cleared, Judged};
use crate::store::StoreError;

/// More recipients in one command are a slip, or a newsletter.
const MOST_RECIPIENTS: usize = 50;

/// Where a conversation that begins by a command lives.
#[derive(Default)]
pub(super) struct Cradle {
    pub home: Place,
    /// The thread that grows from the command, where it was written where the conversation will
    /// live.
    pub thread: Option<Thread>,
}

impl Routing<'_, '_> {
    /// Sends `text` to each of `to` whom the network can reach; the others are named in the
    /// answer.
    pub(super) fn send_to(
        &mut self,
        judged: &Judged,
        to: &[String],
        not_before: Option<Timestamp>,
        text: String,
    ) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let Some(worker) = self.pipeline.worker(&bridge) else { return Ok(()) };
        let cradle = self.cradle(judged)?;
        let content = Content { text, ..Content::default() };
        let message = Message { content, ancestors: Vec::new(), ..judged.message().clone() };
        let mut answer = Vec::new();
        let parties = self.read_recipients(&*worker, to, &mut answer);
        let is_one_of_many = parties.len() > 1;
        let leaving = Leaving { not_before, is_one_of_many, ..Leaving::default() };
        let mut sent = 0;
        for party in &parties {
            match self.send_one(&bridge, &cradle, party, message.clone(), leaving)? {
                Ok(()) => sent += 1,
                Err(reason) => answer.push(self.not_reached(party.as_str(), &reason)),
            }
        }
        if is_one_of_many {
            let count = sent.to_string();
            answer.insert(0, self.pipeline.words.say("command-send-many", &[("count", &count)]));
        }
        match answer.is_empty() {
            true => Ok(()),
            false => self.tell(&bridge, judged.conversation(), answer.join("\n")),
        }
    }

    /// Where conversations live that begin by a command in this room. None begins in the intake
    /// room: who writes to somebody has approved them.
    pub(super) fn cradle(&self, judged: &Judged) -> Result<Cradle, StoreError> {
        let Some(room) = &judged.message().room else { return Ok(Cradle::default()) };
        let known = self.pipeline.known_room(self.draft, room)?;
        let written_in = known.map_or(Place::Main, |known| known.place);
        let rooms = self.pipeline.policy.rooms.get(judged.bridge());
        let has_single = rooms.is_some_and(|rooms| rooms.single.is_some());
        let home = match &written_in {
            Place::Team(_) => written_in.clone(),
            _ if has_single => Place::Own,
            _ => Place::Main,
        };
        let grows = home == written_in && home != Place::Own;
        let root = Some(judged.message().id.clone());
        let thread = grows.then(|| Thread { place: home.clone(), room: room.clone(), root });
        Ok(Cradle { home, thread })
    }

    /// The recipients as the network knows them, none twice.
    pub(super) fn read_recipients(
        &self,
        worker: &dyn Worker,
        to: &[String],
        answer: &mut Vec<String>,
    ) -> Vec<Address> {
        let mut parties = Vec::new();
        for written in to {
            let read = worker.recipient(written).and_then(|party| match parties.len() {
                MOST_RECIPIENTS => Err(Reason::new("refused-too-many-recipients")),
                _ => Ok(party),
            });
            match read {
                Ok(party) if parties.contains(&party) => {}
                Ok(party) => parties.push(party),
                Err(reason) => answer.push(self.not_reached(written, &reason)),
            }
        }
        parties
    }

    fn not_reached(&self, written: &str, reason: &Reason) -> String {
        let words = &self.pipeline.words;
        let reason = words.clause(reason);
        words.say("command-send-not", &[("recipient", written), ("reason", &reason)])
    }

    /// In the conversation that there is with `party`, or in a new one; or why not.
    fn send_one(
        &mut self,
        bridge: &WorkerName,
        cradle: &Cradle,
        party: &Address,
        message: Message,
        leaving: Leaving,
    ) -> Result<Result<(), Reason>, StoreError> {
        let rooms = self.pipeline.policy.rooms.get(bridge);
        let via = rooms.and_then(|rooms| rooms.via(&cradle.home)).cloned();
        let known = self.conversation_with(bridge, &cradle.home, via.as_ref(), party)?;
        let is_new = known.is_none();
        let mut conversation =
            known.unwrap_or_else(|| self.begin_with_party(bridge, party, via, None));
        let content = self.pipeline.numbered(self.draft, &conversation, message.content.clone())?;
        let cleared = match self.may_leave(&message, bridge, &conversation.parties(), &content)? {
            Ok(cleared) => cleared,
            Err(reason) => return Ok(Err(reason)),
        };
        self.approve_party(bridge, party)?;
        if is_new {
            self.send_first(conversation, cradle, message, leaving, cleared)?;
            return Ok(Ok(()));
        }
        if self.draft.home(conversation.id)? == Place::Intake {
            self.draft.set_home(conversation.id, &cradle.home);
            conversation.opening = None;
        }
        self.send_apart(conversation, message, leaving, cleared).map(Ok)
    }

    /// The first words of a new conversation. With a single recipient its thread grows from the
    /// command itself, where it may.
    pub(super) fn send_first(
        &mut self,
        conversation: Conversation,
        cradle: &Cradle,
        message: Message,
        leaving: Leaving,
        cleared: Cleared,
    ) -> Result<(), StoreError> {
        if cradle.home != Place::Main {
            self.draft.set_home(conversation.id, &cradle.home);
        }
        match cradle.thread.as_ref().filter(|_| !leaving.is_one_of_many) {
            Some(thread) => {
                self.draft.set_thread(conversation.id, thread);
                self.send(&conversation.bridge.clone(), conversation, message, leaving, cleared)
            }
            None => self.send_apart(conversation, message, leaving, cleared),
        }
    }

    /// Words that are not written in the conversation's thread are shown there, and what becomes
    /// of them is told there.
    fn send_apart(
        &mut self,
        conversation: Conversation,
        message: Message,
        leaving: Leaving,
        cleared: Cleared,
    ) -> Result<(), StoreError> {
        let bridge = conversation.bridge.clone();
        let party = conversation.remotes.first().map_or("", Address::as_str);
        let args = [("recipient", party), ("text", message.content.text.as_str())];
        let text = self.pipeline.words.say("sent-apart", &args);
        self.tell(&bridge, Some(conversation.id), text)?;
        self.send(&bridge, conversation, message, Leaving { apart: true, ..leaving }, cleared)
    }

    /// The conversation with `party` that lives at `home`, or else one that waits in the intake
    /// room.
    fn conversation_with(
        &self,
        bridge: &WorkerName,
        home: &Place,
        via: Option<&Address>,
        party: &Address,
    ) -> Result<Option<Conversation>, StoreError> {
        let worker = self.pipeline.worker(bridge);
        let Some(id) = worker.and_then(|worker| worker.exchange(via, party)) else {
            return Ok(None);
        };
        let exchange = self.draft.exchange(bridge, &id)?.unwrap_or_default();
        let mut waits = None;
        for numbered in &exchange.conversations {
            let lives = self.draft.home(numbered.conversation)?;
            if is_one_room(&lives, home) {
                return self.draft.conversation(numbered.conversation);
            }
            waits = waits.or(Some(numbered.conversation).filter(|_| lives == Place::Intake));
        }
        Ok(waits.map(|id| self.draft.conversation(id)).transpose()?.flatten())
    }

    /// A conversation that begins now with `party`.
    pub(super) fn begin_with_party(
        &self,
        bridge: &WorkerName,
        party: &Address,
        via: Option<Address>,
        subject: Option<String>,
    ) -> Conversation {
        Conversation {
            id: self.next_conversation(),
            bridge: bridge.clone(),
            remotes: vec![party.clone()],
            copies: Vec::new(),
            via,
            subject,
            ids: Vec::new(),
            began_at: self.accepted.received_at,
            messages: 0,
            last_at: None,
            opening: None,
            told_leaving: false,
        }
    }

    /// An id for a conversation that begins now. The item's own would do for one; of several
    /// each is told apart by the place of its first delivery.
    fn next_conversation(&self) -> ConversationId {
        let hash = blake3::hash(&self.next_id().to_bytes());
        let random = hash.as_bytes().first_chunk::<16>().map_or(0, |b| u128::from_be_bytes(*b));
        ConversationId(ulid::Ulid::from_parts(self.accepted.id.0.timestamp_ms(), random))
    }
}

/// Whether conversations of both places are those of the bridge's own room: with
/// `conversations = "room"` they have left it.
fn is_one_room(one: &Place, other: &Place) -> bool {
    let is_main = |place: &Place| matches!(place, Place::Main | Place::Own);
    one == other || (is_main(one) && is_main(other))
}
