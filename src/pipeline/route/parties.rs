//! Who gets the answers written in a conversation: whom they are written to, and who reads along.

use viadukt_api::{Address, ConversationId, Message};

use super::Routing;
use crate::config::Reply;
use crate::ledger::Conversation;
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Lets whom `message` of a far side names read along, where the bridge answers to all.
    /// Whoever takes part may bring others in; a stranger may not. Says whether somebody came.
    pub(super) fn name_all(&self, conversation: &mut Conversation, message: &Message) -> bool {
        let rules = self.pipeline.policy.rules.get(&conversation.bridge);
        let to_all = rules.is_some_and(|rules| rules.reply == Reply::All);
        let is_party = conversation.has(&message.sender.address)
            || message.answer_to.as_ref().is_some_and(|party| conversation.has(party));
        if !to_all || !is_party || message.automatic.is_some() {
            return false;
        }
        let before = conversation.copies.len();
        let named = std::iter::once(&message.sender.address).chain(&message.recipients);
        for party in named {
            let is_answered_elsewhere =
                message.answer_to.is_some() && *party == message.sender.address;
            if !conversation.has(party) && !is_answered_elsewhere {
                conversation.copies.push(party.clone());
            }
        }
        conversation.copies.len() > before
    }

    /// `!to`: answers in this thread are written to `to` from now on.
    pub(super) fn write_to(
        &mut self,
        judged: &Judged,
        to: &[String],
    ) -> Result<String, StoreError> {
        self.change_parties(judged, to, |conversation, to| {
            conversation.copies.retain(|copy| !to.contains(copy));
            conversation.remotes = to;
        })
    }

    /// `!cc`: `more` read along in this thread from now on, and `fewer` no longer.
    pub(super) fn copy_to(
        &mut self,
        judged: &Judged,
        more: &[String],
        fewer: &[String],
    ) -> Result<String, StoreError> {
        self.change_parties(judged, more, |conversation, more| {
            let leaves =
                |copy: &Address| fewer.iter().any(|one| one.eq_ignore_ascii_case(copy.as_str()));
            conversation.copies.retain(|copy| !leaves(copy));
            for party in more {
                if !conversation.has(&party) {
                    conversation.copies.push(party);
                }
            }
        })
    }

    /// Changes the parties of the conversation that `judged` was written in, and says who gets
    /// answers now. Whoever cannot be written to is named, and then nothing changes.
    fn change_parties(
        &mut self,
        judged: &Judged,
        written: &[String],
        change: impl FnOnce(&mut Conversation, Vec<Address>),
    ) -> Result<String, StoreError> {
        let words = &self.pipeline.words;
        let bridge = judged.bridge();
        let (Some(mut conversation), Some(worker)) =
            (self.conversation(judged.conversation())?, self.pipeline.worker(bridge))
        else {
            return Ok(words.say("command-parties-where", &[]));
        };
        if self.pipeline.exchange_of(&conversation).is_some() {
            return Ok(words.say("command-one-party", &[]));
        }
        let mut not_reached = Vec::new();
        let parties = self.read_recipients(&*worker, written, &mut not_reached);
        if !not_reached.is_empty() {
            return Ok(not_reached.join("\n"));
        }
        for party in &parties {
            self.approve_party(bridge, party)?;
        }
        change(&mut conversation, parties);
        self.draft.set_conversation(&conversation);
        Ok(self.who_is_answered(&conversation))
    }

    pub(super) fn conversation(
        &self,
        id: Option<ConversationId>,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(id.map(|id| self.draft.conversation(id)).transpose()?.flatten())
    }

    /// Who gets the answers written in `conversation`, in words.
    pub(super) fn who_is_answered(&self, conversation: &Conversation) -> String {
        let list = |parties: &[Address]| {
            parties.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
        };
        let (to, cc) = (list(&conversation.remotes), list(&conversation.copies));
        match conversation.copies.is_empty() {
            true => self.pipeline.words.say("answers-to", &[("to", &to)]),
            false => self.pipeline.words.say("answers-to-all", &[("to", &to), ("cc", &cc)]),
        }
    }
}
