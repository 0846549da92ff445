//! route: the conversation, the recipients, and with them the deliveries of a message.

use viadukt_api::{
    Act, Address, Content, ConversationId, DeliveryId, Form, Message, MessageId, State, WorkerName,
};

use super::judge::{Judged, Verdict, takes_part};
use super::{Pipeline, commands::Command};
use crate::ledger::{
    Accepted, Attempt, Conversation, Delivery, Draft, Lane, Mapped, Origin, Remote, Replaced, Step,
    Thread, Way,
};
use crate::store::StoreError;

/// The deliveries of one item in the making.
pub(super) struct Routing<'r, 'l> {
    pub pipeline: &'r Pipeline,
    pub draft: &'r mut Draft<'l>,
    pub accepted: &'r Accepted,
    pub deliveries: Vec<Delivery>,
}

impl Pipeline {
    /// Turns a verdict into deliveries, all in `draft`.
    pub(super) fn route(
        &self,
        draft: &mut Draft<'_>,
        accepted: &Accepted,
        verdict: Verdict,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut routing = Routing { pipeline: self, draft, accepted, deliveries: Vec::new() };
        let (protection, outcome, verdict) = match verdict {
            Verdict::Pass(judged) => {
                let protection = judged.message().protection.clone();
                routing.pass(judged)?;
                (protection, "pass", "pass".to_owned())
            }
            Verdict::Refuse { message, bridge, conversation, reason } => {
                let text = self.words.say("not-sent", &[("reason", &self.words.reason(&reason))]);
                routing.status(&bridge, &message.id, conversation, State::Failed, text)?;
                (message.protection, "refuse", reason.key)
            }
            Verdict::Ignore { message, why } => (message.protection, "ignore", why.to_owned()),
        };
        tracing::info!(item = %accepted.id, worker = %accepted.worker, verdict = %verdict, "judged");
        self.metrics.judged(&accepted.worker, outcome);
        let deliveries = routing.deliveries;
        let way = Way::Routed {
            worker: accepted.worker.clone(),
            received_at: accepted.received_at,
            protection: protection.detail,
            verdict,
            deliveries: u16::try_from(deliveries.len()).unwrap_or(u16::MAX),
        };
        draft.step(accepted.id, &Step { at: self.env.now(), way });
        Ok(deliveries)
    }
}

impl Routing<'_, '_> {
    fn pass(&mut self, judged: Judged) -> Result<(), StoreError> {
        match judged.message().act.clone() {
            Act::Invite => self.join(&judged),
            Act::Moved(new) => self.moved(&judged, new),
            Act::Tell(reason) => {
                let text = self.pipeline.words.reason(&reason);
                self.tell(judged.bridge(), judged.conversation(), text)
            }
            Act::Report { of, state } => self.report(&judged, &of, state),
            Act::Redact(of) => self.redact(&judged, &of),
            Act::Say | Act::Edit(_) => match judged.command().cloned() {
                Some(command) => self.command(&judged, command),
                None if judged.message().room.is_some() => self.outward(judged),
                None => self.inward(judged),
            },
        }
    }

    // From the far side into the room

    fn inward(&mut self, judged: Judged) -> Result<(), StoreError> {
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
    fn counterpart_of_nearest(
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
    fn report(&mut self, judged: &Judged, of: &MessageId, state: State) -> Result<(), StoreError> {
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

    // From the room to the far side

    fn outward(&mut self, judged: Judged) -> Result<(), StoreError> {
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
    pub(super) fn send(
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
                    });
                    delivery.remote = Some(Remote {
                        recipient: recipient.clone(),
                        to: conversation.remotes.clone(),
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
    fn redact(&mut self, judged: &Judged, of: &MessageId) -> Result<(), StoreError> {
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

    fn command(&mut self, judged: &Judged, command: Command) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let bridge = judged.bridge().clone();
        let text = match command {
            Command::New { to, subject, text } => return self.new(judged, to, subject, text),
            Command::Help => words.say("command-help", &[]),
            Command::Unclear => words.say("command-unclear", &[]),
            Command::Status => self.pipeline.status_text(),
            Command::Resend { reference } => {
                let again = self.pipeline.resend(
                    self.draft,
                    judged.conversation(),
                    reference.as_deref(),
                )?;
                let count = again.len().to_string();
                self.deliveries.extend(again);
                words.say("command-resend", &[("count", &count)])
            }
        };
        self.tell(&bridge, judged.conversation(), text)
    }

    /// `!new`: a conversation whose thread grows from the command itself.
    fn new(
        &mut self,
        judged: &Judged,
        to: Address,
        subject: String,
        text: String,
    ) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let message = judged.message();
        let Some(room) = message.room.clone() else { return Ok(()) };
        let conversation = Conversation {
            id: ConversationId(self.accepted.id.0),
            bridge: bridge.clone(),
            remotes: vec![to],
            subject: Some(subject),
            ids: Vec::new(),
            began_at: self.accepted.received_at,
        };
        self.draft.set_thread(conversation.id, &Thread { room, root: message.id.clone() });
        self.draft.set_conversation(&conversation);
        if text.is_empty() {
            let mapped =
                Mapped { conversation: conversation.id, counterpart: None, item: self.accepted.id };
            self.draft.map(&WorkerName::hub(), &message.id, &mapped);
            let text = self.pipeline.words.say("command-new", &[]);
            return self.tell(&bridge, Some(conversation.id), text);
        }
        let content = Content { text, ..Content::default() };
        let first = Message { content, ancestors: Vec::new(), ..message.clone() };
        self.send(&bridge, conversation, first, false)
    }

    // The hub's own affairs

    fn join(&mut self, judged: &Judged) -> Result<(), StoreError> {
        let room = judged.message().room.clone();
        let hub = WorkerName::hub();
        self.add(Lane::of_bridge(&hub), &hub, |delivery| delivery.room = room, &Form::Join)
    }

    fn moved(&mut self, judged: &Judged, new: viadukt_api::RoomId) -> Result<(), StoreError> {
        let Some(old) = judged.message().room.clone() else { return Ok(()) };
        self.draft.set_replaced(&Replaced { old: old.clone(), new: new.clone() });
        self.pipeline.rooms.replace(old, new.clone());
        let bridge = judged.bridge().clone();
        self.add(
            Lane::of_bridge(&bridge),
            &bridge,
            |delivery| {
                delivery.to = WorkerName::hub();
                delivery.room = Some(new);
            },
            &Form::Join,
        )
    }

    // Sentences of the bridge itself

    /// A sentence into the conversation's thread, or into the bridge's room.
    fn tell(
        &mut self,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
        text: String,
    ) -> Result<(), StoreError> {
        let lane = conversation.map_or_else(|| Lane::of_bridge(bridge), Lane::to_room);
        self.add(
            lane,
            bridge,
            |delivery| {
                delivery.to = WorkerName::hub();
                delivery.conversation = conversation;
            },
            &Form::Notice { text },
        )
    }

    fn status(
        &mut self,
        bridge: &WorkerName,
        event: &MessageId,
        conversation: Option<ConversationId>,
        state: State,
        text: String,
    ) -> Result<(), StoreError> {
        let lane = conversation.map_or_else(|| Lane::of_bridge(bridge), Lane::to_room);
        self.add(
            lane,
            bridge,
            |delivery| {
                delivery.to = WorkerName::hub();
                delivery.conversation = conversation;
            },
            &Form::Status { of: event.clone(), state, text },
        )
    }

    /// Adds a delivery of `form`; `fill` sets what differs from a delivery to `bridge`.
    fn add(
        &mut self,
        lane: Lane,
        bridge: &WorkerName,
        fill: impl FnOnce(&mut Delivery),
        form: &Form,
    ) -> Result<(), StoreError> {
        let part = u16::try_from(self.deliveries.len()).unwrap_or(u16::MAX);
        let mut delivery = Delivery {
            id: DeliveryId { item: self.accepted.id, part },
            lane,
            to: bridge.clone(),
            bridge: bridge.clone(),
            conversation: None,
            room: None,
            remote: None,
            origin: None,
            answers: None,
            accepted_at: self.accepted.received_at,
            form: self.pipeline.ledger.payload(form)?,
        };
        fill(&mut delivery);
        self.draft.set_delivery(&delivery);
        self.deliveries.push(delivery);
        Ok(())
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
