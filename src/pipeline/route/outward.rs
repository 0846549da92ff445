//! From the room to the far side.

use viadukt_api::{
    Act, Address, Content, DeliveryId, Form, Message, MessageId, Reason, Timestamp, WorkerName,
};

use super::Routing;
use crate::ledger::{Attempt, Conversation, Lane, Origin, Remote, Reported};
use crate::observe::Direction;
use crate::pipeline::judge::{Cause, Cleared, Judged};
use crate::store::StoreError;

/// How a message leaves.
#[derive(Clone, Copy, Default)]
pub(in crate::pipeline) struct Leaving {
    /// It corrects an earlier one.
    pub correction: bool,
    /// It is not part of the conversation's thread; see [`Origin::apart`].
    pub apart: bool,
    /// It goes to others as well, in conversations of their own.
    pub is_one_of_many: bool,
    /// When its author wants it sent.
    pub not_before: Option<Timestamp>,
}

impl Routing<'_, '_> {
    /// To everybody on the far side who takes part.
    pub(super) fn outward(&mut self, judged: Judged) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let id = judged.conversation();
        let Some(conversation) = id.map(|id| self.draft.conversation(id)).transpose()?.flatten()
        else {
            return Ok(());
        };
        let correction = matches!(judged.message().act, Act::Edit(_));
        let leaving = Leaving { correction, ..Leaving::default() };
        let Some((message, cleared)) = judged.into_leaving() else { return Ok(()) };
        self.send(&bridge, conversation, message, leaving, cleared)
    }

    /// Whether what `message` asks to be sent may leave towards `to`; [`Routing::send`] follows
    /// before the next such question, which counts what this one cost.
    pub(super) fn may_leave(
        &self,
        message: &Message,
        bridge: &WorkerName,
        to: &[Address],
        content: &Content,
    ) -> Result<Result<Cleared, Reason>, StoreError> {
        let Some(room) = &message.room else { return Ok(Err(Reason::new("delivery-no-room"))) };
        let cause = Cause::Person { user: &message.sender.address, room };
        self.pipeline.clear(self.draft, bridge, cause, to, content)
    }

    /// One delivery for each party that it may leave to.
    pub(in crate::pipeline) fn send(
        &mut self,
        bridge: &WorkerName,
        mut conversation: Conversation,
        message: Message,
        leaving: Leaving,
        cleared: Cleared,
    ) -> Result<(), StoreError> {
        let hub = WorkerName::hub();
        let message_id = self.pipeline.new_message_id(bridge);
        let references = conversation.ids.clone();
        let answers = self.counterpart_of_nearest(&hub, &message)?;
        conversation.push_id(message_id.clone(), self.accepted.received_at);
        let leaves_first = !std::mem::replace(&mut conversation.told_leaving, true);
        if leaves_first {
            self.count_first(bridge, &conversation, references.is_empty());
        }
        self.draft.set_conversation(&conversation);
        self.wrote(&conversation)?;
        let content = self.pipeline.numbered(self.draft, &conversation, message.content)?;
        let mut mapped = self.mapped(conversation.id);
        mapped.counterpart = Some(message_id.clone());
        // Far sides that hand our own id back report on the message as a whole.
        let whole = Reported { delivery: self.next_id(), part: None, of: 1 };
        mapped.reported = Some(whole).filter(|_| cleared.parties().len() == 1);
        if !leaving.is_one_of_many {
            self.draft.map(&hub, &message.id, &mapped);
        }
        mapped.counterpart = Some(message.id.clone()).filter(|_| !leaving.apart);
        self.draft.map(bridge, &message_id, &mapped);
        cleared.spend(self.draft, bridge)?;
        self.pipeline.metrics.left_encryption(bridge);
        let form = Form::Say {
            sender: message.sender,
            content,
            subject: None,
            correction: leaving.correction,
            automatic: false,
            mentions: Vec::new(),
        };
        for (recipient, cost) in cleared.parties() {
            let lane = match leaving.not_before {
                Some(_) => Lane::scheduled(self.next_id()),
                None => Lane::to_remote(conversation.id),
            };
            self.add(
                lane,
                bridge,
                |delivery| {
                    delivery.conversation = Some(conversation.id);
                    delivery.answers = answers.clone();
                    delivery.not_before = leaving.not_before;
                    delivery.origin = Some(Origin {
                        worker: WorkerName::hub(),
                        message: message.id.clone(),
                        room: message.room.clone(),
                        apart: leaving.apart,
                        cost: cost.shown.clone(),
                    });
                    delivery.remote = Some(Remote {
                        recipient: recipient.clone(),
                        to: conversation.remotes.clone(),
                        cc: conversation.copies.clone(),
                        via: conversation.via.clone(),
                        subject: conversation.subject.clone(),
                        message_id: message_id.clone(),
                        references: references.clone(),
                    });
                },
                &form,
            )?;
            self.tell_if_held()?;
        }
        if leaves_first {
            let text = self.pipeline.words.say("leaves-encryption", &[]);
            self.tell(bridge, Some(conversation.id), text)?;
        }
        Ok(())
    }

    /// The first message of a conversation that leaves a room begins it, or answers the far side.
    fn count_first(&self, bridge: &WorkerName, conversation: &Conversation, begins: bool) {
        let metrics = &self.pipeline.metrics;
        if begins {
            metrics.began(bridge, Direction::Out);
        } else {
            let after = self.accepted.received_at.since(conversation.began_at);
            metrics.answered_first(bridge, after);
        }
    }

    /// Whoever wrote what was just added hears at once that a rule holds it.
    fn tell_if_held(&mut self) -> Result<(), StoreError> {
        let Some(delivery) = self.deliveries.last() else { return Ok(()) };
        let Some(hold) = self.pipeline.held(delivery) else { return Ok(()) };
        let (_, told) = self.pipeline.hold(self.draft, delivery, Attempt::default(), hold)?;
        self.deliveries.extend(told);
        Ok(())
    }

    /// Takes a message back: silently while it waits, and with a plain word once it is out.
    pub(super) fn redact(&mut self, judged: &Judged, of: &MessageId) -> Result<(), StoreError> {
        let hub = WorkerName::hub();
        let bridge = judged.bridge().clone();
        let Some(mapped) = self.draft.mapped(&hub, of)? else { return Ok(()) };
        let first = DeliveryId { item: mapped.item, part: 0 };
        let first = mapped.reported.map_or(first, |reported| reported.delivery);
        let scheduled = Lane::scheduled(first);
        let lane = match self.draft.delivery(scheduled, first)? {
            Some(_) => scheduled,
            None => Lane::to_remote(mapped.conversation),
        };
        // One delivery for each party.
        let parties = self.conversation(Some(mapped.conversation))?.map(|c| c.parties().len());
        let parties = u16::try_from(parties.unwrap_or(1)).unwrap_or(u16::MAX);
        let mut key = "redaction-in-time";
        for part in first.part..first.part.saturating_add(parties) {
            if !self.take_back(lane, DeliveryId { part, ..first })? {
                key = "redaction-too-late";
            }
        }
        let text = self.pipeline.words.say(key, &[]);
        self.tell(&bridge, Some(mapped.conversation), text)
    }

    /// Takes a delivery out while it waits; `false` when it may have been made.
    pub(super) fn take_back(&mut self, lane: Lane, id: DeliveryId) -> Result<bool, StoreError> {
        let interrupted = |attempt: Attempt| attempt.under_way || attempt.deaths > 0;
        let perhaps_made = self.draft.attempt(lane, id)?.is_some_and(interrupted);
        if perhaps_made {
            return Ok(false);
        }
        if self.draft.unmake(lane, id) {
            return Ok(true);
        }
        let in_time = self.pipeline.lanes.cancel(lane, id);
        if in_time {
            self.draft.delivered(lane, id);
        }
        Ok(in_time)
    }
}
