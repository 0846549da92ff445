//! What viadukt says that it delivered, read from its log as that grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

/// How long may pass until something is delivered again.
const PATIENCE: Duration = Duration::from_secs(180);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// One delivery that a far side took.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When.
    pub at: Timestamp,
    /// By whom it was brought there.
    pub worker: String,
}

/// The log.
pub struct Log {
    file: PathBuf,
    read: u64,
    delivered: Vec<Delivered>,
}

impl Log {
    /// The log in `file`.
    pub fn of(file: PathBuf) -> Self {
        Self { file, read: 0, delivered: Vec::new() }
    }

    /// Waits for the first delivery after `since`, by any of `workers` where there are some.
    ///
    /// # Errors
    /// There was none for a long time.
    pub async fn first(&mut self, since: Timestamp, workers: &[&str]) -> Result<Delivered> {
        let begun = Timestamp::now();
        loop {
            self.read_on()?;
            let fits = |one: &&Delivered| {
                one.at >= since && (workers.is_empty() || workers.contains(&one.worker.as_str()))
            };
            if let Some(first) = self.delivered.iter().find(fits) {
                return Ok(first.clone());
            }
            if Timestamp::now().duration_since(begun).unsigned_abs() > PATIENCE {
                bail!("nothing was delivered for {} s ({workers:?})", PATIENCE.as_secs());
            }
            sleep(PAUSE).await;
        }
    }

    /// The time from `since` to the first delivery by `worker` that the log has so far.
    pub fn recovery(&self, since: Timestamp, worker: &str) -> Option<Duration> {
        let first = self.delivered.iter().find(|one| one.at >= since && one.worker == worker)?;
        Some(first.at.duration_since(since).unsigned_abs())
    }

    /// Forgets what was delivered before `since`.
    pub fn forget_before(&mut self, since: Timestamp) {
        self.delivered.retain(|one| one.at >= since);
    }

    /// Reads what was written since.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_on(&mut self) -> Result<()> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut new = Vec::new();
        file.read_to_end(&mut new)?;
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += u64::try_from(whole)?;
        let lines = new.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
        // What was written under a clock that was ahead tells nothing.
        let now = Timestamp::now();
        self.delivered.extend(lines.filter_map(delivered).filter(|one| one.at <= now));
        Ok(())
    }
}

/// Reads a line that tells of a delivery.
fn delivered(line: &[u8]) -> Option<Delivered> {
    let line: Value = serde_json::from_slice(line).ok()?;
    if line["outcome"] != "delivered" {
        return None;
    }
    let worker = line["worker"].as_str()?.to_owned();
    Some(Delivered { at: line["timestamp"].as_str()?.parse().ok()?, worker })
}
