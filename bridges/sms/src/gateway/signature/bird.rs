//! `messagebird-signature`: base64 of HMAC-SHA256 over time, address and the body's SHA-256 in
//! bytes, with line ends between.
//! <https://docs.bird.com/api/notifications-api/api-reference/webhook-subscriptions/verifying-a-webhook-subscription>

use hmac::Hmac;
use sha2::{Digest, Sha256};
use viadukt_api::Call;

use super::{Signed, digest, seconds, signature};

pub(super) fn check(call: &Call, secret: &str) -> Signed {
    let signature = digest::from_base64(signature(call, "messagebird-signature")?)?;
    let (timestamp, signed_at) = seconds(call, "messagebird-request-timestamp")?;
    let body = Sha256::digest(&call.body);
    let said = [timestamp.as_bytes(), b"\n", call.url.as_bytes(), b"\n", &body];
    digest::verify::<Hmac<Sha256>>(secret, &said, &signature)?;
    Ok(Some(signed_at))
}
