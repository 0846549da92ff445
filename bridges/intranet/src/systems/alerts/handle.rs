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
    /// For all that `call` is about: the labels of its one alert, or those that make the group,
    /// or, where nothing does, those that all alerts share.
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
        let of_alert = if is_one_alert { labels(&call["alerts"][0]["labels"]) } else { Vec::new() };
        let ways = [of_alert, labels(&call["groupLabels"]), labels(&call["commonLabels"])];
        Self {
            external_url: call["externalURL"].as_str().unwrap_or_default().to_owned(),
            matchers: ways.into_iter().find(|matchers| !matchers.is_empty()).unwrap_or_default(),
        }
    }

    /// As it is kept; nothing, where it would silence everything or is too long.
    pub(super) fn write(&self) -> Option<String> {
        let written = serde_json::to_string(self).ok().filter(|_| !self.matchers.is_empty());
        written.filter(|written| written.len() <= LONGEST)
    }
}
