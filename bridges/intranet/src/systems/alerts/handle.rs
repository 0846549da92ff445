//! What is needed to silence an alert later, kept with the matter in the room.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest that is kept ([`viadukt_api::Matter::handle`]).
const LONGEST: usize = 4 << 10;

/// Where to silence what. The matchers are those of the silence API (`POST /api/v2/silences`).
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// The Alertmanager's address, as it names itself.
    pub(crate) external_url: String,
    pub(crate) matchers: Vec<Matcher>,
}

/// A label that has a value.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Matcher {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) is_regex: bool,
    pub(crate) is_equal: bool,
}

impl Handle {
    /// For what `call` is about and nothing else: the labels of its one alert, or those that make
    /// the group. What several alerts without a group happen to share would silence others too.
    pub(super) fn of(call: &Value, is_one_alert: bool) -> Self {
        let labels = |value: &Value| -> Vec<Matcher> {
            let labels = value.as_object().into_iter().flatten();
            labels
                .filter_map(|(name, value)| {
                    let value = value.as_str()?.to_owned();
                    Some(Matcher { name: name.clone(), value, is_regex: false, is_equal: true })
                })
                .collect()
        };
        Self {
            external_url: call["externalURL"].as_str().unwrap_or_default().to_owned(),
            matchers: match is_one_alert {
                true => labels(&call["alerts"][0]["labels"]),
                false => labels(&call["groupLabels"]),
            },
        }
    }

    /// As it is kept; nothing, where it would silence everything or is too long.
    pub(super) fn write(&self) -> Option<String> {
        let written = serde_json::to_string(self).ok().filter(|_| !self.matchers.is_empty());
        written.filter(|written| written.len() <= LONGEST)
    }
}
