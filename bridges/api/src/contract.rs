//! The contract suite: what every worker must show against its real far side. A worker's tests
//! implement [`FarSide`], start the worker with a [`Bench`], and call [`check_all`].
//!
//! Also here: the pipeline's end of the contract in memory, for tests of single workers, and the
//! reading of a configuration with what is found wrong in it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "failing is how a suite reports")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use toml::de::DeTable;
use ulid::Ulid;

use crate::config::{Fields, Findings};
use crate::env::Env;
use crate::ids::{DeliveryId, ItemId, WorkerName};
use crate::inbox::{AcceptError, Durable, Inbox, Intake, Item, Keep, SourceKey};
use crate::outbound::{DeliveryError, Outbound};
use crate::spool::{BlobRef, Spool, SpoolWriter};
use crate::words::{Language, Words};
use crate::worker::{Context, Health, Kind, Section, Worker, WorkerError};

/// How long something may take that must happen in the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a worker may take to stop.
const STOP: Duration = Duration::from_secs(5);

/// The far side of the worker under test.
#[async_trait]
pub trait FarSide: Send + Sync {
    /// Makes a message with `text` arrive where the worker listens. Returns once it is there.
    async fn put(&self, text: &str);

    /// Makes something arrive that the worker cannot read; false when its far side cannot send
    /// such a thing.
    async fn put_poison(&self) -> bool;

    /// What the worker delivered and the far side has by now, oldest first.
    async fn taken(&self) -> Vec<Taken>;

    /// Makes the far side unreachable, or reachable again.
    async fn outage(&self, on: bool);

    /// A delivery of `text` to the far side.
    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound;
}

/// One message as the far side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its id in the far side's network, where it has one.
    pub id: Option<String>,
    /// What it says.
    pub text: String,
}

/// A worker, what it stands on, and its far side.
pub struct Bench {
    /// The worker under test, built with [`context`].
    pub worker: Arc<dyn Worker>,
    /// What it stands on.
    pub durable: Arc<Memory>,
    /// The spool it was built with.
    pub spool: Arc<dyn Spool>,
    /// Its name.
    pub name: WorkerName,
    /// The other end.
    pub far: Arc<dyn FarSide>,
}

/// What a worker under test is built with.
pub fn context(name: &WorkerName, durable: &Arc<Memory>) -> Context {
    let shared: Arc<dyn Durable> = Arc::clone(durable) as _;
    Context {
        name: name.clone(),
        env: Env::system(),
        spool: Arc::new(MemorySpool::default()),
        keep: Keep::new(name.clone(), shared),
        words: Arc::new(Words::new(Language::default())),
        hooks_url: None,
    }
}

/// Reads the table `toml`, which is called `path`, with `read`. Gives what was read, and what was
/// found wrong, each as `option: what`.
pub fn parse<T>(
    toml: &str,
    path: &str,
    read: impl FnOnce(&Fields<'_>) -> Option<T>,
) -> (Option<T>, Vec<String>) {
    let findings = Findings::default();
    let table = DeTable::parse(toml).unwrap();
    let fields = Fields::new(table.get_ref(), table.span(), path, &findings);
    let value = read(&fields);
    fields.finish();
    let found = findings.into_sorted().into_iter();
    let found: Vec<_> = found.map(|one| format!("{}: {}", one.path, one.message)).collect();
    assert!(value.is_some() || !found.is_empty(), "refused without a word");
    (value, found)
}

/// The section of a bridge of `kind` that `toml` describes. Nothing may be wrong with it.
pub fn section(kind: &dyn Kind, name: &WorkerName, toml: &str) -> Box<dyn Section> {
    let (section, found) =
        parse(toml, &format!("bridges.{name}"), |fields| kind.parse(name, fields));
    assert!(found.is_empty(), "{found:?}");
    section.unwrap()
}

/// Every check, one after the other.
pub async fn check_all(bench: &Bench) {
    check_stop(bench).await;
    check_accept_before_acknowledge(bench).await;
    check_poison(bench).await;
    check_resend(bench).await;
    check_outage(bench).await;
    check_gauges(bench);
}

/// A worker stops promptly when asked, and goes on where it was when started again.
pub async fn check_stop(bench: &Bench) {
    let before = bench.durable.items().len();
    let running = bench.start().await;
    bench.far.put("before the stop").await;
    bench.durable.wait_for(before + 1).await;
    running.stop().await;
    bench.far.put("while stopped").await;
    let running = bench.start().await;
    bench.durable.wait_for(before + 2).await;
    running.stop().await;
    assert_eq!(bench.texts(before), ["before the stop", "while stopped"]);
}

/// What could not be accepted is offered again, and arrives once.
pub async fn check_accept_before_acknowledge(bench: &Bench) {
    let before = bench.durable.items().len();
    let running = bench.start().await;
    bench.durable.refuse(true);
    bench.far.put("first").await;
    bench.durable.wait_until("an offer is refused", |state| state.refused > 0).await;
    // A worker that ends and starts again must not count the refused offer as done.
    running.stop().await;
    bench.durable.refuse(false);
    let running = bench.start().await;
    bench.far.put("second").await;
    bench.durable.wait_for(before + 2).await;
    running.stop().await;
    assert_eq!(bench.texts(before), ["first", "second"]);
}

/// What cannot be read is accepted, found unreadable or shown somehow, and never in the way.
pub async fn check_poison(bench: &Bench) {
    let before = bench.durable.items().len();
    let running = bench.start().await;
    if bench.far.put_poison().await {
        bench.far.put("after the poison").await;
        bench.durable.wait_for(before + 2).await;
        let items = bench.durable.items();
        let _either = bench.worker.normalise(&items[before].raw);
        assert_eq!(bench.texts(before + 1), ["after the poison"]);
    }
    running.stop().await;
}

/// A second attempt at the same delivery is recognisable as the same message.
pub async fn check_resend(bench: &Bench) {
    let mut out = bench.far.outbound(delivery_id(1), "said once");
    let first = bench.worker.deliver(&out).await.expect("the far side is there");
    out.repeated = true;
    match bench.worker.deliver(&out).await {
        Ok(second) => assert_eq!(second.id, first.id, "the same delivery, the same id"),
        Err(error) => assert!(matches!(error, DeliveryError::Unknown { .. }), "{error}"),
    }
    bench.wait_taken("said once").await;
    let taken = bench.far.taken().await;
    let ids: HashSet<_> =
        taken.iter().filter(|t| t.text.contains("said once")).map(|t| &t.id).collect();
    assert_eq!(ids.len(), 1, "copies carry one id");
}

/// While the far side is away a delivery is to be tried again, and nothing that comes in is
/// lost or doubled.
pub async fn check_outage(bench: &Bench) {
    let before = bench.durable.items().len();
    let running = bench.start().await;
    bench.far.outage(true).await;
    let out = bench.far.outbound(delivery_id(2), "after the outage");
    let error = bench.worker.deliver(&out).await.expect_err("nobody is there");
    assert!(matches!(error, DeliveryError::Retry { .. }), "an outage is a retry, not {error}");
    bench.far.outage(false).await;
    bench.worker.deliver(&out).await.expect("the far side is back");
    bench.wait_taken("after the outage").await;
    bench.far.put("we are back").await;
    bench.durable.wait_for(before + 1).await;
    running.stop().await;
    assert_eq!(bench.texts(before), ["we are back"]);
}

/// What a worker measures is measured once, at work or not, and is a number.
pub fn check_gauges(bench: &Bench) {
    let readings = bench.worker.gauges();
    let gauges: HashSet<_> = readings.iter().map(|(gauge, _)| gauge).collect();
    assert_eq!(gauges.len(), readings.len(), "each gauge once: {readings:?}");
    assert!(readings.iter().all(|(_, value)| value.is_finite()), "{readings:?}");
}

/// A delivery id for tests.
pub fn delivery_id(number: u64) -> DeliveryId {
    DeliveryId { item: ItemId(Ulid::from_parts(number, 0)), part: 0 }
}

impl Bench {
    /// Runs the worker and waits until it is up.
    pub async fn start(&self) -> Running {
        let stop = CancellationToken::new();
        let shared: Arc<dyn Durable> = Arc::clone(&self.durable) as _;
        let inbox = Inbox::new(self.name.clone(), shared);
        let (worker, token) = (Arc::clone(&self.worker), stop.clone());
        let task = tokio::spawn(async move { worker.run(inbox, token).await });
        eventually("the worker is up", || async { self.worker.health() == Health::Up }).await;
        Running { stop, task }
    }

    /// The texts of what was accepted, from the item `from` on.
    pub fn texts(&self, from: usize) -> Vec<String> {
        let items = self.durable.items();
        let messages = items[from..].iter().map(|item| self.worker.normalise(&item.raw));
        messages.map(|message| message.expect("readable").content.text).collect()
    }

    /// Waits until the far side has a message with `text`.
    pub async fn wait_taken(&self, text: &str) {
        let arrived = || async { self.far.taken().await.iter().any(|t| t.text.contains(text)) };
        eventually("the far side has it", arrived).await;
    }
}

/// A worker at work.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// Stops it; it must be quick and without an error.
    pub async fn stop(self) {
        self.stop.cancel();
        let ended = timeout(STOP, self.task).await.expect("a worker stops promptly");
        ended.expect("a worker does not panic").expect("a worker that is stopped ends well");
    }
}

/// Waits until `condition` holds, and fails when it does not come true.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// The pipeline's end in memory: what is accepted is remembered, doubles are recognised.
#[derive(Default)]
pub struct Memory(Mutex<State>);

/// What [`Memory`] holds.
#[derive(Default)]
pub struct State {
    items: Vec<Item>,
    seen: HashSet<Vec<u8>>,
    kept: BTreeMap<String, Vec<u8>>,
    full: bool,
    refused: usize,
}

impl Memory {
    /// What was accepted so far, without doubles.
    pub fn items(&self) -> Vec<Item> {
        self.state().items.clone()
    }

    /// Whether offers are answered [`AcceptError::Full`].
    pub fn refuse(&self, on: bool) {
        self.state().full = on;
    }

    /// Waits until `count` items were accepted.
    pub async fn wait_for(&self, count: usize) {
        let what = format!("{count} items are accepted");
        self.wait_until(&what, |state| state.items.len() >= count).await;
    }

    async fn wait_until(&self, what: &str, condition: impl Fn(&State) -> bool) {
        eventually(what, || async { condition(&self.state()) }).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Durable for Memory {
    async fn accept(
        &self,
        _: &WorkerName,
        intake: Intake,
    ) -> Result<Vec<Option<ItemId>>, AcceptError> {
        let mut state = self.state();
        if state.full {
            state.refused += 1;
            return Err(AcceptError::Full("a test".to_owned()));
        }
        for (key, value) in intake.keep {
            match value {
                Some(value) => drop(state.kept.insert(key, value)),
                None => drop(state.kept.remove(&key)),
            }
        }
        let mut ids = Vec::new();
        for item in intake.items {
            let known = item.keys.iter().any(|key| state.seen.contains(key.as_bytes()));
            state.seen.extend(item.keys.iter().map(|key| key.as_bytes().to_vec()));
            ids.push((!known).then(|| ItemId(Ulid::from_parts(state.items.len() as u64, 0))));
            if !known {
                state.items.push(item);
            }
        }
        Ok(ids)
    }

    fn seen(&self, _: &WorkerName, key: &SourceKey) -> Result<bool, AcceptError> {
        Ok(self.state().seen.contains(key.as_bytes()))
    }

    fn kept(&self, _: &WorkerName, key: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        Ok(self.state().kept.get(key).cloned())
    }

    fn kept_under(
        &self,
        _: &WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        let state = self.state();
        let under = state.kept.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(under.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// A spool in memory.
#[derive(Clone, Default)]
pub struct MemorySpool(Arc<Mutex<HashMap<[u8; 32], Vec<u8>>>>);

struct MemoryWriter {
    bytes: Vec<u8>,
    spool: MemorySpool,
}

impl MemorySpool {
    fn blobs(&self) -> MutexGuard<'_, HashMap<[u8; 32], Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spool for MemorySpool {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        Ok(Box::new(MemoryWriter { bytes: Vec::new(), spool: self.clone() }))
    }

    fn open(&self, blob: &BlobRef) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.blobs().get(&blob.hash).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(bytes)))
    }
}

impl Write for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolWriter for MemoryWriter {
    fn finish(self: Box<Self>) -> io::Result<BlobRef> {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&hasher.finish().to_be_bytes());
        let blob = BlobRef { hash, size: self.bytes.len() as u64 };
        self.spool.blobs().insert(hash, self.bytes);
        Ok(blob)
    }
}
