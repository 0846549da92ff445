//! Making a data folder of an export.
//!
//! Everything is written into a folder beside its place first, sealed under this installation's
//! key; only when the export was read to its end and its hash is right, the folders get their
//! names. A process that dies before leaves a folder `importing`, with which nothing starts and
//! which the next import removes: all or nothing.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use viadukt_api::{BlobRef, Env, Spool, SpoolWriter};

use super::format::{Head, Part, Reader, Summary};
use super::{BackupError, check};
use crate::ledger::{Fault, Ledger};
use crate::store::sled::Options;
use crate::store::{Batch, FileSpool, Keys, Row, SledStore, Store, disk};

/// Records written with one commit.
pub(super) const BATCH: usize = 256;

/// Where an unfinished import lies.
const IMPORTING: &str = "importing";

/// Where an export is unpacked to be looked at.
const VERIFYING: &str = "verifying";

/// What an export held.
#[derive(Debug)]
pub struct Imported {
    /// What it says of itself.
    pub head: Head,
    /// How much there was.
    pub summary: Summary,
    /// What is not as it should be.
    pub faults: Vec<Fault>,
    /// Deliveries to far sides that may have been made since.
    pub doubted: u64,
}

/// Whether deliveries may have been made since the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// viadukt went on: each that waits is doubted.
    WentOn,
    /// Nothing ran, as when viadukt moves to another machine.
    Rested,
}

/// Makes `data_dir`, which must be empty, of an export.
pub async fn import(
    from: impl Read,
    data_dir: &Path,
    key_file: &Path,
    since: Since,
    env: &Env,
) -> Result<Imported, BackupError> {
    disk::create_folder(data_dir).map_err(BackupError::at(data_dir))?;
    refuse_used(data_dir, key_file)?;
    let staging = Staging::begin(&data_dir.join(IMPORTING))?;
    // Left by an import that died while the folders got their names.
    remove(&data_dir.join("spool"))?;
    let keys = Keys::load_or_create(key_file, &data_dir.join("store"), &*env.entropy)
        .map_err(|error| BackupError::Refused(error.to_string()))?;
    let (mut imported, ledger) = unpack(from, &staging.folder, &keys, env).await?;
    if since == Since::WentOn {
        imported.doubted = ledger.doubt_outbox().await?;
    }
    drop(ledger);
    for name in ["spool", "store"] {
        let place = data_dir.join(name);
        fs::rename(staging.folder.join(name), &place).map_err(BackupError::at(&place))?;
    }
    disk::sync_folder(data_dir).map_err(BackupError::at(data_dir))?;
    staging.end()?;
    Ok(imported)
}

/// Reads an export as an import would, and everything in it, below `data_dir`; leaves nothing.
pub async fn verify(from: impl Read, data_dir: &Path, env: &Env) -> Result<Imported, BackupError> {
    disk::create_folder(data_dir).map_err(BackupError::at(data_dir))?;
    let staging = Staging::begin(&data_dir.join(VERIFYING))?;
    // The key is in memory alone: what a killed process leaves, nobody can read.
    let (imported, ledger) =
        unpack(from, &staging.folder, &Keys::passing(&*env.entropy), env).await?;
    drop(ledger);
    staging.end()?;
    Ok(imported)
}

/// Refuses a data folder in which an import was not finished.
pub fn refuse_unfinished(data_dir: &Path) -> Result<(), BackupError> {
    let unfinished = data_dir.join(IMPORTING);
    match unfinished.exists() {
        false => Ok(()),
        true => Err(BackupError::Refused(format!(
            "an import into {} was not finished; run `viadukt import` with the same file again",
            data_dir.display()
        ))),
    }
}

/// Refuses a folder in which anything lies that an import could mix with or destroy.
fn refuse_used(data_dir: &Path, key_file: &Path) -> Result<(), BackupError> {
    let unfinished = data_dir.join(IMPORTING).exists();
    let may_stay = |path: &Path| {
        let is = |name: &str| path == data_dir.join(name);
        let half_named = unfinished && is("spool") && !data_dir.join("store").exists();
        path == key_file || is(IMPORTING) || is("lost+found") || half_named
    };
    for entry in fs::read_dir(data_dir).map_err(BackupError::at(data_dir))? {
        let path = entry.map_err(BackupError::at(data_dir))?.path();
        if !may_stay(&path) {
            return Err(BackupError::Refused(format!(
                "{} is not empty: {} is there. An import needs an empty data folder; move what is \
                 there away",
                data_dir.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// A folder that is filled before it counts.
pub(super) struct Staging {
    pub(super) folder: PathBuf,
    _lock: File,
}

impl Staging {
    /// An empty folder, which no other process fills.
    pub(super) fn begin(folder: &Path) -> Result<Self, BackupError> {
        let at = BackupError::at(folder);
        disk::create_folder(folder).map_err(&at)?;
        let lock = disk::lock(&folder.join("lock")).map_err(&at)?.ok_or_else(|| {
            BackupError::Refused(format!("another viadukt process fills {}", folder.display()))
        })?;
        for name in ["store", "spool"] {
            remove(&folder.join(name))?;
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    pub(super) fn end(self) -> Result<(), BackupError> {
        remove(&self.folder)?;
        disk::sync_parent(&self.folder).map_err(BackupError::at(&self.folder))
    }
}

fn remove(folder: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BackupError::at(folder)(error))
        }
        _ => Ok(()),
    }
}

/// Unpacks an export into `folder` and reads all of it again.
async fn unpack(
    from: impl Read,
    folder: &Path,
    keys: &Keys,
    env: &Env,
) -> Result<(Imported, Ledger), BackupError> {
    let mut reader = Reader::begin(from)?;
    let head = reader.head().clone();
    let store = SledStore::open(&folder.join("store"), keys, env, Options::bare()).await;
    let mut store = store?;
    let mut part = fill(&mut reader, &store).await?;
    store.adopt().await?;
    let keys = store.keys().clone();
    let at = BackupError::at(folder);
    let spool = FileSpool::open(&folder.join("spool"), &keys, env, 0).map_err(&at)?;
    let summary = loop {
        match part {
            Part::End(summary) => break summary,
            Part::File(blob) => part = fill_file(&mut reader, &spool, &blob)?,
            Part::Row(_) | Part::Piece(_) => {
                return Err(BackupError::unfit("its parts are out of order"));
            }
        }
    };
    let ledger = Ledger::new(Arc::new(store), Arc::new(spool.clone()), Arc::new(keys));
    let faults = check::check(&ledger, &spool)?.faults;
    Ok((Imported { head, summary, faults, doubted: 0 }, ledger))
}

/// Takes the records in; gives the first part after them.
async fn fill(reader: &mut Reader<impl Read>, store: &SledStore) -> Result<Part, BackupError> {
    let mut batch = Batch::default();
    loop {
        let part = reader.next()?;
        let is_last = !matches!(part, Part::Row(_));
        if batch.writes.len() == BATCH || is_last {
            store.commit(std::mem::take(&mut batch)).await?;
        }
        match part {
            Part::Row(Row { space, key, value }) => batch.put(space, key, value),
            part => return Ok(part),
        }
    }
}

/// Takes `rows` in.
pub(super) async fn fill_rows(store: &SledStore, rows: Vec<Row>) -> Result<(), BackupError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut batch = Batch::default();
        for Row { space, key, value } in rows.by_ref().take(BATCH) {
            batch.put(space, key, value);
        }
        store.commit(batch).await?;
    }
    Ok(())
}

/// Takes one spool file in; gives the first part after it.
fn fill_file(
    reader: &mut Reader<impl Read>,
    spool: &FileSpool,
    blob: &BlobRef,
) -> Result<Part, BackupError> {
    let unwritten = |error: std::io::Error| BackupError::Io(format!("the spool: {error}"));
    let mut writer: Box<dyn SpoolWriter> = spool.create().map_err(unwritten)?;
    let part = loop {
        match reader.next()? {
            Part::Piece(bytes) => writer.write_all(&bytes).map_err(unwritten)?,
            part => break part,
        }
    };
    match writer.finish().map_err(unwritten)? == *blob {
        true => Ok(part),
        false => Err(BackupError::unfit("a spool file in it has another content than its name")),
    }
}
