//! The keys that a store brings along. Records look each other up by keyed hashes, and name spool
//! files by them; under another key file none of them would be found. So these two keys are a
//! record themselves, sealed like every other, and an export can be imported under any key file.

use super::keys::Keys;
use super::{Batch, REMEDY, Space, Store, StoreError};

const KEY: &[u8] = b"secrets";

/// `keys` with those that `store` brings along; a store without any takes those of the key file.
pub(super) async fn settle(store: &dyn Store, keys: &Keys) -> Result<Keys, StoreError> {
    if let Some(inner) = store.get(Space::Meta, KEY)? {
        let inner = inner.as_slice().try_into().map_err(|_| {
            StoreError::Damaged(format!("the store's own keys are unreadable; {REMEDY}"))
        })?;
        return Ok(keys.with_inner(inner));
    }
    let mut batch = Batch::default();
    batch.put(Space::Meta, KEY, keys.inner().as_slice());
    store.commit(batch).await?;
    Ok(keys.clone())
}
