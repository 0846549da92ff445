//! Every metric. Base units, `_total` for counters; each label has few values, known before.

use std::time::Duration;

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, Result, TextEncoder,
};
use viadukt_api::{Clock, Timestamp, WorkerName};

use super::process::Process;

/// Seconds that people and networks take: a chat line well below one, a greylisted mail minutes,
/// a homeserver that was away a night.
const DELIVERY_SECONDS: [f64; 14] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 300.0, 1_800.0, 7_200.0, 86_400.0];

/// Seconds that a disk takes to make a commit durable.
const COMMIT_SECONDS: [f64; 10] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From a far side into a room.
    In,
    /// From a room to a far side.
    Out,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::In, Self::Out];

    /// Its word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    Duration::from_millis(at.0).as_secs_f64()
}

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    accepted: IntCounterVec,
    duplicates: IntCounterVec,
    judged: IntCounterVec,
    attempts: IntCounterVec,
    delivered: HistogramVec,
    queued: IntGaugeVec,
    held: IntGaugeVec,
    oldest: GaugeVec,
    dead_letters: IntGaugeVec,
    told: IntCounterVec,
    unclaimed: IntCounterVec,
    left_encryption: IntCounterVec,
    answered: IntCounterVec,
    commit: Histogram,
    up: IntGaugeVec,
    calls: IntCounterVec,
    backups: IntCounterVec,
    last_backup: Gauge,
}

impl Metrics {
    /// What can become of a call at the public listener.
    pub const CALL_OUTCOMES: [&str; 11] = [
        "taken",
        "forbidden",
        "too-many",
        "too-large",
        "too-slow",
        "unauthorised",
        "unknown",
        "expired",
        "malformed",
        "full",
        "failed",
    ];

    /// All metrics, at zero; `clock` tells when the process began.
    pub fn new(clock: &dyn Clock) -> Result<Self> {
        let into = Into(Registry::new());
        let metrics = Self {
            accepted: into.counters(
                "viadukt_accepted_items_total",
                "Items made durable, by the worker that brought them.",
                &["worker"],
            )?,
            duplicates: into.counters(
                "viadukt_duplicate_items_total",
                "Items that had been accepted before, by the worker that brought them.",
                &["worker"],
            )?,
            judged: into.counters(
                "viadukt_judged_messages_total",
                "Messages judged, by bridge and what was decided.",
                &["worker", "outcome"],
            )?,
            attempts: into.counters(
                "viadukt_delivery_attempts_total",
                "Attempts to deliver, by the delivering worker and how they ended.",
                &["worker", "outcome"],
            )?,
            delivered: into.register(HistogramVec::new(
                HistogramOpts::new(
                    "viadukt_delivery_seconds",
                    "Time from accepting a message to its delivery, by bridge and direction.",
                )
                .buckets(DELIVERY_SECONDS.to_vec()),
                &["worker", "direction"],
            )?)?,
            queued: into.gauges(
                "viadukt_queued_deliveries",
                "Deliveries still to make, by the delivering worker.",
            )?,
            held: into.gauges(
                "viadukt_held_deliveries",
                "Deliveries that a rule holds until a time or until somebody lets them go.",
            )?,
            oldest: into.register(GaugeVec::new(
                Opts::new(
                    "viadukt_oldest_queued_delivery_seconds",
                    "Age of the oldest delivery still to make that no rule holds, by the delivering worker.",
                ),
                &["worker"],
            )?)?,
            dead_letters: into.gauges(
                "viadukt_dead_letters",
                "What was given up and waits for a person, by the worker it belongs to.",
            )?,
            told: into.counters(
                "viadukt_told_total",
                "What a worker told its room on its own, such as an event that cannot be decrypted.",
                &["worker", "reason"],
            )?,
            unclaimed: into.counters(
                "viadukt_unclaimed_reports_total",
                "Reports of far sides on messages that nobody knows, dropped after a day.",
                &["worker"],
            )?,
            left_encryption: into.counters(
                "viadukt_left_encryption_messages_total",
                "Messages of an encrypted room that left towards a far side, by bridge.",
                &["worker"],
            )?,
            answered: into.counters(
                "viadukt_automatic_answers_total",
                "Answers that nobody wrote, by bridge and what they said.",
                &["worker", "answer"],
            )?,
            commit: into.register(Histogram::with_opts(
                HistogramOpts::new(
                    "viadukt_store_commit_seconds",
                    "Time until a commit to the store was durable.",
                )
                .buckets(COMMIT_SECONDS.to_vec()),
            )?)?,
            up: into.gauges("viadukt_worker_up", "1 when the worker is connected, else 0.")?,
            calls: into.counters(
                "viadukt_hook_calls_total",
                "Calls from outside at the public listener, by bridge and what became of them.",
                &["worker", "outcome"],
            )?,
            backups: into.counters(
                "viadukt_backups_total",
                "Exports made at regular times, by how they ended.",
                &["outcome"],
            )?,
            last_backup: into.register(Gauge::new(
                "viadukt_last_backup_timestamp_seconds",
                "When the latest good export was made, in seconds since 1970; 0: never.",
            )?)?,
            registry: into.0,
        };
        metrics.describe_process(clock)?;
        Ok(metrics)
    }

    fn describe_process(&self, clock: &dyn Clock) -> Result<()> {
        let build = Opts::new("viadukt_build_info", "Always 1; the version is in the label.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        let build = IntGauge::with_opts(build)?;
        build.set(1);
        self.registry.register(Box::new(build))?;
        let about = "When the process began, in seconds since 1970.";
        let began = Gauge::new("process_start_time_seconds", about)?;
        began.set(seconds(clock.now()));
        self.registry.register(Box::new(began))?;
        self.registry.register(Box::new(Process::new()?))
    }

    /// Shows `worker` in every metric at zero, so that a rate is right from its first event on.
    pub fn introduce(&self, worker: &WorkerName) {
        let name = worker.as_str();
        self.up.with_label_values(&[name]).set(0);
        self.accepted.with_label_values(&[name]);
        self.duplicates.with_label_values(&[name]);
        self.dead_letters.with_label_values(&[name]);
        self.queue(worker, 0, Duration::ZERO);
        self.held(worker, 0);
        for outcome in ["delivered", "retry", "refused", "unknown", "gave-up"] {
            self.attempts.with_label_values(&[name, outcome]);
        }
        if !worker.is_hub() {
            self.left_encryption.with_label_values(&[name]);
            self.unclaimed.with_label_values(&[name]);
            for direction in Direction::ALL {
                self.delivered.with_label_values(&[name, direction.as_str()]);
            }
        }
    }

    /// Shows the calls of `bridge`, which can be called from outside, at zero.
    pub fn introduce_hooks(&self, bridge: &WorkerName) {
        for outcome in Self::CALL_OUTCOMES {
            self.calls.with_label_values(&[bridge.as_str(), outcome]);
        }
    }

    /// Exports are made at regular times; the latest good one is from then.
    pub fn introduce_backups(&self, latest: Option<Timestamp>) {
        for outcome in ["made", "failed"] {
            self.backups.with_label_values(&[outcome]);
        }
        self.last_backup.set(latest.map_or(0.0, seconds));
    }

    /// An export was made, or not.
    pub fn backed_up(&self, made: Option<Timestamp>) {
        let outcome = if made.is_some() { "made" } else { "failed" };
        self.backups.with_label_values(&[outcome]).inc();
        if let Some(at) = made {
            self.last_backup.set(seconds(at));
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

    /// A message from or to `bridge` was judged.
    pub fn judged(&self, bridge: &WorkerName, outcome: &'static str) {
        self.judged.with_label_values(&[bridge.as_str(), outcome]).inc();
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

    /// What `worker` still has to deliver: how many, and the age of the oldest.
    pub fn queue(&self, worker: &WorkerName, length: usize, oldest: Duration) {
        let labels = [worker.as_str()];
        self.queued.with_label_values(&labels).set(i64::try_from(length).unwrap_or(i64::MAX));
        self.oldest.with_label_values(&labels).set(oldest.as_secs_f64());
    }

    /// How many deliveries of `worker` a rule holds.
    pub fn held(&self, worker: &WorkerName, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.held.with_label_values(&[worker.as_str()]).set(count);
    }

    /// How many dead letters of `worker` wait for a person.
    pub fn dead_letters(&self, worker: &WorkerName, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.dead_letters.with_label_values(&[worker.as_str()]).set(count);
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

    /// A commit to the store took `time`.
    pub fn committed(&self, time: Duration) {
        self.commit.observe(time.as_secs_f64());
    }

    /// Whether `worker` is connected.
    pub fn up(&self, worker: &WorkerName, up: bool) {
        self.up.with_label_values(&[worker.as_str()]).set(i64::from(up));
    }

    /// `bridge` was called from outside; `outcome` is one of [`Metrics::CALL_OUTCOMES`].
    pub fn called(&self, bridge: &WorkerName, outcome: &'static str) {
        self.calls.with_label_values(&[bridge.as_str(), outcome]).inc();
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// Makes metrics that are registered already.
struct Into(Registry);

impl Into {
    fn counters(&self, name: &str, about: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.register(IntCounterVec::new(Opts::new(name, about), labels)?)
    }

    fn gauges(&self, name: &str, about: &str) -> Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(Opts::new(name, about), &["worker"])?)
    }

    fn register<M>(&self, metric: M) -> Result<M>
    where
        M: prometheus::core::Collector + Clone + 'static,
    {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use viadukt_api::Env;

    use super::*;

    #[test]
    fn a_worker_is_shown_at_zero_from_the_start() {
        let metrics = Metrics::new(&*Env::system().clock).unwrap();
        metrics.introduce(&WorkerName::hub());
        metrics.introduce(&"post".parse().unwrap());
        metrics.introduce_hooks(&"post".parse().unwrap());
        let text = metrics.text().unwrap();
        for line in [
            "viadukt_accepted_items_total{worker=\"matrix\"} 0",
            "viadukt_delivery_attempts_total{outcome=\"unknown\",worker=\"post\"} 0",
            "viadukt_hook_calls_total{outcome=\"too-slow\",worker=\"post\"} 0",
            "viadukt_delivery_seconds_count{direction=\"out\",worker=\"post\"} 0",
            "viadukt_oldest_queued_delivery_seconds{worker=\"post\"} 0",
            "viadukt_worker_up{worker=\"post\"} 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_happens_is_counted() {
        let metrics = Metrics::new(&*Env::system().clock).unwrap();
        let post: WorkerName = "post".parse().unwrap();
        metrics.delivered(&post, Direction::In, Duration::from_millis(200));
        metrics.queue(&post, 7, Duration::from_secs(90));
        metrics.judged(&post, "denied");
        let text = metrics.text().unwrap();
        for line in [
            "viadukt_delivery_seconds_bucket{direction=\"in\",worker=\"post\",le=\"0.25\"} 1",
            "viadukt_queued_deliveries{worker=\"post\"} 7",
            "viadukt_oldest_queued_delivery_seconds{worker=\"post\"} 90",
            "viadukt_judged_messages_total{outcome=\"denied\",worker=\"post\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_process_tells_its_cost() {
        let text = Metrics::new(&*Env::system().clock).unwrap().text().unwrap();
        for name in ["process_cpu_seconds_total ", "process_resident_memory_bytes "] {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line[name.len()..].parse::<f64>().unwrap() > 0.0, "{line}");
        }
    }
}
