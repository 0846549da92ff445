//! The servers, viadukt as a process, and what it says in its log.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use viadukt_api::Env;
use viadukt_testbed::{Bridge, Clerk, ROOM, Testbed, until};

use crate::mails::Mails;
use crate::raw::Sender;

/// Everything that real messages meet.
pub struct World {
    /// The servers.
    pub testbed: Testbed,
    /// viadukt.
    pub bridge: Bridge,
    /// The agency's mailbox.
    pub mails: Mails,
    /// A client to compare with.
    pub raw: Arc<Sender>,
    clerk: Option<Clerk>,
}

impl World {
    /// Starts everything; on return viadukt is ready and has done nothing yet.
    ///
    /// # Errors
    /// Something did not start.
    pub async fn start() -> Result<Self> {
        let testbed = Testbed::start().await?;
        let mut bridge = testbed.bridge(&program()?)?;
        bridge.start()?;
        bridge.ready().await?;
        let clerk = testbed.clerk().await?;
        clerk.join(ROOM).await?;
        let raw = Sender::start(&testbed, &clerk).await?;
        let mails = Mails::new(&testbed);
        Ok(Self { testbed, bridge, mails, raw, clerk: Some(clerk) })
    }

    /// The clerk's client, which reads along.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn clerk(&mut self) -> Result<&Clerk> {
        if self.clerk.is_none() {
            self.clerk = Some(self.testbed.clerk().await?);
        }
        self.clerk.as_ref().context("no clerk")
    }

    /// Closes the clerk's client: it would ask the homeserver for every event.
    pub fn close_clerk(&mut self) {
        self.clerk = None;
    }

    /// viadukt's process id.
    ///
    /// # Errors
    /// It does not run.
    pub fn pid(&self) -> Result<u32> {
        self.bridge.pid().context("viadukt does not run")
    }

    /// Everything that viadukt logs from now on.
    pub fn log(&self) -> Log {
        Log { file: self.bridge.log_file(), read: self.bridge.log().len() }
    }
}

/// viadukt's log, read as it grows.
pub struct Log {
    file: PathBuf,
    read: usize,
}

impl Log {
    /// Waits for the next `count` events that went out, and says when each did.
    ///
    /// # Errors
    /// They did not go out in time.
    pub async fn events(&mut self, count: u32) -> Result<Vec<TimeOfDay>> {
        let wanted = usize::try_from(count)?;
        let mut sent = Vec::with_capacity(wanted);
        until(format!("{count} events"), async || {
            sent.extend(self.lines()?.iter().filter_map(sent_at));
            Ok((sent.len() >= wanted).then_some(()))
        })
        .await?;
        Ok(sent)
    }

    /// The lines that are new.
    fn lines(&mut self) -> Result<Vec<Value>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.read.try_into()?))?;
        let mut new = String::new();
        file.read_to_string(&mut new)?;
        let whole = new.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole;
        let lines = new.get(..whole).unwrap_or_default().lines();
        Ok(lines.filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

/// A time of the day, in microseconds.
#[derive(Clone, Copy)]
pub struct TimeOfDay(u64);

impl TimeOfDay {
    const DAY: u64 = 86_400_000_000;

    /// Now.
    pub fn now(env: &Env) -> Self {
        Self(env.now().0 * 1_000 % Self::DAY)
    }

    /// Seconds since `earlier`; less than half a day in either direction.
    #[allow(clippy::cast_precision_loss, reason = "a day's microseconds fit")]
    pub fn since(self, earlier: Self) -> f64 {
        let micros = (self.0 + Self::DAY - earlier.0) % Self::DAY;
        let back = micros > Self::DAY / 2;
        (if back { micros as f64 - Self::DAY as f64 } else { micros as f64 }) / 1e6
    }
}

/// The time of a line that tells of an event sent.
fn sent_at(line: &Value) -> Option<TimeOfDay> {
    if line["outcome"] != "delivered" || line["worker"] != "matrix" {
        return None;
    }
    let (_, time) = line["timestamp"].as_str()?.trim_end_matches('Z').split_once('T')?;
    let (seconds, micros) = time.split_once('.')?;
    let number = |digits: &str| digits.parse::<u64>().ok();
    let seconds = seconds.split(':').try_fold(0, |sum, part| Some(sum * 60 + number(part)?))?;
    Some(TimeOfDay(seconds * 1_000_000 + number(&format!("{micros:0<6}"))?))
}

/// The program that was built beside this one.
///
/// # Errors
/// It was not built.
pub fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|examples| examples.parent());
    let program = folder.context("this program lies in no folder")?.join("viadukt");
    anyhow::ensure!(program.exists(), "{} does not exist; use `make bench`", program.display());
    Ok(program)
}
