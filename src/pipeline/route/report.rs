//! A far side's report on something that we delivered.

use viadukt_api::{DeliveryId, MessageId, State, WorkerName};

use super::Routing;
use crate::ledger::{Awaited, Decision, Draft, Fate, Lane, Mapped, Step, Way};
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Tells where the message was written what became of it, if that is news.
    pub(super) fn report(
        &mut self,
        judged: &Judged,
        of: &MessageId,
        state: State,
    ) -> Result<(), StoreError> {
        let (bridge, item) = (judged.bridge().clone(), self.accepted.id);
        let Some(mapped) = reportable(self.draft, &bridge, of)? else {
            let since = self.accepted.received_at;
            self.draft.set_awaited(of, item, &Awaited { worker: bridge, since });
            self.awaits = Some(of.clone());
            return Ok(());
        };
        self.draft.forget_awaited(&bridge, of, item);
        let Some(state) = self.news(&mapped, state)? else { return Ok(()) };
        let way = Way::Reported { by: bridge.clone(), state };
        self.draft.step(mapped.item, &Step { at: self.pipeline.env.now(), way });
        let key = match state {
            State::Held | State::Sent => return Ok(()),
            State::Delivered => "report-delivered",
            State::Delayed => "report-delayed",
            State::Failed => "report-failed",
            State::Unknown => "report-unknown",
        };
        let detail = judged.message().content.text.as_str();
        let text = self.pipeline.words.say(key, &[("detail", detail)]);
        let text = text.trim_end().to_owned();
        match &mapped.counterpart {
            Some(event) => self.status(&bridge, event, Some(mapped.conversation), state, text),
            None => self.tell(&bridge, Some(mapped.conversation), text),
        }
    }

    /// The state of the whole message after this report, if it is news.
    fn news(&mut self, mapped: &Mapped, state: State) -> Result<Option<State>, StoreError> {
        let Some(reported) = mapped.reported else { return Ok(Some(state)) };
        let known = self.draft.fate(reported.delivery)?;
        let mut fate = known.unwrap_or_else(|| Fate::new(self.pipeline.env.now()));
        let news = fate.report(reported, state);
        self.draft.set_fate(reported.delivery, &fate);
        if news == Some(State::Delivered) {
            self.settle(reported.delivery)?;
        }
        Ok(news)
    }

    /// What arrived after all needs no decision of a person any more.
    fn settle(&mut self, delivery: DeliveryId) -> Result<(), StoreError> {
        let key = delivery.to_bytes();
        if self.draft.dead(&key)?.is_some() {
            self.draft.unbury(&key);
            let way = Way::Decided { what: Decision::ReportedDelivered, by: String::new() };
            self.draft.step(delivery.item, &Step { at: self.pipeline.env.now(), way });
        }
        Ok(())
    }
}

/// What the map knows of `id`, once the attempt that gave it out has ended and is recorded.
pub(in crate::pipeline) fn reportable(
    draft: &Draft<'_>,
    bridge: &WorkerName,
    id: &MessageId,
) -> Result<Option<Mapped>, StoreError> {
    let Some(mapped) = draft.mapped(bridge, id)? else { return Ok(None) };
    if let Some(reported) = mapped.reported {
        let id = reported.delivery;
        for lane in [Lane::to_remote(mapped.conversation), Lane::scheduled(id)] {
            if draft.delivery(lane, id)?.is_some() {
                return Ok(None);
            }
        }
    }
    Ok(Some(mapped))
}
