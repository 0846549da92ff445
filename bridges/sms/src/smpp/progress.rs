//! Texts of which the gateway took some parts and put others off: the ids that it gave, so that
//! the next attempt sends what is missing and nothing twice. Kept durably, beyond a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use viadukt_api::{DeliveryId, Keep};

const PREFIX: &str = "smpp/taken/";

/// For each part the id that it was taken under.
pub(super) type Ids = Vec<Option<String>>;

pub(super) struct Progress {
    keep: Keep,
    /// A copy of what is kept; looked at before every attempt.
    all: Mutex<HashMap<String, Ids>>,
}

impl Progress {
    pub(super) fn new(keep: Keep) -> Self {
        let kept = keep.starting_with(PREFIX).unwrap_or_default().into_iter();
        let all = kept.filter_map(|(key, value)| Some((key, serde_json::from_slice(&value).ok()?)));
        Self { all: Mutex::new(all.collect()), keep }
    }

    /// What is known of a delivery of so many parts. A change of configuration may have changed
    /// how a text is cut; then what was taken is of no use.
    pub(super) fn take(&self, delivery: DeliveryId, parts: usize) -> Option<Ids> {
        self.all().remove(&key(delivery)).filter(|ids| ids.len() == parts)
    }

    pub(super) async fn put(&self, delivery: DeliveryId, ids: &Ids) {
        let key = key(delivery);
        let value = serde_json::to_vec(ids).ok();
        self.all().insert(key.clone(), ids.clone());
        // Without it only a restart between two attempts would send parts twice.
        if let Err(error) = self.keep.put(&key, value).await {
            tracing::warn!(%delivery, %error, "the ids of some parts could not be kept");
        }
    }

    pub(super) async fn forget(&self, delivery: DeliveryId) {
        if let Err(error) = self.keep.put(&key(delivery), None).await {
            tracing::warn!(%delivery, %error, "the ids of some parts could not be forgotten");
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Ids>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(delivery: DeliveryId) -> String {
    format!("{PREFIX}{delivery}")
}
