//! Events that come in: in the headers (binary), in the body (structured), or several in a body
//! (batched); and the question whether they may come.

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use viadukt_api::config::Fields;
use viadukt_api::{Answer, Call, HookError, Unreadable};

use crate::body;
use crate::guard::digest::fingerprint;
use crate::guard::header;
use crate::hook::{Dialect, Taken, value_of};
use crate::notice::Notice;
use crate::reader::{Reading, severity};
use crate::received::Received;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCHED: &str = "application/cloudevents-batch+json";
/// Attributes stand in headers that begin so (HTTP Protocol Binding 3.1.3).
const PREFIX: &str = "ce-";
const REQUEST_ORIGIN: &str = "webhook-request-origin";
const REQUEST_RATE: &str = "webhook-request-rate";

/// How a sender of CloudEvents speaks.
pub(crate) struct CloudEvents {
    /// Who is told that they may send; everyone, if nobody is named.
    pub(super) origins: Vec<String>,
}

impl CloudEvents {
    /// Reads the options of its own.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        Self { origins: fields.list("origins") }
    }
}

impl Dialect for CloudEvents {
    fn template(&self) -> &'static str {
        include_str!("message.j2")
    }

    /// Webhooks 4, "Abuse Protection". It does not "establish an authentication or authorization
    /// context" and senders of the specification bring no login; it grants nothing but that events
    /// may be sent, and who sends one must prove it.
    fn handshake(&self, call: &Call) -> Option<Answer> {
        if call.method != Method::OPTIONS {
            return None;
        }
        let mut headers = HeaderMap::new();
        headers.insert("allow", HeaderValue::from_static("POST"));
        let origin = call.headers.get(REQUEST_ORIGIN).filter(|origin| {
            self.origins.is_empty() || self.origins.iter().any(|known| *known == **origin)
        });
        if let Some(origin) = origin {
            headers.insert("webhook-allowed-origin", origin.clone());
            let rate = call.headers.get(REQUEST_RATE).cloned();
            let rate = rate.filter(|rate| rate.to_str().is_ok_and(|r| r.parse::<u64>().is_ok()));
            headers.insert("webhook-allowed-rate", rate.unwrap_or(HeaderValue::from_static("*")));
        }
        let (content_type, body) = ("text/plain", String::new());
        Some(Answer { status: StatusCode::OK, content_type, body, headers })
    }

    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        match media_type(header(call, "content-type")).as_str() {
            STRUCTURED => Ok(vec![structured(&body::json(&call.body)?, call.body.clone())?]),
            BATCHED => {
                let batch = body::json(&call.body)?;
                let events = batch.as_array().ok_or(NO_EVENT)?;
                events.iter().map(|event| structured(event, event.to_string().into())).collect()
            }
            _ => Ok(vec![binary(call)?]),
        }
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let value = if media_type(received.beside("content-type")) == STRUCTURED {
            value_of(received)?
        } else {
            let mut event =
                attributes(received.beside.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            if !received.body.is_empty() {
                event.insert("data".to_owned(), value_of(received)?);
            }
            Value::Object(event)
        };
        let word = |name: &str| value.get(name).and_then(Value::as_str);
        let notice = Notice {
            at: word("time").and_then(body::moment),
            // Not of the standard, but of its documented extension of that name.
            severity: word("severitytext").and_then(severity::read),
            ..Notice::default()
        };
        Ok(Reading::of(value, notice))
    }

    fn media_type(&self, headers: &HeaderMap, body: &[u8]) -> &'static str {
        let is_binary = headers.keys().any(|name| name.as_str().starts_with(PREFIX));
        match body.trim_ascii_start().first() {
            Some(b'{') if !is_binary => STRUCTURED,
            Some(b'[') if !is_binary => BATCHED,
            Some(b'{' | b'[') => "application/json",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// "If the delivery has been accepted, but has not yet been processed" (Webhooks 2.2).
    fn status(&self) -> StatusCode {
        StatusCode::ACCEPTED
    }
}

const NO_EVENT: HookError = HookError::Malformed("the call holds no CloudEvent 1.0");

/// "Producers MUST ensure that source + id is unique for each distinct event."
fn id(event: &Map<String, Value>) -> Result<String, HookError> {
    let word = |name: &str| event.get(name).and_then(Value::as_str).filter(|w| !w.is_empty());
    let is_known = word("specversion").is_some_and(|version| version.starts_with("1."));
    let (id, source, kind) = (word("id"), word("source"), word("type"));
    match (id, source, kind) {
        (Some(id), Some(source), Some(_)) if is_known => {
            Ok(fingerprint(format!("{} {source}{id}", source.len()).as_bytes()))
        }
        _ => Err(NO_EVENT),
    }
}

fn structured(event: &Value, body: bytes::Bytes) -> Result<Taken, HookError> {
    let id = id(event.as_object().ok_or(NO_EVENT)?)?;
    let beside = vec![("content-type".to_owned(), STRUCTURED.to_owned())];
    Ok(Taken { id: Some(id), beside, body })
}

fn binary(call: &Call) -> Result<Taken, HookError> {
    let mut taken = Taken::whole(call);
    for (name, value) in &call.headers {
        if let (true, Ok(value)) = (name.as_str().starts_with(PREFIX), value.to_str()) {
            taken.beside.push((name.as_str().to_owned(), value.to_owned()));
        }
    }
    let beside = taken.beside.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    taken.id = Some(id(&attributes(beside))?);
    if !call.body.is_empty() {
        body::value(header(call, "content-type"), &call.body)?;
    }
    Ok(taken)
}

/// The attributes among `headers`, decoded (HTTP Protocol Binding 3.1.3.2).
fn attributes<'h>(headers: impl Iterator<Item = (&'h str, &'h str)>) -> Map<String, Value> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    headers
        .filter_map(|(name, value)| {
            let name = match name {
                "content-type" => "datacontenttype",
                name => name.strip_prefix(PREFIX)?,
            };
            Some((name.to_owned(), decoded(value).into()))
        })
        .collect()
}

fn media_type(content_type: Option<&str>) -> String {
    let said = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    said.trim().to_ascii_lowercase()
}
