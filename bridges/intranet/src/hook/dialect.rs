//! How a kind of system speaks when it calls us.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use viadukt_api::{Answer, Call, HookError, Reason, Unreadable};

use crate::body;
use crate::guard::{Scheme, header};
use crate::notice::Notice;
use crate::reader::Reading;
use crate::received::Received;

/// What differs between the systems that call us.
pub(crate) trait Dialect: Send + Sync {
    /// The built-in template, written for the values that [`Dialect::read`] gives.
    fn template(&self) -> &'static str;

    /// How it signs, if it can.
    fn scheme(&self) -> Option<&dyn Scheme> {
        None
    }

    /// The answer to what is no delivery, but asks whether there may be any. Who asks need not have
    /// proved anything.
    fn handshake(&self, call: &Call) -> Option<Answer> {
        let _ = call;
        None
    }

    /// Takes `call` apart: what it brings, in order.
    ///
    /// # Errors
    /// The body is nothing that such a system sends.
    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        let content_type = header(call, "content-type");
        body::value(content_type, &call.body)?;
        Ok(vec![Taken::whole(call)])
    }

    /// Reads it again, once it is journalled.
    ///
    /// # Errors
    /// It says nothing that can be shown.
    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        Ok(Reading::of(value_of(received)?, Notice::default()))
    }

    /// What such a system says that a body with these headers is, for dry runs.
    fn media_type(&self, headers: &HeaderMap, body: &[u8]) -> &'static str {
        let _ = headers;
        match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => "application/json",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// What the caller is told once all of it is durable.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }
}

/// One thing that a call brings.
pub(crate) struct Taken {
    /// Its id, where the system gives it one.
    pub(crate) id: Option<String>,
    /// See [`Received::beside`].
    pub(crate) beside: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Taken {
    /// The whole call, with what its body says that it is.
    pub(crate) fn whole(call: &Call) -> Self {
        let content_type = header(call, "content-type");
        let beside = content_type.map(|said| ("content-type".to_owned(), said.to_owned()));
        Self { id: None, beside: beside.into_iter().collect(), body: call.body.clone() }
    }
}

/// The value that `received` holds.
///
/// # Errors
/// It holds none.
pub(crate) fn value_of(received: &Received) -> Result<Value, Unreadable> {
    body::value(received.beside("content-type"), &received.body)
        .map_err(|_| Unreadable { reason: Reason::new("intranet-unreadable") })
}
