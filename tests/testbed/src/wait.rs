//! Waiting for what must happen, never longer than [`PATIENCE`].

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How long anything may take on a small, busy machine before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks at something that cannot tell us when it changes.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `check` finds something.
///
/// # Errors
/// What `check` failed with; or that `what` did not come in time.
pub async fn until<T>(
    what: impl Display,
    mut check: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = check().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
        }
        sleep(PAUSE).await;
    }
}
