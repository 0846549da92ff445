//! What viadukt answers by itself: to a wish, to a first message, to one that comes while nobody
//! is there, to one that could not be shown.
//!
//! At most one answer to a message: a wish goes before all, and who writes outside office hours
//! hears that rather than an acknowledgement. The same answer goes to the same contact once in a
//! while only, so that two machines that answer each other soon fall silent, and none goes to
//! what a machine wrote. Contacts are looked up by the far side's address alone.

use std::time::Duration;

use viadukt_api::{
    Act, Address, Content, DeliveryId, Form, ItemId, Sender, Timestamp, Wish, WorkerName,
};

use super::Routing;
use crate::config::{Answers, Rules};
use crate::ledger::{Answer, Conversation, Delivery, Draft, Lane, Mapped, Remote};
use crate::pipeline::Pipeline;
use crate::pipeline::judge::{Cause, Judged};
use crate::store::StoreError;

/// A wish is confirmed to the same contact again after this time at the earliest.
const CONFIRMED_FOR: Duration = Duration::from_secs(86_400);

/// The message that is answered.
pub(in crate::pipeline) struct Answered<'m> {
    /// The item that it came in with.
    pub item: ItemId,
    /// When.
    pub accepted_at: Timestamp,
    /// Its conversation.
    pub conversation: Conversation,
    /// Who wrote it.
    pub author: &'m Address,
}

impl Routing<'_, '_> {
    /// Shows what came from a far side, and answers it if something must be answered.
    pub(super) fn shown_and_answered(&mut self, judged: Judged) -> Result<(), StoreError> {
        let message = judged.message();
        let (author, act) = (message.sender.address.clone(), message.act.clone());
        let (begins, by_machine) = (judged.conversation().is_none(), judged.compact());
        let bridge = judged.bridge().clone();
        let id = self.inward(judged)?;
        let answer = match act {
            Act::Wish(wish) => {
                self.wish(&bridge, id, &author, wish)?;
                Some(answer_to(wish))
            }
            Act::Say => self.pipeline.answer_due(&bridge, begins),
            _ => None,
        };
        let (Some(answer), Some(conversation)) =
            (answer.filter(|_| !by_machine), self.draft.conversation(id)?)
        else {
            return Ok(());
        };
        let answered = Answered {
            item: self.accepted.id,
            accepted_at: self.accepted.received_at,
            conversation,
            author: &author,
        };
        let first = self.next_id().part;
        for delivery in self.pipeline.answer(self.draft, answered, answer, first)? {
            self.draft.set_delivery(&delivery);
            self.deliveries.push(delivery);
        }
        Ok(())
    }
}

fn answer_to(wish: Wish) -> Answer {
    match wish {
        Wish::Stop => Answer::Stop,
        Wish::Start => Answer::Start,
        Wish::Help => Answer::Help,
    }
}

impl Pipeline {
    /// The answer, if any, to an ordinary message that comes now.
    fn answer_due(&self, bridge: &WorkerName, begins: bool) -> Option<Answer> {
        let Rules { answers, .. } = self.policy.rules.get(bridge)?;
        let now = self.env.now();
        if answers.out_of_hours && answers.nobody_is_there(now, &self.policy.zone) {
            return Some(Answer::OutOfHours);
        }
        (answers.first_contact && begins).then_some(Answer::FirstContact)
    }

    /// Makes the deliveries of an answer, numbered from `first`: to the author, and a notice of
    /// it in the room. None when the author had the same answer lately, or must not be written
    /// to. The contacts' lock is held.
    pub(in crate::pipeline) fn answer(
        &self,
        draft: &mut Draft<'_>,
        answered: Answered<'_>,
        answer: Answer,
        first: u16,
    ) -> Result<Vec<Delivery>, StoreError> {
        let Answered { item, accepted_at, mut conversation, author } = answered;
        let bridge = conversation.bridge.clone();
        let Some(Rules { answers, .. }) = self.policy.rules.get(&bridge) else {
            return Ok(Vec::new());
        };
        let confirms = matches!(answer, Answer::Stop | Answer::Start | Answer::Help);
        let again_after = if confirms { CONFIRMED_FOR } else { answers.again_after };
        let now = self.env.now();
        let mut contact = draft.contact(&bridge, author)?;
        let lately = |at: &Timestamp| now.since(*at) < again_after;
        if contact.blocked.is_some() || contact.answered.get(&answer).is_some_and(lately) {
            return Ok(Vec::new());
        }
        let content = Content { text: self.text_of(answers, answer), ..Content::default() };
        let cause = if confirms { Cause::Confirmation } else { Cause::Answer };
        let cleared =
            match self.clear(draft, &bridge, cause, std::slice::from_ref(author), &content)? {
                Ok(cleared) => cleared,
                Err(reason) => {
                    tracing::info!(item = %item, worker = %bridge, %reason, "not answered");
                    return Ok(Vec::new());
                }
            };
        cleared.spend(draft, &bridge)?;
        contact.answered.insert(answer, now);
        draft.set_contact(&bridge, author, &contact);
        let message_id = self.new_message_id(&bridge);
        let references = conversation.ids.clone();
        conversation.push_id(message_id.clone(), now);
        draft.set_conversation(&conversation);
        let mapped = Mapped {
            conversation: conversation.id,
            counterpart: None,
            room: None,
            item,
            reported: None,
        };
        draft.map(&bridge, &message_id, &mapped);
        self.metrics.answered(&bridge, answer.as_str());

        let notice = self.words.say("answered-automatically", &[("text", &content.text)]);
        let sender = Sender {
            address: Address::new(bridge.as_str()),
            name: Some(answers.name.clone()),
            power: None,
        };
        let form = Form::Say {
            sender,
            content,
            subject: None,
            correction: false,
            automatic: true,
            mentions: Vec::new(),
        };
        let id = DeliveryId { item, part: first };
        // It waits behind nothing that a rule holds.
        let lane = Lane::scheduled(id);
        let to_author = Delivery {
            conversation: Some(conversation.id),
            remote: Some(Remote {
                recipient: author.clone(),
                to: vec![author.clone()],
                cc: Vec::new(),
                via: conversation.via,
                subject: conversation.subject,
                message_id,
                references,
            }),
            ..Delivery::new(id, lane, &bridge, accepted_at, self.ledger.payload(&form)?)
        };
        let into_room = Delivery {
            id: DeliveryId { item, part: first + 1 },
            lane: Lane::to_room(conversation.id),
            to: WorkerName::hub(),
            remote: None,
            form: self.ledger.payload(&Form::Notice { text: notice })?,
            ..to_author.clone()
        };
        Ok(vec![to_author, into_room])
    }

    fn text_of(&self, answers: &Answers, answer: Answer) -> String {
        let (own, key) = match answer {
            Answer::FirstContact => (&answers.first_contact_text, "answer-first-contact"),
            Answer::OutOfHours => (&answers.out_of_hours_text, "answer-out-of-hours"),
            Answer::Undeliverable => (&answers.undeliverable_text, "answer-undeliverable"),
            Answer::Stop => (&answers.stop_text, "answer-stop"),
            Answer::Start => (&answers.start_text, "answer-start"),
            Answer::Help => (&answers.help_text, "answer-help"),
        };
        own.clone().unwrap_or_else(|| self.words.say(key, &[("name", &answers.name)]))
    }
}
