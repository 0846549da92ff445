//! What is counted, and when.

use std::time::Duration;

use prometheus::Result;
use viadukt_api::{Readings, Timestamp, WorkerName};

use super::{ATTEMPT_OUTCOMES, BACKUP_OUTCOMES, Direction, Metrics, VERDICTS};
use crate::observe::exposition::Format;

/// How much the data folder holds, and how much it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of the store.
    pub store: u64,
    /// Bytes of the spool.
    pub spool: u64,
    /// Bytes that may still be written.
    pub free: u64,
    /// Below this many free bytes nothing new is accepted.
    pub watermark: u64,
}

impl Metrics {
    /// Shows `worker` in every metric at zero, so that a rate is right from its first event on.
    pub fn introduce(&self, worker: &WorkerName) {
        let name = worker.as_str();
        self.up(worker, false);
        self.accepted.with_label_values(&[name]);
        self.duplicates.with_label_values(&[name]);
        self.dead_letters(worker, 0);
        self.queue(worker, 0, Duration::ZERO);
        self.held(worker, 0);
        for outcome in ATTEMPT_OUTCOMES {
            self.attempts.with_label_values(&[name, outcome]);
        }
        for outcome in VERDICTS {
            self.judged.with_label_values(&[name, outcome]);
        }
        if !worker.is_hub() {
            self.left_encryption.with_label_values(&[name]);
            self.unclaimed.with_label_values(&[name]);
            self.first_answers.with_label_values(&[name]);
            for direction in Direction::ALL {
                self.delivered.with_label_values(&[name, direction.as_str()]);
                self.conversations.with_label_values(&[name, direction.as_str()]);
            }
        }
    }

    /// Shows the calls of `bridge`, which can be called from outside, at zero.
    pub fn introduce_hooks(&self, bridge: &WorkerName) {
        for outcome in Self::CALL_OUTCOMES {
            self.calls.with_label_values(&[bridge.as_str(), outcome]);
        }
    }

    /// `worker` brought an item in, and it is durable.
    pub fn accepted(&self, worker: &WorkerName) {
        self.accepted.with_label_values(&[worker.as_str()]).inc();
    }

    /// `worker` brought an item that had been accepted before.
    pub fn duplicate(&self, worker: &WorkerName) {
        self.duplicates.with_label_values(&[worker.as_str()]).inc();
    }

    /// `worker` reported on a message that nobody knows.
    pub fn unclaimed(&self, worker: &WorkerName) {
        self.unclaimed.with_label_values(&[worker.as_str()]).inc();
    }

    /// A message that `worker` brought was judged.
    pub fn judged(&self, worker: &WorkerName, outcome: &'static str) {
        self.judged.with_label_values(&[worker.as_str(), outcome]).inc();
    }

    /// `worker` made an attempt that ended as `outcome`: `delivered`, `retry`, `gave-up`,
    /// `refused` or `unknown`.
    pub fn attempted(&self, worker: &WorkerName, outcome: &'static str) {
        self.attempts.with_label_values(&[worker.as_str(), outcome]).inc();
    }

    /// A message of `bridge` was delivered `after` it had been accepted.
    pub fn delivered(&self, bridge: &WorkerName, direction: Direction, after: Duration) {
        let labels = [bridge.as_str(), direction.as_str()];
        self.delivered.with_label_values(&labels).observe(after.as_secs_f64());
    }

    /// A conversation over `bridge` began with a message in `direction`.
    pub fn began(&self, bridge: &WorkerName, direction: Direction) {
        self.conversations.with_label_values(&[bridge.as_str(), direction.as_str()]).inc();
    }

    /// A conversation that the far side of `bridge` began had its first answer from a room.
    pub fn answered_first(&self, bridge: &WorkerName, after: Duration) {
        self.first_answers.with_label_values(&[bridge.as_str()]).observe(after.as_secs_f64());
    }

    /// What `worker` still has to deliver: how many, and the age of the oldest.
    pub fn queue(&self, worker: &WorkerName, length: usize, oldest: Duration) {
        let labels = [worker.as_str()];
        self.queued.with_label_values(&labels).set(number(length));
        self.oldest.with_label_values(&labels).set(oldest.as_secs_f64());
    }

    /// How many deliveries of `worker` a rule holds.
    pub fn held(&self, worker: &WorkerName, count: usize) {
        self.held.with_label_values(&[worker.as_str()]).set(number(count));
    }

    /// How many dead letters of `worker` wait for a person.
    pub fn dead_letters(&self, worker: &WorkerName, count: usize) {
        self.dead_letters.with_label_values(&[worker.as_str()]).set(number(count));
    }

    /// `worker` told its room something on its own; `reason` is the key of the sentence.
    pub fn told(&self, worker: &WorkerName, reason: &str) {
        self.told.with_label_values(&[worker.as_str(), reason]).inc();
    }

    /// A message of an encrypted room left towards the far side of `bridge`.
    pub fn left_encryption(&self, bridge: &WorkerName) {
        self.left_encryption.with_label_values(&[bridge.as_str()]).inc();
    }

    /// `bridge` answered by itself.
    pub fn answered(&self, bridge: &WorkerName, answer: &'static str) {
        self.answered.with_label_values(&[bridge.as_str(), answer]).inc();
    }

    /// What the budget of `bridge` allows in a period, and what was spent of it in this one.
    pub fn budget(&self, bridge: &WorkerName, used: u32, limit: u32) {
        let labels = [bridge.as_str()];
        self.budget_used.with_label_values(&labels).set(used.into());
        self.budget_limit.with_label_values(&labels).set(limit.into());
    }

    /// Whether `worker` is connected.
    pub fn up(&self, worker: &WorkerName, up: bool) {
        self.up.with_label_values(&[worker.as_str()]).set(u8::from(up).into());
    }

    /// What `worker` measures of itself. What it does not know now is not shown: an old value
    /// would pass for a present one.
    pub fn measured(&self, worker: &WorkerName, readings: &Readings) {
        let labels = [worker.as_str()];
        for (gauge, shown) in &self.measured {
            match readings.iter().find(|(read, _)| read == gauge) {
                Some((_, value)) => shown.with_label_values(&labels).set(*value),
                // It fails where nothing was shown before.
                None => drop(shown.remove_label_values(&labels)),
            }
        }
    }

    /// `bridge` was called from outside; `outcome` is one of [`Metrics::CALL_OUTCOMES`].
    pub fn called(&self, bridge: &WorkerName, outcome: &'static str) {
        self.calls.with_label_values(&[bridge.as_str(), outcome]).inc();
    }

    /// Exports are made at regular times; the latest good one is from then.
    pub fn introduce_backups(&self, latest: Option<Timestamp>) {
        for outcome in BACKUP_OUTCOMES {
            self.backups.with_label_values(&[outcome]);
        }
        self.last_backup.set(latest.map_or(0.0, seconds));
    }

    /// An export was made, or not.
    pub fn backed_up(&self, made: Option<Timestamp>) {
        let outcome = BACKUP_OUTCOMES[usize::from(made.is_none())];
        self.backups.with_label_values(&[outcome]).inc();
        if let Some(at) = made {
            self.last_backup.set(seconds(at));
        }
    }

    /// A commit to the store took `time`.
    pub fn committed(&self, time: Duration) {
        self.commit.observe(time.as_secs_f64());
    }

    /// How full the disk is.
    pub fn disk(&self, disk: Disk) {
        let Disk { store, spool, free, watermark } = disk;
        for (gauge, bytes) in [
            (&self.store, store),
            (&self.spool, spool),
            (&self.free, free),
            (&self.watermark, watermark),
        ] {
            #[allow(clippy::cast_precision_loss, reason = "nobody counts petabytes to the byte")]
            gauge.set(bytes as f64);
        }
    }

    /// All of it in `format`.
    pub fn encode(&self, format: Format) -> Result<String> {
        format.encode(&self.all.gather())
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> Result<String> {
        self.encode(Format::Text)
    }
}

#[allow(clippy::cast_precision_loss, reason = "what one process counts fits")]
fn number(count: usize) -> f64 {
    count as f64
}

fn seconds(at: Timestamp) -> f64 {
    Duration::from_millis(at.0).as_secs_f64()
}
