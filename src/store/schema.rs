//! The version of what the store holds. A store of a newer version is refused, one of an older
//! version is brought up step by step.

use super::{Batch, REMEDY, Space, Store, StoreError};

/// The version that this program writes.
pub const SCHEMA: u32 = 1;

const KEY: &[u8] = b"schema";

/// One step from a version to the next.
struct Migration {
    /// The version it starts from.
    from: u32,
    /// What changes, for the log.
    what: &'static str,
    /// The writes that make the change. They are committed together with the new version, so a
    /// crash leaves either version whole; a change too large for one batch comes as several
    /// versions.
    writes: fn(&dyn Store) -> Result<Batch, StoreError>,
}

/// Every step there ever was, in order. Example of an entry:
/// `Migration { from: 1, what: "deliveries carry a form", writes: |store| … }`.
const MIGRATIONS: &[Migration] = &[];

/// Brings `store` to this program's version: writes it into a `fresh` store, migrates an older
/// one, refuses a newer one and one that lost its version.
pub(super) async fn settle(store: &dyn Store, fresh: bool) -> Result<(), StoreError> {
    settle_to(SCHEMA, MIGRATIONS, store, fresh).await
}

async fn settle_to(
    current: u32,
    migrations: &[Migration],
    store: &dyn Store,
    fresh: bool,
) -> Result<(), StoreError> {
    let mut found = match store.get(Space::Meta, KEY)? {
        Some(bytes) => version(&bytes)?,
        None if fresh => {
            let mut batch = Batch::default();
            batch.put(Space::Meta, KEY, current.to_be_bytes());
            return store.commit(batch).await;
        }
        None => {
            return Err(StoreError::Damaged(format!(
                "the store was in use, but its records are gone; {REMEDY}"
            )));
        }
    };
    if found > current {
        return Err(StoreError::Damaged(format!(
            "the store has version {found}, this program knows versions up to {current}; \
             start the newer program, or restore a backup made before it ran"
        )));
    }
    while found < current {
        let Some(step) = migrations.iter().find(|step| step.from == found) else {
            return Err(StoreError::Damaged(format!(
                "the store has version {found}, which this program no longer knows; \
                 start an earlier release once"
            )));
        };
        tracing::info!(from = found, what = step.what, "migrating the store");
        let mut batch = (step.writes)(store)?;
        found += 1;
        batch.put(Space::Meta, KEY, found.to_be_bytes());
        store.commit(batch).await?;
    }
    Ok(())
}

fn version(bytes: &[u8]) -> Result<u32, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Damaged(format!("the store's version is unreadable; {REMEDY}")))?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const STEPS: &[Migration] = &[
        Migration { from: 1, what: "a room is added", writes: |_| Ok(room(b"one")) },
        Migration { from: 2, what: "another one", writes: |_| Ok(room(b"two")) },
    ];

    fn room(key: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(Space::Room, key, "migrated");
        batch
    }

    #[tokio::test]
    async fn an_older_store_is_brought_up_step_by_step() {
        let store = MemoryStore::default();
        settle_to(1, &[], &store, true).await.unwrap();
        settle_to(3, STEPS, &store, false).await.unwrap();
        assert_eq!(store.scan(Space::Room, b"", None, 9).unwrap().len(), 2);
        assert_eq!(store.get(Space::Meta, KEY).unwrap().unwrap(), 3u32.to_be_bytes());
    }

    #[tokio::test]
    async fn a_newer_store_is_refused() {
        let store = MemoryStore::default();
        settle_to(3, STEPS, &store, true).await.unwrap();
        let error = settle_to(2, STEPS, &store, false).await.unwrap_err().to_string();
        assert!(error.contains("version 3") && error.contains("newer program"), "{error}");
    }

    #[tokio::test]
    async fn a_store_that_lost_its_records_is_refused() {
        let error = settle(&MemoryStore::default(), false).await.unwrap_err();
        assert!(error.to_string().contains("records are gone"), "{error}");
    }
}
