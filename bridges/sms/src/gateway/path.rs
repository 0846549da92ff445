//! Where in an answer or a call something stands: `messages[*].message-id`.

use serde_json::Value;
use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};

/// A place in a JSON value: keys apart by dots, `[0]` for one item of a list, `[*]` for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
    Each,
}

impl FieldPath {
    /// The value itself.
    pub(crate) const WHOLE: Self = Self(Vec::new());

    /// Reads what somebody wrote.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let expected = || "expected a path such as \"messages[*].id\"".to_owned();
        let mut steps = Vec::new();
        for part in written.split('.') {
            let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            let whole_is_list = steps.is_empty() && !rest.is_empty();
            match key {
                "" if whole_is_list => {}
                "" => return Err(expected()),
                key => steps.push(Step::Key(key.to_owned())),
            }
            while let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']').ok_or_else(expected)?;
                steps.push(match index {
                    "*" => Step::Each,
                    index => Step::At(index.parse().map_err(|_| expected())?),
                });
                rest = after;
            }
            if !rest.is_empty() {
                return Err(expected());
            }
        }
        Ok(Self(steps))
    }

    /// Everything that stands there, in order.
    pub(crate) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut here = vec![value];
        for step in &self.0 {
            here = match step {
                Step::Key(key) => here.into_iter().filter_map(|v| v.get(key)).collect(),
                Step::At(index) => here.into_iter().filter_map(|v| v.get(index)).collect(),
                Step::Each => here.into_iter().filter_map(Value::as_array).flatten().collect(),
            };
        }
        here
    }

    /// What stands there as text: strings as they are, numbers and truth values as JSON writes
    /// them. Neither null nor an empty string counts as there.
    pub(crate) fn texts(&self, value: &Value) -> Vec<String> {
        self.all(value).into_iter().filter_map(as_text).collect()
    }

    /// The first of [`FieldPath::texts`].
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        self.all(value).into_iter().find_map(as_text)
    }
}

impl FromToml for FieldPath {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        Self::parse(text(value, "a path such as \"messages[*].id\"")?)
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let value = json!({"messages": [{"id": "a"}, {"id": 7}, {"id": null}], "to-be": true});
        let texts = |path: &str| FieldPath::parse(path).unwrap().texts(&value);
        assert_eq!(texts("messages[*].id"), ["a", "7"]);
        assert_eq!(texts("messages[1].id"), ["7"]);
        assert_eq!(texts("to-be"), ["true"]);
        assert_eq!(texts("nowhere[*].id"), [""; 0]);
        let list = json!([{"id": "x"}]);
        assert_eq!(FieldPath::parse("[*].id").unwrap().text(&list).unwrap(), "x");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for written in ["", "a..b", "a[", "a[x]", "a[0]b", "a.[0]"] {
            assert!(FieldPath::parse(written).is_err(), "{written}");
        }
    }
}
