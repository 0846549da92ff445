//! From the room to the far side.

use viadukt_api::{Act, DeliveryId, Form, Message, MessageId, WorkerName};

use super::Routing;
use crate::ledger::{Attempt, Conversation, Lane, Mapped, Origin, Remote};
use crate::pipeline::judge::Judged;
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
        self.send(&bridge, conversation, judged.into_message(), correction)
    }

    /// One delivery for each party of the conversation.
    pub(in crate::pipeline) fn send(
        &mut self,
        bridge: &WorkerName,
        mut conversation: Conversation,
        message: Message,
        correction: bool,
    ) -> Result<(), StoreError> {
        let hub = WorkerName::hub();
        let message_id = self.pipeline.new_message_id(bridge);
        let references = conversation.ids.clone();
        let answers = self.counterpart_of_nearest(&hub, &message)?;
        conversation.push_id(message_id.clone());
        self.draft.set_conversation(&conversation);
        let mut mapped = Mapped {
            conversation: conversation.id,
            counterpart: Some(message_id.clone()),
            item: self.accepted.id,
        };
        self.draft.map(&hub, &message.id, &mapped);
        mapped.counterpart = Some(message.id.clone());
        self.draft.map(bridge, &message_id, &mapped);
        self.pipeline.metrics.left_encryption(bridge);
        let form = Form::Say {
            sender: message.sender,
            content: message.content,
            subject: None,
            correction,
            automatic: false,
        };
        for recipient in &conversation.remotes {
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
                        cost: None,
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
        }
        Ok(())
    }

    /// Takes a message back: silently while it waits, and with a plain word once it is out.
    pub(super) fn redact(&mut self, judged: &Judged, of: &MessageId) -> Result<(), StoreError> {
        let hub = WorkerName::hub();
        let bridge = judged.bridge().clone();
        let Some(mapped) = self.draft.mapped(&hub, of)? else { return Ok(()) };
        let lane = Lane::to_remote(mapped.conversation);
        let first = DeliveryId { item: mapped.item, part: 0 };
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
