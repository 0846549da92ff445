//! Waiting before trying again.

use std::time::Duration;

use tokio::time::sleep;
use viadukt_api::Env;

use crate::trouble::Trouble;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits that double, with jitter.
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(Duration::from_secs(1))
    }
}

impl Backoff {
    /// Waits out `trouble` and tells `heard` why, or returns it when waiting is no use.
    pub(crate) async fn out(
        &mut self,
        env: &Env,
        trouble: Trouble,
        heard: impl Fn(Result<(), String>),
    ) -> Result<(), Trouble> {
        let Trouble::Wait { what, after } = trouble else { return Err(trouble) };
        tracing::warn!(reason = what, "the hub waits");
        heard(Err(what));
        sleep(env.jitter(after.unwrap_or_default().max(self.0))).await;
        self.0 = (self.0 * 2).min(LONGEST);
        Ok(())
    }
}
