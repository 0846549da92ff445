//! How a text is written that a gateway hands on as it came from the network.

use std::collections::BTreeMap;

use serde_json::Value;
use viadukt_api::config::Fields;

use super::path::FieldPath;
use crate::text::coding::Coding;
use crate::text::said::Said;

/// Where a call says how its text is written, and what its words for that mean; every other
/// word means UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct Charset {
    field: FieldPath,
    /// `None`: no text at all.
    words: BTreeMap<String, Option<Coding>>,
}

impl Charset {
    /// Reads `{ field = "coding", gsm = ["0"], latin1 = ["3"], ucs2 = ["8"], binary = ["4"] }`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let field = fields.required("field");
        let mut words = BTreeMap::new();
        for (name, coding) in [
            ("gsm", Some(Coding::Gsm7)),
            ("latin1", Some(Coding::Latin1)),
            ("ucs2", Some(Coding::Ucs2)),
            ("binary", None),
        ] {
            words.extend(fields.list::<String>(name).into_iter().map(|word| (word, coding)));
        }
        fields.finish();
        Some(Self { field: field?, words })
    }

    /// What `bytes` say in a call that says `message`.
    pub(crate) fn read(&self, message: &Value, bytes: Vec<u8>) -> Said {
        let word = self.field.text(message).unwrap_or_default();
        match self.words.get(&word) {
            Some(Some(coding)) => Said::Octets(*coding, bytes),
            Some(None) => Said::Binary(bytes.len()),
            None => Said::Text(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}
