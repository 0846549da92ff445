//! What a system brought, in the form in which it is journalled: JSON, so that raw input stays
//! readable for an operator who has to decide about a dead letter.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use viadukt_api::{Item, Protection, Raw, SourceKey, Timestamp};

/// One thing that a system brought.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// The system, by its name in the configuration.
    pub(crate) system: String,
    /// The id by which it is known again, unique within the system.
    pub(crate) id: String,
    /// When it came.
    pub(crate) at: Timestamp,
    /// What stands beside the body and is needed to read it: a topic, some of the headers, in
    /// lower case.
    #[serde(default)]
    pub(crate) beside: Vec<(String, String)>,
    /// How it was protected on its way.
    #[serde(default)]
    pub(crate) protection: Protection,
    /// The body, as it came.
    #[serde(with = "body")]
    pub(crate) body: Bytes,
}

impl Received {
    /// The value that stands beside the body as `name`.
    pub(crate) fn beside(&self, name: &str) -> Option<&str> {
        self.beside.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// As an item for the journal.
    pub(crate) fn into_item(self) -> Item {
        let keys = vec![SourceKey::new(&["intranet", &self.system, &self.id])];
        let received_at = self.at;
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        let raw = Raw { bytes: bytes.into(), lifted: Vec::new() };
        Item { keys, received_at, protection: self.protection, raw }
    }

    /// Reads it back.
    pub(crate) fn from_raw(raw: &Raw) -> Option<Self> {
        serde_json::from_slice(&raw.bytes).ok()
    }
}

/// A body is text as a rule; what is not is written in base64.
mod body {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Body {
        Text(String),
        Base64(String),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Body::Text(text.to_owned()),
            Err(_) => Body::Base64(STANDARD.encode(bytes)),
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        match Body::deserialize(from)? {
            Body::Text(text) => Ok(text.into()),
            Body::Base64(text) => STANDARD.decode(text).map(Bytes::from).map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_journalled_is_read_back_whatever_it_is() {
        for body in [&b"{\"text\":\"h\xc3\xa4\"}"[..], b"", b"\xff\x00\x01"] {
            let received = Received {
                system: "alerts".to_owned(),
                id: "1".to_owned(),
                at: Timestamp(7),
                beside: vec![("topic".to_owned(), "door/1".to_owned())],
                protection: Protection::Plain,
                body: Bytes::from_static(body),
            };
            let item = received.clone().into_item();
            assert!(Received::from_raw(&item.raw) == Some(received), "{body:?}");
        }
    }
}
