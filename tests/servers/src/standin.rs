//! A stand-in for whatever takes requests over HTTP: it remembers them and answers as told.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::authority::Authority;
use crate::web::{Reply, Request, Web};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stand-in at work. It takes everything with 200 and an empty body unless told otherwise.
pub struct StandIn {
    web: Web,
    shared: Arc<Shared>,
}

struct Shared {
    usual: Mutex<Reply>,
    next: Mutex<VecDeque<Reply>>,
    heard: watch::Sender<Vec<Request>>,
}

impl StandIn {
    /// Starts one that speaks in clear.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> io::Result<Self> {
        Self::with(None).await
    }

    /// Starts one that speaks TLS with the certificate of `authority`.
    ///
    /// # Errors
    /// There is no free port, or the certificate could not be read.
    pub async fn start_tls(authority: &Authority) -> io::Result<Self> {
        Self::with(Some(authority)).await
    }

    async fn with(authority: Option<&Authority>) -> io::Result<Self> {
        let usual = Mutex::new(Reply::status(200));
        let heard = watch::Sender::new(Vec::new());
        let shared = Arc::new(Shared { usual, next: Mutex::default(), heard });
        let hearing = Arc::clone(&shared);
        let handler = move |request| {
            let reply = hearing.reply(request);
            Box::pin(std::future::ready(reply)) as _
        };
        Ok(Self { web: Web::start(authority, Arc::new(handler)).await?, shared })
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> String {
        self.web.url()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.web.port()
    }

    /// What every request is answered with from now on.
    pub fn answer(&self, usual: Reply) {
        *lock(&self.shared.usual) = usual;
    }

    /// What the next requests are answered with, one each.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.next).extend(replies);
    }

    /// Every request so far, in order, also those that were left without an answer.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.heard.borrow().clone()
    }

    /// Waits until it had `count` requests, and gives them.
    ///
    /// # Errors
    /// They did not come.
    pub async fn wait_for(&self, count: usize) -> io::Result<Vec<Request>> {
        let mut heard = self.shared.heard.subscribe();
        let enough = heard.wait_for(|requests| requests.len() >= count);
        let waited = timeout(PATIENCE, enough).await.map(|_| ());
        waited.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        Ok(self.requests())
    }

    /// Goes away: connections break, and new ones are refused.
    pub async fn pause(&self) {
        self.web.pause().await;
    }

    /// Comes back on the same port.
    ///
    /// # Errors
    /// Somebody else has the port by now.
    pub async fn resume(&self) -> io::Result<()> {
        self.web.resume().await
    }
}

impl Shared {
    fn reply(&self, request: Request) -> Reply {
        let next = lock(&self.next).pop_front();
        let reply = next.unwrap_or_else(|| lock(&self.usual).clone());
        self.heard.send_modify(|heard| heard.push(request));
        reply
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
