//! Message digests and their written forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};
use viadukt_api::HookError;

use super::WRONG_SIGNATURE;

pub(crate) type HmacSha256 = Hmac<Sha256>;
pub(crate) type HmacSha512 = Hmac<Sha512>;

/// `M` with `key` over `parts`, one after the other.
pub(crate) fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Result<M, HookError> {
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| WRONG_SIGNATURE)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac)
}

/// Checks in constant time that `signature` is `M` with `key` over `parts`.
pub(crate) fn verify<M: Mac + KeyInit>(
    key: &[u8],
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<(), HookError> {
    mac::<M>(key, parts)?.verify_slice(signature).map_err(|_| WRONG_SIGNATURE)
}

/// As [`verify`], the other way: the signature in small hexadecimal letters.
pub(crate) fn sign_hex<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Result<String, String> {
    let mac = mac::<M>(key, parts).map_err(|error| error.to_string())?;
    Ok(to_hex(&mac.finalize().into_bytes()))
}

/// What stands for `bytes` where they are to be known again.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    to_hex(digest.get(..16).unwrap_or(&digest))
}

/// What `text` stands for in base64.
pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>, HookError> {
    STANDARD.decode(text.trim()).map_err(|_| WRONG_SIGNATURE)
}

/// `bytes` in base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What `text` stands for in hexadecimal, large letters or small.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, HookError> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, odd) = text.trim().as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(WRONG_SIGNATURE);
    }
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<_>>().ok_or(WRONG_SIGNATURE)
}

/// `bytes` in small hexadecimal letters.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
