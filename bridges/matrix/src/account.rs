//! What ends or endangers the hub's device while it runs.

use std::time::Duration;

use matrix_sdk::SessionChange;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::http::Http;
use crate::online::Online;
use crate::trouble::{Trouble, Verdict};
use crate::vitals::Vitals;

/// How often the homeserver is asked how many of our one-time keys it holds.
const ROUND: Duration = Duration::from_secs(600);

/// Returns once the device can no longer be used, and why.
pub(crate) async fn watch(online: &Online, vitals: &Vitals) -> Trouble {
    tokio::select! {
        () = token_refused(online) => Verdict::TokenRefused.into(),
        () = key_reuse(online) => Trouble::shut(
            "the homeserver holds other keys of this device: the hub's data folder was \
             restored from a backup or is used twice",
            "move the data folder away and start again; the recovery key gives the \
             identity back",
        ),
        () = one_time_keys(online, vitals) => Trouble::wait("nobody watches the one-time keys"),
    }
}

/// Returns once any request was answered with `M_UNKNOWN_TOKEN`. A sync that is being held open
/// would tell half a minute later.
async fn token_refused(online: &Online) {
    let mut changes = online.client.subscribe_to_session_changes();
    while !matches!(next(&mut changes).await, Some(SessionChange::UnknownToken(_))) {}
}

/// Returns once the homeserver says that it has other one-time keys of this device.
async fn key_reuse(online: &Online) {
    next(&mut online.client.subscribe_to_duplicate_key_upload_errors()).await;
}

/// The next report, or `None` if some were lost.
async fn next<T: Clone>(reports: &mut Receiver<T>) -> Option<T> {
    match reports.recv().await {
        Ok(report) => Some(report),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// Warns while the homeserver has no one-time key of ours: whoever wants to share a room's key
/// with us then uses the fallback key, and once that is stale we cannot read them. matrix-sdk
/// takes a missing count for an unchanged one.
async fn one_time_keys(online: &Online, vitals: &Vitals) {
    loop {
        if let Ok(count) = one_time_key_count(&online.http, &online.token).await {
            vitals.counted_keys(count);
            if count == 0 {
                tracing::warn!("the homeserver has no one-time keys of the hub's device");
            }
        }
        sleep(online.context.env.jitter(ROUND)).await;
    }
}

/// How many one-time keys the homeserver holds: the answer to an upload of none
/// (client-server API 11.12.2.1).
pub(crate) async fn one_time_key_count(http: &Http, token: &str) -> Result<u64, Verdict> {
    let answer = http.post("/_matrix/client/v3/keys/upload", Some(token), &json!({})).await?;
    let counts = answer["one_time_key_counts"].as_object();
    Ok(counts.into_iter().flat_map(|counts| counts.values()).filter_map(Value::as_u64).sum())
}
