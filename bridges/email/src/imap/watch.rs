//! Keeping watch over the folder: connect, catch up, wait for news, and all again.

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use viadukt_api::{AcceptError, Health, WorkerError};

use super::KEYWORD;
use super::ingest::{Ingest, WINDOW};
use super::position::Position;
use super::session::{News, Session, Trouble};
use crate::config::After;

/// Refusals in a row that count as final: one may come from a server that cannot check just now.
const LOGIN_TRIES: u32 = 3;
const BACKOFF: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2)..=Duration::from_secs(80);
/// A connection that lived this long was a good one.
const GOOD: Duration = Duration::from_secs(60);

/// Why a connection's work ended.
pub(super) enum End {
    Trouble(Trouble),
    Worker(WorkerError),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<AcceptError> for End {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Full(_) => {
                Self::Trouble(Trouble::Broken { during: "accepting", kind: "no room" })
            }
            AcceptError::Store(_) => Self::Worker(error.into()),
        }
    }
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Trouble(Trouble::Broken { during: "spooling", kind: "the spool failed" })
    }
}

impl Ingest {
    /// Until `stop` fires. It may fire anywhere: what was accepted is, what was not will be
    /// fetched again.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), WorkerError> {
        let ended = stop.run_until_cancelled(self.stay_connected()).await;
        self.set_health(Health::Down("stopped".to_owned()));
        ended.unwrap_or(Ok(()))
    }

    async fn stay_connected(&mut self) -> Result<(), WorkerError> {
        let mut wait = *BACKOFF.start();
        let mut refusals = 0;
        loop {
            let since = Instant::now();
            let trouble = match self.connected().await {
                End::Trouble(trouble) => trouble,
                End::Worker(error) => return Err(error),
            };
            refusals = if matches!(trouble, Trouble::Login) { refusals + 1 } else { 0 };
            if refusals == LOGIN_TRIES {
                return Err(self.shut());
            }
            tracing::warn!(worker = %self.worker, "{trouble}; trying again");
            self.set_health(Health::Down(match trouble {
                Trouble::Connect(_) => "imap connection".to_owned(),
                Trouble::Login => "imap login".to_owned(),
                Trouble::Folder => "imap folder".to_owned(),
                Trouble::Broken { .. } => "imap".to_owned(),
            }));
            if since.elapsed() > GOOD {
                wait = *BACKOFF.start();
            }
            tokio::time::sleep(self.env.jitter(wait)).await;
            wait = (wait * 2).min(*BACKOFF.end());
        }
    }

    /// One connection's life.
    async fn connected(&mut self) -> End {
        match self.work().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn work(&mut self) -> Result<std::convert::Infallible, End> {
        let mut session = Session::open(&self.server, &self.section.user, &self.password).await?;
        let mut news = News::None;
        let mut position = None;
        loop {
            // At the beginning and whenever it was quiet: are the numbers still the same, is
            // anything left from a time that ended early?
            if news == News::None {
                let folder = session.select(&self.section.folder).await?;
                let found = Position::find(&self.keep, &self.section, folder, &self.env).await?;
                self.tidy_up(&mut session, &found).await?;
                position = Some(found);
                self.set_health(Health::Up);
            }
            if let Some(position) = &mut position {
                self.catch_up(&mut session, position).await?;
            }
            (session, news) = session.wait().await?;
        }
    }

    /// Marks or moves what was accepted.
    pub(super) async fn settle(&self, session: &mut Session, uids: &[u32]) -> Result<(), End> {
        for uids in uids.chunks(WINDOW) {
            match &self.section.after {
                After::Keep => {}
                After::Flag => session.flag(uids, KEYWORD).await?,
                After::Move(folder) => session.put_into(uids, folder).await?,
            }
        }
        Ok(())
    }

    /// Settles what an earlier time accepted but could not settle any more.
    async fn tidy_up(&self, session: &mut Session, position: &Position) -> Result<(), End> {
        let upto = position.last;
        let left = match &self.section.after {
            _ if upto == 0 => return Ok(()),
            After::Keep => return Ok(()),
            After::Flag => session.search(&format!("UID 1:{upto} UNKEYWORD {KEYWORD}")).await?,
            After::Move(_) => session.search(&format!("UID 1:{upto}")).await?,
        };
        let mut ours = Vec::new();
        for uid in left {
            if uid <= upto && self.inbox.seen(&self.key(uid, position.validity))? {
                ours.push(uid);
            }
        }
        self.settle(session, &ours).await
    }

    pub(super) fn set_health(&self, health: Health) {
        if let Ok(mut current) = self.health.lock() {
            *current = health;
        }
    }

    fn shut(&self) -> WorkerError {
        WorkerError::Shut {
            worker: self.worker.clone(),
            what: "the IMAP server refuses the user or password".to_owned(),
            remedy: format!("check `imap.user` and {}", self.section.password_file),
        }
    }
}
