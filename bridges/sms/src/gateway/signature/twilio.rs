//! `X-Twilio-Signature`: base64 of HMAC-SHA1 over the address and, for a form, every name and
//! value in the order of the names. For JSON the address has the body's SHA-256 as `bodySHA256`.
//! <https://www.twilio.com/docs/usage/security#validating-requests>

use hmac::Hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;
use viadukt_api::Call;

use super::{Signed, WRONG_SIGNATURE, digest, signature};
use crate::gateway::call::is_form;

pub(super) fn check(call: &Call, secret: &str) -> Signed {
    let signature = digest::from_base64(signature(call, "X-Twilio-Signature")?)?;
    let fields = fields(call);
    let fits = |url: &str| {
        let parts = [url.as_bytes(), fields.as_bytes()];
        digest::verify::<Hmac<Sha1>>(secret, &parts, &signature)
    };
    // Twilio signs some addresses with the usual port and some without.
    fits(&call.url).or_else(|_| fits(&with_other_port(&call.url)))?;
    match body_hash(call) {
        Some(said) => {
            let said = digest::from_hex(&said)?;
            let is_it: bool = Sha256::digest(&call.body).ct_eq(said.as_slice()).into();
            if is_it { Ok(None) } else { Err(WRONG_SIGNATURE) }
        }
        // Nothing vouches for a body that is neither a form nor hashed.
        None if is_form(call) || call.body.is_empty() => Ok(None),
        None => Err(WRONG_SIGNATURE),
    }
}

/// All names and values of the form; doubles count once.
fn fields(call: &Call) -> String {
    if !is_form(call) {
        return String::new();
    }
    let mut fields: Vec<_> = form_urlencoded::parse(&call.body).collect();
    fields.sort();
    fields.dedup();
    fields.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect()
}

fn body_hash(call: &Call) -> Option<String> {
    let mut query = form_urlencoded::parse(call.query.as_bytes());
    query.find(|(name, _)| name == "bodySHA256").map(|(_, value)| value.into_owned())
}

/// The same address with the usual port if it had none, or without it.
fn with_other_port(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match host.strip_suffix(port) {
        Some(bare) => format!("{scheme}://{bare}{path}"),
        None => format!("{scheme}://{host}{port}{path}"),
    }
}
