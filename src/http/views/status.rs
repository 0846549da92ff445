//! How the process and its workers do.

use serde::{Deserialize, Serialize};
use viadukt_api::{Probe, Timestamp, WorkerName};

/// Everything at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The process.
    pub process: ProcessView,
    /// Every worker, the hub first.
    pub workers: Vec<WorkerView>,
}

/// The process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessView {
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Its time now.
    pub now: Timestamp,
    /// Whether every bridge has its room.
    pub ready: bool,
    /// What the store takes on the disk, in bytes; `None` when it lies elsewhere.
    pub store_bytes: Option<u64>,
    /// What the spool takes on the disk, in bytes.
    pub spool_bytes: Option<u64>,
}

/// One worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerView {
    /// Its name.
    pub worker: WorkerName,
    /// Its kind, as the configuration calls it; `matrix` for the hub.
    pub kind: String,
    /// Whether it is connected.
    pub up: bool,
    /// How it does, in words.
    pub health: String,
    /// Since when it does so; as exactly as it was looked at, every few seconds.
    pub since: Timestamp,
    /// Whether nothing leaves it, because somebody said so.
    pub paused: bool,
    /// How many deliveries wait for it or are under way.
    pub waiting: usize,
    /// How many of them a rule holds.
    pub held: usize,
    /// When the oldest one was accepted that no rule holds.
    pub oldest: Option<Timestamp>,
    /// How many of its dead letters wait for a decision.
    pub dead_letters: usize,
}

/// What one worker's probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeView {
    /// The worker.
    pub worker: WorkerName,
    /// What was tried, and what came of it.
    pub steps: Vec<(String, Result<String, String>)>,
}

impl ProbeView {
    /// The view of `probes`.
    pub fn new(worker: WorkerName, probes: Vec<Probe>) -> Self {
        let steps = probes.into_iter().map(|probe| (probe.what, probe.result)).collect();
        Self { worker, steps }
    }
}
