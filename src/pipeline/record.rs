//! record: the outcome, the mapping, one step of the trail, and what the sender is told, in one
//! commit.

use std::time::Duration;

use viadukt_api::worker::ROOM_EMPTY;
use viadukt_api::{
    ConversationId, DeliveryError, DeliveryId, Form, MessageId, Patience, Protection, Reason,
    Receipt, State, WorkerName,
};

use super::deliver::{Outcome, recipient_of};
use super::lanes::{Next, Pause};
use super::route::Answered;
use super::{Pipeline, deeds};
use crate::ledger::{
    Answer, Attempt, AttemptOutcome, Dead, DeadWhat, Delivery, Draft, Lane, Mapped, Place,
    Reported, Role, Step, Thread, Way,
};
use crate::observe::Direction;
use crate::store::StoreError;

/// The parts of an item below this are its deliveries; what is told about them comes above, in
/// one series for each attempt.
const PARTS: u16 = 0x1000;

/// The part at which the automatic answer to an item that could not be shown begins: above what
/// an item of a far side becomes, below what is told.
const ANSWER: u16 = 0x800;

/// The series in which a sender is told that a delivery is held.
pub(super) const HELD: u16 = 15;

/// The series in which a sender is told what came of an attempt.
fn series(attempt: &Attempt) -> u16 {
    u16::try_from(attempt.count % u32::from(HELD - 1)).unwrap_or(0) + 1
}

impl Pipeline {
    /// Writes what came of an attempt into `draft`; says what follows, and which deliveries tell
    /// of it.
    pub(super) fn record(
        &self,
        draft: &mut Draft<'_>,
        outcome: Outcome,
    ) -> Result<(Next, Vec<Delivery>), StoreError> {
        let told: Vec<_>;
        let (next, came_of_it) = match &outcome.result {
            Ok(receipt) => {
                told = self.delivered(draft, &outcome, receipt)?.into_iter().collect();
                (Next::Done, AttemptOutcome::Delivered)
            }
            Err(DeliveryError::Retry { reason, after }) => match self.pause(&outcome, *after) {
                Some(pause) => {
                    told = self.again(draft, &outcome, pause, reason)?.into_iter().collect();
                    (Next::Again(Pause::Retry(pause)), AttemptOutcome::Retry)
                }
                None => {
                    told = self.give_up(draft, &outcome, State::Failed, reason)?;
                    (Next::Done, AttemptOutcome::GaveUp)
                }
            },
            Err(DeliveryError::Refused { reason }) => match self.refuge(draft, &outcome, reason)? {
                Some(notice) => {
                    told = vec![notice];
                    (Next::Again(Pause::Retry(Duration::ZERO)), AttemptOutcome::Retry)
                }
                None => {
                    told = self.give_up(draft, &outcome, State::Failed, reason)?;
                    (Next::Done, AttemptOutcome::Refused)
                }
            },
            Err(DeliveryError::Unknown { reason }) => {
                told = self.give_up(draft, &outcome, State::Unknown, reason)?;
                (Next::Done, AttemptOutcome::Unknown)
            }
        };
        self.note(draft, &outcome, came_of_it);
        for delivery in &told {
            draft.set_delivery(delivery);
        }
        Ok((next, told))
    }

    /// Writes into the trail, the log and the metrics what came of an attempt.
    fn note(&self, draft: &mut Draft<'_>, outcome: &Outcome, came_of_it: AttemptOutcome) {
        let Outcome { delivery, attempt, result, .. } = outcome;
        let (reason, hop) = match result {
            Ok(receipt) => (None, receipt.protection.clone()),
            Err(error) => (Some(error.reason()), Protection::Unknown),
        };
        tracing::info!(
            item = %delivery.id.item,
            part = delivery.id.part,
            worker = %delivery.to,
            attempt = attempt.count,
            outcome = came_of_it.as_str(),
            reason = reason.map(tracing::field::display),
            protection = %hop,
            "attempted"
        );
        self.metrics.attempted(&delivery.to, came_of_it.as_str());
        let way = Way::Attempted {
            part: delivery.id.part,
            attempt: attempt.count,
            to: delivery.to.clone(),
            outcome: came_of_it,
            reason: reason.map(|reason| reason.key.clone()),
            code: reason.and_then(Reason::code).map(str::to_owned),
            hop,
        };
        draft.step(delivery.id.item, &Step { at: self.env.now(), way });
    }

    /// The far side has it: mapping both ways, and a word to the sender.
    fn delivered(
        &self,
        draft: &mut Draft<'_>,
        outcome: &Outcome,
        receipt: &Receipt,
    ) -> Result<Option<Delivery>, StoreError> {
        let Outcome { delivery, .. } = outcome;
        draft.delivered(delivery.lane, delivery.id);
        if let (Some(conversation), Some(id)) = (delivery.conversation, &receipt.id) {
            self.map_both_ways(draft, outcome, receipt, conversation, id)?;
        }
        if let Some(text) = self.told_of_deed(delivery, State::Sent, None)? {
            return self.tell_sender(delivery, series(&outcome.attempt), State::Sent, text);
        }
        let waited = self.env.now().since(delivery.accepted_at);
        if delivery.origin.is_some() {
            let direction = if delivery.to.is_hub() { Direction::In } else { Direction::Out };
            self.metrics.delivered(&delivery.bridge, direction, waited);
        }
        let cost = delivery.origin.as_ref().and_then(|origin| origin.cost.as_ref());
        let (state, text) = match cost.map(|cost| self.words.reason(cost)) {
            _ if self.is_doubtful(outcome) => {
                (State::Unknown, self.words.say("status-sent-twice", &[]))
            }
            Some(cost) => (State::Sent, self.words.say("status-sent-cost", &[("cost", &cost)])),
            None => (State::Sent, self.words.say("status-sent", &[])),
        };
        self.tell_sender(delivery, series(&outcome.attempt), state, text)
    }

    /// Whether an earlier attempt may have reached a far side that does not know it again.
    fn is_doubtful(&self, Outcome { delivery, attempt, .. }: &Outcome) -> bool {
        attempt.is_repeated()
            && !self
                .worker(&delivery.to)
                .is_some_and(|worker| worker.idempotent(recipient_of(delivery)))
    }

    fn map_both_ways(
        &self,
        draft: &mut Draft<'_>,
        outcome: &Outcome,
        receipt: &Receipt,
        conversation: ConversationId,
        id: &MessageId,
    ) -> Result<(), StoreError> {
        let Outcome { delivery, room, .. } = outcome;
        let into_room = delivery.to.is_hub().then(|| self.ledger.unpack(&delivery.form));
        let form: Option<Form> = into_room.transpose()?;
        if let Some(Form::Status { state: State::Sent | State::Delivered, .. }) = form {
            // A mark at what a person wrote; nobody answers it.
            return Ok(());
        }
        let item = delivery.id.item;
        let mapped =
            |counterpart| Mapped { conversation, counterpart, room: None, item, reported: None };
        let origin = delivery.origin.as_ref().filter(|origin| !origin.apart);
        let source = origin.map(|origin| origin.message.clone());
        let of = u16::try_from(1 + receipt.more.len()).unwrap_or(u16::MAX);
        for (part, id) in (0..of).zip(std::iter::once(id).chain(&receipt.more)) {
            // An id that the deliveries to several recipients share is about none of them.
            let is_shared = delivery.remote.as_ref().is_none_or(|r| r.to.len() + r.cc.len() > 1);
            let reported = Reported { delivery: delivery.id, part: Some(part), of };
            let reported = Some(reported).filter(|_| !is_shared);
            draft.map(&delivery.to, id, &Mapped { reported, ..mapped(source.clone()) });
        }
        if !delivery.to.is_hub() {
            return Ok(());
        }
        if self.replaced(draft, delivery, room.as_ref())?.is_some() {
            // What was there goes on standing for the message.
            return Ok(());
        }
        if let Some(origin) = &delivery.origin {
            let mapped = Mapped { room: room.clone(), ..mapped(Some(id.clone())) };
            draft.map(&origin.worker, &origin.message, &mapped);
        }
        let shows = matches!(form, Some(Form::Say { .. } | Form::Notice { .. }));
        let Some(room) = room.clone().filter(|_| shows && delivery.room.is_none()) else {
            return Ok(());
        };
        let is_own = draft.own_room(&room)?.is_some();
        if !is_own && draft.thread(conversation)?.is_none_or(|thread| thread.room != room) {
            let place = draft.home(conversation)?;
            draft.set_thread(conversation, &Thread { place, room, root: Some(id.clone()) });
        }
        Ok(())
    }

    /// The pause before the next attempt; `None` when patience is at its end.
    fn pause(&self, outcome: &Outcome, asked: Option<Duration>) -> Option<Duration> {
        let Patience { pauses, mut give_up_after, .. } = self.patience(&outcome.delivery.to);
        if outcome.delivery.role == Role::Asks {
            give_up_after = give_up_after.min(deeds::PATIENCE);
        }
        if self.env.now().since(outcome.attempt.first_at) >= give_up_after {
            return None;
        }
        let place = usize::try_from(outcome.attempt.count.saturating_sub(1)).unwrap_or(usize::MAX);
        let own = pauses.get(place).or(pauses.last()).copied().unwrap_or(Duration::from_secs(60));
        Some(self.env.jitter(own).max(asked.unwrap_or_default()))
    }

    fn again(
        &self,
        draft: &mut Draft<'_>,
        outcome: &Outcome,
        pause: Duration,
        reason: &Reason,
    ) -> Result<Option<Delivery>, StoreError> {
        let Outcome { delivery, attempt, .. } = outcome;
        let now = self.env.now();
        let tell_after = self.patience(&delivery.to).tell_after;
        let tell = !attempt.told && now.since(attempt.first_at) >= tell_after;
        let mut attempt = attempt.clone();
        attempt.under_way = false;
        attempt.next_at = now.plus(pause);
        attempt.told |= tell;
        draft.set_attempt(delivery.lane, delivery.id, &attempt);
        if !tell {
            return Ok(None);
        }
        let reason = self.words.clause(reason);
        let text = self.words.say("status-delayed", &[("reason", &reason)]);
        self.tell_sender(delivery, series(&attempt), State::Delayed, text)
    }

    /// Everyone has left the conversation's room: it goes on where somebody is, in the intake
    /// room or else in the bridge's, and a sentence says so. `None` when it lives there already.
    fn refuge(
        &self,
        draft: &mut Draft<'_>,
        outcome: &Outcome,
        reason: &Reason,
    ) -> Result<Option<Delivery>, StoreError> {
        let Outcome { delivery, attempt, .. } = outcome;
        let conversation = delivery.conversation.filter(|_| reason.key == ROOM_EMPTY);
        let Some(conversation) = conversation else { return Ok(None) };
        let rooms = self.policy.rooms.get(&delivery.bridge);
        let has_intake = rooms.is_some_and(|rooms| rooms.has_intake());
        let refuge = if has_intake { Place::Intake } else { Place::Main };
        if draft.home(conversation)? == refuge {
            return Ok(None);
        }
        draft.set_home(conversation, &refuge);
        let now = self.env.now();
        let attempt = Attempt { under_way: false, next_at: now, ..attempt.clone() };
        draft.set_attempt(delivery.lane, delivery.id, &attempt);
        let form = Form::Notice { text: self.words.say("room-empty-moved", &[]) };
        let lane = Lane::to_room(conversation);
        self.about(delivery, series(&attempt), lane, &form).map(Some)
    }

    /// The delivery becomes a dead letter, and a person hears of it.
    fn give_up(
        &self,
        draft: &mut Draft<'_>,
        outcome: &Outcome,
        state: State,
        reason: &Reason,
    ) -> Result<Vec<Delivery>, StoreError> {
        let Outcome { delivery, .. } = outcome;
        draft.delivered(delivery.lane, delivery.id);
        let doubtful = state == State::Unknown || self.is_doubtful(outcome);
        let what = DeadWhat::Delivery(delivery.clone());
        let mut dead = Dead {
            attempts: outcome.attempt.count,
            doubtful,
            ..Dead::new(self.env.now(), reason.clone(), what)
        };
        tracing::warn!(item = %delivery.id.item, worker = %delivery.to, reason = %reason, "dead letter");
        let words = self.words.clause(reason);
        let reference = delivery.id.to_string();
        let args = [("reason", words.as_str()), ("reference", reference.as_str())];
        let (state, key) =
            if doubtful { (State::Unknown, "status-unknown") } else { (state, "status-failed") };
        let series = series(&outcome.attempt);
        let text = match self.told_of_deed(delivery, state, Some(reason))? {
            Some(text) => text,
            None => self.words.say(key, &args),
        };
        if let Some(told) = self.tell_sender(delivery, series, state, text)? {
            draft.bury(&dead);
            return Ok(vec![told]);
        }
        let bridge_room = Lane::of_bridge(&delivery.bridge);
        let (lane, key) = match delivery.conversation {
            // The room was told what was answered, and has to hear that it was not.
            Some(id) if delivery.is_automatic_answer() => (Lane::to_room(id), "answer-failed"),
            // From a far side: the room hears that something for it could not be shown.
            _ if delivery.to.is_hub() && delivery.origin.is_some() => (bridge_room, "not-shown"),
            // A sentence of our own that fails is not followed by another one.
            _ => {
                draft.bury(&dead);
                return Ok(Vec::new());
            }
        };
        let mut told = Vec::new();
        if self.tell_singly(&mut dead, &delivery.bridge) {
            let text = self.words.say(key, &args);
            told.push(self.about(delivery, series, lane, &Form::Notice { text })?);
        }
        draft.bury(&dead);
        if state == State::Failed {
            told.extend(self.answer_undeliverable(draft, delivery)?);
        }
        Ok(told)
    }

    /// Lets the author know that nobody could be shown the message, where that is wanted.
    fn answer_undeliverable(
        &self,
        draft: &mut Draft<'_>,
        delivery: &Delivery,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rules = self.policy.rules.get(&delivery.bridge);
        let wanted = rules.is_some_and(|rules| rules.answers.undeliverable);
        let id = delivery.conversation.filter(|_| wanted && delivery.to.is_hub());
        let Some(conversation) = id.map(|id| draft.conversation(id)).transpose()?.flatten() else {
            return Ok(Vec::new());
        };
        let Form::Say { sender, automatic: false, .. } = self.ledger.unpack(&delivery.form)? else {
            return Ok(Vec::new());
        };
        let answered = Answered {
            item: delivery.id.item,
            accepted_at: delivery.accepted_at,
            conversation,
            author: &sender.address,
        };
        self.answer(draft, answered, Answer::Undeliverable, ANSWER)
    }

    /// Tells the person behind a delivery, if there is one, what became of it.
    pub(super) fn tell_sender(
        &self,
        delivery: &Delivery,
        series: u16,
        state: State,
        text: String,
    ) -> Result<Option<Delivery>, StoreError> {
        let Some(origin) = delivery.origin.as_ref().filter(|origin| origin.worker.is_hub()) else {
            return Ok(None);
        };
        let lane = match delivery.conversation {
            Some(id) => Lane::to_room(id),
            None => Lane::of_bridge(&delivery.bridge),
        };
        let text = self.told_apart(delivery, state, text);
        let form = match origin.apart {
            true => Form::Notice { text },
            false => Form::Status { of: origin.message.clone(), state, text },
        };
        self.about(delivery, series, lane, &form).map(Some)
    }

    /// What became of a delivery in words that say which one, where others go out besides. A mark
    /// only counts: other than a sentence it is not encrypted, and names nobody.
    fn told_apart(&self, delivery: &Delivery, state: State, text: String) -> String {
        let parties = delivery.remote.iter().flat_map(|remote| remote.to.iter().chain(&remote.cc));
        let (count, recipient) = (parties.clone().count(), delivery.remote.as_ref());
        let Some(recipient) = recipient.map(|r| &r.recipient).filter(|_| count > 1) else {
            return text;
        };
        let place = parties.take_while(|party| *party != recipient).count() + 1;
        let (place, count) = (place.to_string(), count.to_string());
        let args = [
            ("text", text.as_str()),
            ("recipient", recipient.as_str()),
            ("place", &place),
            ("count", &count),
        ];
        match state {
            State::Sent | State::Delivered => self.words.say("status-one-of", &args),
            _ => self.words.say("status-to", &args),
        }
    }

    /// A sentence about a delivery, with an id of its own in each series.
    fn about(
        &self,
        delivery: &Delivery,
        series: u16,
        lane: Lane,
        form: &Form,
    ) -> Result<Delivery, StoreError> {
        let part = delivery.id.part % PARTS + PARTS * series;
        let id = DeliveryId { item: delivery.id.item, part };
        let (bridge, form) = (&delivery.bridge, self.ledger.payload(form)?);
        Ok(Delivery {
            to: WorkerName::hub(),
            conversation: delivery.conversation.filter(|_| lane != Lane::of_bridge(bridge)),
            ..Delivery::new(id, lane, bridge, delivery.accepted_at, form)
        })
    }

    fn patience(&self, worker: &WorkerName) -> Patience {
        self.worker(worker).map_or_else(
            || Patience {
                pauses: vec![Duration::from_secs(60)],
                give_up_after: Duration::from_secs(7 * 86_400),
                tell_after: Duration::from_secs(4 * 3_600),
            },
            |worker| worker.patience(),
        )
    }
}
