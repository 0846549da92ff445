//! The ID token: its signature (JWS, RFC 7515; JWK, RFC 7517; JWA, RFC 7518) and its claims
//! (Core 1.0, 2 and 3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;
use viadukt_api::Timestamp;

use super::Refusal;

/// Clocks differ by so many seconds at most.
const LEEWAY: u64 = 60;

/// The keys that a provider signs with.
#[derive(Deserialize)]
pub struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(tag = "kty")]
enum Key {
    #[serde(rename = "RSA")]
    Rsa { kid: Option<String>, n: String, e: String },
    #[serde(rename = "EC")]
    Curve { kid: Option<String>, crv: String, x: String, y: String },
    #[serde(other)]
    Else,
}

/// How a token is signed. Anything else, `none` above all, is not believed; and a key is used
/// with the algorithms of its own kind alone.
#[derive(Clone, Copy, Deserialize)]
enum Algorithm {
    RS256,
    PS256,
    ES256,
}

#[derive(Deserialize)]
struct Head {
    alg: Algorithm,
    kid: Option<String>,
}

/// What a provider says of somebody.
#[derive(Deserialize)]
pub struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: u64,
    iat: u64,
    nonce: Option<String>,
    name: Option<String>,
    preferred_username: Option<String>,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims of `token`, if one of `keys` has signed it.
pub fn verify(token: &str, keys: &Keys) -> Result<Claims, Refusal> {
    let not_ours = || Refusal::NotForUs("the ID token is not signed by the provider");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(not_ours)?;
    let (head, claims) = signed.split_once('.').ok_or_else(not_ours)?;
    let head: Head = read(head).ok_or_else(not_ours)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| not_ours())?;
    let fits = |key: &&Key| head.kid.is_none() || key.kid() == head.kid.as_deref();
    let mut keys = keys.keys.iter().filter(fits);
    if !keys.any(|key| key.signed(head.alg, signed.as_bytes(), &signature).is_some()) {
        return Err(not_ours());
    }
    read(claims).ok_or(Refusal::NotForUs("the ID token lacks a claim"))
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Key {
    fn kid(&self) -> Option<&str> {
        match self {
            Self::Rsa { kid, .. } | Self::Curve { kid, .. } => kid.as_deref(),
            Self::Else => None,
        }
    }

    /// `Some` if this key made `signature` over `message`.
    fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<()> {
        let number = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        match (self, algorithm) {
            (Self::Rsa { n, e, .. }, Algorithm::RS256 | Algorithm::PS256) => {
                let parameters = match algorithm {
                    Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                let key = RsaPublicKeyComponents { n: number(n)?, e: number(e)? };
                key.verify(parameters, message, signature).ok()
            }
            (Self::Curve { crv, x, y, .. }, Algorithm::ES256) if crv == "P-256" => {
                // An uncompressed point (SEC 1, 2.3.3).
                let point = [vec![4], number(x)?, number(y)?].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .ok()
            }
            _ => None,
        }
    }
}

impl Claims {
    /// Whether they are from `issuer`, for us, for this login and for now (Core 3.1.3.7).
    pub fn are_for(
        &self,
        issuer: &str,
        client: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let seconds = now.0 / 1_000;
        let for_us = match &self.aud {
            Audience::One(one) => one == client,
            Audience::Several(all) => all.iter().any(|one| one == client),
        };
        let several = matches!(&self.aud, Audience::Several(all) if all.len() > 1);
        let party = self.azp.as_deref();
        let checks = [
            (self.iss == issuer, "the ID token is of another issuer"),
            (for_us, "the ID token is for somebody else"),
            (
                party.map_or(!several, |party| party == client),
                "the ID token was asked for by somebody else",
            ),
            (self.nonce.as_deref() == Some(nonce), "the ID token is of another login"),
            (seconds < self.exp.saturating_add(LEEWAY), "the ID token is too old"),
            (self.iat <= seconds.saturating_add(LEEWAY), "the ID token is from the future"),
        ];
        let wrong = checks.iter().find(|(holds, _)| !holds);
        wrong.map_or(Ok(()), |(_, why)| Err(Refusal::NotForUs(why)))
    }

    /// The groups in `claim`: a list, or one name.
    pub fn groups(&self, claim: &str) -> Vec<String> {
        match self.more.get(claim) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => {
                all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What people call them.
    pub fn name(&self) -> &str {
        self.name.as_deref().or(self.preferred_username.as_deref()).unwrap_or(&self.sub)
    }
}
