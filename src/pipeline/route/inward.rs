//! From a far side into the room.

use viadukt_api::{Act, ConversationId, Form, Message, MessageId, State, WorkerName};

use super::Routing;
use crate::ledger::{Conversation, Lane, Mapped, Origin};
use crate::pipeline::judge::{Judged, takes_part};
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Into the conversation's thread, or into a new one.
    pub(super) fn inward(&mut self, judged: Judged) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let message = judged.message();
        let mut conversation = match judged.conversation() {
            Some(id) => self.draft.conversation(id)?,
            None => None,
        }
        .unwrap_or_else(|| self.begin(&bridge, message));
        let stranger = !takes_part(&conversation.remotes, &message.sender.address);
        let new_subject = message.subject.clone().filter(|subject| {
            conversation.ids.is_empty()
                || !same_subject(conversation.subject.as_deref().unwrap_or_default(), subject)
        });
        let known = self.conversation_was_known(&judged);
        for id in message.ancestors.iter().rev() {
            self.index(&bridge, id, conversation.id)?;
        }
        conversation.push_id(message.id.clone());
        self.draft.set_conversation(&conversation);
        let mapped =
            Mapped { conversation: conversation.id, counterpart: None, item: self.accepted.id };
        self.draft.map(&bridge, &message.id, &mapped);
        if stranger && known {
            let text = self.pipeline.words.say("stranger-joined", &[]);
            self.tell(&bridge, Some(conversation.id), text)?;
        }
        let answers = self.counterpart_of_nearest(&bridge, message)?;
        let compact = judged.compact();
        let message = judged.into_message();
        let origin = Origin { worker: bridge.clone(), message: message.id, room: None };
        let form = Form::Say {
            sender: message.sender,
            content: message.content,
            subject: new_subject,
            correction: matches!(message.act, Act::Edit(_)),
            automatic: compact,
        };
        self.add(
            Lane::to_room(conversation.id),
            &bridge,
            |delivery| {
                delivery.to = WorkerName::hub();
                delivery.conversation = Some(conversation.id);
                delivery.origin = Some(origin);
                delivery.answers = answers;
            },
            &form,
        )
    }

    fn begin(&self, bridge: &WorkerName, message: &Message) -> Conversation {
        Conversation {
            id: ConversationId(self.accepted.id.0),
            bridge: bridge.clone(),
            remotes: vec![message.sender.address.clone()],
            subject: message.subject.clone(),
            ids: Vec::new(),
            began_at: self.accepted.received_at,
        }
    }

    fn conversation_was_known(&self, judged: &Judged) -> bool {
        judged.conversation().is_some()
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
            let mapped = Mapped { conversation, counterpart: None, item: self.accepted.id };
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

    /// A far side's report on something we delivered: told where it was written.
    pub(super) fn report(
        &mut self,
        judged: &Judged,
        of: &MessageId,
        state: State,
    ) -> Result<(), StoreError> {
        let bridge = judged.bridge();
        let reported = self.draft.mapped(bridge, of)?;
        let Some(event) = reported.and_then(|mapped| mapped.counterpart) else { return Ok(()) };
        let key = match state {
            State::Sent => "report-delivered",
            State::Delayed => "report-delayed",
            State::Failed | State::Unknown => "report-failed",
        };
        let detail = judged.message().content.text.as_str();
        let text = self.pipeline.words.say(key, &[("detail", detail)]);
        self.status(bridge, &event, judged.conversation(), state, text)
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
