//! Who calls? Each gateway proves itself in its own way; all of them share a secret with us.
//!
//! Replays: where the time is signed, an old call is refused. Within that window, and for the
//! schemes that sign no time, a call that is played again carries the same message again and is
//! known by the key under which that was accepted; the keys are durable, so this holds over a
//! restart. A nonce would add nothing: what is signed cannot be changed, and what is the same is
//! taken once.

mod bird;
mod digest;
mod seven;
mod sms_gate;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod token;
mod twilio;
mod vonage;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Call, HookError, Timestamp};

pub(crate) use self::token::TokenPlace;
pub(crate) use self::vonage::Hash;
use super::call::header;

/// How a gateway proves that it is the one who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Twilio,
    Vonage(Hash),
    Seven,
    SmsGate,
    Bird,
    /// It signs nothing, but hands back a secret that it was given.
    Token(TokenPlace),
    /// HTTP Basic (RFC 7617): a user and the secret.
    Basic,
}

/// `[signature]`: a scheme and how old a signed call may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignatureShape {
    pub(crate) scheme: Scheme,
    pub(crate) skew: Duration,
}

impl SignatureShape {
    /// Reads `[signature]`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let name = fields.required::<SchemeName>("scheme");
        let scheme = match name {
            Some(SchemeName(Some(scheme))) => Some(scheme),
            Some(SchemeName(None)) => TokenPlace::parse(fields).map(Scheme::Token),
            None => None,
        };
        let skew = fields.or("skew", Duration::from_secs(5 * 60));
        fields.finish();
        Some(Self { scheme: scheme?, skew })
    }
}

/// A scheme by its name; `None` for a token, which needs its place besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemeName(pub(crate) Option<Scheme>);

impl FromToml for SchemeName {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"twilio\", \"vonage-md5hash\", \"vonage-md5\", \"vonage-sha1\", \
                        \"vonage-sha256\", \"vonage-sha512\", \"seven\", \"sms-gate\", \"bird\", \
                        \"token\" or \"basic\"";
        Ok(Self(Some(match text(value, expected)? {
            "twilio" => Scheme::Twilio,
            "seven" => Scheme::Seven,
            "sms-gate" => Scheme::SmsGate,
            "bird" => Scheme::Bird,
            "basic" => Scheme::Basic,
            "token" => return Ok(Self(None)),
            name => {
                let hash = name.strip_prefix("vonage-").and_then(Hash::parse);
                Scheme::Vonage(hash.ok_or_else(|| format!("expected {expected}"))?)
            }
        })))
    }
}

/// Checks who calls.
pub(crate) struct Guard {
    pub(crate) shape: SignatureShape,
    pub(crate) secret: SecretString,
    /// For [`Scheme::Basic`].
    pub(crate) user: String,
}

impl Guard {
    /// Checks what needs no body.
    pub(crate) fn admit(&self, call: &Call) -> Result<(), HookError> {
        let secret = self.secret.expose_secret();
        match &self.shape.scheme {
            Scheme::Token(place @ TokenPlace::Header(_)) => place.check(call, secret).map(drop),
            Scheme::Basic => token::check_basic(call, &self.user, secret).map(drop),
            // These sign the body, or say something in it.
            Scheme::Token(TokenPlace::Field(_))
            | Scheme::Twilio
            | Scheme::Vonage(_)
            | Scheme::Seven
            | Scheme::SmsGate
            | Scheme::Bird => Ok(()),
        }
    }

    /// Lets a call of the gateway pass; the error says what is wrong with any other.
    pub(crate) fn check(&self, call: &Call, now: Timestamp) -> Result<(), HookError> {
        let secret = self.secret.expose_secret();
        let signed_at = match &self.shape.scheme {
            Scheme::Twilio => twilio::check(call, secret)?,
            Scheme::Vonage(hash) => vonage::check(call, *hash, secret)?,
            Scheme::Seven => seven::check(call, secret)?,
            Scheme::SmsGate => sms_gate::check(call, secret)?,
            Scheme::Bird => bird::check(call, secret)?,
            Scheme::Token(place) => place.check(call, secret)?,
            Scheme::Basic => token::check_basic(call, &self.user, secret)?,
        };
        let is_fresh = |at: Timestamp| at.since(now).max(now.since(at)) <= self.shape.skew;
        if signed_at.is_none_or(is_fresh) {
            Ok(())
        } else {
            Err(HookError::Unauthorised("signed too long ago, or the clocks differ"))
        }
    }
}

const NO_SIGNATURE: HookError = HookError::Unauthorised("the signature is missing");
const WRONG_SIGNATURE: HookError = HookError::Unauthorised("the signature does not fit");
const NO_TIME: HookError = HookError::Unauthorised("the signed time is missing");

/// The header that holds a signature.
fn signature<'c>(call: &'c Call, name: &str) -> Result<&'c str, HookError> {
    header(call, name).ok_or(NO_SIGNATURE)
}

/// A header that holds seconds since 1970, as it is written and as a moment.
fn seconds<'c>(call: &'c Call, name: &str) -> Result<(&'c str, Timestamp), HookError> {
    let written = header(call, name).ok_or(NO_TIME)?;
    Ok((written, from_seconds(written)?))
}

fn from_seconds(written: &str) -> Result<Timestamp, HookError> {
    let seconds: u64 = written.trim().parse().map_err(|_| NO_TIME)?;
    Ok(Timestamp(seconds.saturating_mul(1000)))
}

/// The signed moment, or that none is signed; the error when the signature is not the one.
type Signed = Result<Option<Timestamp>, HookError>;
