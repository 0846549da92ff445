//! A call from a gateway, decoded.

use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use url::form_urlencoded;
use viadukt_api::{Call, HookError};

/// What a call says, as one JSON value: the body where it is JSON, else the fields of query and
/// form together.
pub(crate) fn value(call: &Call) -> Result<Value, HookError> {
    if is_json(call) {
        return serde_json::from_slice(&call.body)
            .map_err(|_| HookError::Malformed("the body is not JSON"));
    }
    let mut object = Map::new();
    for (name, value) in raw_pairs(call) {
        // The body follows the query: what it says is what counts.
        object.insert(String::from_utf8_lossy(&name).into_owned(), from_bytes(value));
    }
    Ok(Value::Object(object))
}

/// The bytes that `value` was made of: those of a text, or [`from_bytes`]'s list.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(list) => {
            let bytes = list.iter().map(|byte| byte.as_u64().and_then(|b| u8::try_from(b).ok()));
            bytes.flatten().collect()
        }
        _ => Vec::new(),
    }
}

/// A text, or a list of numbers where the bytes are none: some gateways put UTF-16 or binary
/// data into an address.
fn from_bytes(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => Value::String(text),
        Err(error) => error.into_bytes().into(),
    }
}

/// As [`pairs`], in bytes.
fn raw_pairs(call: &Call) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let form: &[u8] = if is_form(call) { &call.body } else { &[] };
    let fields = call.query.as_bytes().split(|b| *b == b'&').chain(form.split(|b| *b == b'&'));
    fields.filter(|field| !field.is_empty()).map(|field| {
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let mut half = || {
            let half = halves.next().unwrap_or_default();
            let blanks: Vec<u8> = half.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
            percent_decode(&blanks).collect()
        };
        (half(), half())
    })
}

/// The fields of query and form, in order.
pub(crate) fn pairs(call: &Call) -> Vec<(String, String)> {
    let form: &[u8] = if is_form(call) { &call.body } else { &[] };
    let query = form_urlencoded::parse(call.query.as_bytes()).into_owned();
    query.chain(form_urlencoded::parse(form).into_owned()).collect()
}

/// The header `name`, where it is there and plain text.
pub(crate) fn header<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    call.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the body says that it is JSON.
pub(crate) fn is_json(call: &Call) -> bool {
    let said = media_type(call);
    said == "application/json" || said.ends_with("+json")
}

/// Whether the body says that it is a form.
pub(crate) fn is_form(call: &Call) -> bool {
    media_type(call) == "application/x-www-form-urlencoded"
}

fn media_type(call: &Call) -> String {
    let said = header(call, CONTENT_TYPE.as_str()).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
