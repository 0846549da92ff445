//! Systems that are only for a while. The room is told in time, once.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};
use viadukt_api::{AcceptError, Env, Inbox, Intake, Reason, Timestamp, WorkerError};

use super::{Reader, told};

/// How long before the end the room is told.
const WARNING: Duration = Duration::from_secs(14 * 86_400);
/// How often the clock is looked at, which may jump.
const ROUND: Duration = Duration::from_secs(3_600);

/// The day from which on nothing is taken from a system, by universal time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry(Date);

impl FromToml for Expiry {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a day such as \"2027-01-01\"";
        text(value, expected)?.parse().map(Self).map_err(|_| format!("expected {expected}"))
    }
}

impl Expiry {
    /// Whether it is over.
    pub(crate) fn is_over(self, now: Timestamp) -> bool {
        now >= self.end()
    }

    fn end(self) -> Timestamp {
        let start =
            self.0.to_zoned_datetime(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
        Timestamp(start.ok().and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
    }

    fn is_near(self, now: Timestamp) -> bool {
        now.plus(WARNING) >= self.end()
    }

    /// What the room is told.
    fn reason(self, reader: &Reader) -> Reason {
        let reason = match &reader.owner {
            None => Reason::new("intranet-hook-expires"),
            Some(owner) => Reason::new("intranet-hook-expires-owned").with("owner", owner),
        };
        reason.with("system", &reader.name).with("date", self.0.to_string())
    }
}

impl Reader {
    /// Tells the room in time when this system's time ends, and returns when it has ended or
    /// `stop` fires.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn watch_expiry(
        &self,
        expiry: Expiry,
        env: &Env,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<(), WorkerError> {
        let mut is_told = false;
        loop {
            let now = env.now();
            if !is_told && expiry.is_near(now) {
                // Its key is known for as long as a warning is due: the room is told once.
                let id = format!("expires {}", expiry.0);
                let item = told::tell(&self.name, id, now, &expiry.reason(self)).into_item();
                match inbox.accept(Intake { items: vec![item], keep: Vec::new() }).await {
                    Ok(_) => is_told = true,
                    Err(AcceptError::Full(_)) => {}
                    Err(error @ AcceptError::Store(_)) => return Err(error.into()),
                }
            }
            if expiry.is_over(now) {
                return Ok(());
            }
            let pause = env.jitter(ROUND);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
