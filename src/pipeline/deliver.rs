//! deliver: one attempt at a time per delivery, in order within a lane, lanes side by side.
//!
//! An attempt is committed before it starts. If the process dies during it, the next start
//! knows that the far side may have the message already. Where a repetition does no harm, the
//! next start takes that for granted instead, and only what a start finds is committed first: so
//! a delivery that takes the process down with it comes to an end as well.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use viadukt_api::{
    Address, DeliveryError, DeliveryId, Form, Media, Outbound, Reason, Receipt, RoomId, Target,
    Worker,
};

use super::Pipeline;
use super::lanes::{Next, Pause};
use super::{reports, rooms};
use crate::failpoint;
use crate::ledger::{Attempt, Delivery, Draft, Lane, Place};
use crate::store::StoreError;

/// Deaths of the process during attempts at one delivery, after which it is given up. A stop in
/// the middle of an attempt is nothing unusual and says little about the delivery; ten do.
const DEATHS: u8 = 10;

/// How long one attempt may take: longer than any wait of a worker for its far side (SMTP's
/// ten minutes after the final dot, RFC 5321 4.5.3.2.6).
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What a delivery's turn begins with.
enum Begun {
    /// An attempt, once its start is committed.
    Attempt(Started),
    /// None: a rule holds it for a while; perhaps its sender is told.
    Held(Duration, Option<Delivery>),
    /// None: it must not be made any more.
    Forbidden(Outcome),
    /// None: it is gone.
    Gone,
}

/// An attempt that may begin once its start is committed, if it has to be.
struct Started {
    delivery: Delivery,
    attempt: Attempt,
}

/// What came of one attempt.
pub struct Outcome {
    /// The delivery.
    pub delivery: Delivery,
    /// The attempts so far, this one included.
    pub attempt: Attempt,
    /// The room it went into.
    pub room: Option<RoomId>,
    /// The worker's answer.
    pub result: Result<Receipt, DeliveryError>,
}

impl Outcome {
    /// Whether it is a message of a far side that could not be shown: its author may be
    /// answered, which the contacts' lock guards.
    fn may_be_answered(&self) -> bool {
        self.result.is_err() && self.delivery.to.is_hub() && self.delivery.origin.is_some()
    }
}

impl Started {
    fn ended(self, room: Option<RoomId>, result: Result<Receipt, DeliveryError>) -> Outcome {
        let Self { delivery, attempt } = self;
        Outcome { delivery, attempt, room, result }
    }
}

impl Pipeline {
    /// Makes deliveries until `stop` fires, then finishes those under way.
    pub(super) async fn deliver_all(
        self: &Arc<Self>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut under_way = JoinSet::new();
        loop {
            while let Some((lane, id)) = self.lanes.next().filter(|_| !stop.is_cancelled()) {
                let (pipeline, stop) = (Arc::clone(self), stop.clone());
                under_way.spawn(async move { pipeline.turns(lane, id, &stop).await });
            }
            if stop.is_cancelled() && under_way.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(ended) = under_way.join_next() => match ended {
                    Ok(ended) => {
                        let (lane, next) = ended?;
                        self.lanes.finish(lane, next);
                    }
                    // Only what is cancelled or panics outside a worker ends up here.
                    Err(error) => return Err(StoreError::Failed(error.to_string())),
                },
                () = self.lanes.changed() => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }

    /// One attempt after the other, of lanes that take turns, until there is nothing to go on
    /// with; says which lane is left, and what follows there. What came of one attempt is
    /// committed together with the start of the next.
    async fn turns(
        &self,
        mut lane: Lane,
        id: DeliveryId,
        stop: &CancellationToken,
    ) -> Result<(Lane, Next), StoreError> {
        let mut draft = self.ledger.draft();
        let mut outcome = match self.begin(&mut draft, lane, id)? {
            Begun::Attempt(started) => match self.ready(&started.delivery).await {
                Ok(()) => {
                    if !draft.is_empty() {
                        self.ledger.commit(draft).await?;
                    }
                    self.attempt(started).await?
                }
                // Nothing began: the draft that says so is dropped.
                Err(error) => started.ended(None, Err(error)),
            },
            Begun::Held(pause, told) => {
                self.ledger.commit(draft).await?;
                self.lanes.add(told);
                return Ok((lane, Next::Again(Pause::Held(pause))));
            }
            Begun::Forbidden(outcome) => outcome,
            Begun::Gone => return Ok((lane, Next::Done)),
        };
        loop {
            let contacts = match outcome.may_be_answered() {
                true => Some(self.contacts.lock().await),
                false => None,
            };
            let mut draft = self.ledger.draft();
            let known = reports::Ids::of(&outcome);
            // After anything else the worker is asked first whether it is ready.
            let goes_on = outcome.result.is_ok() && !stop.is_cancelled();
            let (next, told) = self.record(&mut draft, outcome)?;
            let follower = if goes_on { self.lanes.follow(lane) } else { None };
            let begun = match follower {
                Some((lane, id)) => Some((lane, self.begin(&mut draft, lane, id)?)),
                None => None,
            };
            self.ledger.commit(draft).await?;
            failpoint::pass("record.committed");
            drop(contacts);
            self.lanes.add(told);
            if let Some(known) = known {
                self.take_up_reports(&known)?;
            }
            let Some((following, begun)) = begun else { return Ok((lane, next)) };
            if following != lane {
                self.lanes.finish(lane, next);
                lane = following;
            }
            outcome = match begun {
                Begun::Attempt(started) => self.attempt(started).await?,
                Begun::Held(pause, told) => {
                    self.lanes.add(told);
                    return Ok((lane, Next::Again(Pause::Held(pause))));
                }
                Begun::Forbidden(outcome) => outcome,
                Begun::Gone => return Ok((lane, Next::Done)),
            };
        }
    }

    /// Writes into `draft` what a delivery's turn begins with.
    fn begin(
        &self,
        draft: &mut Draft<'_>,
        lane: Lane,
        id: DeliveryId,
    ) -> Result<Begun, StoreError> {
        let Some(delivery) = draft.delivery(lane, id)? else { return Ok(Begun::Gone) };
        let mut attempt = draft.attempt(lane, id)?.unwrap_or_default();
        if let Some(reason) = self.forbidden(draft, &delivery)? {
            attempt.deaths += u8::from(attempt.under_way);
            let forbidden = Started { delivery, attempt };
            let outcome = forbidden.ended(None, Err(DeliveryError::refused(reason)));
            return Ok(Begun::Forbidden(outcome));
        }
        if let Some(hold) = self.held(&delivery) {
            let (pause, told) = self.hold(draft, &delivery, attempt, hold)?;
            return Ok(Begun::Held(pause, told));
        }
        attempt.deaths += u8::from(attempt.under_way);
        attempt.begin(self.env.now());
        if self.was_found(id) || !self.may_be_repeated(&delivery) {
            draft.set_attempt(lane, id, &attempt);
        }
        Ok(Begun::Attempt(Started { delivery, attempt }))
    }

    /// Whether the delivery `id` may be from before the start, and was perhaps begun then.
    fn was_found(&self, id: DeliveryId) -> bool {
        self.last_before.is_some_and(|last| id.item <= last)
    }

    /// Whether it does no harm to make `delivery` again. Towards far sides nobody relies on it:
    /// what may have been sent cannot be taken back in silence.
    fn may_be_repeated(&self, delivery: &Delivery) -> bool {
        delivery.to.is_hub() && self.hub.idempotent(None)
    }

    /// Why a delivery that was routed must not be made any more.
    fn forbidden(
        &self,
        draft: &Draft<'_>,
        delivery: &Delivery,
    ) -> Result<Option<Reason>, StoreError> {
        if delivery.level.is_some() && self.above_room(draft, delivery)? {
            return Ok(Some(Reason::new("refused-level-room")));
        }
        let Some(remote) = delivery.remote.as_ref().filter(|_| !delivery.is_automatic_answer())
        else {
            return Ok(None);
        };
        let contact = draft.contact(&delivery.bridge, &remote.recipient)?;
        Ok(contact.stopped.map(|_| Reason::new("refused-stopped")))
    }

    /// Waits a while for the worker. That is no attempt yet: a process that ends meanwhile is
    /// not held against the delivery.
    async fn ready(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        match self.worker(&delivery.to) {
            Some(worker) => worker.ready().await,
            None => Err(DeliveryError::retry(Reason::new("delivery-no-bridge"))),
        }
    }

    async fn attempt(&self, started: Started) -> Result<Outcome, StoreError> {
        failpoint::pass("deliver.started");
        let Started { delivery, attempt } = &started;
        let out = if attempt.deaths < DEATHS {
            let found = self.may_be_repeated(delivery) && self.was_found(delivery.id);
            self.outbound(delivery, attempt.is_repeated() || found).await?
        } else {
            Err(DeliveryError::unknown(Reason::new("delivery-deaths")))
        };
        let (room, result) = match out {
            Ok(out) => (room_of(&out), self.make(delivery, &out).await),
            Err(error) => (None, Err(error)),
        };
        failpoint::pass("deliver.answered");
        Ok(started.ended(room, result))
    }

    /// The attempt itself. A worker that panics or never returns costs this attempt alone.
    async fn make(&self, delivery: &Delivery, out: &Outbound) -> Result<Receipt, DeliveryError> {
        let Some(worker) = self.worker(&delivery.to) else {
            return Err(DeliveryError::retry(Reason::new("delivery-no-bridge")));
        };
        // Where a repetition does no harm, not knowing is no reason to give up.
        let cut_short = |reason| match worker.idempotent(recipient_of(delivery)) {
            true => DeliveryError::retry(Reason::new(reason)),
            false => DeliveryError::unknown(Reason::new(reason)),
        };
        let attempt = AssertUnwindSafe(hand_over(&*worker, out)).catch_unwind();
        match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(cut_short("delivery-panic")),
            Err(_) => Err(cut_short("delivery-time")),
        }
    }

    /// The delivery as its worker sees it, attachments in the spool.
    async fn outbound(
        &self,
        delivery: &Delivery,
        repeated: bool,
    ) -> Result<Result<Outbound, DeliveryError>, StoreError> {
        let form = match self.with_attachments(delivery).await? {
            Ok(form) => form,
            Err(error) => return Ok(Err(error)),
        };
        let target = match &delivery.remote {
            Some(remote) => Target::Remote {
                recipient: remote.recipient.clone(),
                to: remote.to.clone(),
                cc: remote.cc.clone(),
                via: remote.via.clone(),
                subject: remote.subject.clone(),
                message_id: remote.message_id.clone(),
                references: remote.references.clone(),
            },
            None => match self.place(delivery).await? {
                Ok(target) => target,
                Err(error) => return Ok(Err(error)),
            },
        };
        let form = self.in_place(delivery, &target, form)?;
        Ok(Ok(Outbound {
            id: delivery.id,
            accepted_at: delivery.accepted_at,
            repeated,
            target,
            form,
        }))
    }

    /// Where in Matrix a delivery goes: the conversation's thread, as long as its room stands.
    async fn place(
        &self,
        delivery: &Delivery,
    ) -> Result<Result<Target, DeliveryError>, StoreError> {
        if let Some(room) = delivery.room.clone() {
            let (thread, reply_to) = (delivery.root.clone(), None);
            return Ok(Ok(Target::Room { room, thread, reply_to }));
        }
        let (mut home, mut thread) = (Place::Main, None);
        if let Some(id) = delivery.conversation {
            let draft = self.ledger.draft();
            (home, thread) = (draft.home(id)?, draft.thread(id)?);
        }
        let bridge = &delivery.bridge;
        let room = match (&thread, delivery.conversation) {
            (Some(thread), _) => Ok(self.rooms.latest(&thread.room)),
            (None, Some(id)) if home == Place::Own => self.own_room(bridge, id).await?,
            _ => {
                let at_home = self.rooms.of(bridge, &home);
                // A room that is not configured any more leaves the bridge's.
                at_home.or_else(|| self.rooms.of(bridge, &Place::Main)).ok_or_else(rooms::no_room)
            }
        };
        // Events of a room that was replaced cannot be answered in the new one.
        Ok(room.map(|room| {
            let stands = thread.as_ref().is_none_or(|thread| thread.room == room);
            let thread = thread.filter(|_| stands).and_then(|thread| thread.root);
            let has_thread = thread.is_some() || home == Place::Own;
            let reply_to = delivery.answers.clone().filter(|_| stands && has_thread);
            Target::Room { room, thread, reply_to }
        }))
    }

    /// The form with every attachment in the spool. What had to be fetched is committed, so
    /// that another attempt need not fetch it again.
    async fn with_attachments(
        &self,
        delivery: &Delivery,
    ) -> Result<Result<Form, DeliveryError>, StoreError> {
        let mut form: Form = self.ledger.unpack(&delivery.form)?;
        let (Form::Say { content, .. } | Form::Edit { content, .. }) = &mut form else {
            return Ok(Ok(form));
        };
        let mut fetched = false;
        for attachment in &mut content.attachments {
            let Media::With { worker, handle, .. } = &attachment.media else { continue };
            let Some(worker) = self.worker(worker) else {
                return Ok(Err(DeliveryError::retry(Reason::new("delivery-no-bridge"))));
            };
            match worker.fetch(handle).await {
                Ok(blob) => {
                    attachment.size = Some(blob.size);
                    attachment.media = Media::Spooled(blob);
                    fetched = true;
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        if fetched {
            let mut draft = self.ledger.draft();
            draft.set_delivery(&Delivery { form: self.ledger.payload(&form)?, ..delivery.clone() });
            self.ledger.commit(draft).await?;
        }
        Ok(Ok(form))
    }
}

async fn hand_over(worker: &dyn Worker, out: &Outbound) -> Result<Receipt, DeliveryError> {
    match (&out.form, worker.edits()) {
        (Form::Edit { .. }, Some(edits)) => edits.edit(out).await,
        _ => worker.deliver(out).await,
    }
}

/// Whom `delivery` is for, at a far side.
pub(super) fn recipient_of(delivery: &Delivery) -> Option<&Address> {
    delivery.remote.as_ref().map(|remote| &remote.recipient)
}

fn room_of(out: &Outbound) -> Option<RoomId> {
    match &out.target {
        Target::Room { room, .. } => Some(room.clone()),
        Target::Remote { .. } => None,
    }
}
