//! What a gateway brings, and the form in which it is journalled: JSON, so that raw input stays
//! readable for an operator who has to decide about a dead letter.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use viadukt_api::{Item, Protection, Raw, SourceKey, State, Timestamp};

use crate::text::said::Said;

/// One thing that a gateway brought.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Received {
    /// Somebody wrote to us.
    Text(Text),
    /// The network says what became of a message of ours.
    Receipt(Report),
}

/// A message from a phone, whole: parts are put together before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text {
    /// The gateway's id for it, or one made of what it says.
    pub(crate) id: String,
    /// Who, as the gateway writes it.
    pub(crate) from: String,
    /// Which own number, as the gateway writes it; empty when it does not say.
    pub(crate) to: String,
    /// When, as far as the gateway says.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) body: Body,
    /// How the gateway's connection was protected.
    #[serde(default)]
    pub(crate) protection: Protection,
}

/// What a phone sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Body {
    /// Text.
    Plain(String),
    /// Some parts of a long text, the others missing after the timeout: text by place, from 1.
    Incomplete {
        /// How many there should be.
        of: u8,
        /// Those that came.
        parts: Vec<(u8, String)>,
    },
    /// A picture message; the gateway may give links and a text.
    Mms {
        /// The text beside the pictures.
        text: String,
        /// How many pictures or files.
        count: u16,
    },
    /// Binary data (a ringtone, a business card, a configuration), so many bytes.
    Binary {
        /// How many bytes.
        bytes: u32,
    },
}

impl Body {
    /// What was said, whole.
    pub(crate) fn of(said: Said) -> Self {
        match said {
            Said::Text(text) => Self::Plain(text),
            Said::Octets(coding, octets) => Self::Plain(coding.decode(&octets)),
            Said::Binary(bytes) => Self::Binary { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) },
        }
    }
}

/// What became of a message of ours, or of one part of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The id that the message, or its part, was taken under; or our own reference.
    pub(crate) of: String,
    /// What became of it.
    pub(crate) state: State,
    /// The gateway's own words for why, such as `UNDELIV 027`; put into a person's words by
    /// [`crate::reasons`]. Three digits are an error of the GSM network.
    pub(crate) code: Option<String>,
}

impl Received {
    /// As an item for the journal; `same` are the fingerprints by which it is known again.
    pub(crate) fn into_item(self, same: &[String], received_at: Timestamp) -> Item {
        let bytes = serde_json::to_vec(&self).unwrap_or_default();
        let keys = same.iter().map(|fingerprint| source_key(fingerprint)).collect();
        let protection = match self {
            Self::Text(text) => text.protection,
            Self::Receipt(_) => Protection::Unknown,
        };
        let raw = Raw { bytes: bytes.into(), lifted: Vec::new() };
        Item { keys, received_at, protection, raw }
    }
}

/// The key of a fingerprint.
pub(crate) fn source_key(fingerprint: &str) -> SourceKey {
    SourceKey::new(&["sms", fingerprint])
}

/// Stands for `parts` where their own words must not: 128 bits of SHA-256 in hexadecimal.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
