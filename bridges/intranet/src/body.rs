//! What a body says, as one JSON value.

use serde_json::{Map, Value, json};
use url::form_urlencoded;
use viadukt_api::{HookError, Timestamp};

/// Reads `body`, which says of itself that it is `content_type`: JSON, a form (whose field
/// `payload`, if there is one, is JSON: Slack's older shape), or a text.
///
/// # Errors
/// What it should be.
pub(crate) fn value(content_type: Option<&str>, body: &[u8]) -> Result<Value, HookError> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    let begins = body.trim_ascii_start().first();
    if media_type == "application/x-www-form-urlencoded" && !matches!(begins, Some(b'{' | b'[')) {
        return form(body);
    }
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    if is_json || matches!(begins, Some(b'{' | b'[')) && !media_type.starts_with("text/") {
        return json(body);
    }
    let text =
        std::str::from_utf8(body).map_err(|_| HookError::Malformed("the body is no text"))?;
    Ok(json!({ "text": text }))
}

/// Reads `body` as JSON.
///
/// # Errors
/// It is none, or nested deeper than anybody means it.
pub(crate) fn json(body: &[u8]) -> Result<Value, HookError> {
    serde_json::from_slice(body).map_err(|_| HookError::Malformed("the body is not JSON"))
}

/// The moment that `written` names (RFC 3339).
pub(crate) fn moment(written: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = written.parse().ok()?;
    u64::try_from(moment.as_millisecond()).ok().map(Timestamp)
}

fn form(body: &[u8]) -> Result<Value, HookError> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        if name == "payload" {
            return json(value.as_bytes());
        }
        fields.insert(name.into_owned(), value.into());
    }
    Ok(Value::Object(fields))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_as_what_they_are() {
        let form = Some("application/x-www-form-urlencoded");
        for (content_type, body, expected) in [
            (Some("application/json; charset=utf-8"), "{\"a\":1}", json!({"a": 1})),
            (Some("application/cloudevents+json"), "{\"a\":1}", json!({"a": 1})),
            (None, " {\"a\":1}", json!({"a": 1})),
            // What `curl -d` says of any body.
            (form, "{\"a\":1}", json!({"a": 1})),
            (form, "payload=%7B%22text%22%3A%22x+y%22%7D", json!({"text": "x y"})),
            (form, "text=a%26b&title=t", json!({"text": "a&b", "title": "t"})),
            (Some("text/plain"), "{no json", json!({"text": "{no json"})),
            (None, "grüß Gott", json!({"text": "grüß Gott"})),
        ] {
            assert_eq!(value(content_type, body.as_bytes()).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn what_is_nothing_of_that_is_refused() {
        let json = Some("application/json");
        let deep = "[".repeat(100_000);
        for (content_type, body) in
            [(json, &b"{"[..]), (json, b""), (json, deep.as_bytes()), (None, b"\xff\xfe")]
        {
            assert!(matches!(value(content_type, body), Err(HookError::Malformed(_))));
        }
    }
}
