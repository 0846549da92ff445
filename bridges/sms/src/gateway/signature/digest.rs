//! Message digests and their written forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::Mac;
use hmac::digest::KeyInit;
use viadukt_api::HookError;

use super::WRONG_SIGNATURE;

/// Checks in constant time that `signature` is `M` over `parts`, one after the other.
pub(super) fn verify<M: Mac + KeyInit>(
    secret: &str,
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<(), HookError> {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).map_err(|_| WRONG_SIGNATURE)?;
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(signature).map_err(|_| WRONG_SIGNATURE)
}

/// What `text` stands for in base64.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, HookError> {
    BASE64.decode(text.trim()).map_err(|_| WRONG_SIGNATURE)
}

/// What `text` stands for in hexadecimal, large letters or small.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, HookError> {
    let text = text.trim().as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, odd) = text.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(WRONG_SIGNATURE);
    }
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<_>>().ok_or(WRONG_SIGNATURE)
}

/// Small hexadecimal letters.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
