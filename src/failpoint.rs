//! Named points at which the process can be made to die, to show that nothing is lost there.
//!
//! `VIADUKT_FAILPOINT=route.committed:7` aborts at the seventh pass of that point, as abruptly
//! as `kill -9`. Without the variable a point costs one atomic load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every durable point on a message's way, in order.
pub const POINTS: &[&str] = &[
    "accept.before-commit",
    "accept.committed",
    "normalise.started",
    "route.before-commit",
    "route.committed",
    "deliver.started",
    "deliver.answered",
    "record.committed",
];

/// Those that a message passes only where a flood has gathered it.
pub const GATHERING: &[&str] = &["gather.before-commit", "gather.committed"];

struct Armed {
    point: String,
    passes_left: AtomicU64,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

/// Passes the point `name`.
#[allow(clippy::disallowed_methods, reason = "to die without a drain is what a point is for")]
pub fn pass(name: &str) {
    debug_assert!(POINTS.contains(&name) || GATHERING.contains(&name), "unknown fail point");
    let Some(armed) = ARMED.get_or_init(from_environment) else { return };
    if armed.point == name && armed.passes_left.fetch_sub(1, Ordering::AcqRel) == 1 {
        std::process::abort();
    }
}

fn from_environment() -> Option<Armed> {
    let value = std::env::var("VIADUKT_FAILPOINT").ok()?;
    let (point, passes) = value.split_once(':').unwrap_or((&value, "1"));
    Some(Armed { point: point.to_owned(), passes_left: AtomicU64::new(passes.parse().ok()?) })
}
