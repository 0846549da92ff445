//! The ability to be called over HTTP. The public listener in the program does what every
//! caller must pass (size, time, rate, source network); the worker checks who calls, accepts
//! what was brought, and answers.

use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::inbox::{AcceptError, Inbox};

/// A worker that can be called at `/hooks/NAME/…`.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Whether a caller may send its body at all: it has given every proof that needs no body, such
    /// as a token. `call.body` is still empty. Quick and pure; without it anybody may, and
    /// [`Hooks::call`] checks all of it.
    ///
    /// # Errors
    /// As [`Hooks::call`].
    fn admit(&self, call: &Call) -> Result<(), HookError> {
        let _ = call;
        Ok(())
    }

    /// Answers one call. A success is answered only after `inbox.accept(…)` has returned.
    ///
    /// # Errors
    /// [`HookError`] says what the caller is told; the body of such an answer is the listener's.
    async fn call(&self, call: Call, inbox: &Inbox) -> Result<Answer, HookError>;
}

/// One call, whole.
#[derive(Clone)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: Method,
    /// What follows `/hooks/NAME/` in the path, undecoded: `receipt`, or nothing.
    pub path: String,
    /// The query, undecoded, without the question mark.
    pub query: String,
    /// The address that the caller used, as it is known outside (`[public] base_url`): what
    /// signatures are made over. With path and query.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; never longer than the listener's limit.
    pub body: Bytes,
    /// Who calls, as seen by us or by the trusted proxy before us.
    pub from: IpAddr,
}

/// A success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, 202 or 204.
    pub status: StatusCode,
    /// `text/plain`, `text/xml`, …
    pub content_type: &'static str,
    /// What the caller wants to read.
    pub body: String,
    /// Further headers, such as those of a handshake.
    pub headers: HeaderMap,
}

/// Nothing was accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HookError {
    /// 401: signature, token or password are missing or wrong, or too old, or were used before.
    #[error("not authorised: {0}")]
    Unauthorised(&'static str),
    /// 404: there is no such hook.
    #[error("no such hook")]
    Unknown,
    /// 410: there was one, and its time is over.
    #[error("the hook has expired")]
    Expired,
    /// 400: the body is not what this hook takes.
    #[error("not readable: {0}")]
    Malformed(&'static str),
    /// 429 with `Retry-After` when full, 503 when the store failed.
    #[error(transparent)]
    Accept(#[from] AcceptError),
}
