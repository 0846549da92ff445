//! Texts of which the gateway took some parts and put others off: the ids that it gave, so that
//! the next attempt sends what is missing and nothing twice. Kept durably, beyond a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{DeliveryId, Env, Keep, Timestamp};

const PREFIX: &str = "smpp/taken/";
/// No delivery is tried for so long; one that was given up leaves this behind.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// For each part the id that it was taken under.
pub(super) type Ids = Vec<Option<String>>;

pub(super) struct Progress {
    keep: Keep,
    env: Env,
    /// A copy of what is kept; looked at before every attempt.
    all: Mutex<HashMap<String, Taken>>,
}

/// What was taken of a text.
#[derive(Serialize, Deserialize)]
struct Taken {
    ids: Ids,
    at: Timestamp,
}

impl Progress {
    pub(super) fn load(keep: Keep, env: Env) -> Self {
        let kept = keep.starting_with(PREFIX).unwrap_or_default().into_iter();
        let all = kept.filter_map(|(key, value)| Some((key, serde_json::from_slice(&value).ok()?)));
        Self { all: Mutex::new(all.collect()), keep, env }
    }

    /// What is known of a delivery of so many parts. A change of configuration may have changed
    /// how a text is cut; then what was taken is of no use.
    pub(super) fn take(&self, delivery: DeliveryId, parts: usize) -> Option<Ids> {
        let taken = self.all().remove(&key(delivery))?;
        (taken.ids.len() == parts).then_some(taken.ids)
    }

    pub(super) async fn put(&self, delivery: DeliveryId, ids: &Ids) {
        let key = key(delivery);
        let taken = Taken { ids: ids.clone(), at: self.env.now() };
        let value = serde_json::to_vec(&taken).ok();
        self.all().insert(key.clone(), taken);
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

    /// Forgets the deliveries that nobody tries any more.
    pub(super) async fn sweep(&self) {
        let now = self.env.now();
        let old: Vec<String> = {
            let mut all = self.all();
            let old = all.extract_if(|_, taken| now.since(taken.at) > REMEMBERED);
            old.map(|(key, _)| key).collect()
        };
        for key in old {
            if let Err(error) = self.keep.put(&key, None).await {
                tracing::warn!(%error, "the ids of some parts could not be forgotten");
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Taken>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(delivery: DeliveryId) -> String {
    format!("{PREFIX}{delivery}")
}
