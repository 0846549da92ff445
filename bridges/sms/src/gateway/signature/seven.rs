//! `X-Signature`: hexadecimal HMAC-SHA256 over time, nonce, method, address and the body's MD5,
//! a line each. <https://docs.seven.io/en/rest-api/signing>

use hmac::Hmac;
use md5::{Digest, Md5};
use sha2::Sha256;
use viadukt_api::Call;

use super::{NO_SIGNATURE, Signed, digest, seconds, signature};
use crate::gateway::call::header;

pub(super) fn check(call: &Call, secret: &str) -> Signed {
    let signature = digest::from_hex(signature(call, "X-Signature")?)?;
    let (timestamp, signed_at) = seconds(call, "X-Timestamp")?;
    let nonce = header(call, "X-Nonce").ok_or(NO_SIGNATURE)?;
    let body = digest::hex(&Md5::digest(&call.body));
    let said = [timestamp, nonce, call.method.as_str(), &call.url, &body].join("\n");
    digest::verify::<Hmac<Sha256>>(secret, &[said.as_bytes()], &signature)?;
    Ok(Some(signed_at))
}
