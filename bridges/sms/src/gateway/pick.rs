//! A word out of an answer or a call.

use serde_json::Value;
use viadukt_api::config::Fields;

use super::path::FieldPath;

/// What stands at a path, or there between two marks: `{ field = "text", after = "err:",
/// before = " " }`.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    path: FieldPath,
    /// Nothing is found where this is not there.
    after: String,
    /// Without it, and where it is not there, everything that follows is taken.
    before: String,
}

impl Pick {
    /// Reads it; without a field it looks at the whole.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        let pick = Self {
            path: fields.or("field", FieldPath::WHOLE),
            after: fields.or("after", String::new()),
            before: fields.or("before", String::new()),
        };
        fields.finish();
        pick
    }

    /// Every such word in `value`, in order.
    pub(crate) fn all(&self, value: &Value) -> Vec<String> {
        let found = self.path.texts(value).into_iter();
        found.filter_map(|text| self.between(&text).map(str::to_owned)).collect()
    }

    /// The first of them.
    pub(crate) fn first(&self, value: &Value) -> Option<String> {
        self.all(value).into_iter().next()
    }

    fn between<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (_, rest) = text.split_once(&self.after).unwrap_or(("", ""));
        let rest = if self.after.is_empty() { text } else { rest };
        let found = if self.before.is_empty() { rest } else { rest.split(&self.before).next()? };
        Some(found.trim()).filter(|found| !found.is_empty())
    }
}
