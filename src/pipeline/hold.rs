//! hold: what keeps a delivery towards a far side from being attempted now.
//!
//! To be held is no attempt and costs no patience. The wait is looked at again at least every
//! hour, so that a clock that jumps, or a rule that changed over a restart, is noticed. The
//! sender is told once.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use viadukt_api::{Reason, State, Timestamp, WorkerName};

use super::record::HELD;
use super::{LONGEST_PAUSE, Pipeline};
use crate::ledger::{Attempt, Delivery, Draft, Ledger, Role, Step, Way};
use crate::store::StoreError;

/// The bridges that pause because somebody said so in their room.
pub struct Pauses(RwLock<BTreeSet<WorkerName>>);

impl Pauses {
    /// Those that the ledger remembers.
    pub fn load(ledger: &Ledger) -> Result<Self, StoreError> {
        Ok(Self(RwLock::new(ledger.paused_bridges()?.into_iter().collect())))
    }

    /// Whether `bridge` is among them.
    pub fn contains(&self, bridge: &WorkerName) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(bridge)
    }

    /// Says whether `bridge` pauses; whether that is news.
    pub fn set(&self, bridge: &WorkerName, pauses: bool) -> bool {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if pauses { all.insert(bridge.clone()) } else { all.remove(bridge) }
    }
}

/// What holds a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Its own time, or the end of quiet hours.
    Until(Timestamp),
    /// Its bridge pauses, nobody knows how long.
    Paused,
}

impl Pipeline {
    /// Whether nothing may leave `bridge`.
    pub(super) fn pauses(&self, bridge: &WorkerName) -> bool {
        let by_configuration = |rules: &crate::config::Rules| rules.limits.paused;
        self.policy.rules.get(bridge).is_some_and(by_configuration) || self.pauses.contains(bridge)
    }

    /// What holds `delivery` now. An automatic answer goes to somebody who has just written and
    /// wakes nobody, so that only a pause holds it.
    pub(super) fn held(&self, delivery: &Delivery) -> Option<Hold> {
        delivery.remote.as_ref()?;
        if self.pauses(&delivery.bridge) {
            return Some(Hold::Paused);
        }
        // A deed is done by a machine, which nobody wakes.
        if delivery.is_automatic_answer() || delivery.role == Role::Asks {
            return None;
        }
        let now = self.env.now();
        let time = delivery.not_before.filter(|time| *time > now);
        let rules = self.policy.rules.get(&delivery.bridge);
        let quiet = rules.and_then(|rules| rules.limits.quiet_hours);
        quiet
            .and_then(|quiet| quiet.ends(time.unwrap_or(now), &self.policy.zone))
            .or(time)
            .map(Hold::Until)
    }

    /// Writes into `draft` that `delivery` is held; says until when it need not be looked at,
    /// and tells its sender if nobody has.
    pub(super) fn hold(
        &self,
        draft: &mut Draft<'_>,
        delivery: &Delivery,
        mut attempt: Attempt,
        hold: Hold,
    ) -> Result<(Duration, Option<Delivery>), StoreError> {
        let now = self.env.now();
        let until = match hold {
            Hold::Until(time) => time,
            Hold::Paused => now.plus(LONGEST_PAUSE),
        };
        let mut told = None;
        if attempt.held_since.is_none() {
            attempt.held_since = Some(now);
            attempt.next_at = until;
            if !attempt.told_held {
                attempt.told_held = true;
                let text = self.words.reason(&self.held_reason(hold));
                told = self.tell_sender(delivery, HELD, State::Held, text)?;
            }
            draft.set_attempt(delivery.lane, delivery.id, &attempt);
            let until = Some(until).filter(|_| hold != Hold::Paused);
            let (part, to) = (delivery.id.part, delivery.to.clone());
            draft.step(delivery.id.item, &Step { at: now, way: Way::Held { part, to, until } });
        }
        if let Some(status) = &told {
            draft.set_delivery(status);
        }
        Ok((until.since(now).min(LONGEST_PAUSE), told))
    }

    fn held_reason(&self, hold: Hold) -> Reason {
        match hold {
            Hold::Until(time) => Reason::new("status-held").with("when", self.when(time)),
            Hold::Paused => Reason::new("status-held-paused"),
        }
    }

    /// A time to come, in words: `at 08:00`, `tomorrow at 08:00`.
    pub(super) fn when(&self, time: Timestamp) -> String {
        let zone = &self.policy.zone;
        let (now, then) = (zone.at(self.env.now()), zone.at(time));
        let shown = then.strftime("%H:%M").to_string();
        let day = then.strftime("%d").to_string();
        let month = then.strftime("%m").to_string();
        let year = then.strftime("%Y").to_string();
        let key = if then.date() == now.date() {
            "when-today"
        } else if now.date().tomorrow().is_ok_and(|tomorrow| tomorrow == then.date()) {
            "when-tomorrow"
        } else {
            "when-later"
        };
        let args = [("time", &*shown), ("day", &*day), ("month", &*month), ("year", &*year)];
        self.words.say(key, &args)
    }
}
