//! How the process and its workers do: `status`, and the gauges.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use viadukt_api::{Health, Timestamp, WorkerName};

use crate::config::Allowance;
use crate::http::views::{ProcessView, StatusView, WorkerView};
use crate::ledger::{Account, DeadWhat};
use crate::pipeline::Pipeline;
use crate::store::{StoreError, bytes_on_disk};

/// Since when each worker does as it does.
pub struct Standing {
    started_at: Timestamp,
    seen: Mutex<BTreeMap<WorkerName, (Health, Timestamp)>>,
}

impl Standing {
    /// Nobody has been looked at before the start at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { started_at: now, seen: Mutex::default() }
    }

    /// Since when `worker` has been seen in `health`.
    fn since(&self, worker: &WorkerName, health: &Health, now: Timestamp) -> Timestamp {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(worker) {
            Some((before, since)) if before == health => *since,
            _ => {
                seen.insert(worker.clone(), (health.clone(), now));
                now
            }
        }
    }
}

/// One worker right now.
struct Stand {
    worker: WorkerName,
    health: Health,
    since: Timestamp,
    waiting: usize,
    held: usize,
    oldest: Option<Timestamp>,
    dead_letters: usize,
}

impl Pipeline {
    /// Every worker, the hub first.
    fn stand(&self) -> Result<Vec<Stand>, StoreError> {
        let now = self.env.now();
        let depth = self.lanes.depth();
        let mut dead: BTreeMap<WorkerName, usize> = BTreeMap::new();
        self.ledger.dead(|letter| {
            let worker = match letter.what {
                DeadWhat::Item(accepted) => accepted.worker,
                DeadWhat::Delivery(delivery) => delivery.to,
            };
            *dead.entry(worker).or_default() += 1;
            Ok(())
        })?;
        let stands = self.workers().into_iter().map(|(worker, at_work)| {
            let health = at_work.health();
            let waiting = depth.get(&worker).cloned().unwrap_or_default();
            Stand {
                since: self.standing.since(&worker, &health, now),
                waiting: waiting.count,
                held: waiting.held,
                oldest: waiting.oldest.map(|id| Timestamp(id.item.0.timestamp_ms())),
                dead_letters: dead.get(&worker).copied().unwrap_or(0),
                worker,
                health,
            }
        });
        Ok(stands.collect())
    }

    /// Brings the gauges up to date, and remembers since when each worker does as it does.
    pub fn measure(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        for stand in self.stand()? {
            let name = &stand.worker;
            self.metrics.queue(name, stand.waiting, now.since(stand.oldest.unwrap_or(now)));
            self.metrics.held(name, stand.held);
            self.metrics.dead_letters(name, stand.dead_letters);
            self.metrics.up(name, stand.health == Health::Up);
        }
        for (name, worker) in self.workers() {
            self.metrics.measured(&name, &worker.gauges());
        }
        self.measure_budgets()
    }

    /// Only what a bridge as a whole may spend: every other budget is a person's or a room's.
    fn measure_budgets(&self) -> Result<(), StoreError> {
        let draft = self.ledger.draft();
        for (bridge, rules) in &self.policy.rules {
            let Some(Allowance { units, period }) = rules.limits.per_bridge else { continue };
            let until = period.end(self.env.now(), &self.policy.zone);
            let used = draft.spent(bridge, &Account::Bridge, until)?;
            self.metrics.budget(bridge, used, units);
        }
        Ok(())
    }

    /// Everything at a glance.
    pub(super) fn status_view(&self, ready: bool) -> Result<StatusView, StoreError> {
        let stands = self.stand()?;
        let workers = stands.into_iter().map(|stand| self.worker_view(stand)).collect();
        let folder = |name: &str| self.data_dir.as_deref().map(|data| data.join(name));
        let bytes = |name| folder(name).and_then(|folder| measured(&folder));
        let process = ProcessView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.standing.started_at,
            now: self.env.now(),
            ready,
            store_bytes: bytes("store"),
            spool_bytes: bytes("spool"),
        };
        Ok(StatusView { process, workers })
    }

    fn worker_view(&self, stand: Stand) -> WorkerView {
        let health = match &stand.health {
            Health::Up => self.words.say("health-up", &[]),
            Health::Down(why) => self.words.say("health-down", &[("why", why)]),
        };
        let kind = if stand.worker.is_hub() { Some("matrix") } else { None };
        let kind = kind.or_else(|| self.kinds.get(&stand.worker).copied()).unwrap_or_default();
        WorkerView {
            kind: kind.to_owned(),
            up: stand.health == Health::Up,
            health,
            since: stand.since,
            paused: self.pauses(&stand.worker),
            waiting: stand.waiting,
            held: stand.held,
            oldest: stand.oldest,
            dead_letters: stand.dead_letters,
            worker: stand.worker,
        }
    }

    /// `!status`, in words.
    pub(in crate::pipeline) fn status_text(&self) -> String {
        let depth = self.lanes.depth();
        let lines = self.workers().into_iter().map(|(name, worker)| {
            let waiting = depth.get(&name).map_or(0, |waiting| waiting.count).to_string();
            let args = [("name", name.as_str()), ("waiting", waiting.as_str())];
            match worker.health() {
                _ if self.pauses(&name) => self.words.say("status-paused", &args),
                Health::Up => self.words.say("status-up", &args),
                Health::Down(_) => self.words.say("status-down", &args),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// What cannot be measured is not shown; why, the log says.
fn measured(folder: &Path) -> Option<u64> {
    bytes_on_disk(folder)
        .inspect_err(|error| tracing::warn!(%error, "a folder could not be measured"))
        .ok()
}
