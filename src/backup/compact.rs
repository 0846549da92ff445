//! Writing the store anew: what sled no longer needs stays behind.

use viadukt_api::Env;

use super::import::{BATCH, Staging, fill_rows};
use super::{BackupError, DataDir};
use crate::store::sled::Options;
use crate::store::{SledStore, Store, disk};

/// Where the new store is made.
const COMPACTING: &str = "compacting";

/// Writes the store of `data` anew; gives its size in bytes before and after. The old store stays
/// in its place until the new one takes it in one step.
pub async fn compact(data: &DataDir, env: &Env) -> Result<(u64, u64), BackupError> {
    let opened = data.open(env).await?;
    let before = opened.store.size_on_disk()?;
    let staging = Staging::begin(&data.path.join(COMPACTING))?;
    let new = staging.folder.join("store");
    let store = SledStore::open(&new, &opened.keys, env, Options::bare()).await?;
    let mut snapshot = opened.store.snapshot()?;
    loop {
        let rows = snapshot.next(BATCH)?;
        if rows.is_empty() {
            break;
        }
        fill_rows(&store, rows).await?;
    }
    let after = store.size_on_disk()?;
    drop((snapshot, store));
    let old = data.store();
    // The old one is locked until the new one is in its place.
    disk::exchange(&new, &old).map_err(BackupError::at(&old))?;
    drop(opened);
    staging.end()?;
    Ok((before, after))
}
