//! route: the conversation, the recipients, and with them the deliveries of a message.

mod answers;
mod approve;
mod command;
mod control;
mod deed;
mod exchange;
mod inward;
mod matter;
mod outward;
mod report;
mod send;
mod wish;

use viadukt_api::{
    Act, ConversationId, DeliveryId, Form, MessageId, Reason, RoomId, State, WorkerName,
};

use super::Pipeline;
use super::judge::{BLOCKED, Judged, Verdict};
use crate::ledger::{Accepted, Delivery, Draft, Lane, Mapped, Named, Replaced, Step, Way};
use crate::store::StoreError;

pub(super) use answers::Answered;
pub(super) use report::reportable;

/// The deliveries of one item in the making.
pub(super) struct Routing<'r, 'l> {
    pub pipeline: &'r Pipeline,
    pub draft: &'r mut Draft<'l>,
    pub accepted: &'r Accepted,
    pub deliveries: Vec<Delivery>,
    /// The room that the message was written in.
    pub room: Option<RoomId>,
    /// The id that must be known before the item can be routed; until then it stays in the
    /// journal.
    pub awaits: Option<MessageId>,
}

/// What came of routing one item.
pub(super) struct Routed {
    pub deliveries: Vec<Delivery>,
    /// See [`Routing::awaits`].
    pub awaits: Option<MessageId>,
}

impl Pipeline {
    /// Turns a verdict into deliveries, all in `draft`.
    pub(super) fn route(
        &self,
        draft: &mut Draft<'_>,
        accepted: &Accepted,
        verdict: Verdict,
    ) -> Result<Routed, StoreError> {
        let (deliveries, room) = (Vec::new(), verdict.message().room.clone());
        let party = Some(&verdict.message().sender.address).filter(|_| room.is_none());
        let named = Named { worker: accepted.worker.clone(), at: accepted.received_at };
        draft.name(&verdict.message().id, accepted.id, &named);
        let contact = party.map(|party| draft.alias(&accepted.worker, party));
        let mut routing =
            Routing { pipeline: self, draft, accepted, deliveries, room, awaits: None };
        let (protection, outcome, verdict) = match verdict {
            Verdict::Pass(judged) => {
                let protection = judged.message().protection.clone();
                let verdict = judged.verdict();
                routing.pass(judged)?;
                (protection, verdict, verdict.to_owned())
            }
            Verdict::Refuse { message, bridge, conversation, reason } => {
                match message.act {
                    Act::React { .. } => routing.refuse_mark(&bridge, conversation, &reason)?,
                    _ => routing.refuse(&bridge, &message.id, conversation, &reason)?,
                }
                (message.protection, "refuse", reason.key)
            }
            Verdict::Ignore { message, why: BLOCKED } => {
                routing.unseen_wish(&message)?;
                (message.protection, BLOCKED, BLOCKED.to_owned())
            }
            Verdict::Ignore { message, why } => (message.protection, "ignore", why.to_owned()),
        };
        tracing::info!(
            item = %accepted.id, worker = %accepted.worker, contact, verdict = %verdict, "judged"
        );
        self.metrics.judged(&accepted.worker, outcome);
        let Routing { deliveries, awaits, .. } = routing;
        let way = Way::Routed {
            worker: accepted.worker.clone(),
            received_at: accepted.received_at,
            before: protection,
            hop: accepted.protection.clone(),
            verdict,
            deliveries: u16::try_from(deliveries.len()).unwrap_or(u16::MAX),
        };
        draft.step(accepted.id, &Step { at: self.env.now(), way });
        Ok(Routed { deliveries, awaits })
    }
}

impl Routing<'_, '_> {
    fn pass(&mut self, judged: Judged) -> Result<(), StoreError> {
        match judged.message().act.clone() {
            Act::Invite => self.join(&judged),
            Act::Moved(new) => self.moved(&judged, new),
            Act::Tell(reason) => {
                self.pipeline.metrics.told(&self.accepted.worker, &reason.key);
                let text = self.pipeline.words.reason(&reason);
                self.tell(judged.bridge(), judged.conversation(), text)
            }
            Act::Report { of, state } => self.report(&judged, &of, state),
            Act::Redact(of) => self.redact(&judged, &of),
            Act::Say | Act::Edit(_) | Act::Wish(_) | Act::React { .. } => {
                match judged.command().cloned() {
                    Some(command) => self.command(&judged, command),
                    None if judged.message().room.is_some() => self.outward(judged),
                    None => self.shown_and_answered(judged),
                }
            }
        }
    }

    // The hub's own affairs

    fn join(&mut self, judged: &Judged) -> Result<(), StoreError> {
        let room = judged.message().room.clone();
        let hub = WorkerName::hub();
        self.add(Lane::of_bridge(&hub), &hub, |delivery| delivery.room = room, &Form::Join)
    }

    fn moved(&mut self, judged: &Judged, new: RoomId) -> Result<(), StoreError> {
        let Some(old) = judged.message().room.clone() else { return Ok(()) };
        self.draft.set_replaced(&Replaced { old: old.clone(), new: new.clone() });
        if let Some((bridge, conversation)) = self.draft.own_room(&old)? {
            self.draft.set_own_room(&new, &bridge, conversation);
        }
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
    pub(super) fn tell(
        &mut self,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
        text: String,
    ) -> Result<(), StoreError> {
        self.add_of_ours(bridge, conversation, &Form::Notice { text })
    }

    /// Why a person's message was not sent, at that message.
    pub(super) fn refuse(
        &mut self,
        bridge: &WorkerName,
        event: &MessageId,
        conversation: Option<ConversationId>,
        reason: &Reason,
    ) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let text = words.say("not-sent", &[("reason", &words.clause(reason))]);
        self.status(bridge, event, conversation, State::Failed, text)
    }

    /// Why a person's mark asked for nothing; what it was put to cannot be answered apart.
    fn refuse_mark(
        &mut self,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
        reason: &Reason,
    ) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let text = words.say("not-asked", &[("reason", &words.clause(reason))]);
        self.tell(bridge, conversation, text)
    }

    /// What became of a person's message, at that message.
    pub(super) fn status(
        &mut self,
        bridge: &WorkerName,
        event: &MessageId,
        conversation: Option<ConversationId>,
        state: State,
        text: String,
    ) -> Result<(), StoreError> {
        self.add_of_ours(bridge, conversation, &Form::Status { of: event.clone(), state, text })
    }

    fn add_of_ours(
        &mut self,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
        form: &Form,
    ) -> Result<(), StoreError> {
        let lane = conversation.map_or_else(|| Lane::of_bridge(bridge), Lane::to_room);
        let room = self.room.as_ref().map(|room| self.pipeline.rooms.latest(room));
        let fill = |delivery: &mut Delivery| {
            delivery.to = WorkerName::hub();
            delivery.conversation = conversation;
            delivery.room = room.filter(|_| conversation.is_none());
        };
        self.add(lane, bridge, fill, form)
    }

    /// What the map says of a message of this item, as long as it has no counterpart.
    fn mapped(&self, conversation: ConversationId) -> Mapped {
        let item = self.accepted.id;
        Mapped { conversation, counterpart: None, room: None, item, reported: None }
    }

    /// The id of the delivery that is added next.
    pub(super) fn next_id(&self) -> DeliveryId {
        let part = u16::try_from(self.deliveries.len()).unwrap_or(u16::MAX);
        DeliveryId { item: self.accepted.id, part }
    }

    /// Adds a delivery of `form`; `fill` sets what differs from a delivery to `bridge`.
    pub(super) fn add(
        &mut self,
        lane: Lane,
        bridge: &WorkerName,
        fill: impl FnOnce(&mut Delivery),
        form: &Form,
    ) -> Result<(), StoreError> {
        let form = self.pipeline.ledger.payload(form)?;
        let accepted_at = self.accepted.received_at;
        let mut delivery = Delivery::new(self.next_id(), lane, bridge, accepted_at, form);
        fill(&mut delivery);
        self.draft.set_delivery(&delivery);
        self.deliveries.push(delivery);
        Ok(())
    }
}
