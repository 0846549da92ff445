//! viadukt without its process: the pipeline between a hub in memory and one worker, on a store
//! on this disk with every sync.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use viadukt::config::{Flood, Invites, Rules, Zone};
use viadukt::ledger::{Ledger, Place};
use viadukt::observe::Metrics;
use viadukt::pipeline::{Journal, Parts, Pipeline, Policy};
use viadukt::store::sled::{Options, SledStore};
use viadukt::store::{FileSpool, Keys};
use viadukt_api::fake::{FakeWorker, item};
use viadukt_api::inbox::Durable;
use viadukt_api::words::Language;
use viadukt_api::{
    Context, Env, Hub, Inbox, Intake, Keep, Message, RoomSpec, Words, Worker, WorkerName,
};

/// How long the whole of a measurement may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// Who may write from the room.
pub const CLERK: &str = "@clerk:agency";

/// A pipeline at work.
pub struct Engine {
    /// Where items come in.
    pub journal: Arc<Journal>,
    /// The bridge.
    pub far: Arc<dyn Worker>,
    hub: Arc<FakeWorker>,
    waiting: Arc<AtomicU64>,
    running: JoinSet<Result<()>>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Engine {
    /// Starts it in a new folder within `folder`, with the bridge `name` that `build` makes.
    ///
    /// # Errors
    /// The store could not be opened, or the bridge not be built.
    pub async fn start(
        folder: &Path,
        name: &WorkerName,
        hub: FakeWorker,
        build: impl AsyncFnOnce(Context) -> Result<Arc<dyn Worker>>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir_in(folder)?;
        let env = Env::system();
        let words = Arc::new(Words::new(Language::De));
        let metrics = Arc::new(Metrics::new(&*env.clock)?);
        let (store, spool) = (folder.path().join("store"), folder.path().join("spool"));
        let keys = Keys::load_or_create(&folder.path().join("key"), &store, &*env.entropy)?;
        let store = SledStore::open(&store, &keys, &env, Options::default()).await?;
        let spool = FileSpool::open(&spool, &keys, &env, FileSpool::RESERVE)?;
        let ledger = Ledger::new(Arc::new(store), Arc::new(spool.clone()), Arc::new(keys));
        let (again, accepted) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicU64::new(0));
        let journal = Arc::new(Journal::open(
            ledger.clone(),
            env.clone(),
            Arc::clone(&metrics),
            again.clone(),
            Arc::clone(&waiting),
            u64::MAX,
        )?);
        let context = Context {
            name: name.clone(),
            env: env.clone(),
            spool: Arc::new(spool),
            keep: Keep::new(name.clone(), journal.clone()),
            hooks_url: None,
            words: Arc::clone(&words),
        };
        let far = build(context).await?;
        let hub = Arc::new(hub);
        let mut rules = Rules::new(vec![CLERK.parse().map_err(Error::msg)?], "Bürgerbüro");
        // What is brought in is shown one by one, however much it is.
        rules.notices.flood = Flood { most: u32::MAX, span: Duration::from_secs(1) };
        let pipeline = Arc::new(Pipeline::new(Parts {
            ledger,
            env,
            words,
            metrics,
            policy: Policy {
                zone: Zone::default(),
                invites: Invites(Vec::new()),
                rules: BTreeMap::from([(name.clone(), rules)]),
                rooms: BTreeMap::new(),
                keep_dead: Duration::from_secs(30 * 86_400),
            },
            hub: Arc::clone(&hub) as Arc<dyn Hub>,
            bridges: BTreeMap::from([(name.clone(), Arc::clone(&far))]),
            kinds: BTreeMap::new(),
            data_dir: None,
            again,
            waiting: Arc::clone(&waiting),
        })?);
        let stop = CancellationToken::new();
        let (bridge, room) = (name.clone(), "Bürgerbüro".to_owned());
        let spec = RoomSpec { bridge, key: None, existing: None, name: room, invite: Vec::new() };
        pipeline.ensure_room(&Place::Main, &spec, &stop).await?;

        let mut running = JoinSet::new();
        let end = stop.clone();
        running.spawn(async move { Ok(pipeline.run(accepted, end).await?) });
        let (worker, end) = (Arc::clone(&far), stop.clone());
        let inbox = Inbox::new(name.clone(), journal.clone());
        running.spawn(async move { Ok(worker.run(inbox, end).await?) });
        Ok(Self { journal, far, hub, waiting, running, stop, _folder: folder })
    }

    /// Waits until the hub was given `count` of what it counts, and all of it is recorded.
    ///
    /// # Errors
    /// Something ended, or it took too long.
    pub async fn shown(&mut self, count: u64) -> Result<()> {
        let mut made = self.hub.made();
        let recorded = async {
            // The sender is in the hub, so this ends only with what it waits for.
            let _ = made.wait_for(|made| *made >= count).await;
            while self.waiting.load(Ordering::Relaxed) > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            waited = timeout(PATIENCE, recorded) => {
                waited.with_context(|| format!("{} of {count} came", *self.hub.made().borrow()))
            }
            Some(ended) = self.running.join_next() => bail!("something ended: {ended:?}"),
        }
    }

    /// Stops it.
    ///
    /// # Errors
    /// It had failed.
    pub async fn end(mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// Brings `message` in and returns once it is durable.
///
/// # Errors
/// The store failed, or it was taken for a repetition.
pub async fn accept(journal: &Journal, worker: &WorkerName, message: &Message) -> Result<()> {
    let intake = Intake { items: vec![item(message)], keep: Vec::new() };
    let ids = journal.accept(worker, intake).await?;
    ids.first().copied().flatten().context("taken for a repetition").map(drop)
}
