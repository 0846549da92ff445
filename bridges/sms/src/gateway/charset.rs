//! How a text is written that a gateway hands on as it came from the network.

use std::collections::BTreeMap;

use serde_json::Value;
use viadukt_api::config::Fields;

use super::path::FieldPath;
use crate::text::Encoding;

/// Where a call says how its text is written, and what its words for that mean; every other
/// word means UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct Charset {
    field: FieldPath,
    words: BTreeMap<String, Writing>,
}

/// A way to write a text in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    /// GSM 03.38, a septet in each byte.
    Gsm,
    Latin1,
    /// UTF-16, big-endian.
    Ucs2,
    /// No text at all.
    Binary,
}

/// What a phone said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    /// So many bytes.
    Binary(usize),
}

impl Charset {
    /// Reads `{ field = "coding", gsm = ["0"], latin1 = ["3"], ucs2 = ["8"], binary = ["4"] }`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let field = fields.required("field");
        let mut words = BTreeMap::new();
        for (name, writing) in [
            ("gsm", Writing::Gsm),
            ("latin1", Writing::Latin1),
            ("ucs2", Writing::Ucs2),
            ("binary", Writing::Binary),
        ] {
            words.extend(fields.list::<String>(name).into_iter().map(|word| (word, writing)));
        }
        fields.finish();
        Some(Self { field: field?, words })
    }

    /// What `bytes` say in a call that says `message`.
    pub(crate) fn read(&self, message: &Value, bytes: &[u8]) -> Said {
        let word = self.field.text(message).unwrap_or_default();
        match self.words.get(&word) {
            Some(Writing::Gsm) => Said::Text(Encoding::Gsm7.decode(bytes)),
            Some(Writing::Ucs2) => Said::Text(Encoding::Ucs2.decode(bytes)),
            Some(Writing::Latin1) => Said::Text(bytes.iter().copied().map(char::from).collect()),
            Some(Writing::Binary) => Said::Binary(bytes.len()),
            None => Said::Text(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}
