//! Every metric. Base units, `_total` for counters; each label has few values, known before.
//! `docs/metrics.md` is made from what stands here; how they are counted is in `count`.

mod catalogue;
mod count;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounterVec, Result};
use viadukt_api::{self as api, Clock};

use self::catalogue::{Catalogue, Label, Values};

pub use self::count::Disk;

/// Seconds that people and networks take: a chat line well below one, a greylisted mail minutes,
/// a homeserver that was away a night.
const DELIVERY_SECONDS: &[f64] =
    &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 300.0, 1_800.0, 7_200.0, 86_400.0];

/// Seconds that a person takes to answer: minutes in chat, days by the rules of an agency.
const ANSWER_SECONDS: &[f64] =
    &[60.0, 300.0, 900.0, 3_600.0, 14_400.0, 28_800.0, 86_400.0, 259_200.0, 604_800.0];

/// Seconds that a disk takes to make a commit durable.
const COMMIT_SECONDS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

const WORKER: Label = Label { name: "worker", values: Values::Workers };
const DIRECTION: Label = Label { name: "direction", values: Values::Words(&["in", "out"]) };
const VERDICT: Label = Label { name: "outcome", values: Values::Words(&VERDICTS) };
const ATTEMPT: Label = Label { name: "outcome", values: Values::Words(&ATTEMPT_OUTCOMES) };
const CALL: Label = Label { name: "outcome", values: Values::Words(&Metrics::CALL_OUTCOMES) };
const BACKUP: Label = Label { name: "outcome", values: Values::Words(&BACKUP_OUTCOMES) };
const ANSWER: Label = Label { name: "answer", values: Values::Kinds("kind of automatic answer") };
const REASON: Label = Label { name: "reason", values: Values::Kinds("sentence that workers tell") };

/// What can be decided of a message.
const VERDICTS: [&str; 5] = ["pass", "withheld", "refuse", "ignore", "blocked"];

/// How an attempt to deliver can end. All but `retry` are the end of the delivery.
const ATTEMPT_OUTCOMES: [&str; 5] = ["delivered", "retry", "refused", "unknown", "gave-up"];

/// How an export at its regular time can end.
const BACKUP_OUTCOMES: [&str; 2] = ["made", "failed"];

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

/// The metrics of one process.
pub struct Metrics {
    all: Catalogue,
    accepted: IntCounterVec,
    duplicates: IntCounterVec,
    judged: IntCounterVec,
    attempts: IntCounterVec,
    delivered: HistogramVec,
    queued: GaugeVec,
    held: GaugeVec,
    oldest: GaugeVec,
    dead_letters: GaugeVec,
    told: IntCounterVec,
    unclaimed: IntCounterVec,
    conversations: IntCounterVec,
    first_answers: HistogramVec,
    answered: IntCounterVec,
    left_encryption: IntCounterVec,
    budget_used: GaugeVec,
    budget_limit: GaugeVec,
    up: GaugeVec,
    measured: BTreeMap<api::Gauge, GaugeVec>,
    calls: IntCounterVec,
    commit: Histogram,
    store: Gauge,
    spool: Gauge,
    free: Gauge,
    watermark: Gauge,
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
        let mut all = Catalogue::default();
        let version = ("version", env!("CARGO_PKG_VERSION"));
        let about = "Always 1; the version is in the label.";
        all.constant("viadukt_build_info", about, Some(version), 1.0)?;
        let began = Duration::from_millis(clock.now().0).as_secs_f64();
        let about = "When the process began, in seconds since 1970.";
        all.constant("process_start_time_seconds", about, None, began)?;
        all.process()?;
        Ok(Self {
            accepted: all.counters(
                "viadukt_accepted_items_total",
                "Items made durable, by the worker that brought them.",
                &[WORKER],
            )?,
            duplicates: all.counters(
                "viadukt_duplicate_items_total",
                "Items that had been accepted before, by the worker that brought them.",
                &[WORKER],
            )?,
            judged: all.counters(
                "viadukt_judged_messages_total",
                "Messages judged, by the worker that brought them and what was decided.",
                &[WORKER, VERDICT],
            )?,
            attempts: all.counters(
                "viadukt_delivery_attempts_total",
                "Attempts to deliver, by the delivering worker and how they ended.",
                &[WORKER, ATTEMPT],
            )?,
            delivered: all.histograms(
                "viadukt_delivery_seconds",
                "Time from accepting a message to its delivery, by bridge and direction.",
                &[WORKER, DIRECTION],
                DELIVERY_SECONDS,
            )?,
            queued: all.gauges(
                "viadukt_queued_deliveries",
                "Deliveries still to make, by the delivering worker.",
                &[WORKER],
            )?,
            held: all.gauges(
                "viadukt_held_deliveries",
                "Deliveries that a rule holds until a time or until somebody lets them go.",
                &[WORKER],
            )?,
            oldest: all.gauges(
                "viadukt_oldest_queued_delivery_seconds",
                "Age of the oldest delivery still to make that no rule holds, by the delivering worker.",
                &[WORKER],
            )?,
            dead_letters: all.gauges(
                "viadukt_dead_letters",
                "What was given up and waits for a person, by the worker it belongs to.",
                &[WORKER],
            )?,
            told: all.counters(
                "viadukt_told_total",
                "What a worker told its room on its own, such as an event that cannot be decrypted.",
                &[WORKER, REASON],
            )?,
            unclaimed: all.counters(
                "viadukt_unclaimed_reports_total",
                "Reports of far sides on messages that nobody knows, dropped after a day.",
                &[WORKER],
            )?,
            conversations: all.counters(
                "viadukt_conversations_total",
                "Conversations begun, by bridge and the direction of their first message.",
                &[WORKER, DIRECTION],
            )?,
            first_answers: all.histograms(
                "viadukt_first_answer_seconds",
                "Time from the begin of a far side's conversation to its first answer from a room, by bridge.",
                &[WORKER],
                ANSWER_SECONDS,
            )?,
            answered: all.counters(
                "viadukt_automatic_answers_total",
                "Answers that nobody wrote, by bridge and what they said.",
                &[WORKER, ANSWER],
            )?,
            left_encryption: all.counters(
                "viadukt_left_encryption_messages_total",
                "Messages of an encrypted room that left towards a far side, by bridge.",
                &[WORKER],
            )?,
            budget_used: all.gauges(
                "viadukt_budget_used_units",
                "What was spent in this period of the budget of a bridge that has one.",
                &[WORKER],
            )?,
            budget_limit: all.gauges(
                "viadukt_budget_limit_units",
                "What the budget of a bridge that has one allows in a period.",
                &[WORKER],
            )?,
            up: all.gauges(
                "viadukt_worker_up",
                "1 when the worker is connected, else 0.",
                &[WORKER],
            )?,
            measured: api::Gauge::ALL
                .into_iter()
                .map(|gauge| {
                    let (name, about) = measured(gauge);
                    Ok((gauge, all.gauges(name, about, &[WORKER])?))
                })
                .collect::<Result<_>>()?,
            calls: all.counters(
                "viadukt_hook_calls_total",
                "Calls from outside at the public listener, by bridge and what became of them.",
                &[WORKER, CALL],
            )?,
            commit: all.histogram(
                "viadukt_store_commit_seconds",
                "Time until a commit to the store was durable.",
                COMMIT_SECONDS,
            )?,
            store: all.gauge("viadukt_store_bytes", "Bytes that the store holds on the disk.")?,
            spool: all.gauge(
                "viadukt_spool_bytes",
                "Bytes that large payloads hold on the disk, beside the store.",
            )?,
            free: all.gauge(
                "viadukt_disk_free_bytes",
                "Bytes that may still be written where the data folder lies.",
            )?,
            watermark: all.gauge(
                "viadukt_disk_watermark_bytes",
                "Below this many free bytes nothing new is accepted.",
            )?,
            backups: all.counters(
                "viadukt_backups_total",
                "Exports made at regular times, by how they ended.",
                &[BACKUP],
            )?,
            last_backup: all.gauge(
                "viadukt_last_backup_timestamp_seconds",
                "When the latest good export was made, in seconds since 1970; 0: never.",
            )?,
            all,
        })
    }

    /// The metrics as a table for people, as it stands in `docs/metrics.md`.
    pub fn table(&self) -> String {
        self.all.table()
    }
}

/// The name and the meaning of what workers measure of themselves.
fn measured(gauge: api::Gauge) -> (&'static str, &'static str) {
    match gauge {
        api::Gauge::UndecryptableEvents => {
            ("viadukt_undecryptable_events", "Events of encrypted rooms that wait for their key.")
        }
        api::Gauge::OneTimeKeys => (
            "viadukt_one_time_keys",
            "One-time keys of the hub's device that the homeserver holds.",
        ),
        api::Gauge::DeviceVerified => (
            "viadukt_device_verified",
            "1 while the hub's device is signed by its own identity, else 0.",
        ),
        api::Gauge::LastSync => (
            "viadukt_last_sync_timestamp_seconds",
            "When the last sync with the homeserver was complete, in seconds since 1970.",
        ),
        api::Gauge::CertificateExpiry => (
            "viadukt_certificate_expiry_timestamp_seconds",
            "When the first of the far side's certificates ends, in seconds since 1970.",
        ),
    }
}
