//! `X-Signature`: hexadecimal HMAC-SHA256 over the body with `X-Timestamp` behind it.
//! <https://docs.sms-gate.app/features/webhooks/>

use hmac::Hmac;
use sha2::Sha256;
use viadukt_api::Call;

use super::{Signed, WRONG_SIGNATURE, digest, seconds, signature};
use crate::gateway::call::is_json;

pub(super) fn check(call: &Call, secret: &str) -> Signed {
    // Nothing vouches for the address, and a form would be read together with it.
    if !is_json(call) {
        return Err(WRONG_SIGNATURE);
    }
    let signature = digest::from_hex(signature(call, "X-Signature")?)?;
    let (timestamp, signed_at) = seconds(call, "X-Timestamp")?;
    digest::verify::<Hmac<Sha256>>(secret, &[&call.body, timestamp.as_bytes()], &signature)?;
    Ok(Some(signed_at))
}
