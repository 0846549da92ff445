//! Hooks that are only for a while. The room is told in time, once.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;
use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};
use viadukt_api::{
    AcceptError, Health, Inbox, Intake, Protection, Reason, Timestamp, WorkerError, async_trait,
};

use super::Hook;
use crate::received::Received;
use crate::system::Listens;

/// How long before the end the room is told.
const WARNING: Duration = Duration::from_secs(14 * 86_400);
/// How often the clock is looked at, which may jump.
const ROUND: Duration = Duration::from_secs(3_600);
/// Stands beside what we bring in ourselves. No header has a blank in its name.
const MARK: &str = "our warning";

/// The day from which on a hook is closed, by universal time.
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
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        now >= self.end()
    }

    /// What the room is told.
    pub(super) fn reason(self, system: &str, owner: Option<&str>) -> Reason {
        let reason = match owner {
            None => Reason::new("intranet-hook-expires"),
            Some(owner) => Reason::new("intranet-hook-expires-owned").with("owner", owner),
        };
        reason.with("system", system).with("date", self.0.to_string())
    }

    fn end(self) -> Timestamp {
        let start =
            self.0.to_zoned_datetime(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
        Timestamp(start.ok().and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
    }

    fn is_near(self, now: Timestamp) -> bool {
        now.plus(WARNING) >= self.end()
    }

    fn warning(self, system: &str, now: Timestamp) -> Received {
        Received {
            system: system.to_owned(),
            id: format!("expires {}", self.0),
            at: now,
            beside: vec![(MARK.to_owned(), self.0.to_string())],
            protection: Protection::Plain,
            body: Vec::new().into(),
        }
    }
}

/// Whether `received` is our own warning.
pub(super) fn is_warning(received: &Received) -> bool {
    received.beside(MARK).is_some()
}

#[async_trait]
impl Listens for Hook {
    async fn run(&self, inbox: &Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let mut waits = self.expiry;
        loop {
            let now = self.context.env.now();
            if let Some(expiry) = waits.filter(|expiry| expiry.is_near(now)) {
                // Its key is known for as long as a warning is due: the room is told once.
                let items = vec![expiry.warning(self.reader.name(), now).into_item()];
                match inbox.accept(Intake { items, keep: Vec::new() }).await {
                    Ok(_) => waits = None,
                    Err(AcceptError::Full(_)) => {}
                    Err(error @ AcceptError::Store(_)) => return Err(error.into()),
                }
            }
            let pause = self.context.env.jitter(ROUND);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn health(&self) -> Health {
        Health::Up
    }
}
