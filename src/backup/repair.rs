//! Saving what can be read of a damaged data folder, and making a store of it anew.
//!
//! The damaged store is copied, never written to, and stays in a folder of its own beside the new
//! one, with a list of what is missing. The new one takes its place in one step.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use viadukt_api::Env;

use super::check::whole_files;
use super::import::{Staging, fill_rows};
use super::{BackupError, DataDir, refuse_unfinished};
use crate::ledger::{Fault, Ledger};
use crate::store::sled::Options;
use crate::store::{FileSpool, SledStore, disk};

/// Where the new store is made.
const REPAIRING: &str = "repairing";

/// What came of a repair.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Records saved.
    pub records: u64,
    /// Commits that are gone; `None`: the count of them is gone, too.
    pub lost_commits: Option<u64>,
    /// What was set aside, and why.
    pub aside: Vec<Fault>,
    /// Deliveries to far sides that may have been made already.
    pub doubted: u64,
    /// Where the damaged store lies now; `None`: nothing was wrong.
    pub folder: Option<PathBuf>,
}

/// Makes a store of what can be read of the one in `data`.
pub async fn repair(data: &DataDir, env: &Env) -> Result<Repaired, BackupError> {
    refuse_unfinished(&data.path)?;
    let keys = data.keys(env)?;
    let old = data.store();
    let _lock = disk::lock(&old.join("lock")).map_err(BackupError::at(&old))?.ok_or_else(|| {
        BackupError::Refused("viadukt runs with this data folder; stop it first".to_owned())
    })?;
    let staging = Staging::begin(&data.path.join(REPAIRING))?;
    let left = SledStore::salvage(&old, &staging.folder.join("copy"), &keys, env)?;
    if left.rows.is_empty() {
        return Err(BackupError::Refused(format!(
            "nothing in {} can be read with {}; check the disk and the key file, and restore an \
             export with `viadukt import`",
            old.display(),
            data.key_file.display()
        )));
    }
    let (was_whole, lost_commits) = (left.is_whole(), left.lost_commits);
    let mut repaired = Repaired { lost_commits, ..Repaired::default() };
    let aside =
        |what: &String| Fault { kind: "store".to_owned(), name: String::new(), what: what.clone() };
    repaired.aside.extend(left.unreadable.iter().map(aside));
    if left.has_holes {
        let what = "a part of its file cannot be read; what was in it is lost".to_owned();
        repaired.aside.push(aside(&what));
    }

    let new = staging.folder.join("store");
    let mut store = SledStore::open(&new, &keys, env, Options::bare()).await?;
    fill_rows(&store, left.rows).await?;
    store.adopt().await?;
    let store = Arc::new(store);
    let keys = store.keys().clone();
    let folder = data.path.join("spool");
    let spool = FileSpool::open(&folder, &keys, env, 0).map_err(BackupError::at(&folder))?;
    let files = whole_files(&spool, &mut repaired.aside).map_err(BackupError::at(&folder))?;
    let ledger = Ledger::new(Arc::clone(&store) as _, Arc::new(spool), Arc::new(keys));
    // What goes may take away what something else stands on.
    loop {
        let gone = ledger.set_aside(&files).await?;
        if gone.is_empty() {
            break;
        }
        repaired.aside.extend(gone);
    }
    ledger.each(256, |_| {
        repaired.records += 1;
        Ok(())
    })?;
    if was_whole && repaired.aside.is_empty() {
        drop((ledger, store));
        staging.end()?;
        return Ok(repaired);
    }
    repaired.doubted = ledger.doubt_outbox().await?;
    drop((ledger, store));
    let damaged = data.path.join(format!("damaged-{}", env.now().0));
    fs::create_dir(&damaged).map_err(BackupError::at(&damaged))?;
    let list: String = repaired
        .aside
        .iter()
        .map(|Fault { kind, name, what }| format!("{kind} {name} {what}\n"))
        .collect();
    disk::replace_file(&damaged.join("list.txt"), list.as_bytes())
        .map_err(BackupError::at(&damaged))?;
    disk::exchange(&new, &old).map_err(BackupError::at(&old))?;
    fs::rename(&new, damaged.join("store")).map_err(BackupError::at(&damaged))?;
    disk::sync_folder(&data.path).map_err(BackupError::at(&data.path))?;
    staging.end()?;
    repaired.folder = Some(damaged);
    Ok(repaired)
}
