//! A start with a store that has seen a lot.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, Result};
use rustix::fs::{Advice, fadvise, fsync};
use tokio::time::{Instant, sleep};
use viadukt::ledger::{Ledger, Mapped};
use viadukt::store::sled::{Options, SledStore};
use viadukt::store::{FileSpool, Keys};
use viadukt_api::{ConversationId, Env, ItemId, MessageId, WorkerName};

use crate::figures::{Figures, Target, median};
use crate::world::World;

const MAPPINGS: u32 = 100_000;
const PER_COMMIT: u32 = 500;
const STARTS: usize = 3;

/// From the start of the process to its readiness, the store's files not in memory.
///
/// # Errors
/// The servers failed.
pub async fn measure(world: &mut World, figures: &mut Figures) -> Result<()> {
    world.bridge.terminate().await?;
    let data = world.testbed.folder().join("data");
    fill(&data).await?;
    let mut times = Vec::new();
    for start in 0..STARTS {
        if start > 0 {
            world.bridge.terminate().await?;
        }
        forget(&data.join("store"))?;
        let begin = Instant::now();
        world.bridge.start()?;
        while !matches!(world.bridge.get("/health/ready").await, Ok((200, _))) {
            anyhow::ensure!(begin.elapsed() < Duration::from_secs(60), "it is never ready");
            sleep(Duration::from_millis(5)).await;
        }
        times.push(begin.elapsed().as_secs_f64());
    }
    let name = "cold start to ready with 100,000 mappings";
    figures.add(name, (median(times), "s"), None, Target::AtMost(3.0));
    Ok(())
}

/// Adds mappings as 50,000 messages would leave them behind.
async fn fill(data: &Path) -> Result<()> {
    let env = Env::system();
    let store = data.join("store");
    let keys = Keys::load_or_create(&data.join("viadukt.key"), &store, &*env.entropy)?;
    let store = SledStore::open(&store, &keys, &env, Options::default()).await?;
    let spool = FileSpool::open(&data.join("spool"), &keys, &env, FileSpool::RESERVE)?;
    let ledger = Ledger::new(Arc::new(store), Arc::new(spool), Arc::new(keys));
    let hub = WorkerName::hub();
    let post: WorkerName = "buergerpost".parse().map_err(Error::msg)?;
    for first in (0..MAPPINGS / 2).step_by(usize::try_from(PER_COMMIT / 2)?) {
        let mut draft = ledger.draft();
        for number in first..first + PER_COMMIT / 2 {
            let mail = MessageId::new(format!("{number}@citizen.test"));
            let event = MessageId::new(format!("${number:043}"));
            let id = u128::from(number).into();
            let mapped = |to: &MessageId| Mapped {
                conversation: ConversationId(id),
                counterpart: Some(to.clone()),
                room: None,
                item: ItemId(id),
                reported: None,
            };
            draft.map(&post, &mail, &mapped(&event));
            draft.map(&hub, &event, &mapped(&mail));
        }
        ledger.commit(draft).await?;
    }
    Ok(())
}

/// Makes the system forget the contents of the files in `folder`.
fn forget(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let file = std::fs::File::open(path)?;
            fsync(&file)?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}
