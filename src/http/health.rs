//! Whether the process does its work, for a load balancer and for `doctor`.

use serde::{Deserialize, Serialize};
use viadukt_api::{Health, WorkerName};

use super::operations::Operations;

/// What `/health/ready` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Started, the store at work, and every worker connected.
    pub ready: bool,
    /// Started, and the store at work.
    pub started: bool,
    /// The workers that are not connected.
    pub down: Vec<WorkerState>,
}

/// A worker that is not connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    /// Which one.
    pub worker: WorkerName,
    /// Why, in a word or two.
    pub why: String,
}

impl Readiness {
    /// How it is right now.
    pub fn of(operations: &dyn Operations) -> Self {
        let started = operations.ready();
        let down: Vec<_> = operations
            .health()
            .into_iter()
            .filter_map(|(worker, health)| match health {
                Health::Up => None,
                Health::Down(why) => Some(WorkerState { worker, why }),
            })
            .collect();
        Self { ready: started && down.is_empty(), started, down }
    }
}
