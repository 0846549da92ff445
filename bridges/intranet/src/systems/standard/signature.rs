//! How Standard Webhooks are signed: `id.timestamp.body`, with HMAC-SHA256 (`v1`, secrets
//! `whsec_…`) or Ed25519 (`v1a`, keys `whsk_…` and `whpk_…`). A sender that changes its secret
//! writes several signatures, apart by blanks.

use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use hmac::Mac;
use viadukt_api::{Call, HookError};

use crate::guard::digest::{self, HmacSha256};
use crate::guard::{Letter, NO_SIGNATURE, Scheme, Signed, WRONG_SIGNATURE, header, seconds};

pub(crate) const ID: &str = "webhook-id";
pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
pub(crate) const SIGNATURE: &str = "webhook-signature";

/// The scheme.
pub(crate) struct Signature;

/// A secret, by what it is for.
pub(crate) enum Key {
    /// `whsec_…`, or without the prefix.
    Shared(Vec<u8>),
    /// `whpk_…`: checks only.
    Public(VerifyingKey),
    /// `whsk_…`
    Private(SigningKey),
}

impl Key {
    /// Reads a secret as the specification writes it ("Signature scheme").
    ///
    /// # Errors
    /// What is expected.
    pub(crate) fn parse(secret: &str) -> Result<Self, &'static str> {
        let bytes = |text: &str| digest::from_base64(text).map_err(|_| "expected base64");
        let thirty_two = |text: &str| {
            <[u8; 32]>::try_from(bytes(text)?).map_err(|_| "expected a key of 32 bytes in base64")
        };
        if let Some(key) = secret.strip_prefix("whpk_") {
            let key = VerifyingKey::from_bytes(&thirty_two(key)?);
            return key.map(Self::Public).map_err(|_| "expected a public key of Ed25519");
        }
        if let Some(key) = secret.strip_prefix("whsk_") {
            return private(&bytes(key)?).map(Self::Private);
        }
        let key = bytes(secret.strip_prefix("whsec_").unwrap_or(secret))?;
        // "between 24 bytes (192 bits) and 64 bytes (512 bits)"
        if (24..=64).contains(&key.len()) {
            Ok(Self::Shared(key))
        } else {
            Err(
                "expected 24 to 64 random bytes in base64, such as whsec_… or `openssl rand -base64 32`",
            )
        }
    }

    /// Whether `signature` is one of `signed` with this key.
    fn made(&self, version: &str, signature: &str, signed: &[&[u8]]) -> bool {
        let Ok(signature) = digest::from_base64(signature) else { return false };
        let of = |key: &VerifyingKey| {
            ed25519_dalek::Signature::from_slice(&signature)
                .is_ok_and(|signature| key.verify(&signed.concat(), &signature).is_ok())
        };
        match (self, version) {
            (Self::Shared(key), "v1") => {
                digest::verify::<HmacSha256>(key, signed, &signature).is_ok()
            }
            (Self::Public(key), "v1a") => of(key),
            (Self::Private(key), "v1a") => of(&key.verifying_key()),
            _ => false,
        }
    }

    /// The value of [`SIGNATURE`] for a body sent as `id` at `seconds`.
    ///
    /// # Errors
    /// A public key signs nothing.
    pub(crate) fn sign(&self, id: &str, seconds: &str, body: &[u8]) -> Result<String, String> {
        let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
        match self {
            Self::Shared(key) => {
                let mac = digest::mac::<HmacSha256>(key, &signed).map_err(|e| e.to_string())?;
                Ok(format!("v1,{}", digest::to_base64(&mac.finalize().into_bytes())))
            }
            Self::Private(key) => {
                let signature = key.sign(&signed.concat()).to_bytes();
                Ok(format!("v1a,{}", digest::to_base64(&signature)))
            }
            Self::Public(_) => Err("a public key (whpk_…) signs nothing".to_owned()),
        }
    }
}

/// The seed alone, or the public key behind it, as most libraries write the pair.
fn private(key: &[u8]) -> Result<SigningKey, &'static str> {
    let read = match (<[u8; 32]>::try_from(key), <[u8; 64]>::try_from(key)) {
        (Ok(seed), _) => Some(SigningKey::from_bytes(&seed)),
        (_, Ok(pair)) => SigningKey::from_keypair_bytes(&pair).ok(),
        _ => None,
    };
    read.ok_or("expected a private key of Ed25519, 32 or 64 bytes in base64")
}

impl Scheme for Signature {
    fn check(&self, call: &Call, secret: &str) -> Signed {
        let key = Key::parse(secret).map_err(|_| WRONG_SIGNATURE)?;
        let id = header(call, ID).filter(|id| is_id(id));
        let id = id.ok_or(HookError::Unauthorised("the webhook-id is missing"))?;
        let (timestamp, at) = seconds(call, TIMESTAMP)?;
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &call.body];
        let signatures = header(call, SIGNATURE).ok_or(NO_SIGNATURE)?.split(' ');
        let is_ours = signatures
            .filter_map(|written| written.split_once(','))
            .any(|(version, signature)| key.made(version, signature, &signed));
        if is_ours { Ok(Some(at)) } else { Err(WRONG_SIGNATURE) }
    }

    fn header(&self) -> &str {
        SIGNATURE
    }

    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String> {
        let seconds = letter.seconds();
        let signature = Key::parse(secret)?.sign(letter.id, &seconds, letter.body)?;
        Ok(vec![
            (ID.to_owned(), letter.id.to_owned()),
            (TIMESTAMP.to_owned(), seconds),
            (SIGNATURE.to_owned(), signature),
        ])
    }

    fn fits(&self, secret: &str) -> Result<(), &'static str> {
        Key::parse(secret).map(drop)
    }
}

/// Whether `id` can be one: with a full stop in it, it could run into the time that is signed
/// behind it.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 256 && !id.contains('.')
}
