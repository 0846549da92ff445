//! The pipeline alone: both sides in memory, the store on this disk with every sync.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Error, Result};
use rustix::fs::fdatasync;
use tokio::task::JoinSet;
use tokio::time::Instant;
use viadukt::pipeline::Journal;
use viadukt_api::WorkerName;
use viadukt_api::fake::{FakeWorker, message};

use crate::engine::{Engine, accept};
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
    let post: WorkerName = "post".parse().map_err(Error::msg)?;
    let far = async |_| Ok(Arc::new(FakeWorker::counting()) as _);
    let mut engine = Engine::start(folder, &post, FakeWorker::counting(), far).await?;
    let begin = Instant::now();
    let mut sources = JoinSet::new();
    for conversation in 0..conversations {
        sources.spawn(citizen(Arc::clone(&engine.journal), post.clone(), conversation, each));
    }
    while let Some(said) = sources.join_next().await {
        said??;
    }
    let total = conversations * each;
    engine.shown(total.into()).await?;
    let took = begin.elapsed().as_secs_f64();
    engine.end().await?;
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
        accept(&journal, &post, &mail).await?;
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
