//! Who calls? A hook takes no call that does not prove it: with a token, with a signature, or
//! with both, as it is configured. There may be several secrets of each, so that one can follow
//! another without a gap.
//!
//! Replays: where a time is signed, an old call is refused. What is signed and played again
//! within that time, or where no time is signed, is the same again, known by the key under which
//! it was accepted ([`Proof::key`]); keys are durable, so this holds over a restart.

pub(crate) mod digest;
mod scheme;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod token;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Call, HookError, Timestamp};

use crate::hook::Dialect;

pub(crate) use self::scheme::{
    Letter, NO_SIGNATURE, Scheme, Signed, WRONG_SIGNATURE, header, seconds,
};
use self::token::Tokens;

/// How far a signed time may lie from ours: what Standard Webhooks and FIT-Connect ask for.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// What a hook's table says of who may call.
#[derive(Clone)]
pub(crate) struct GuardTable {
    token_files: Vec<SecretFile>,
    token_header: Option<String>,
    user: Option<String>,
    secret_files: Vec<SecretFile>,
}

/// Checks who calls.
pub(crate) struct Guard {
    tokens: Option<Tokens>,
    secrets: Vec<SecretString>,
}

/// What a call has proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The caller knows a token; nothing is said of what it brings.
    Token,
    /// The body is the caller's.
    Signed,
    /// The body is the caller's, and of this moment.
    SignedAt(Timestamp),
}

impl GuardTable {
    /// Whether the table lets anybody call at all.
    pub(crate) fn is_there(fields: &Fields<'_>) -> bool {
        fields.names("token_files") || fields.names("secret_files")
    }

    /// Reads it; the `dialect` says whether and how this kind of system signs. `None`, with a
    /// finding, when nothing would be asked of a caller.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: &Arc<dyn Dialect>) -> Option<Self> {
        let is_signing = dialect.scheme().is_some();
        let token_files: Vec<SecretFile> = fields.list("token_files");
        let token_header = fields.optional::<String>("token_header");
        let user = fields.optional::<String>("user");
        let secret_files: Vec<SecretFile> =
            if is_signing { fields.list("secret_files") } else { Vec::new() };
        for (number, file) in token_files.iter().enumerate() {
            let fits = |token: &str| token::fits(token).map_err(str::to_owned);
            fields.fits_later(&format!("token_files[{number}]"), file, fits);
        }
        for (number, file) in secret_files.iter().enumerate() {
            let dialect = Arc::clone(dialect);
            fields.fits_later(&format!("secret_files[{number}]"), file, move |secret| {
                dialect.scheme().map_or(Ok(()), |s| s.fits(secret)).map_err(str::to_owned)
            });
        }
        if token_files.is_empty() && secret_files.is_empty() {
            let expected =
                if is_signing { "`token_files` or `secret_files`" } else { "`token_files`" };
            fields.object("token_files", format!("nobody may call without a proof: {expected}"));
            return None;
        }
        if token_files.is_empty() && (token_header.is_some() || user.is_some()) {
            let key = if user.is_some() { "user" } else { "token_header" };
            fields.object(key, "goes with `token_files` alone");
        }
        if token_header.as_ref().is_some_and(|name| name.parse::<http::HeaderName>().is_err()) {
            fields.object("token_header", "expected the name of a header such as \"X-Token\"");
        }
        if token_header.is_some() && user.is_some() {
            fields.object("token_header", "with `user` the token stands in `Authorization`");
        }
        Some(Self { token_files, token_header, user, secret_files })
    }

    /// Reads the secrets; `scheme` says which of them can be.
    ///
    /// # Errors
    /// What is wrong with which file, and what to do.
    pub(crate) fn build(&self, scheme: Option<&dyn Scheme>) -> Result<Guard, (String, String)> {
        let mut tokens = Vec::new();
        for file in &self.token_files {
            tokens.push(read(file, token::fits)?);
        }
        let mut secrets = Vec::new();
        for file in &self.secret_files {
            secrets.push(read(file, |secret| scheme.map_or(Ok(()), |scheme| scheme.fits(secret)))?);
        }
        let tokens = (!tokens.is_empty()).then(|| Tokens {
            tokens,
            header: self.token_header.clone(),
            user: self.user.clone(),
        });
        Ok(Guard { tokens, secrets })
    }
}

fn read(
    file: &SecretFile,
    fits: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<SecretString, (String, String)> {
    let secret = file
        .read()
        .map_err(|error| (error.to_string(), "write the secret into the file".to_owned()))?;
    fits(secret.expose_secret())
        .map_err(|expected| (format!("{file} holds no such secret"), expected.to_owned()))?;
    Ok(secret)
}

impl Guard {
    /// Lets `call` send its body: it brings a token, if one is asked for, and a signature, if it
    /// must be signed. `rest` is what follows the system's name in its path.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub(crate) fn admit(
        &self,
        call: &Call,
        rest: &str,
        scheme: Option<&dyn Scheme>,
    ) -> Result<(), HookError> {
        match &self.tokens {
            Some(tokens) => tokens.check(call, rest)?,
            None if !rest.is_empty() => return Err(HookError::Unknown),
            None => {}
        }
        match scheme.filter(|_| !self.secrets.is_empty()) {
            Some(scheme) => header(call, scheme.header()).map(drop).ok_or(NO_SIGNATURE),
            // Not both can be missing: the table has seen to it.
            None => self.tokens.as_ref().map(drop).ok_or(NO_SIGNATURE),
        }
    }

    /// Lets a question pass whether one may call. It need not prove anything, but a token that it
    /// brings must be one: who asks at an address asks at the whole of it.
    ///
    /// # Errors
    /// The token is not one, or there is none to be brought.
    pub(crate) fn admit_handshake(&self, call: &Call, rest: &str) -> Result<(), HookError> {
        match &self.tokens {
            Some(tokens) if tokens.are_brought(call, rest) => tokens.check(call, rest),
            None if !rest.is_empty() => Err(HookError::Unknown),
            _ => Ok(()),
        }
    }

    /// What `call` proves, now that it is whole.
    ///
    /// # Errors
    /// What is missing, wrong or too old.
    pub(crate) fn check(
        &self,
        call: &Call,
        rest: &str,
        scheme: Option<&dyn Scheme>,
        now: Timestamp,
    ) -> Result<Proof, HookError> {
        self.admit(call, rest, scheme)?;
        let Some(scheme) = scheme.filter(|_| !self.secrets.is_empty()) else {
            return Ok(Proof::Token);
        };
        match self.signed(call, scheme)? {
            None => Ok(Proof::Signed),
            Some(at) if at.since(now).max(now.since(at)) <= SKEW => Ok(Proof::SignedAt(at)),
            Some(_) => Err(HookError::Unauthorised("signed too long ago, or the clocks differ")),
        }
    }

    /// What one of the secrets vouches for; each is tried.
    fn signed(&self, call: &Call, scheme: &dyn Scheme) -> Signed {
        let mut worst = NO_SIGNATURE;
        for secret in &self.secrets {
            match scheme.check(call, secret.expose_secret()) {
                Ok(signed) => return Ok(signed),
                Err(error) => worst = error,
            }
        }
        Err(worst)
    }
}

impl Proof {
    /// The id by which `body` is known again, where the system gave it none.
    ///
    /// Without a signature the same words may well mean a second event (two cars at the gate), so
    /// each call is one of its own: better shown twice than lost.
    pub(crate) fn key(self, body: &[u8], now: Timestamp) -> String {
        let digest = digest::fingerprint(body);
        match self {
            Self::Token => format!("{}-{digest}", now.0),
            Self::Signed => digest,
            Self::SignedAt(at) => format!("{}-{digest}", at.0 / 1000),
        }
    }
}
