//! What operators see: every event and metric name stands here or in [`metrics`].
//!
//! No content, address, number or secret may reach a log line or a label. Therefore labels are
//! worker names and words of the source code (`&'static str`), only viadukt's own log lines are
//! written (a library's may name people), and a panic is logged without its message.

mod exposition;
mod logging;
mod metrics;
mod process;

pub use exposition::Format;
pub use logging::{item_span, start as start_logging};
pub use metrics::{Direction, Disk, Metrics};

/// The `event` field of log lines.
pub mod event {
    /// The process has started.
    pub const STARTED: &str = "started";
    /// Everything is connected.
    pub const READY: &str = "ready";
    /// The process has been asked to stop and drains.
    pub const STOPPING: &str = "stopping";
    /// The process ends.
    pub const STOPPED: &str = "stopped";
    /// A worker is connected.
    pub const WORKER_UP: &str = "worker-up";
    /// A worker is not connected and waits to try again.
    pub const WORKER_DOWN: &str = "worker-down";
    /// A worker cannot go on at all.
    pub const WORKER_SHUT: &str = "worker-shut";
    /// A bridge was called from outside, at the public listener.
    pub const CALLED: &str = "called";
    /// An item is durable.
    pub const ACCEPTED: &str = "accepted";
    /// An item had been accepted before.
    pub const DUPLICATE: &str = "duplicate";
    /// A message was judged.
    pub const JUDGED: &str = "judged";
    /// A message became deliveries.
    pub const ROUTED: &str = "routed";
    /// A delivery was attempted.
    pub const ATTEMPTED: &str = "attempted";
    /// A delivery has its last outcome.
    pub const RECORDED: &str = "recorded";
    /// An item was put aside after it failed three times.
    pub const PUT_ASIDE: &str = "put-aside";
    /// A delivery was given up and waits for a person.
    pub const DEAD_LETTER: &str = "dead-letter";
    /// The store failed; the process ends.
    pub const STORE_FAILED: &str = "store-failed";
    /// An export at a regular time was not made.
    pub const BACKUP_FAILED: &str = "backup-failed";
    /// Something panicked.
    pub const PANIC: &str = "panic";
}
