//! What a caller is told whose call came to nothing: a status and a few words, not why exactly.
//! Operators find that in the log.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;
use viadukt_api::{AcceptError, HookError};

/// When somebody may come again who found no room.
const ROOM_AGAIN: Duration = Duration::from_secs(30);

/// Why there is no success. Its `Display` is for the log and names nobody.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("its source network is not among the bridge's `sources`")]
    Forbidden,
    /// After this time the next call is let in.
    #[error("too many calls from one address")]
    TooMany(Duration),
    #[error("its body is larger than `public.max_body`")]
    TooLarge,
    #[error("its body took too long")]
    TooSlow,
    #[error("its body broke off")]
    BrokenOff,
    #[error(transparent)]
    ByWorker(#[from] HookError),
    #[error("the worker panicked")]
    Panicked,
}

impl Refusal {
    /// Its word in metrics and log lines.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::TooMany(_) => "too-many",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::BrokenOff | Self::ByWorker(HookError::Malformed(_)) => "malformed",
            Self::ByWorker(HookError::Unauthorised(_)) => "unauthorised",
            Self::ByWorker(HookError::Unknown) => "unknown",
            Self::ByWorker(HookError::Expired) => "expired",
            Self::ByWorker(HookError::Accept(AcceptError::Full(_))) => "full",
            Self::ByWorker(HookError::Accept(AcceptError::Store(_))) | Self::Panicked => "failed",
        }
    }

    /// What the caller is told.
    pub fn response(&self) -> Response<Full<Bytes>> {
        let (status, words) = match self {
            Self::Forbidden => (StatusCode::FORBIDDEN, "not from there\n"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too many calls\n"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too large\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too slow\n"),
            Self::BrokenOff => (StatusCode::BAD_REQUEST, "not readable\n"),
            Self::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, "failed\n"),
            Self::ByWorker(error) => match error {
                HookError::Unauthorised(_) => (StatusCode::UNAUTHORIZED, "not authorised\n"),
                HookError::Unknown => (StatusCode::NOT_FOUND, "no such hook\n"),
                HookError::Expired => (StatusCode::GONE, "expired\n"),
                HookError::Malformed(_) => (StatusCode::BAD_REQUEST, "not readable\n"),
                HookError::Accept(AcceptError::Full(_)) => {
                    (StatusCode::TOO_MANY_REQUESTS, "no room now\n")
                }
                HookError::Accept(AcceptError::Store(_)) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "not now\n")
                }
            },
        };
        let mut response = super::response(status, "text/plain", words.into());
        let headers = response.headers_mut();
        // What is left of the body stays unread; the next call needs a new connection.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Some(pause) = self.again_after() {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn again_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany(pause) => Some(*pause),
            Self::ByWorker(HookError::Accept(AcceptError::Full(_))) => Some(ROOM_AGAIN),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Metrics;

    #[test]
    fn every_outcome_is_shown_at_zero_before_it_happens() {
        let full = AcceptError::Full(String::new());
        let store = AcceptError::Store(String::new());
        let refusals = [
            Refusal::Forbidden,
            Refusal::TooMany(Duration::ZERO),
            Refusal::TooLarge,
            Refusal::TooSlow,
            Refusal::BrokenOff,
            Refusal::Panicked,
            HookError::Unauthorised("").into(),
            HookError::Unknown.into(),
            HookError::Expired.into(),
            HookError::Malformed("").into(),
            HookError::Accept(full).into(),
            HookError::Accept(store).into(),
        ];
        for refusal in refusals {
            assert!(Metrics::CALL_OUTCOMES.contains(&refusal.outcome()), "{refusal:?}");
        }
    }
}
