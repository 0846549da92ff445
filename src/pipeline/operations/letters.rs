//! Dead letters: looking at them, trying them again, forgetting them.

use viadukt_api::{Content, ConversationId, Form, Message, Reason, WorkerName};

use super::failed;
use crate::http::views::{ContentView, DeadLetterView, ReasonView};
use crate::http::{OperationError, Reference};
use crate::ledger::{Attempt, Dead, DeadWhat, Decision, Delivery, Draft, RawRecord, Step, Way};
use crate::observe::Direction;
use crate::pipeline::Pipeline;
use crate::pipeline::judge::Cause;
use crate::store::StoreError;

/// So much of raw input is shown.
const RAW: usize = 64 << 10;

impl Pipeline {
    /// Puts the dead letters of a conversation, or the one called `reference`, back into the
    /// outbox, because `message` asks for it. What becomes of them is told like any other
    /// delivery; what may not leave again stays, and the reason is given.
    pub(in crate::pipeline) fn resend(
        &self,
        draft: &mut Draft<'_>,
        message: &Message,
        conversation: Option<ConversationId>,
        reference: Option<&str>,
    ) -> Result<(Vec<Delivery>, Option<Reason>), StoreError> {
        let mut found = Vec::new();
        self.ledger.dead(|dead| {
            let fits = match (&dead.what, reference) {
                (_, Some(reference)) => dead.reference() == reference,
                (DeadWhat::Delivery(delivery), None) => {
                    delivery.conversation.is_some() && delivery.conversation == conversation
                }
                (DeadWhat::Item(_), None) => false,
            };
            if fits {
                found.push(dead);
            }
            Ok(())
        })?;
        let by = self.alias_of(draft, message);
        let (mut again, mut refused) = (Vec::new(), None);
        for dead in &found {
            if let DeadWhat::Item(accepted) = &dead.what {
                // Routing is one batch after the other: it is taken up once this one is durable.
                let _ = self.again.send(accepted.id);
            }
            match self.pay_again(draft, message, dead)? {
                Ok(()) => again.extend(self.raise(draft, dead, &by)),
                Err(reason) => refused = Some(reason),
            }
        }
        Ok((again, refused))
    }

    /// A room's member by the name that may stand in the trail.
    fn alias_of(&self, draft: &Draft<'_>, message: &Message) -> String {
        draft.alias(&WorkerName::hub(), &message.sender.address)
    }

    /// What leaves again costs again, and whoever asks for it pays. An item is judged anew.
    fn pay_again(
        &self,
        draft: &mut Draft<'_>,
        message: &Message,
        dead: &Dead,
    ) -> Result<Result<(), Reason>, StoreError> {
        let DeadWhat::Delivery(Delivery { remote: Some(remote), bridge, form, .. }) = &dead.what
        else {
            return Ok(Ok(()));
        };
        let (Form::Say { content, .. }, Some(room)) = (self.ledger.unpack(form)?, &message.room)
        else {
            return Ok(Ok(()));
        };
        let cause = Cause::Person { user: &message.sender.address, room };
        let to = std::slice::from_ref(&remote.recipient);
        match self.clear(draft, bridge, cause, to, &content)? {
            Ok(cleared) => cleared.spend(draft, bridge).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Moves a dead letter back to where it came from. Once the draft is durable, a delivery,
    /// which is given back, has to be queued, and an item to be routed.
    pub(super) fn raise(&self, draft: &mut Draft<'_>, dead: &Dead, by: &str) -> Option<Delivery> {
        draft.unbury(&dead.key());
        self.decided(draft, dead, Decision::Requeued, by);
        match &dead.what {
            DeadWhat::Item(accepted) => {
                draft.journal_again(accepted);
                None
            }
            DeadWhat::Delivery(delivery) => {
                draft.set_delivery(delivery);
                // The clock of patience starts anew, the count goes on.
                let attempt = Attempt {
                    count: dead.attempts,
                    first_at: self.env.now(),
                    ..Attempt::default()
                };
                draft.set_attempt(delivery.lane, delivery.id, &attempt);
                Some(delivery.clone())
            }
        }
    }

    /// Writes down what was decided about `dead`, and by whom.
    pub(super) fn decided(&self, draft: &mut Draft<'_>, dead: &Dead, what: Decision, by: &str) {
        let item = match &dead.what {
            DeadWhat::Item(accepted) => accepted.id,
            DeadWhat::Delivery(delivery) => delivery.id.item,
        };
        tracing::info!(item = %item, what = what.as_str(), by, "a dead letter was decided about");
        let way = Way::Decided { what, by: by.to_owned() };
        draft.step(item, &Step { at: self.env.now(), way });
    }

    /// The dead letter called `reference`.
    pub(super) fn letter(&self, reference: Reference) -> Result<Dead, OperationError> {
        let key = match reference {
            Reference::Item(item) => item.to_bytes().to_vec(),
            Reference::Delivery(delivery) => delivery.to_bytes().to_vec(),
        };
        self.ledger.draft().dead(&key).map_err(failed)?.ok_or(OperationError::Unknown)
    }

    /// `dead` as operators see it.
    pub(super) fn view(&self, dead: &Dead) -> DeadLetterView {
        let (reference, bridge, direction) = match &dead.what {
            DeadWhat::Item(accepted) => {
                let is_out = accepted.worker.is_hub();
                let direction = if is_out { Direction::Out } else { Direction::In };
                (Reference::Item(accepted.id), &accepted.worker, direction)
            }
            DeadWhat::Delivery(delivery) => {
                let direction = if delivery.to.is_hub() { Direction::In } else { Direction::Out };
                (Reference::Delivery(delivery.id), &delivery.bridge, direction)
            }
        };
        DeadLetterView {
            reference,
            bridge: bridge.clone(),
            direction,
            since: dead.at,
            until: dead.at.plus(self.policy.keep_dead),
            reason: ReasonView::new(&dead.reason.key, &self.words),
            attempts: dead.attempts,
            doubtful: dead.doubtful,
        }
    }

    /// What somebody wrote. Raw input that nobody could read is shown as it came.
    pub(super) fn content_of(&self, dead: &Dead) -> Result<ContentView, StoreError> {
        let delivery = match &dead.what {
            DeadWhat::Item(accepted) => {
                let raw: RawRecord = self.ledger.unpack(&accepted.raw)?;
                let shown = raw.bytes.get(..RAW).unwrap_or(&raw.bytes);
                return Ok(ContentView::of(String::from_utf8_lossy(shown).into_owned()));
            }
            DeadWhat::Delivery(delivery) => delivery,
        };
        let remote = delivery.remote.as_ref();
        let to = remote.map(|remote| remote.recipient.as_str().to_owned());
        let subject = remote.and_then(|remote| remote.subject.clone());
        let view = match self.ledger.unpack(&delivery.form)? {
            Form::Say { sender, content, subject, .. } => {
                let from = Some(sender.address.as_str().to_owned());
                ContentView { from, subject, ..of_content(&content) }
            }
            Form::Edit { sender, content, .. } => {
                let from = Some(sender.address.as_str().to_owned());
                ContentView { from, ..of_content(&content) }
            }
            Form::Deed { word, rest, .. } => ContentView::of(format!("!{word} {rest}")),
            Form::Notice { text } | Form::Status { text, .. } => ContentView::of(text),
            Form::Join => ContentView::of(String::new()),
        };
        Ok(ContentView { to, subject: view.subject.clone().or(subject), ..view })
    }
}

fn of_content(content: &Content) -> ContentView {
    let attachments = content.attachments.iter().map(|attached| attached.name.clone()).collect();
    ContentView { attachments, ..ContentView::of(content.text.clone()) }
}
