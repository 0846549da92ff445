//! One IMAP connection (RFC 3501) with a folder selected. Wraps async-imap where it is silent:
//! commands without a time limit, a FETCH answered NO that ends like an empty success, messages
//! buffered whole, notices that get lost between commands.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::RangeInclusive;
use std::time::Duration;

use async_imap::extensions::idle::IdleResponse;
use async_imap::types::{Fetch, UnsolicitedResponse};
use futures_util::Stream;
use futures_util::TryStreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use viadukt_api::{Protection, Timestamp};

use crate::config::Tls;
use crate::tls::{ConnectError, Line, Server};

/// How long a command may take, and each message of a FETCH.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may take to leave IDLE.
const DONE_PATIENCE: Duration = Duration::from_secs(15);
/// IDLE is begun anew after this, well under the 29 minutes of RFC 2177.
const IDLE_FOR: Duration = Duration::from_secs(5 * 60);
/// Without IDLE the server is asked this often.
const POLL_EVERY: Duration = Duration::from_secs(60);

/// A connection at work.
pub(crate) struct Session {
    inner: async_imap::Session<Line>,
    can_idle: bool,
    can_move: bool,
    can_expunge: bool,
    protection: Protection,
}

/// The selected folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    /// While it stays the same, so do the UIDs (RFC 3501 2.3.1.1).
    pub(crate) validity: u32,
    /// The next mail's UID, at least.
    pub(crate) next: u32,
}

/// What is known of a mail before it is fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) uid: u32,
    pub(crate) size: u64,
    pub(crate) arrived: Option<Timestamp>,
}

/// Why waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The server spoke.
    Some,
    /// Time to look after things.
    None,
}

/// Why a connection is of no more use. Says nothing of what the server answered: that could
/// name people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// There is none.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server does not let us in. Whether for good it would say in a response code
    /// (RFC 5530), which imap-proto drops.
    #[error("the IMAP server refused the login")]
    Login,
    /// The folder cannot be opened.
    #[error("the IMAP server does not open the folder")]
    Folder,
    /// It broke, or the server misbehaves.
    #[error("the IMAP connection failed during {during}: {kind}")]
    Broken {
        /// Which command.
        during: &'static str,
        /// What kind of failure.
        kind: &'static str,
    },
}

impl Session {
    /// Connects and logs in.
    pub(crate) async fn open(
        server: &Server,
        user: &str,
        password: &SecretString,
    ) -> Result<Self, Trouble> {
        let line = server.connect().await?;
        let mut protection = line.protection();
        let mut client = async_imap::Client::new(line);
        within("greeting", client.read_response()).await?;
        if server.tls() == Tls::Starttls {
            within("STARTTLS", client.run_command_and_check_ok("STARTTLS", None)).await?;
            // Whatever was sent in clear behind the answer goes with the old client.
            let line = server.encrypt(client.into_inner()).await?;
            protection = line.protection();
            client = async_imap::Client::new(line);
        }
        let login = timeout(PATIENCE, client.login(user, password.expose_secret())).await;
        let mut inner =
            login.map_err(|_| broken("LOGIN", "timeout"))?.map_err(|(e, _)| refused(&e))?;
        let abilities = within("CAPABILITY", inner.capabilities()).await?;
        Ok(Self {
            inner,
            can_idle: abilities.has_str("IDLE"),
            can_move: abilities.has_str("MOVE"),
            can_expunge: abilities.has_str("UIDPLUS"),
            protection,
        })
    }

    /// How the connection is protected.
    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Selects `folder`.
    pub(crate) async fn select(&mut self, folder: &str) -> Result<Folder, Trouble> {
        let selected = timeout(PATIENCE, self.inner.select(folder)).await;
        let mailbox = match selected.map_err(|_| broken("SELECT", "timeout"))? {
            Ok(mailbox) => mailbox,
            Err(async_imap::error::Error::No(_)) => return Err(Trouble::Folder),
            Err(e) => return Err(failed("SELECT", &e)),
        };
        // Without UIDVALIDITY UIDs mean nothing later on (RFC 3501 7.1); no server is known.
        let validity = mailbox.uid_validity.ok_or_else(|| broken("SELECT", "no UIDVALIDITY"))?;
        let next = match mailbox.uid_next {
            Some(next) => next,
            None => self.uids_after(0).await?.last().map_or(1, |last| last.saturating_add(1)),
        };
        Ok(Folder { validity, next })
    }

    /// UIDs greater than `last`, in order.
    pub(crate) async fn uids_after(&mut self, last: u32) -> Result<Vec<u32>, Trouble> {
        let found = self.search(&format!("UID {}:*", last.saturating_add(1))).await?;
        // `n:*` always names the last mail too, whatever its UID (RFC 3501 6.4.8).
        Ok(found.into_iter().filter(|uid| *uid > last).collect())
    }

    /// UIDs that a search finds, in order. `query` holds nothing from outside.
    pub(crate) async fn search(&mut self, query: &str) -> Result<Vec<u32>, Trouble> {
        let found = within("SEARCH", self.inner.uid_search(query)).await?;
        let mut uids: Vec<u32> = found.into_iter().collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// Sizes and arrival of the mails in `range`, in order.
    pub(crate) async fn heads(&mut self, range: RangeInclusive<u32>) -> Result<Vec<Head>, Trouble> {
        let set = format!("{}:{}", range.start(), range.end());
        let mut heads = BTreeMap::new();
        let query = "(UID RFC822.SIZE INTERNALDATE)";
        self.fetch(&set, query, |fetch| {
            let (Some(uid), Some(size)) = (fetch.uid, fetch.size) else { return };
            let arrived = fetch.internal_date().map(|date| date.timestamp_millis());
            let arrived = arrived.and_then(|ms| u64::try_from(ms).ok()).map(Timestamp);
            heads.insert(uid, Head { uid, size: size.into(), arrived });
        })
        .await?;
        Ok(heads.into_values().filter(|head| range.contains(&head.uid)).collect())
    }

    /// The mails `uids`, whole; those that are gone are missing.
    pub(crate) async fn bodies(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, Vec<u8>>, Trouble> {
        let mut bodies = BTreeMap::new();
        self.fetch(&set_of(uids), "(UID BODY.PEEK[])", |fetch| {
            if let (Some(uid), Some(body)) = (fetch.uid, fetch.body()) {
                bodies.insert(uid, body.to_vec());
            }
        })
        .await?;
        Ok(bodies)
    }

    /// At most `length` bytes of a mail from `offset` on; `None` when it is gone.
    pub(crate) async fn piece(
        &mut self,
        uid: u32,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut piece = None;
        let query = format!("(UID BODY.PEEK[]<{offset}.{length}>)");
        self.fetch(&uid.to_string(), &query, |fetch| {
            if fetch.uid == Some(uid) {
                piece = fetch.body().map(<[u8]>::to_vec);
            }
        })
        .await?;
        Ok(piece)
    }

    /// A mail's header; `None` when it is gone.
    pub(crate) async fn header(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let mut header = None;
        self.fetch(&uid.to_string(), "(UID BODY.PEEK[HEADER])", |fetch| {
            if fetch.uid == Some(uid) {
                header = fetch.header().map(<[u8]>::to_vec);
            }
        })
        .await?;
        Ok(header)
    }

    /// Sets `keyword` on mails.
    pub(crate) async fn flag(&mut self, uids: &[u32], keyword: &str) -> Result<(), Trouble> {
        let query = format!("+FLAGS.SILENT ({keyword})");
        let stream = within("STORE", self.inner.uid_store(set_of(uids), query)).await?;
        drain(stream, "STORE", |_| {}).await
    }

    /// Moves mails (RFC 6851), or copies them and removes the originals. Without UIDPLUS
    /// (RFC 4315) they stay, marked as deleted: a plain EXPUNGE would remove others' mails too.
    pub(crate) async fn put_into(&mut self, uids: &[u32], folder: &str) -> Result<(), Trouble> {
        let set = set_of(uids);
        if self.can_move {
            return within("MOVE", self.inner.uid_mv(&set, folder)).await;
        }
        within("COPY", self.inner.uid_copy(&set, folder)).await?;
        let query = "+FLAGS.SILENT (\\Deleted)";
        let stream = within("STORE", self.inner.uid_store(&set, query)).await?;
        drain(stream, "STORE", |_| {}).await?;
        if self.can_expunge {
            let stream = within("EXPUNGE", self.inner.uid_expunge(&set)).await?;
            drain(std::pin::pin!(stream), "EXPUNGE", |_| {}).await?;
        }
        Ok(())
    }

    /// Waits until the server has something to tell, or it is time to look after things.
    pub(crate) async fn wait(mut self) -> Result<(Self, News), Trouble> {
        if self.heard_something() {
            return Ok((self, News::Some));
        }
        if !self.can_idle {
            tokio::time::sleep(POLL_EVERY).await;
            within("NOOP", self.inner.noop()).await?;
            return Ok((self, News::None));
        }
        let heard = self.inner.unsolicited_responses.clone();
        let mut idle = self.inner.idle();
        within("IDLE", idle.init()).await?;
        // What arrived between the last command and IDLE is no reason to wake for async-imap.
        let news = if heard.is_empty() {
            let (response, _interrupt) = idle.wait_with_timeout(IDLE_FOR);
            // A server's "still here" begins async-imap's own time limit anew.
            match timeout(IDLE_FOR, response).await {
                Err(_) | Ok(Ok(IdleResponse::Timeout)) => News::None,
                Ok(Ok(IdleResponse::NewData(_))) => News::Some,
                Ok(Ok(IdleResponse::ManualInterrupt)) => return Err(broken("IDLE", "end")),
                Ok(Err(e)) => return Err(failed("IDLE", &e)),
            }
        } else {
            News::Some
        };
        let done = timeout(DONE_PATIENCE, idle.done()).await;
        let inner = done.map_err(|_| broken("DONE", "timeout"))?.map_err(|e| failed("DONE", &e))?;
        let mut session = Self { inner, ..self };
        session.heard_something();
        Ok((session, news))
    }

    /// Empties the notices that came between commands, and says whether there were any: only a
    /// hundred are held, and each may have been about a new mail.
    fn heard_something(&mut self) -> bool {
        let mut heard = false;
        while let Ok(notice) = self.inner.unsolicited_responses.try_recv() {
            heard |= !matches!(notice, UnsolicitedResponse::Status { .. });
        }
        heard
    }

    async fn fetch(
        &mut self,
        set: &str,
        query: &str,
        each: impl FnMut(Fetch),
    ) -> Result<(), Trouble> {
        let stream = within("FETCH", self.inner.uid_fetch(set, query)).await?;
        drain(stream, "FETCH", each).await
    }
}

/// Reads a stream to its end, each step within the time limit.
async fn drain<T>(
    mut stream: impl Stream<Item = async_imap::error::Result<T>> + Unpin,
    during: &'static str,
    mut each: impl FnMut(T),
) -> Result<(), Trouble> {
    while let Some(item) = within(during, stream.try_next()).await? {
        each(item);
    }
    Ok(())
}

async fn within<T, E>(
    during: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble>
where
    E: Into<async_imap::error::Error>,
{
    match timeout(PATIENCE, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(failed(during, &e.into())),
        Err(_) => Err(broken(during, "timeout")),
    }
}

fn failed(during: &'static str, error: &async_imap::error::Error) -> Trouble {
    use async_imap::error::Error;
    let kind = match error {
        Error::Io(_) | Error::ConnectionLost => "connection lost",
        Error::No(_) => "answered NO",
        Error::Bad(_) => "answered BAD",
        _ => "unexpected answer",
    };
    broken(during, kind)
}

fn broken(during: &'static str, kind: &'static str) -> Trouble {
    Trouble::Broken { during, kind }
}

fn refused(error: &async_imap::error::Error) -> Trouble {
    match error {
        async_imap::error::Error::No(_) => Trouble::Login,
        other => failed("LOGIN", other),
    }
}

/// UIDs in the short form of RFC 3501 9 (`sequence-set`): `1:3,7`.
fn set_of(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*uid) => *last = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let words = ranges
        .iter()
        .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}:{to}") });
    words.collect::<Vec<_>>().join(",")
}
