//! `X-Signature`: hexadecimal HMAC-SHA256 over the body with `X-Timestamp` behind it.
//! <https://docs.sms-gate.app/features/webhooks/>

use hmac::Hmac;
use sha2::Sha256;
use viadukt_api::Call;

use super::{Signed, digest, seconds, signature};

pub(super) fn check(call: &Call, secret: &str) -> Signed {
    let signature = digest::from_hex(signature(call, "X-Signature")?)?;
    let (timestamp, signed_at) = seconds(call, "X-Timestamp")?;
    digest::verify::<Hmac<Sha256>>(secret, &[&call.body, timestamp.as_bytes()], &signature)?;
    Ok(Some(signed_at))
}
