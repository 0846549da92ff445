//! What a way of signing is.

use viadukt_api::{Call, HookError, Timestamp};

/// A way of signing calls. Each system's is in its own file.
pub(crate) trait Scheme: Send + Sync {
    /// The moment that was signed, if one is.
    ///
    /// # Errors
    /// The signature is missing, or was not made with `secret`.
    fn check(&self, call: &Call, secret: &str) -> Signed;

    /// The name of the header that holds the signature.
    fn header(&self) -> &str;

    /// The headers with which `letter` is signed; for dry runs.
    ///
    /// # Errors
    /// What `secret` would have to be.
    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String>;

    /// Whether `secret` can be one.
    ///
    /// # Errors
    /// What is expected.
    fn fits(&self, secret: &str) -> Result<(), &'static str> {
        if secret.len() >= 16 { Ok(()) } else { Err("expected at least 16 characters") }
    }
}

/// The signed moment, or that none is signed.
pub(crate) type Signed = Result<Option<Timestamp>, HookError>;

/// What is to be signed.
pub(crate) struct Letter<'l> {
    /// An id that was never used.
    pub(crate) id: &'l str,
    /// The time.
    pub(crate) at: Timestamp,
    /// The body.
    pub(crate) body: &'l [u8],
}

impl Letter<'_> {
    /// The time as most schemes write it.
    pub(crate) fn seconds(&self) -> String {
        (self.at.0 / 1000).to_string()
    }
}

pub(crate) const NO_SIGNATURE: HookError = HookError::Unauthorised("the signature is missing");
pub(crate) const WRONG_SIGNATURE: HookError = HookError::Unauthorised("the signature does not fit");
pub(crate) const NO_TIME: HookError = HookError::Unauthorised("the signed time is missing");

/// The header `name`, where it is there and plain text.
pub(crate) fn header<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    call.headers.get(name).and_then(|value| value.to_str().ok())
}

/// A header that holds seconds since 1970, as it is written and as a moment.
pub(crate) fn seconds<'c>(call: &'c Call, name: &str) -> Result<(&'c str, Timestamp), HookError> {
    let written = header(call, name).ok_or(NO_TIME)?;
    let seconds: u64 = written.trim().parse().map_err(|_| NO_TIME)?;
    Ok((written, Timestamp(seconds.saturating_mul(1000))))
}
