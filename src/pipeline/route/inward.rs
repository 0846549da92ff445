//! From a far side into the room.

use viadukt_api::{
    Act, Address, Content, ConversationId, Form, Level, Message, MessageId, Sender, WorkerName,
};

use super::Routing;
use crate::ledger::{Conversation, Delivery, Origin};
use crate::observe::Direction;
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Into the conversation's thread, or into a new one; says which it is.
    pub(super) fn inward(&mut self, judged: Judged) -> Result<ConversationId, StoreError> {
        let bridge = judged.bridge().clone();
        let (compact, withheld) = (judged.compact(), judged.withheld());
        let known = judged.conversation().map(|id| self.draft.conversation(id)).transpose()?;
        let mut message = judged.into_message();
        let mut remark = self.remark(known.as_ref().and_then(Option::as_ref), &message);
        let mut conversation = match known.flatten() {
            Some(conversation) => conversation,
            None => self.begin(&bridge, &message)?,
        };
        if self.heard(&mut message, &conversation)? {
            remark = Some(self.pipeline.words.say("talks-elsewhere-too", &[]));
        }
        let is_joined = self.name_all(&mut conversation, &message);
        if let Some(level) = withheld {
            self.withhold(&bridge, level, &mut message);
        }
        let subject = message.subject.clone().filter(|subject| {
            conversation.ids.is_empty()
                || !same_subject(conversation.subject.as_deref().unwrap_or_default(), subject)
        });
        let answers = self.counterpart_of_nearest(&bridge, &message)?;
        for id in message.ancestors.iter().rev() {
            self.index(&bridge, id, conversation.id)?;
        }
        match message.matter {
            // Reports may share an id, and then what the map knows of it still holds.
            Some(_) => self.index(&bridge, &message.id, conversation.id)?,
            None => self.draft.map(&bridge, &message.id, &self.mapped(conversation.id)),
        }
        conversation.push_id(message.id.clone(), self.accepted.received_at);
        self.draft.set_conversation(&conversation);
        let report = match message.matter.clone() {
            Some(matter) => match self.report_on(matter, &bridge, &mut message)? {
                Some(report) => Some(report),
                None => return Ok(conversation.id),
            },
            None => None,
        };
        let flood = self.flood(&bridge, conversation.id, compact, message.severity);
        let word = self.word(&bridge, conversation.id, flood, report, &message)?;
        let origin = Origin {
            worker: bridge.clone(),
            message: word.began_with.clone(),
            room: None,
            apart: false,
            cost: None,
        };
        let form = Form::Say {
            sender: message.sender,
            content: message.content,
            subject: subject.filter(|_| message.matter.is_none()),
            correction: matches!(message.act, Act::Edit(_)),
            automatic: compact,
            mentions: word.calls,
        };
        let fill = |delivery: &mut Delivery| {
            delivery.to = WorkerName::hub();
            delivery.conversation = Some(conversation.id);
            delivery.origin = Some(origin);
            delivery.answers = answers;
            delivery.role = word.role;
            delivery.level = message.level;
        };
        self.show(&bridge, conversation.id, flood, fill, &form)?;
        if let Some(call) = word.raised {
            self.call(&bridge, conversation.id, &word.began_with, call)?;
        }
        if is_joined {
            self.tell(&bridge, Some(conversation.id), self.who_is_answered(&conversation))?;
        }
        if let Some(text) = remark {
            self.tell(&bridge, Some(conversation.id), text)?;
        }
        Ok(conversation.id)
    }

    /// Leaves of `message` only that it came: its level is above its room's.
    fn withhold(&self, bridge: &WorkerName, level: Level, message: &mut Message) {
        let words = &self.pipeline.words;
        let level = match level {
            Level::Normal => "normal",
            Level::High => "high",
            Level::VeryHigh => "very-high",
        };
        let args = [("level", level), ("bridge", bridge.as_str())];
        message.content =
            Content { text: words.say("level-withheld", &args), ..Content::default() };
        message.subject = None;
        message.level = None;
        let address = Address::new(bridge.as_str());
        message.sender = Sender { address, name: None, power: None };
    }

    /// What a clerk must know about who gets the answers to `message`.
    fn remark(&self, known: Option<&Conversation>, message: &Message) -> Option<String> {
        let words = &self.pipeline.words;
        let answer_to = message.answer_to.as_ref();
        let Some(conversation) = known else {
            let address = answer_to?.as_str();
            return Some(words.say("answers-elsewhere", &[("address", address)]));
        };
        let mut named = std::iter::once(&message.sender.address).chain(answer_to);
        let is_stranger = !named.any(|address| conversation.has(address));
        is_stranger.then(|| words.say("stranger-joined", &[]))
    }

    fn begin(
        &mut self,
        bridge: &WorkerName,
        message: &Message,
    ) -> Result<Conversation, StoreError> {
        let mut conversation = Conversation {
            id: ConversationId(self.accepted.id.0),
            bridge: bridge.clone(),
            remotes: vec![message.answer_to.as_ref().unwrap_or(&message.sender.address).clone()],
            copies: Vec::new(),
            via: message.via.clone(),
            subject: message.subject.clone(),
            ids: Vec::new(),
            began_at: self.accepted.received_at,
            messages: 0,
            last_at: None,
            opening: None,
            told_leaving: false,
        };
        self.settle_home(&mut conversation, message)?;
        self.pipeline.metrics.began(bridge, Direction::In);
        Ok(conversation)
    }

    /// Remembers an ancestor that nobody has seen, so that another branch of the same exchange
    /// finds the conversation too.
    fn index(
        &mut self,
        bridge: &WorkerName,
        id: &MessageId,
        conversation: ConversationId,
    ) -> Result<(), StoreError> {
        if self.draft.mapped(bridge, id)?.is_none() {
            let mapped = self.mapped(conversation);
            self.draft.map(bridge, id, &mapped);
        }
        Ok(())
    }

    /// The id, on the other side, of the nearest ancestor that has one.
    pub(super) fn counterpart_of_nearest(
        &self,
        worker: &WorkerName,
        message: &Message,
    ) -> Result<Option<MessageId>, StoreError> {
        for id in &message.ancestors {
            let mapped = self.draft.mapped(worker, id)?;
            if let Some(counterpart) = mapped.and_then(|mapped| mapped.counterpart) {
                return Ok(Some(counterpart));
            }
        }
        Ok(None)
    }
}

/// Whether two subjects are the same apart from reply and forward marks in front.
fn same_subject(one: &str, other: &str) -> bool {
    without_marks(one) == without_marks(other)
}

fn without_marks(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((mark, further)) = rest.split_once(':') {
        let known = ["re", "aw", "antw", "fw", "fwd", "wg"];
        if !known.iter().any(|known| mark.trim().eq_ignore_ascii_case(known)) {
            break;
        }
        rest = further.trim();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_marks_do_not_make_a_new_subject() {
        assert!(same_subject("Antrag", "AW: Re: Antrag"));
        assert!(same_subject("Re: Antrag", "Antrag "));
        assert!(!same_subject("Antrag", "Re: Antrag auf Wohngeld"));
        assert!(!same_subject("Termin: morgen", "morgen"));
    }
}
