//! One message's way, from whatever somebody calls it.

use std::collections::BTreeMap;

use viadukt_api::{ItemId, MessageId, Protection, State, Timestamp, Words};

use crate::http::Reference;
use crate::http::views::{AttemptView, FoundView, ReasonView, Stage, TraceEntry, TraceView};
use crate::ledger::{AttemptOutcome, Decision, Step, Way};
use crate::observe::Direction;
use crate::pipeline::Pipeline;
use crate::pipeline::judge::{BLOCKED, WITHHELD};
use crate::store::StoreError;

impl Pipeline {
    /// The messages that `name` may mean, the latest first: by our own reference, by what its own
    /// network calls it, and by what the network calls it that it was brought to.
    pub(super) fn find_all(&self, name: &str) -> Result<Vec<FoundView>, StoreError> {
        let name = name.trim();
        if let Ok(reference) = name.parse::<Reference>() {
            let item = reference.item();
            let steps = self.ledger.trail(item)?;
            return Ok(steps.iter().find_map(|step| origin_of(item, step)).into_iter().collect());
        }
        let bare = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name);
        let mut found: BTreeMap<ItemId, FoundView> = BTreeMap::new();
        for (item, named) in self.ledger.named(bare)? {
            found.insert(item, FoundView { item, worker: named.worker, at: named.at });
        }
        let draft = self.ledger.draft();
        let id = MessageId::new(bare);
        for (worker, _) in self.workers() {
            if let Some(mapped) = draft.mapped(&worker, &id)? {
                let (item, at) = (mapped.item, Timestamp(mapped.item.0.timestamp_ms()));
                found.entry(item).or_insert(FoundView { item, worker, at });
            }
        }
        Ok(found.into_values().rev().collect())
    }

    /// The way of `item`; `None` when nothing is known of it any more.
    pub(super) fn way_of(&self, item: ItemId) -> Result<Option<TraceView>, StoreError> {
        let steps = self.ledger.trail(item)?;
        if steps.is_empty() {
            return Ok(None);
        }
        let from = steps.iter().find_map(|step| origin_of(item, step)).map(|found| found.worker);
        let direction = from.as_ref().map(|worker| match worker.is_hub() {
            true => Direction::Out,
            false => Direction::In,
        });
        let teller = Teller { words: &self.words };
        let mut entries: Vec<_> = steps.into_iter().flat_map(|step| teller.entries(step)).collect();
        let mut before = entries.first().map(|first| first.at);
        for entry in &mut entries {
            let pause = entry.at.since(before.replace(entry.at).unwrap_or(entry.at));
            entry.after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        }
        Ok(Some(TraceView { item, from, direction, entries }))
    }
}

/// Where the message came from, if `step` tells.
fn origin_of(item: ItemId, step: &Step) -> Option<FoundView> {
    let (worker, at) = match &step.way {
        Way::Routed { worker, received_at, .. } => (worker, *received_at),
        Way::PutAside { worker, .. } => (worker, step.at),
        _ => return None,
    };
    Some(FoundView { item, worker: worker.clone(), at })
}

/// Tells the steps of a trail as people see them.
struct Teller<'w> {
    words: &'w Words,
}

impl Teller<'_> {
    fn entries(&self, step: Step) -> Vec<TraceEntry> {
        let at = step.at;
        match step.way {
            Way::Routed { worker, received_at, before, hop, verdict, deliveries } => {
                let came = TraceEntry {
                    worker: Some(worker.clone()),
                    protection: Some(hop.clone()),
                    ..self.entry(received_at, Stage::Accept, "trace-accepted")
                };
                let mut entries = Vec::new();
                // What a message says of its way tells more only where it came further.
                if before != Protection::Unknown && before != hop {
                    let worker = Some(worker);
                    let protection = Some(before);
                    let entry = self.entry(received_at, Stage::Border, "trace-border");
                    entries.push(TraceEntry { worker, protection, ..entry });
                }
                entries.push(came);
                entries.push(self.judged(at, &verdict));
                let count = deliveries.to_string();
                let what = self.words.say("trace-routed", &[("count", &count)]);
                entries.push(TraceEntry { what, ..self.entry(at, Stage::Route, "trace-routed") });
                entries
            }
            Way::PutAside { worker, reason } => vec![TraceEntry {
                worker: Some(worker),
                reason: Some(ReasonView::new(&reason, self.words)),
                ..self.entry(at, Stage::Normalise, "trace-put-aside")
            }],
            Way::Held { to, until, .. } => {
                let key = if until.is_some() { "trace-held" } else { "trace-held-paused" };
                vec![TraceEntry { worker: Some(to), ..self.entry(at, Stage::Deliver, key) }]
            }
            Way::Attempted { part, attempt, to, outcome, reason, code, hop } => {
                let key = match outcome {
                    AttemptOutcome::Delivered => "trace-delivered",
                    AttemptOutcome::Retry => "trace-retry",
                    AttemptOutcome::Refused => "trace-refused",
                    AttemptOutcome::Unknown => "trace-unknown",
                    AttemptOutcome::GaveUp => "trace-gave-up",
                };
                vec![TraceEntry {
                    worker: Some(to),
                    reason: reason.map(|key| ReasonView::new(&key, self.words)),
                    attempt: Some(AttemptView { part, number: attempt, outcome, code }),
                    protection: Some(hop).filter(|_| outcome == AttemptOutcome::Delivered),
                    ..self.entry(at, Stage::Deliver, key)
                }]
            }
            Way::Gathered { into } => {
                let what = self.words.say("trace-gathered", &[("reference", &into)]);
                let entry = self.entry(at, Stage::Deliver, "trace-gathered");
                vec![TraceEntry { what, ..entry }]
            }
            Way::Reported { by, state } => {
                let key = match state {
                    State::Held | State::Sent => "trace-reported-sent",
                    State::Delivered => "trace-reported-delivered",
                    State::Delayed => "trace-reported-delayed",
                    State::Failed => "trace-reported-failed",
                    State::Unknown => "trace-reported-unknown",
                };
                vec![TraceEntry { worker: Some(by), ..self.entry(at, Stage::Report, key) }]
            }
            Way::Decided { what, by } => {
                let key = match what {
                    Decision::Requeued => "trace-requeued",
                    Decision::Discarded => "trace-discarded",
                    Decision::Opened => "trace-opened",
                    Decision::Expired => "trace-expired",
                    Decision::Overtaken => "trace-overtaken",
                    Decision::ReportedDelivered => "trace-settled",
                    Decision::Tested => "trace-tested",
                };
                let what = self.words.say(key, &[("by", &by)]);
                vec![TraceEntry { what, ..self.entry(at, Stage::Decide, key) }]
            }
        }
    }

    fn judged(&self, at: Timestamp, verdict: &str) -> TraceEntry {
        let (what, reason) = match verdict {
            "pass" => ("trace-passed", None),
            WITHHELD => ("trace-withheld", None),
            BLOCKED => ("trace-ignored", Some("ignored-blocked")),
            ignored if ignored.starts_with("ignored-") => ("trace-ignored", Some(ignored)),
            refused => ("trace-not-passed", Some(refused)),
        };
        let reason = reason.map(|key| ReasonView::new(key, self.words));
        TraceEntry { reason, ..self.entry(at, Stage::Judge, what) }
    }

    fn entry(&self, at: Timestamp, stage: Stage, what: &str) -> TraceEntry {
        TraceEntry {
            at,
            after_ms: 0,
            stage,
            what: self.words.say(what, &[]),
            reason: None,
            worker: None,
            attempt: None,
            protection: None,
        }
    }
}
