//! Snapshots of a store that goes on being written to. sled has none: while one is read, the
//! committing thread keeps what it overwrites beyond the place that the reader has come to.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::sled::{Db, IVec};

use super::{StoreError, damaged, guarded};
use crate::store::seal::Sealer;
use crate::store::{Row, Snapshot, Space};

/// The snapshots that are being read.
#[derive(Clone, Default)]
pub(super) struct Shadows(Arc<Mutex<BTreeMap<u64, Shadow>>>);

/// What one of them needs.
#[derive(Default)]
struct Shadow {
    /// The last key that was shown.
    shown: IVec,
    /// What keys after it held, where it is no longer in sled; `None`: nothing.
    before: BTreeMap<IVec, Option<IVec>>,
}

type Locked<'s> = MutexGuard<'s, BTreeMap<u64, Shadow>>;

impl Shadows {
    /// A snapshot of everything that was applied to `db` so far.
    pub(super) fn snapshot(&self, db: &Db, sealer: Arc<Sealer>) -> SledSnapshot {
        let mut shadows = self.lock();
        let id = shadows.last_key_value().map_or(0, |(last, _)| last + 1);
        shadows.insert(id, Shadow::default());
        SledSnapshot { id, shadows: self.clone(), db: db.clone(), sealer }
    }

    /// Applies `batch`, which writes to `keys`, between two looks of readers.
    pub(super) fn apply<'k>(
        &self,
        db: &Db,
        batch: ::sled::Batch,
        keys: impl Iterator<Item = &'k IVec>,
    ) -> ::sled::Result<()> {
        let mut shadows = self.lock();
        if !shadows.is_empty() {
            for key in keys {
                let held = db.get(key)?;
                for shadow in shadows.values_mut().filter(|shadow| *key > shadow.shown) {
                    shadow.before.entry(key.clone()).or_insert_with(|| held.clone());
                }
            }
        }
        db.apply_batch(batch)
    }

    fn lock(&self) -> Locked<'_> {
        // Whatever panicked with it, each shadow only misses what was never applied.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A snapshot. Opens the records outside of the lock.
pub(super) struct SledSnapshot {
    id: u64,
    shadows: Shadows,
    db: Db,
    sealer: Arc<Sealer>,
}

impl SledSnapshot {
    /// The next rows as they lay in sled; none at the end.
    fn sealed(&self, limit: usize) -> Result<BTreeMap<IVec, IVec>, StoreError> {
        let mut shadows = self.shadows.lock();
        // Beyond the last space lies the store's own count of commits.
        let end = IVec::from(&[Space::ALL.len() as u8]);
        let Some(shadow) = shadows.get_mut(&self.id) else { return Ok(BTreeMap::new()) };
        loop {
            if shadow.shown == end {
                return Ok(BTreeMap::new());
            }
            let from = Bound::Excluded(shadow.shown.clone());
            let range = (from, Bound::Excluded(end.clone()));
            let mut rows: BTreeMap<IVec, IVec> =
                guarded(|| self.db.range::<IVec, _>(range).take(limit).collect())
                    .map_err(|what| damaged("a part of the store", &what))?;
            let last = rows.last_key_value().filter(|_| rows.len() == limit);
            shadow.shown = last.map_or(end.clone(), |(last, _)| last.clone());
            for (key, held) in shadow.overwritten() {
                match held {
                    Some(held) => rows.insert(key, held),
                    None => rows.remove(&key),
                };
            }
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }
}

impl Shadow {
    /// Takes out what was kept up to `shown`.
    fn overwritten(&mut self) -> BTreeMap<IVec, Option<IVec>> {
        let after = |key: &IVec| *key > self.shown;
        let first_after = self.before.keys().find(|key| after(key)).cloned();
        let rest = first_after.map(|key| self.before.split_off(&key)).unwrap_or_default();
        std::mem::replace(&mut self.before, rest)
    }
}

impl Snapshot for SledSnapshot {
    fn next(&mut self, limit: usize) -> Result<Vec<Row>, StoreError> {
        let open = |(key, sealed): (IVec, IVec)| Row::new(&key, self.sealer.open(&key, &sealed)?);
        self.sealed(limit.max(1))?.into_iter().map(open).collect()
    }
}

impl Drop for SledSnapshot {
    fn drop(&mut self) {
        self.shadows.lock().remove(&self.id);
    }
}
