//! A line between a program and a server, over which things go wrong as they are told to.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::ports::free_port;

/// Bytes that are passed on at once.
const PIECE: usize = 16 << 10;

/// What goes wrong on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// The server is away: what was open breaks, what is opened breaks at once.
    Away,
    /// Nothing gets through and nothing breaks, until the trouble is over.
    Silence,
    /// The server hears its client, but no answer comes back: the line breaks instead.
    LostAnswers,
    /// Somebody else answers every request over HTTP, with this status and this body.
    Answers(u16, &'static str),
}

/// The line: a port of its own that leads to the server's.
pub struct Wire {
    /// Where the program calls.
    pub port: u16,
    state: watch::Sender<State>,
    asked: Arc<Mutex<Asked>>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct State {
    trouble: Trouble,
    /// How often every connection was broken.
    cuts: u64,
}

/// How long the server was being asked for something.
#[derive(Default)]
struct Asked {
    open: usize,
    since: Option<Instant>,
    before: Duration,
}

impl Wire {
    /// A line to `server`, a port of 127.0.0.1.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn to(server: u16) -> io::Result<Self> {
        let port = free_port()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let (state, watched) = watch::channel(State { trouble: Trouble::None, cuts: 0 });
        let asked = Arc::<Mutex<Asked>>::default();
        let task = tokio::spawn(accept(listener, server, watched, Arc::clone(&asked)));
        Ok(Self { port, state, asked, task })
    }

    /// What goes wrong from now on, also on connections that are open.
    pub fn trouble(&self, trouble: Trouble) {
        self.state.send_modify(|state| state.trouble = trouble);
    }

    /// Breaks every connection; new ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// How long the server had at least one request to answer, all in all. A long poll over HTTP
    /// (`/sync`) does not count: the server answers it when something happens.
    pub fn asked(&self) -> Duration {
        let asked = lock(&self.asked);
        asked.before + asked.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Asked {
    fn begin(&mut self) {
        self.open += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn end(&mut self) {
        self.open -= 1;
        if self.open == 0 {
            self.before += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        }
    }
}

/// A request under way on one connection; over when dropped.
struct Request(Arc<Mutex<Asked>>);

impl Request {
    fn begin(asked: &Arc<Mutex<Asked>>) -> Self {
        lock(asked).begin();
        Self(Arc::clone(asked))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        lock(&self.0).end();
    }
}

/// The connections end with it.
async fn accept(
    listener: TcpListener,
    server: u16,
    state: watch::Receiver<State>,
    asked: Arc<Mutex<Asked>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (state, asked) = (state.clone(), Arc::clone(&asked));
        connections.spawn(async move {
            let _broken = connection(client, server, state, &asked).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(
    client: TcpStream,
    server: u16,
    state: watch::Receiver<State>,
    asked: &Arc<Mutex<Asked>>,
) -> io::Result<()> {
    let State { trouble, cuts } = state.borrow().clone();
    match trouble {
        Trouble::Away => return Ok(()),
        Trouble::Answers(status, body) => return answer(client, status, body).await,
        Trouble::None | Trouble::Silence | Trouble::LostAnswers => {}
    }
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let request = Mutex::new(None);
    let there = pass(from_client, to_server, state.clone(), |piece, _| {
        let head = String::from_utf8_lossy(piece.get(..128).unwrap_or(piece));
        let mut request = lock(&request);
        if request.is_none() && !head.contains("/sync?") {
            *request = Some(Request::begin(asked));
        }
        true
    });
    let back = pass(from_server, to_client, state.clone(), |_, trouble| {
        lock(&request).take();
        *trouble != Trouble::LostAnswers
    });
    tokio::select! {
        done = there => done,
        done = back => done,
        () = broken(state, cuts) => Ok(()),
    }
}

/// Waits until something happens that breaks connections.
async fn broken(mut state: watch::Receiver<State>, cuts: u64) {
    let breaks = |state: &State| {
        state.cuts != cuts || matches!(state.trouble, Trouble::Away | Trouble::Answers(..))
    };
    if state.wait_for(breaks).await.is_err() {
        // The line itself is gone, and with it this task.
        std::future::pending::<()>().await;
    }
}

/// Passes on what comes, piece by piece, as long as `goes_on` agrees.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    goes_on: impl Fn(&[u8], &Trouble) -> bool,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        let piece = piece.get(..length).unwrap_or_default();
        let now = state.wait_for(|state| state.trouble != Trouble::Silence).await;
        let now = now.map_err(io::Error::other)?.trouble.clone();
        if piece.is_empty() || !goes_on(piece, &now) {
            return to.shutdown().await;
        }
        to.write_all(piece).await?;
    }
}

/// Answers one request in the server's place, and hangs up.
async fn answer(mut client: TcpStream, status: u16, body: &str) -> io::Result<()> {
    let mut heard = Vec::new();
    let whole = |heard: &[u8]| {
        let head = String::from_utf8_lossy(heard).to_ascii_lowercase();
        let (head, _) = head.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(Some(0), |length| length.trim().parse().ok())?;
        Some(head.len() + 4 + length)
    };
    while whole(&heard).is_none_or(|length| heard.len() < length) {
        if client.read_buf(&mut heard).await? == 0 {
            return Ok(());
        }
    }
    let answer = format!(
        "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::http::post;
    use crate::standin::StandIn;
    use crate::web::Reply;

    async fn ask(wire: u16) -> io::Result<u16> {
        post(&format!("http://127.0.0.1:{wire}/"), &[("Connection", "close")], "{}").await
    }

    #[tokio::test]
    async fn it_passes_breaks_loses_and_answers() {
        let server = StandIn::start().await.unwrap();
        let wire = Wire::to(server.port()).await.unwrap();
        assert_eq!(ask(wire.port).await.unwrap(), 200);

        wire.trouble(Trouble::Away);
        ask(wire.port).await.unwrap_err();
        wire.trouble(Trouble::Answers(429, "later"));
        assert_eq!(ask(wire.port).await.unwrap(), 429);
        assert_eq!(server.requests().len(), 1);

        wire.trouble(Trouble::LostAnswers);
        ask(wire.port).await.unwrap_err();
        assert_eq!(server.requests().len(), 2, "it was heard, and its answer lost");

        wire.trouble(Trouble::Silence);
        let waiting = tokio::spawn(ask(wire.port));
        wire.trouble(Trouble::None);
        assert_eq!(waiting.await.unwrap().unwrap(), 200);
        assert!(wire.asked() > Duration::ZERO);
    }

    #[tokio::test]
    async fn a_cut_breaks_what_is_open_and_nothing_else() {
        let server = StandIn::start().await.unwrap();
        server.answer(Reply::Silence);
        let wire = Wire::to(server.port()).await.unwrap();
        let open = tokio::spawn(ask(wire.port));
        server.wait_for(1).await.unwrap();
        wire.cut();
        open.await.unwrap().unwrap_err();
        server.answer(Reply::status(200));
        assert_eq!(ask(wire.port).await.unwrap(), 200);
    }
}
