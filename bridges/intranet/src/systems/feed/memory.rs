//! What is remembered of a feed: what it last said of itself, and each entry that was ever seen,
//! as long as the feed lists it and for some time after, so that none comes twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{AcceptError, Keep, Timestamp};

use super::entry::Listed;

/// How long an entry is known after it has left the feed.
const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);

/// What a feed last said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Whether it was ever read: what it lists at first is not new.
    #[serde(default)]
    pub(crate) was_read: bool,
    /// The validators for the next conditional request (RFC 9110, 8.8).
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
    /// How long it wants to be left alone, in minutes.
    pub(crate) ttl: Option<u32>,
    /// Since when nothing comes.
    pub(crate) failing_since: Option<Timestamp>,
}

/// What is known of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) version: String,
    /// Since when the feed no longer lists it.
    pub(crate) gone_since: Option<Timestamp>,
}

/// A value to be kept, by its key.
pub(crate) type Kept = (String, Option<Vec<u8>>);

/// The memory of one feed.
pub(crate) struct Memory {
    keep: Keep,
    /// What all its keys begin with.
    prefix: String,
}

impl Memory {
    pub(crate) fn new(keep: Keep, prefix: String) -> Self {
        Self { keep, prefix }
    }

    pub(crate) fn state(&self) -> Result<State, AcceptError> {
        let bytes = self.keep.get(&self.state_key())?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    pub(crate) fn with_state(&self, state: &State) -> Kept {
        (self.state_key(), serde_json::to_vec(state).ok())
    }

    /// The known entries by their ids.
    pub(crate) fn entries(&self) -> Result<BTreeMap<String, Known>, AcceptError> {
        let prefix = self.entry_key("");
        let kept = self.keep.starting_with(&prefix)?;
        let read = |(key, bytes): (String, Vec<u8>)| {
            let known = serde_json::from_slice(&bytes).ok()?;
            Some((key.strip_prefix(&prefix)?.to_owned(), known))
        };
        Ok(kept.into_iter().filter_map(read).collect())
    }

    pub(crate) fn with_entry(&self, listed: &Listed) -> Kept {
        self.kept(&listed.id, &Known { version: listed.version.clone(), gone_since: None })
    }

    /// What changes for entries that the feed lists no more, or again.
    pub(crate) fn tidied(
        &self,
        known: &BTreeMap<String, Known>,
        listed: &[Listed],
        now: Timestamp,
    ) -> Vec<Kept> {
        let listed: BTreeSet<_> = listed.iter().map(|one| one.id.as_str()).collect();
        let changes = known.iter().filter_map(|(id, one)| {
            let (is_listed, version) = (listed.contains(id.as_str()), one.version.clone());
            match one.gone_since {
                Some(_) if is_listed => Some(self.kept(id, &Known { version, gone_since: None })),
                Some(since) if now.since(since) > REMEMBERED => Some((self.entry_key(id), None)),
                None if !is_listed => {
                    Some(self.kept(id, &Known { version, gone_since: Some(now) }))
                }
                _ => None,
            }
        });
        changes.collect()
    }

    fn kept(&self, id: &str, known: &Known) -> Kept {
        (self.entry_key(id), serde_json::to_vec(known).ok())
    }

    fn state_key(&self) -> String {
        format!("{}/state", self.prefix)
    }

    fn entry_key(&self, id: &str) -> String {
        format!("{}/entry/{id}", self.prefix)
    }
}
