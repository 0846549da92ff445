//! What systems that are listened to share: how the connection does, and the pause before it is
//! tried again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::select;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use viadukt_api::{Env, Health};

/// The pauses in seconds after the first, second, … failure in a row; the last repeats.
const PAUSES: [u64; 7] = [1, 2, 4, 8, 15, 30, 60];

/// How a connection does, as it was said last.
pub(crate) struct Standing(Mutex<Health>);

impl Standing {
    /// Down, for nothing has happened yet: `not connected yet`.
    pub(crate) fn not_yet(why: &str) -> Self {
        Self(Mutex::new(Health::Down(why.to_owned())))
    }

    /// Says how it does now.
    pub(crate) fn set(&self, health: Health) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// How it does.
    pub(crate) fn health(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Waits before the next attempt, after so many `failures` before this one in a row, at least as
/// long as the other side `asked` for; `false` when `stop` fired meanwhile.
pub(crate) async fn pause(
    env: &Env,
    failures: usize,
    asked: Option<Duration>,
    stop: &CancellationToken,
) -> bool {
    let pause = Duration::from_secs(PAUSES[failures.min(PAUSES.len() - 1)]);
    select! {
        () = stop.cancelled() => false,
        () = sleep(env.jitter(pause).max(asked.unwrap_or_default())) => true,
    }
}
