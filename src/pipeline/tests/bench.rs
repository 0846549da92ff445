//! A pipeline with a clerk's room and a citizen's far side, the disk under it, and its clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use viadukt_api::{Address, Clock, Env, ItemId, MessageId, RoomSpec, Timestamp, Words, WorkerName};

use super::super::{Journal, Parts, Pipeline, Policy};
use crate::config::{Invites, Rooms, Rules, Zone};
use crate::ledger::{Contact, Ledger, Place};
use crate::observe::Metrics;
use crate::store::{FileSpool, Keys, MemoryStore, Store};

// What nearly every test speaks of.
pub use std::time::Duration;
pub use viadukt_api::fake::{FakeWorker, item, message};
pub use viadukt_api::inbox::Durable;
pub use viadukt_api::words::Language;
pub use viadukt_api::{
    Act, Automatic, DeliveryError, Form, Intake, Item, Keep, Message, Outbound, Raw, Reason,
    RoomId, State, Target,
};

/// The whole of it.
pub struct Bench {
    pub disk: Disk,
    pub clock: Arc<TestClock>,
    pub hub: Arc<FakeWorker>,
    pub post: Arc<FakeWorker>,
    pub journal: Arc<Journal>,
    pub pipeline: Arc<Pipeline>,
    pub rules: Rules,
    pub running: Running,
}

/// What a bench is made of, where it differs from the usual.
pub struct Setup {
    pub disk: Disk,
    pub clock: Arc<TestClock>,
    pub hub: FakeWorker,
    pub post: FakeWorker,
    pub rules: Rules,
    pub rooms: Rooms,
    pub language: Language,
}

/// What outlives the process.
#[derive(Clone)]
pub struct Disk {
    store: Arc<dyn Store>,
    spool: Arc<dyn viadukt_api::Spool>,
    _folder: Arc<tempfile::TempDir>,
    keys: Arc<Keys>,
}

pub struct Running {
    stop: CancellationToken,
    pub task: tokio::task::JoinHandle<Result<(), crate::store::StoreError>>,
}

/// A clock that goes as tokio's does, so that `tokio::time::advance` in a test with a paused
/// clock moves it too, and that can jump as a wall clock does.
pub struct TestClock {
    began: Instant,
    began_at: AtomicI64,
}

impl TestClock {
    /// A Monday morning: 2026-11-23T09:00:00Z.
    const BEGIN: i64 = 1_795_424_400_000;

    pub fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), began_at: AtomicI64::new(Self::BEGIN) })
    }

    /// The wall clock is set; nothing that waits hears of it.
    pub fn jump_to(&self, now: &str) {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        let now: jiff::Timestamp = now.parse().unwrap();
        self.began_at.store(now.as_millisecond() - elapsed, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        Timestamp(u64::try_from(self.began_at.load(Ordering::Relaxed) + elapsed).unwrap())
    }
}

pub fn post() -> WorkerName {
    "post".parse().unwrap()
}

impl Disk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let key = folder.path().join("key");
        let keys = Keys::load_or_create(&key, &folder.path().join("store"), &*env.entropy).unwrap();
        let spool = FileSpool::open(&folder.path().join("spool"), &keys, &env, 0).unwrap();
        Self {
            store: Arc::new(MemoryStore::default()),
            spool: Arc::new(spool),
            _folder: Arc::new(folder),
            keys: Arc::new(keys),
        }
    }
}

impl Disk {
    /// The same with another spool over its own.
    pub fn behind<S: viadukt_api::Spool + 'static>(
        self,
        spool: impl FnOnce(Arc<dyn viadukt_api::Spool>) -> Arc<S>,
    ) -> (Self, Arc<S>) {
        let over = spool(self.spool.clone());
        (Self { spool: over.clone(), ..self }, over)
    }
}

impl Setup {
    /// The usual one, but with other rules.
    pub fn ruled(change: impl FnOnce(&mut Rules)) -> Self {
        let mut setup = Self::default();
        change(&mut setup.rules);
        setup
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            disk: Disk::new(),
            clock: TestClock::new(),
            hub: FakeWorker::default(),
            post: FakeWorker::default(),
            rules: Rules::new(vec!["@clerk:agency".parse().unwrap()], "Bürgerbüro"),
            rooms: Rooms::default(),
            language: Language::En,
        }
    }
}

impl Bench {
    pub async fn new() -> Self {
        Self::of(Setup::default()).await
    }

    pub async fn of(setup: Setup) -> Self {
        let Setup { disk, clock, hub, post: far, rules, rooms, language } = setup;
        let (hub, far) = (Arc::new(hub), Arc::new(far));
        let env = Env { clock: clock.clone(), ..Env::system() };
        let metrics = Arc::new(Metrics::new(&*env.clock).unwrap());
        let ledger = Ledger::new(disk.store.clone(), disk.spool.clone(), disk.keys.clone());
        let (again, accepted) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicU64::new(0));
        let journal = Journal::open(
            ledger.clone(),
            env.clone(),
            metrics.clone(),
            again.clone(),
            waiting.clone(),
            1_000,
        );
        let pipeline = Pipeline::new(Parts {
            ledger,
            env,
            words: Arc::new(Words::new(language)),
            metrics,
            policy: Policy {
                zone: Zone::default(),
                invites: Invites(vec!["*:agency".parse().unwrap()]),
                rules: BTreeMap::from([(post(), rules.clone())]),
                rooms: BTreeMap::from([(post(), rooms.clone())]),
                keep_dead: Duration::from_secs(30 * 86_400),
            },
            hub: hub.clone(),
            bridges: BTreeMap::from([(post(), far.clone() as _)]),
            kinds: BTreeMap::from([(post(), "letter")]),
            data_dir: None,
            again,
            waiting,
        })
        .map(Arc::new)
        .unwrap();
        let stop = CancellationToken::new();
        let spec = RoomSpec {
            bridge: post(),
            key: None,
            existing: None,
            name: "Post".to_owned(),
            invite: Vec::new(),
        };
        pipeline.ensure_room(&Place::Main, &spec, &stop).await.unwrap();
        for (place, further) in &rooms.further {
            pipeline.ensure_room(place, &further.spec, &stop).await.unwrap();
        }
        let (at_work, end) = (pipeline.clone(), stop.clone());
        let task = tokio::spawn(async move { at_work.run(accepted, end).await });
        let journal = Arc::new(journal.unwrap());
        let running = Running { stop, task };
        Self { disk, clock, hub, post: far, journal, pipeline, rules, running }
    }

    /// The process ends between two steps and a new one goes on with the same disk.
    pub async fn restart(self) -> Self {
        let setup = Setup {
            disk: self.disk.clone(),
            clock: self.clock.clone(),
            rules: self.rules.clone(),
            ..Setup::default()
        };
        self.restart_as(setup).await
    }

    /// As [`Bench::restart`], as another setup.
    pub async fn restart_as(self, setup: Setup) -> Self {
        self.running.stop.cancel();
        self.running.task.await.unwrap().unwrap();
        Self::of(setup).await
    }

    pub async fn accept(&self, worker: WorkerName, items: Vec<Item>) -> Vec<Option<ItemId>> {
        self.journal.accept(&worker, Intake { items, keep: Vec::new() }).await.unwrap()
    }

    /// The far side brings `mail`.
    pub async fn mail(&self, mail: Message) {
        self.accept(post(), vec![item(&mail)]).await;
    }

    /// The first `count` things that the hub was given, once there are as many. The notice that
    /// what is written leaves encryption is left out; it has a test of its own.
    pub async fn shown(&self, count: usize) -> Vec<Outbound> {
        let mut made = 0;
        loop {
            let mut shown = self.hub.wait_for(made).await;
            made = u64::try_from(shown.len()).unwrap() + 1;
            shown.retain(|out| !says_that_it_leaves(out));
            if shown.len() >= count {
                shown.truncate(count);
                return shown;
            }
        }
    }

    /// The last of [`Bench::shown`].
    pub async fn told(&self, count: usize) -> Outbound {
        self.shown(count).await.remove(count - 1)
    }

    /// An exchange has begun: the citizen wrote, and the clerk sees it as `$event1`.
    pub async fn begin(&self) {
        self.mail(mail("m1", "Guten Tag")).await;
        self.told(1).await;
    }

    /// Changes what is known of the citizen.
    pub async fn know(&self, change: impl FnOnce(&mut Contact)) {
        let mut draft = self.pipeline.ledger.draft();
        let mut contact = draft.contact(&post(), &address("eva@example.org")).unwrap();
        change(&mut contact);
        draft.set_contact(&post(), &address("eva@example.org"), &contact);
        self.pipeline.ledger.commit(draft).await.unwrap();
    }

    /// The bridge's room brings `event`.
    pub async fn event(&self, mut event: Message) {
        event.room = Some(RoomId::new("!post"));
        self.accept(WorkerName::hub(), vec![item(&event)]).await;
    }
}

pub fn address(text: &str) -> Address {
    Address::new(text)
}

pub fn id(text: &str) -> MessageId {
    MessageId::new(text)
}

pub fn mail(id: &str, text: &str) -> Message {
    Message { subject: Some("Antrag".to_owned()), ..message(id, "eva@example.org", text) }
}

pub fn answer(id: &str, to: &str, text: &str) -> Message {
    let ancestors = vec![MessageId::new(to)];
    Message { ancestors, ..message(id, "@clerk:agency", text) }
}

/// Time goes on by `span`, for everything that waits and for the clock. Only where tokio's clock
/// is paused: it then goes on when nothing is left to do, so that this waits for the pipeline.
pub async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);

pub fn text_of(out: &Outbound) -> &str {
    match &out.form {
        Form::Say { content, .. } | Form::Edit { content, .. } => &content.text,
        Form::Notice { text } | Form::Status { text, .. } => text,
        Form::Deed { word, .. } => word,
        Form::Join => "",
    }
}

/// Whether `out` is the notice that what is written leaves encryption.
pub fn says_that_it_leaves(out: &Outbound) -> bool {
    text_of(out).contains("leaves the room's end-to-end encryption")
}

pub fn thread_of(out: &Outbound) -> Option<&str> {
    match &out.target {
        Target::Room { thread, .. } => thread.as_ref().map(MessageId::as_str),
        Target::Remote { .. } => None,
    }
}

pub fn state_of(out: &Outbound) -> Option<State> {
    match &out.form {
        Form::Status { state, .. } => Some(*state),
        _ => None,
    }
}
