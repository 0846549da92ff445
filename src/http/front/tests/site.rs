//! A front door at work on a free port, the bridge behind it, and a caller.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use viadukt_api::config::ByteSize;
use viadukt_api::contract::{Memory, eventually};
use viadukt_api::fake::FakeWorker;
use viadukt_api::inbox::Durable;
use viadukt_api::spool::BlobRef;
use viadukt_api::{
    DeliveryError, Env, Health, Hooks, Intake, Item, ItemId, Message, Outbound, Patience, Probe,
    Protection, Raw, Receipt, SourceKey, Unreadable, WorkerError, async_trait,
};

use super::super::*;
use crate::config::ProxyHeader;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

/// What the listener is like, and who may call.
pub(super) struct Setting {
    pub public: Public,
    pub bounds: Bounds,
    pub sources: &'static str,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            public: Public {
                listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                base_url: "https://viadukt.amt.example".to_owned(),
                trusted_proxies: Networks::default(),
                proxy_header: ProxyHeader::default(),
                max_body: ByteSize(1_000),
                rate: 1_000,
                burst: 1_000,
            },
            // Nothing ends by itself unless a test wants it.
            bounds: Bounds {
                head: LONG,
                body: LONG,
                connection: LONG,
                closing: LONG,
                connections: 64,
                share: 64,
            },
            sources: "127.0.0.0/8",
        }
    }
}

/// A front door with the bridges `pager`, which can be called, and `post`, which cannot.
pub(super) struct Site {
    pub address: SocketAddr,
    pub pager: Arc<Pager>,
    pub journal: Arc<Journal>,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), AcceptError>>,
    metrics: Arc<Metrics>,
}

impl Site {
    pub async fn new(setting: Setting) -> Self {
        let metrics = Arc::new(Metrics::new(&*Env::system().clock).unwrap());
        let (pager, journal) = (Arc::new(Pager::default()), Arc::new(Journal::default()));
        let workers: [(_, Arc<dyn Worker>); 2] =
            [("pager", pager.clone()), ("post", Arc::new(FakeWorker::default()))];
        let listener = TcpListener::bind(setting.public.listen).await.unwrap();
        let mut front = Front::new(setting.public, setting.bounds, Arc::clone(&metrics));
        for (name, worker) in workers {
            let name: WorkerName = name.parse().unwrap();
            let inbox = Inbox::new(name.clone(), journal.clone());
            front.add(name, worker, inbox, Networks::of(&[setting.sources]).unwrap());
        }
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(front.serve(listener, stop.clone()));
        Self { address, pager, journal, stop, task, metrics }
    }

    pub async fn connect(&self) -> Caller {
        Caller(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends `request` on a connection of its own and gives the answer.
    pub async fn ask(&self, request: &str) -> String {
        let mut caller = self.connect().await;
        caller.send(request).await;
        caller.read_to_end().await
    }

    /// Posts `body` to `path`.
    pub async fn post(&self, path: &str, body: &str) -> String {
        self.ask(&post(path, body)).await
    }

    /// Waits until `count` calls of `pager` ended as `outcome`.
    pub async fn counted(&self, outcome: &str, count: u64) {
        let name = "viadukt_hook_calls_total";
        let line = format!("{name}{{outcome=\"{outcome}\",worker=\"pager\"}} {count}");
        let shown = || async { self.metrics.text().unwrap().lines().any(|l| l == line) };
        eventually(&line, shown).await;
    }

    /// Waits until nobody can connect any more.
    pub async fn closed(&self) {
        eventually("the listener is closed", || async {
            TcpStream::connect(self.address).await.is_err()
        })
        .await;
    }
}

/// A request that posts `body` to `path` and closes the connection afterwards.
pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: viadukt\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The status in the first line of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// What an answer says after its head.
pub(crate) fn said(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// Somebody outside.
pub(super) struct Caller(pub TcpStream);

impl Caller {
    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the listener closes the connection.
    pub async fn read_to_end(&mut self) -> String {
        let mut answer = Vec::new();
        // A listener that leaves a body unread resets the connection; what it said is here.
        let _ = timeout(LONG, self.0.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// What comes until `end` has come, with the connection staying open.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            let read = timeout(LONG, self.0.read_buf(&mut answer)).await.unwrap().unwrap();
            assert!(read > 0, "the connection ended early");
        }
        String::from_utf8(answer).unwrap()
    }

    /// Whether not a byte comes for a while.
    pub async fn hears_nothing(&mut self) -> bool {
        timeout(Duration::from_millis(200), self.0.readable()).await.is_err()
    }
}

/// A worker that accepts what it is called with. Some paths make it do something else.
#[derive(Default)]
pub(crate) struct Pager {
    fake: FakeWorker,
    calls: Mutex<Vec<Call>>,
}

impl Pager {
    /// The last call.
    pub fn called(&self) -> Call {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).last().unwrap().clone()
    }
}

#[async_trait]
impl Hooks for Pager {
    async fn call(&self, call: Call, inbox: &Inbox) -> Result<Answer, HookError> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
        match call.path.as_str() {
            "forged" => return Err(HookError::Unauthorised("the signature does not match")),
            "nothing" => return Err(HookError::Unknown),
            "odd" => return Err(HookError::Malformed("no JSON")),
            "panic" => panic!("asked to panic"),
            _ => {}
        }
        let raw = Raw { bytes: call.body, lifted: Vec::new() };
        let key = SourceKey::new(&[&call.path, &call.query]);
        // Keys are forgotten 30 days after that.
        let received_at = Env::system().now();
        let item = Item { keys: vec![key], received_at, protection: Protection::Plain, raw };
        inbox.accept(Intake { items: vec![item], keep: Vec::new() }).await?;
        let (status, content_type) = (StatusCode::ACCEPTED, "text/xml");
        Ok(Answer {
            status,
            content_type,
            body: "<Response/>".to_owned(),
            headers: HeaderMap::new(),
        })
    }
}

#[async_trait]
impl Worker for Pager {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        self.fake.run(inbox, stop).await
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        self.fake.normalise(raw)
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        self.fake.deliver(out).await
    }

    async fn fetch(&self, handle: &str) -> Result<BlobRef, DeliveryError> {
        self.fake.fetch(handle).await
    }

    async fn probe(&self) -> Vec<Probe> {
        self.fake.probe().await
    }

    fn health(&self) -> Health {
        self.fake.health()
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        Some(self)
    }

    fn patience(&self) -> Patience {
        self.fake.patience()
    }
}

/// A journal in memory that can be held up and broken.
#[derive(Default)]
pub(super) struct Journal {
    pub memory: Memory,
    pub broken: AtomicBool,
    held: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Journal {
    /// Whether nothing becomes durable for now.
    pub fn hold(&self, on: bool) {
        self.held.send_replace(on);
    }

    /// Waits until something is about to become durable.
    pub async fn wait_until_held(&self) {
        let mut waiting = self.waiting.subscribe();
        timeout(LONG, waiting.wait_for(|count| *count > 0)).await.unwrap().unwrap();
    }
}

#[async_trait]
impl Durable for Journal {
    async fn accept(
        &self,
        worker: &WorkerName,
        intake: Intake,
    ) -> Result<Vec<Option<ItemId>>, AcceptError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(AcceptError::Store("the disk is gone".to_owned()));
        }
        self.waiting.send_modify(|count| *count += 1);
        // The sender is in `self`, so this ends only with what it waits for.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        self.memory.accept(worker, intake).await
    }

    fn seen(&self, worker: &WorkerName, key: &SourceKey) -> Result<bool, AcceptError> {
        self.memory.seen(worker, key)
    }

    fn kept(&self, worker: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        self.memory.kept(worker, key)
    }

    fn kept_under(
        &self,
        worker: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        self.memory.kept_under(worker, prefix)
    }
}
