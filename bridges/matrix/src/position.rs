//! Where the sync loop stands.

use matrix_sdk::store::{StateStoreDataKey, StateStoreDataValue};
use matrix_sdk::{Client, Error, SessionMeta};
use serde::{Deserialize, Serialize};
use viadukt_api::{AcceptError, Env, Keep, Timestamp};

use crate::trouble::Trouble;

/// Key under which the position is kept.
const POSITION: &str = "sync";
/// How often matrix-sdk may fail at what the homeserver answers at one position.
const TRIES: u8 = 3;

/// Up to where everything is accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The device whose position it is.
    device: String,
    /// `next_batch` of the last accepted response; `None` before the first.
    pub(crate) token: Option<String>,
    /// Without a token: up to where everything was accepted all the same, by a lost device that
    /// this one replaces, or by this one until it had to begin anew. The first sync then tells
    /// the rooms' state, and their events since then are fetched.
    #[serde(default)]
    pub(crate) behind: Option<String>,
    /// When that device began.
    #[serde(default)]
    pub(crate) device_since: Timestamp,
    /// How often matrix-sdk has failed here.
    #[serde(default)]
    failures: u8,
}

impl Position {
    /// What was kept, if it belongs to the device that is logged in now.
    pub(crate) fn read(keep: &Keep, meta: &SessionMeta, env: &Env) -> Result<Self, AcceptError> {
        let device = meta.device_id.to_string();
        let bytes = keep.get(POSITION)?.unwrap_or_default();
        Ok(match serde_json::from_slice::<Self>(&bytes) {
            Ok(kept) if kept.device == device => kept,
            Ok(kept) => Self::anew(device, env.now(), kept.token.or(kept.behind)),
            Err(_) => Self::anew(device, env.now(), None),
        })
    }

    /// Makes `client`, which is not logged in yet, begin here: its own token may be ahead, and
    /// then it would drop a repeated response as already known.
    pub(crate) async fn hand_to(&self, client: &Client) -> Result<(), Trouble> {
        let store = client.state_store();
        let key = StateStoreDataKey::SyncToken;
        let done = match &self.token {
            Some(token) => {
                store.set_kv_data(key, StateStoreDataValue::SyncToken(token.clone())).await
            }
            None => store.remove_kv_data(key).await,
        };
        done.map_err(|error| Error::from(error).into())
    }

    /// Whether this device has accepted nothing yet.
    pub(crate) fn is_first(&self) -> bool {
        self.token.is_none()
    }

    /// The position after a response.
    pub(crate) fn moved_to(&self, next_batch: &str) -> Self {
        let token = Some(next_batch.to_owned());
        Self { token, behind: None, failures: 0, ..self.clone() }
    }

    /// The position after matrix-sdk failed at a response. If it keeps failing at the same one,
    /// that response is given up, and its events are fetched room by room.
    pub(crate) fn failed(&self) -> Self {
        let failures = self.failures.saturating_add(1);
        match &self.token {
            Some(token) if failures >= TRIES => {
                tracing::error!(
                    failures,
                    "an answer to sync cannot be processed; the hub goes around it"
                );
                Self::anew(self.device.clone(), self.device_since, Some(token.clone()))
            }
            _ => Self { failures, ..self.clone() },
        }
    }

    fn anew(device: String, device_since: Timestamp, behind: Option<String>) -> Self {
        Self { device, token: None, behind, device_since, failures: 0 }
    }

    /// What to keep beside the items of that response.
    pub(crate) fn to_keep(&self) -> (String, Option<Vec<u8>>) {
        (POSITION.to_owned(), serde_json::to_vec(self).ok())
    }
}
