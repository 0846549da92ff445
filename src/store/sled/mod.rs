//! The default store: sled 0.34.7, an embedded tree, with precautions for what it leaves open.
//!
//! What sled leaves open, and who takes care of it:
//!
//! - its `flush` does not reach the device (sled issues 1351, 1452): `committer` syncs the
//!   file itself before it answers;
//! - pages over 128 KiB become files that are never synced: values are short, see
//!   [`super::MAX_VALUE`], and a leaf has at most some 17 of them;
//! - an unfinished snapshot file keeps it from opening: `open` moves it aside;
//! - after damage it may go on with less, as if the rest had never been: `tally` notices;
//! - on a full disk it does not open: a ballast file is given up then, and new input is refused
//!   before it comes to that;
//! - it may panic on damage: every call is `guarded`;
//! - it has no snapshots: `shadow` makes them.
//!
//! Files in the store's folder: sled's `db`, `conf`, `snap.*`, `blobs/`, and our own
//! `viadukt-store` (says that there was a store, and which key file opens it), `lock`,
//! `commits`, `ballast`, `aside/`.

mod committer;
#[cfg(test)]
mod crash;
mod open;
#[cfg(test)]
mod power;
mod salvage;
mod shadow;
mod tally;
#[cfg(test)]
mod tests;

use std::ops::Bound;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::sled::Db;
use async_trait::async_trait;
use viadukt_api::Env;

use self::committer::{Committer, SealedBatch};
pub(crate) use self::salvage::Left;
use self::shadow::Shadows;
use super::disk::{self, Ballast};
use super::keys::Keys;
use super::seal::{Sealer, place};
use super::{Batch, Entry, REMEDY, Snapshot, Space, Store, StoreError, schema, secrets};

/// Sizes that a store keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Memory for pages, in bytes as they lie on the disk. What they take in memory, with
    /// sled's own bookkeeping, is several times as much.
    pub cache: u64,
    /// Below this many free bytes on the disk, new input is refused.
    pub watermark: u64,
    /// Size of the file whose space is given up when the disk is full.
    pub ballast: u64,
}

impl Options {
    /// For a store that takes no input.
    pub fn bare() -> Self {
        Self { watermark: 0, ballast: 0, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: 8 << 20, watermark: 64 << 20, ballast: 16 << 20 }
    }
}

/// The store on disk. One process at a time.
pub struct SledStore {
    folder: PathBuf,
    // Dropped before `db` and `_lock`: it ends when everything that was queued is on the disk.
    committer: Committer,
    shadows: Shadows,
    sealer: Arc<Sealer>,
    keys: Keys,
    db: Db,
    _lock: std::fs::File,
}

impl SledStore {
    /// Whether a store, or a part of one, lies in `folder`.
    pub fn exists(folder: &Path) -> bool {
        open::exists(folder)
    }

    /// Opens the store in `folder`, or creates it there if there never was one.
    pub async fn open(
        folder: &Path,
        keys: &Keys,
        env: &Env,
        options: Options,
    ) -> Result<Self, StoreError> {
        let opening = {
            let (folder, fingerprint) = (folder.to_owned(), keys.fingerprint());
            tokio::task::spawn_blocking(move || open::open(&folder, &fingerprint, options))
        };
        let opened = opening.await.map_err(|error| StoreError::Failed(error.to_string()))??;
        let shadows = Shadows::default();
        let committer = Committer::start(folder, &opened, shadows.clone(), options.watermark)?;
        let mut store = Self {
            folder: folder.to_owned(),
            committer,
            shadows,
            sealer: Arc::new(Sealer::new(keys, Arc::clone(&env.entropy))),
            keys: keys.clone(),
            db: opened.db,
            _lock: opened.lock,
        };
        schema::settle(&store, opened.fresh).await?;
        store.keys = secrets::settle(&store, keys).await?;
        if opened.fresh {
            open::mark(folder, &keys.fingerprint())?;
        }
        if let Err(error) = Ballast::new(folder, options.ballast).take(options.watermark) {
            tracing::warn!(%error, "no ballast file; a full disk may need space to start again");
        }
        Ok(store)
    }

    /// Takes what was written like records of another store for its own: brings it up to this
    /// program's schema, and takes on the keys that came with it.
    pub(crate) async fn adopt(&mut self) -> Result<(), StoreError> {
        schema::settle(self, false).await?;
        self.keys = secrets::settle(self, &self.keys).await?;
        Ok(())
    }

    /// What is left of a damaged store in `folder`, read from copies of it in `scratch`.
    pub(crate) fn salvage(
        folder: &Path,
        scratch: &Path,
        keys: &Keys,
        env: &Env,
    ) -> Result<Left, StoreError> {
        let sealer = Sealer::new(keys, Arc::clone(&env.entropy));
        let mut left = salvage::salvage(folder, scratch, &sealer)?;
        left.opens &= open::check_marker(folder, &keys.fingerprint()).is_ok();
        Ok(left)
    }

    /// The keys of what lies in the store and beside it: those of the key file, but for the ones
    /// that the store brings along.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Bytes that the store's files hold, without the ballast.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        disk::size_of(&self.folder, Ballast::NAME)
            .map_err(|error| StoreError::Failed(format!("{}: {error}", self.folder.display())))
    }

    /// Encrypts on the caller's side: the one committing thread has little to do.
    fn seal(&self, batch: Batch) -> Result<SealedBatch, StoreError> {
        batch.check_lengths()?;
        let key = |space: Space, key: &[u8]| space.full_key(key);
        let absent = batch.absent.iter().map(|(space, k)| key(*space, k).into()).collect();
        let mut writes = Vec::with_capacity(batch.writes.len());
        for (space, k, value) in batch.writes {
            let full_key = key(space, &k);
            let sealed = value.map(|value| self.sealer.seal(&full_key, &value)).transpose()?;
            writes.push((full_key.into(), sealed.map(Into::into)));
        }
        Ok(SealedBatch { intake: batch.intake, absent, writes })
    }
}

#[async_trait]
impl Store for SledStore {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let full_key = space.full_key(key);
        guarded(|| self.db.get(&full_key))
            .map_err(|what| damaged(&place(&full_key), &what))?
            .map(|sealed| self.sealer.open(&full_key, &sealed))
            .transpose()
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let prefix_key = space.full_key(prefix);
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(space.full_key(after)),
            _ => Bound::Included(prefix_key.clone()),
        };
        let sealed = guarded(|| {
            self.db
                .range::<Vec<u8>, _>((from, Bound::Unbounded))
                .take_while(|entry| match entry {
                    Ok((key, _)) => key.starts_with(&prefix_key),
                    Err(_) => true,
                })
                .take(limit)
                .collect::<Result<Vec<_>, _>>()
        });
        sealed
            .map_err(|what| damaged(&format!("a part of {space:?}"), &what))?
            .into_iter()
            .map(|(key, sealed)| {
                let value = self.sealer.open(&key, &sealed)?;
                Ok((key.get(1..).unwrap_or_default().to_vec(), value))
            })
            .collect()
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.committer.commit(self.seal(batch)?).await
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(self.shadows.snapshot(&self.db, Arc::clone(&self.sealer))))
    }
}

/// Runs a call into sled. It panics on some kinds of damage; that becomes an error like others.
fn guarded<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, String> {
    match std::panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "sled panicked".into())),
    }
}

fn damaged(what: &str, why: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read; {REMEDY} ({why})"))
}
