//! From a valid configuration to a running viadukt, and down again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use viadukt_api::inbox::Durable;
use viadukt_api::{
    Context, Env, Inbox, ItemId, Keep, Timestamp, Words, Worker, WorkerError, WorkerName,
};

use crate::backup::{self, Source};
use crate::config::Config;
use crate::http::front::{Bounds, Front};
use crate::ledger::{Ledger, Place};
use crate::observe::{Metrics, event};
use crate::pipeline::{Journal, Parts, Pipeline, Policy};
use crate::store::sled::{Options, SledStore};
use crate::store::{FileSpool, Keys, TimedStore, Usage};

/// Keys of accepted items are remembered this long: longer than any source repeats itself.
const REMEMBER_KEYS: Duration = Duration::from_secs(30 * 86_400);

/// What operators did is remembered this long.
const REMEMBER_DONE: Duration = Duration::from_secs(365 * 86_400);

/// Spool files younger than this may belong to something that is just being accepted.
const SPOOL_AGE: Duration = Duration::from_secs(3_600);

/// How often what is old is swept away.
const SWEEP: Duration = Duration::from_secs(600);

/// How often it is asked whether a backup is due.
const LOOK_FOR_BACKUP: Duration = Duration::from_secs(60);

/// How often the gauges are brought up to date.
const MEASURE: Duration = Duration::from_secs(10);

/// How often it is looked how full the disk is, which takes a look at every file.
const MEASURE_DISK: Duration = Duration::from_secs(60);

/// Why viadukt ends other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// It could not start.
    #[error("{0}")]
    Start(String),
    /// The store failed while running.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A worker cannot go on.
    #[error(transparent)]
    Worker(#[from] viadukt_api::WorkerError),
}

/// Everything built, nothing running yet.
pub struct App {
    config: Config,
    env: Env,
    ledger: Ledger,
    spool: FileSpool,
    usage: Usage,
    source: Source,
    metrics: Arc<Metrics>,
    journal: Arc<Journal>,
    accepted: mpsc::UnboundedReceiver<ItemId>,
    pipeline: Arc<Pipeline>,
    /// The public listener, where there is one.
    front: Option<(Front, TcpListener)>,
}

impl App {
    /// Opens the store and builds every worker. Nothing connects to a far side yet.
    pub async fn build(config: Config, env: Env, metrics: Arc<Metrics>) -> Result<Self, AppError> {
        let start = |error: &dyn std::fmt::Display| AppError::Start(error.to_string());
        let data = config.data_dir.clone();
        std::fs::create_dir_all(&data)
            .map_err(|error| AppError::Start(format!("{}: {error}", data.display())))?;
        backup::refuse_unfinished(&data).map_err(|error| start(&error))?;
        let store = data.join("store");
        let keys = Keys::load_or_create(&config.key_file, &store, &*env.entropy)
            .map_err(|error| start(&error))?;
        let options = Options { watermark: config.limits.min_free_space.0, ..Options::default() };
        let usage = Usage::new(&store, &data.join("spool"), options.watermark);
        let store = SledStore::open(&store, &keys, &env, options).await?;
        let keys = store.keys().clone();
        let spool = FileSpool::open(&data.join("spool"), &keys, &env, FileSpool::RESERVE)
            .map_err(|error| start(&error))?;
        let store = Arc::new(TimedStore::new(store, Arc::clone(&metrics)));
        let source = Source::new(store.clone(), spool.clone(), env.clone());
        let ledger = Ledger::new(store, Arc::new(spool.clone()), Arc::new(keys));

        let waiting = Arc::new(AtomicU64::new(0));
        let (again, accepted) = mpsc::unbounded_channel();
        let journal = Journal::open(
            ledger.clone(),
            env.clone(),
            Arc::clone(&metrics),
            again.clone(),
            Arc::clone(&waiting),
            config.limits.max_queued_deliveries,
        )?;
        let journal = Arc::new(journal);
        let words = Arc::new(Words::new(config.language));
        let context = |name: &WorkerName| Context {
            name: name.clone(),
            env: env.clone(),
            spool: Arc::new(spool.clone()),
            keep: Keep::new(name.clone(), journal.clone() as Arc<dyn Durable>),
            words: Arc::clone(&words),
            hooks_url: config.hooks_url(name),
        };
        let hub = config
            .hub
            .build(context(&WorkerName::hub()), &data.join("matrix"))
            .await
            .map_err(|error| start(&error))?;
        let mut bridges = BTreeMap::new();
        for bridge in &config.bridges {
            let built = bridge.section.build(context(&bridge.name)).await;
            bridges.insert(bridge.name.clone(), built.map_err(|error| start(&error))?);
        }
        let front = open_front(&config, &bridges, &journal, &metrics).await?;
        for name in std::iter::once(WorkerName::hub()).chain(bridges.keys().cloned()) {
            metrics.introduce(&name);
        }
        let counted = Arc::clone(&metrics);
        let rules = config.bridges.iter().map(|b| (b.name.clone(), b.rules.clone())).collect();
        let rooms = config.bridges.iter().map(|b| (b.name.clone(), b.rooms.clone())).collect();
        let (zone, invites) = (config.zone.clone(), config.invites.clone());
        let keep_dead = config.limits.dead_letter_retention;
        let policy = Policy { zone, invites, rules, rooms, keep_dead };
        let kinds = config.bridges.iter().map(|b| (b.name.clone(), b.kind)).collect();
        let pipeline = Pipeline::new(Parts {
            ledger: ledger.clone(),
            env: env.clone(),
            words,
            metrics: Arc::clone(&metrics),
            policy,
            hub,
            bridges,
            kinds,
            data_dir: Some(data),
            again,
            waiting,
        })?;
        let pipeline = Arc::new(pipeline);
        Ok(Self {
            config,
            env,
            ledger,
            spool,
            usage,
            source,
            metrics: counted,
            journal,
            accepted,
            pipeline,
            front,
        })
    }

    /// The pipeline, for what people may ask of it.
    pub fn pipeline(&self) -> Arc<Pipeline> {
        Arc::clone(&self.pipeline)
    }

    /// What exports are made of.
    pub fn source(&self) -> Source {
        self.source.clone()
    }

    /// Runs until `stop` fires or something cannot go on, then drains: the public listener
    /// closes, then nothing new comes in at all, deliveries under way are finished within the
    /// configured deadline. Whatever is cut off is in the store and goes on at the next start.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), AppError> {
        let mut tasks: JoinSet<Result<(), AppError>> = JoinSet::new();
        let deadline = self.config.limits.drain_deadline;
        let closed = self.start_front(&mut tasks, &stop);
        self.start_workers(&mut tasks, &closed);
        self.start_rooms(&mut tasks, &closed);
        self.start_sweeping(&mut tasks, &closed);
        self.start_measuring(&mut tasks, &closed);
        self.start_backups(&mut tasks, &closed);
        let (pipeline, accepted) = (self.pipeline, self.accepted);
        tasks.spawn(async move { Ok(pipeline.run(accepted, closed).await?) });

        let mut outcome = Ok(());
        let drain = async {
            while let Some(ended) = tasks.join_next().await {
                let ended = ended.unwrap_or_else(|error| Err(AppError::Start(error.to_string())));
                if ended.is_err() && outcome.is_ok() {
                    outcome = ended;
                    stop.cancel();
                }
            }
        };
        let cut_off = async {
            stop.cancelled().await;
            tokio::time::sleep(deadline).await;
        };
        tokio::select! {
            () = drain => {}
            () = cut_off => tracing::warn!("the drain deadline is over; the rest waits in the store"),
        }
        outcome
    }

    /// Lets the far sides call; the token fires after `stop`, when the listener has closed.
    fn start_front(
        &mut self,
        tasks: &mut JoinSet<Result<(), AppError>>,
        stop: &CancellationToken,
    ) -> CancellationToken {
        let closed = CancellationToken::new();
        let front = self.front.take();
        let (stop, when_ended) = (stop.clone(), closed.clone().drop_guard());
        tasks.spawn(async move {
            let _closed = when_ended;
            match front {
                Some((front, listener)) => {
                    front.serve(listener, stop).await.map_err(WorkerError::from)?;
                }
                None => stop.cancelled().await,
            }
            Ok(())
        });
        closed
    }

    fn start_workers(&self, tasks: &mut JoinSet<Result<(), AppError>>, stop: &CancellationToken) {
        for (name, worker) in self.pipeline.workers() {
            let inbox = Inbox::new(name, self.journal.clone());
            let stop = stop.clone();
            tasks.spawn(async move { Ok(worker.run(inbox, stop).await?) });
        }
    }

    fn start_rooms(&self, tasks: &mut JoinSet<Result<(), AppError>>, stop: &CancellationToken) {
        for bridge in &self.config.bridges {
            let further = bridge.rooms.further.iter();
            let further = further.map(|(place, further)| (place.clone(), further.spec.clone()));
            for (place, spec) in std::iter::once((Place::Main, bridge.room.clone())).chain(further)
            {
                let (pipeline, stop) = (self.pipeline(), stop.clone());
                tasks.spawn(async move { Ok(pipeline.ensure_room(&place, &spec, &stop).await?) });
            }
        }
    }

    fn start_sweeping(&self, tasks: &mut JoinSet<Result<(), AppError>>, stop: &CancellationToken) {
        let (ledger, spool, env) = (self.ledger.clone(), self.spool.clone(), self.env.clone());
        let stop = stop.clone();
        let keep_dead = self.config.limits.dead_letter_retention;
        let pipeline = self.pipeline();
        tasks.spawn(async move {
            let mut pause = tokio::time::interval(SWEEP);
            while stop.run_until_cancelled(pause.tick()).await.is_some() {
                pipeline.see_to_dead_letters().await?;
                ledger.sweep(env.now(), REMEMBER_KEYS, keep_dead, REMEMBER_DONE).await?;
                pipeline.drop_unclaimed_reports().await?;
                sweep_spool(&ledger, &spool).await?;
            }
            Ok(())
        });
    }

    /// Exports at regular times. One that fails is told and tried again at the next look.
    fn start_backups(&self, tasks: &mut JoinSet<Result<(), AppError>>, stop: &CancellationToken) {
        let Some(schedule) = self.config.backup.clone() else { return };
        let (source, env, stop) = (self.source(), self.env.clone(), stop.clone());
        let metrics = Arc::clone(&self.metrics);
        metrics.introduce_backups(schedule.latest().ok().flatten());
        tasks.spawn(async move {
            let mut pause = tokio::time::interval(LOOK_FOR_BACKUP);
            while stop.run_until_cancelled(pause.tick()).await.is_some() {
                let (schedule, source, now) = (schedule.clone(), source.clone(), env.now());
                let is_due = |latest: Timestamp| now.since(latest) >= schedule.every;
                if !schedule.latest().ok().flatten().is_none_or(is_due) {
                    continue;
                }
                let made = tokio::task::spawn_blocking(move || schedule.run(&source, now)).await;
                let made = made.map_err(|error| error.to_string());
                match made.and_then(|made| made.map_err(|error| error.to_string())) {
                    Ok(()) => metrics.backed_up(Some(now)),
                    Err(why) => {
                        tracing::error!(event = event::BACKUP_FAILED, why, "no backup was made");
                        metrics.backed_up(None);
                    }
                }
            }
            Ok(())
        });
    }

    fn start_measuring(&self, tasks: &mut JoinSet<Result<(), AppError>>, stop: &CancellationToken) {
        let (pipeline, until) = (self.pipeline(), stop.clone());
        tasks.spawn(async move {
            let mut pause = tokio::time::interval(MEASURE);
            while until.run_until_cancelled(pause.tick()).await.is_some() {
                pipeline.measure()?;
            }
            Ok(())
        });
        let (usage, metrics, until) = (self.usage.clone(), Arc::clone(&self.metrics), stop.clone());
        tasks.spawn(async move {
            let mut pause = tokio::time::interval(MEASURE_DISK);
            while until.run_until_cancelled(pause.tick()).await.is_some() {
                let usage = usage.clone();
                match tokio::task::spawn_blocking(move || usage.measure()).await {
                    Ok(Ok(disk)) => metrics.disk(disk),
                    Ok(Err(error)) => tracing::warn!(%error, "the disk could not be measured"),
                    Err(error) => return Err(AppError::Start(error.to_string())),
                }
            }
            Ok(())
        });
    }
}

/// The public listener as configured, with every bridge that can be called.
async fn open_front(
    config: &Config,
    bridges: &BTreeMap<WorkerName, Arc<dyn Worker>>,
    journal: &Arc<Journal>,
    metrics: &Arc<Metrics>,
) -> Result<Option<(Front, TcpListener)>, AppError> {
    let Some(public) = config.public.clone() else { return Ok(None) };
    let listen = public.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        AppError::Start(format!("{listen}: {error}; choose another address as `public.listen`"))
    })?;
    let mut front = Front::new(public, Bounds::default(), Arc::clone(metrics));
    for bridge in &config.bridges {
        if let Some(worker) = bridges.get(&bridge.name) {
            let inbox = Inbox::new(bridge.name.clone(), Arc::clone(journal) as Arc<dyn Durable>);
            front.add(bridge.name.clone(), Arc::clone(worker), inbox, bridge.sources.clone());
        }
    }
    Ok(Some((front, listener)))
}

async fn sweep_spool(ledger: &Ledger, spool: &FileSpool) -> Result<(), AppError> {
    let (ledger, spool) = (ledger.clone(), spool.clone());
    let swept = tokio::task::spawn_blocking(move || {
        let live = ledger.live_blobs()?;
        match spool.sweep(|hash| live.contains(hash), SPOOL_AGE) {
            Ok(count) => tracing::debug!(count, "spool files swept"),
            Err(error) => tracing::warn!(%error, "the spool could not be swept"),
        }
        Ok(())
    });
    swept.await.map_err(|error| AppError::Start(error.to_string()))?
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
