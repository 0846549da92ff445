//! `sig` among the fields: a hash over all others, `&name=value` in the order of the names, with
//! `&` and `=` in values written as `_`. HMAC of one of four kinds, or MD5 with the secret
//! behind, as the account is set.
//! <https://developer.vonage.com/en/getting-started/concepts/signing-messages>

use std::collections::BTreeMap;

use hmac::Hmac;
use md5::{Digest, Md5};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use viadukt_api::Call;

use super::{NO_SIGNATURE, NO_TIME, Signed, WRONG_SIGNATURE, digest, from_seconds};
use crate::gateway::call::{is_json, pairs};

/// What the account is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// MD5 over everything and the secret behind it.
    Plain,
    /// HMAC, as all others.
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "md5hash" => Self::Plain,
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }
}

pub(super) fn check(call: &Call, hash: Hash, secret: &str) -> Signed {
    let mut fields = fields(call);
    let signature = digest::from_hex(&fields.remove("sig").ok_or(NO_SIGNATURE)?)?;
    let signed_at = from_seconds(fields.get("timestamp").ok_or(NO_TIME)?)?;
    let said: String = fields
        .iter()
        .map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_")))
        .collect();
    let said = [said.as_bytes()];
    match hash {
        Hash::Plain => {
            let own = Md5::new().chain_update(said[0]).chain_update(secret).finalize();
            let is_it: bool = own.ct_eq(signature.as_slice()).into();
            if !is_it {
                return Err(WRONG_SIGNATURE);
            }
        }
        Hash::Md5 => digest::verify::<Hmac<Md5>>(secret, &said, &signature)?,
        Hash::Sha1 => digest::verify::<Hmac<Sha1>>(secret, &said, &signature)?,
        Hash::Sha256 => digest::verify::<Hmac<Sha256>>(secret, &said, &signature)?,
        Hash::Sha512 => digest::verify::<Hmac<Sha512>>(secret, &said, &signature)?,
    }
    Ok(Some(signed_at))
}

fn fields(call: &Call) -> BTreeMap<String, String> {
    if !is_json(call) {
        return pairs(call).into_iter().collect();
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(&call.body) else {
        return BTreeMap::new();
    };
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    object.into_iter().map(|(name, value)| (name, text(value))).collect()
}
