//! Texts without an id of the gateway's, since the submission had no answer. A receipt may hand
//! our own reference back (`user_message_reference`, SMPP 3.4 5.3.2.17). Kept durably, since
//! receipts take their time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{Env, Keep, Timestamp};

use super::compose;
use crate::outgoing::Outgoing;
use crate::received::fingerprint;

const PREFIX: &str = "smpp/nameless/";
/// Gateways try for some days at most; and a reference of 16 bits comes again.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) struct Nameless {
    keep: Keep,
    env: Env,
    all: Mutex<HashMap<String, Text>>,
    /// Texts by ids that came too late for the attempt; no longer than the process lives.
    late: Mutex<HashMap<String, Text>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Text {
    /// [`Outgoing::reference`].
    token: String,
    at: Timestamp,
}

impl Nameless {
    pub(super) fn load(keep: Keep, env: Env) -> Self {
        let kept = keep.starting_with(PREFIX).unwrap_or_default().into_iter();
        let all = kept.filter_map(|(key, value)| Some((key, serde_json::from_slice(&value).ok()?)));
        Self { all: Mutex::new(all.collect()), late: Mutex::default(), keep, env }
    }

    /// Remembers `sms`, and forgets what is too old.
    pub(super) async fn note(&self, sms: &Outgoing) {
        let now = self.env.now();
        let text = Text { token: sms.reference.clone(), at: now };
        let mut changes = Vec::new();
        {
            let mut all = self.all();
            let old = all.extract_if(|_, text| now.since(text.at) > REMEMBERED);
            changes.extend(old.map(|(key, _)| (key, None)));
            let key = key(compose::reference(sms), &sms.to);
            changes.push((key.clone(), serde_json::to_vec(&text).ok()));
            all.insert(key, text);
        }
        for (key, value) in changes {
            if let Err(error) = self.keep.put(&key, value).await {
                tracing::warn!(%error, "an unanswered submission could not be kept in mind");
            }
        }
    }

    /// Our own reference for the text to `to` that a receipt names by `reference`.
    pub(super) fn find(&self, reference: u16, to: &str) -> Option<String> {
        self.all().get(&key(reference, to)).map(|text| text.token.clone())
    }

    /// The gateway did give an id, after the attempt had ended.
    pub(super) fn named(&self, id: String, token: String) {
        let now = self.env.now();
        let mut late = self.late();
        late.retain(|_, text| now.since(text.at) <= REMEMBERED);
        late.insert(id, Text { token, at: now });
    }

    /// Our own reference for the text that was named `id` too late.
    pub(super) fn find_named(&self, id: &str) -> Option<String> {
        self.late().get(id).map(|text| text.token.clone())
    }

    fn late(&self) -> MutexGuard<'_, HashMap<String, Text>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Text>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(reference: u16, to: &str) -> String {
    format!("{PREFIX}{reference:04x}/{}", fingerprint(&[to.trim_start_matches('+')]))
}
