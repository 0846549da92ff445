//! The pipeline alone: both sides in memory, the store on this disk with every sync.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Error, Result, bail};
use rustix::fs::fdatasync;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use viadukt::config::{Invites, Rules, Zone};
use viadukt::ledger::{Ledger, Place};
use viadukt::observe::Metrics;
use viadukt::pipeline::{Journal, Parts, Pipeline, Policy};
use viadukt::store::sled::{Options, SledStore};
use viadukt::store::{FileSpool, Keys};
use viadukt_api::fake::{FakeWorker, item, message};
use viadukt_api::inbox::Durable;
use viadukt_api::words::Language;
use viadukt_api::{Env, Hub, Intake, RoomSpec, Words, Worker, WorkerName};

use crate::figures::{Figures, Target, median};

const ROUNDS: usize = 3;

/// Messages a second with 64 conversations and with one.
pub async fn measure(folder: &Path, figures: &mut Figures) -> Result<()> {
    let disk = syncs_per_second(folder)?;
    for (name, conversations, each, least) in [
        ("pipeline alone, 64 conversations (baseline: syncs)", 64, 200, 5_000.0),
        ("pipeline alone, one conversation (baseline: syncs)", 1, 3_000, 1_000.0),
    ] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(rate(folder, conversations, each).await?);
        }
        let value = (median(rates), "messages/s");
        figures.add(name, value, Some(disk), Target::AtLeast(least));
    }
    Ok(())
}

/// Messages a second, from the first one accepted to the last one recorded.
async fn rate(folder: &Path, conversations: u32, each: u32) -> Result<f64> {
    let folder = tempfile::tempdir_in(folder)?;
    let post: WorkerName = "post".parse().map_err(Error::msg)?;
    let env = Env::system();
    let metrics = Arc::new(Metrics::new(&*env.clock)?);
    let (store, spool) = (folder.path().join("store"), folder.path().join("spool"));
    let keys = Keys::load_or_create(&folder.path().join("key"), &store, &*env.entropy)?;
    let store = SledStore::open(&store, &keys, &env, Options::default()).await?;
    let spool = FileSpool::open(&spool, &keys, &env, FileSpool::RESERVE)?;
    let ledger = Ledger::new(Arc::new(store), Arc::new(spool), Arc::new(keys));
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
    let hub = Arc::new(FakeWorker::counting());
    let far = Arc::new(FakeWorker::counting());
    let pipeline = Arc::new(Pipeline::new(Parts {
        ledger,
        env,
        words: Arc::new(Words::new(Language::De)),
        metrics,
        policy: Policy {
            zone: Zone::default(),
            invites: Invites(Vec::new()),
            rules: BTreeMap::from([(post.clone(), Rules::new(Vec::new(), "post"))]),
            rooms: BTreeMap::new(),
        },
        hub: Arc::clone(&hub) as Arc<dyn Hub>,
        bridges: BTreeMap::from([(post.clone(), far as Arc<dyn Worker>)]),
        again,
        waiting: Arc::clone(&waiting),
    })?);
    let stop = CancellationToken::new();
    let (bridge, name) = (post.clone(), "Post".to_owned());
    let spec = RoomSpec { bridge, key: None, existing: None, name, invite: Vec::new() };
    pipeline.ensure_room(&Place::Main, &spec, &stop).await?;
    let end = stop.clone();
    let mut running = tokio::spawn(async move { pipeline.run(accepted, end).await });

    let begin = Instant::now();
    let mut sources = JoinSet::new();
    for conversation in 0..conversations {
        sources.spawn(citizen(Arc::clone(&journal), post.clone(), conversation, each));
    }
    while let Some(said) = sources.join_next().await {
        said??;
    }
    let total = conversations * each;
    let recorded = async {
        hub.wait_for(total.into()).await;
        while waiting.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = recorded => {}
        ended = &mut running => bail!("the pipeline ended: {ended:?}"),
    }
    let took = begin.elapsed().as_secs_f64();
    stop.cancel();
    running.await??;
    Ok(f64::from(total) / took)
}

/// One conversation: mails that answer each other, each accepted before the next one comes.
async fn citizen(journal: Arc<Journal>, post: WorkerName, who: u32, mails: u32) -> Result<()> {
    let address = format!("citizen{who}@example.org");
    let mut before = None;
    for number in 0..mails {
        let mut mail = message(&format!("{who}.{number}"), &address, "Wann öffnet das Bürgerbüro?");
        mail.ancestors = before.into_iter().collect();
        before = Some(mail.id.clone());
        let intake = Intake { items: vec![item(&mail)], keep: Vec::new() };
        let ids = journal.accept(&post, intake).await?;
        ids.first().copied().flatten().context("taken for a repetition")?;
    }
    Ok(())
}

/// How often a second this disk can append and sync a small record, one after the other.
fn syncs_per_second(folder: &Path) -> Result<f64> {
    const SYNCS: u32 = 500;
    let mut file = tempfile::tempfile_in(folder)?;
    let begin = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 512])?;
        fdatasync(&file)?;
    }
    Ok(f64::from(SYNCS) / begin.elapsed().as_secs_f64())
}
