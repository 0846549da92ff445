//! Whether something stands where it should.

use serde_json::Value;
use viadukt_api::config::Fields;

use super::path::FieldPath;

/// A question to an answer or a call: does a field have one of some values?
#[derive(Clone, Debug)]
pub(crate) struct Test {
    field: FieldPath,
    is: Vec<String>,
    starts: Vec<String>,
}

/// How many of the values at the field fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    All,
    Some,
    None,
    /// There is no value.
    Absent,
}

impl Test {
    /// Reads `{ field = "…", is = ["…"], starts = ["…"] }`; without a field it asks the whole.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let test = Self {
            field: fields.or("field", FieldPath::WHOLE),
            is: fields.list("is"),
            starts: fields.list("starts"),
        };
        if test.is.is_empty() && test.starts.is_empty() {
            fields.object("is", "missing: the values that fit, here or as `starts`");
            return None;
        }
        fields.finish();
        Some(test)
    }

    /// Asks it.
    pub(crate) fn of(&self, value: &Value) -> Holds {
        let found = self.field.texts(value);
        let fits = found.iter().filter(|text| self.fits(text)).count();
        match fits {
            _ if found.is_empty() => Holds::Absent,
            0 => Holds::None,
            n if n == found.len() => Holds::All,
            _ => Holds::Some,
        }
    }

    fn fits(&self, text: &str) -> bool {
        self.is.iter().any(|whole| whole == text)
            || self.starts.iter().any(|start| text.starts_with(start.as_str()))
    }
}
