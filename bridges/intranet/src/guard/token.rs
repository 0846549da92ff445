//! Who signs nothing hands back a secret that it was given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};
use url::form_urlencoded;
use viadukt_api::{Call, HookError};

use super::header;

const NO_TOKEN: HookError = HookError::Unauthorised("the token is missing");
const WRONG_TOKEN: HookError = HookError::Unauthorised("the token is not the one");

/// The tokens that open a hook, and where they are looked for.
pub(super) struct Tokens {
    pub(super) tokens: Vec<SecretString>,
    /// A header of its own.
    pub(super) header: Option<String>,
    /// With a user the token is the password of HTTP Basic (RFC 7617).
    pub(super) user: Option<String>,
}

/// Whether `token` can be one: nobody guesses it, and it can stand in an address.
pub(super) fn fits(token: &str) -> Result<(), &'static str> {
    let is_plain = token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    if token.len() >= 20 && is_plain {
        Ok(())
    } else {
        Err("expected at least 20 letters and digits, such as `openssl rand -hex 24` gives")
    }
}

impl Tokens {
    /// Whether `call` brings anything that could be a token.
    pub(super) fn are_brought(&self, call: &Call, rest: &str) -> bool {
        match &self.header {
            Some(name) => header(call, name).is_some(),
            None => call.headers.contains_key("Authorization") || bearer(call, rest).is_some(),
        }
    }

    /// Lets `call` pass if it brings one of the tokens; `rest` is the end of its path.
    pub(super) fn check(&self, call: &Call, rest: &str) -> Result<(), HookError> {
        let said = match (&self.user, &self.header) {
            (Some(user), _) => basic(call, user)?,
            (None, Some(name)) => header(call, name).ok_or(NO_TOKEN)?.to_owned(),
            (None, None) => bearer(call, rest).ok_or(NO_TOKEN)?,
        };
        // Each is compared, so that the time says nothing about which one it was.
        let known = |token: &SecretString| said.as_bytes().ct_eq(token.expose_secret().as_bytes());
        let is_known =
            self.tokens.iter().fold(Choice::from(0), |found, token| found | known(token));
        if is_known.into() { Ok(()) } else { Err(WRONG_TOKEN) }
    }
}

/// RFC 6750, 2.1 and 2.3; and for tools that know nothing but an address, the end of its path.
fn bearer(call: &Call, rest: &str) -> Option<String> {
    let in_header = header(call, "Authorization")
        .and_then(|said| said.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim().to_owned());
    let in_path = || Some(rest.to_owned()).filter(|token| !token.is_empty());
    let in_query = || {
        let mut fields = form_urlencoded::parse(call.query.as_bytes());
        fields.find(|(name, _)| name == "access_token").map(|(_, token)| token.into_owned())
    };
    in_header.or_else(in_path).or_else(in_query)
}

/// The password beside `user` (RFC 7617).
fn basic(call: &Call, user: &str) -> Result<String, HookError> {
    let said = header(call, "Authorization").and_then(|said| said.split_once(' '));
    let (scheme, said) = said.ok_or(NO_TOKEN)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(NO_TOKEN);
    }
    let said = STANDARD.decode(said.trim()).map_err(|_| WRONG_TOKEN)?;
    let said = String::from_utf8(said).map_err(|_| WRONG_TOKEN)?;
    let (name, password) = said.split_once(':').ok_or(WRONG_TOKEN)?;
    if name == user { Ok(password.to_owned()) } else { Err(WRONG_TOKEN) }
}
