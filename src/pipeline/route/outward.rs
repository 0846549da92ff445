//! From the room to the far side.

use viadukt_api::{
    Act, Address, Content, DeliveryId, Form, Message, MessageId, Reason, WorkerName,
};

use super::Routing;
use crate::ledger::{Attempt, Conversation, Lane, Mapped, Origin, Remote};
use crate::pipeline::judge::{Cause, Cleared, Judged};
use crate::store::StoreError;

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
        let Some((message, cleared)) = judged.into_leaving() else { return Ok(()) };
        self.send(&bridge, conversation, message, correction, cleared)
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
        correction: bool,
        cleared: Cleared,
    ) -> Result<(), StoreError> {
        let hub = WorkerName::hub();
        let message_id = self.pipeline.new_message_id(bridge);
        let references = conversation.ids.clone();
        let answers = self.counterpart_of_nearest(&hub, &message)?;
        conversation.push_id(message_id.clone());
        let leaves_first = !std::mem::replace(&mut conversation.told_leaving, true);
        self.draft.set_conversation(&conversation);
        let mut mapped = Mapped {
            conversation: conversation.id,
            counterpart: Some(message_id.clone()),
            item: self.accepted.id,
        };
        self.draft.map(&hub, &message.id, &mapped);
        mapped.counterpart = Some(message.id.clone());
        self.draft.map(bridge, &message_id, &mapped);
        cleared.spend(self.draft, bridge)?;
        self.pipeline.metrics.left_encryption(bridge);
        let form = Form::Say {
            sender: message.sender,
            content: message.content,
            subject: None,
            correction,
            automatic: false,
        };
        for (recipient, cost) in cleared.parties() {
            self.add(
                Lane::to_remote(conversation.id),
                bridge,
                |delivery| {
                    delivery.conversation = Some(conversation.id);
                    delivery.answers = answers.clone();
                    delivery.origin = Some(Origin {
                        worker: WorkerName::hub(),
                        message: message.id.clone(),
                        room: message.room.clone(),
                        cost: cost.shown.clone(),
                    });
                    delivery.remote = Some(Remote {
                        recipient: recipient.clone(),
                        to: conversation.remotes.clone(),
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
        let scheduled = Lane::scheduled(first);
        let lane = match self.draft.delivery(scheduled, first)? {
            Some(_) => scheduled,
            None => Lane::to_remote(mapped.conversation),
        };
        let interrupted = |attempt: Attempt| attempt.under_way || attempt.deaths > 0;
        let perhaps_sent = self.draft.attempt(lane, first)?.is_some_and(interrupted);
        let key = if !perhaps_sent && self.pipeline.lanes.cancel(lane, first) {
            self.draft.delivered(lane, first);
            "redaction-in-time"
        } else {
            "redaction-too-late"
        };
        let text = self.pipeline.words.say(key, &[]);
        self.tell(&bridge, Some(mapped.conversation), text)
    }
}
