//! The keys by which webhooks are signed (Standard Webhooks, "Signature scheme").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What signs.
pub(crate) enum SigningKey {
    /// A secret that the receiver knows as well: `whsec_…`, HMAC-SHA256 (RFC 2104).
    Shared(Hmac<Sha256>),
    /// A secret that only we know: `whsk_…`, ed25519 (RFC 8032).
    Own(Box<ed25519_dalek::SigningKey>),
}

const EXPECTED: &str = "expected \"whsec_\" and 24 to 64 bytes in base64, or \"whsk_\" and an \
                        ed25519 key";

impl SigningKey {
    /// Reads a key as the specification writes it.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn read(written: &SecretString) -> Result<Self, &'static str> {
        let written = written.expose_secret().trim();
        let decode = |base64: &str| STANDARD.decode(base64).map(Zeroizing::new).ok();
        if let Some(key) = written.strip_prefix("whsk_").map(decode) {
            return key.and_then(|key| own(&key)).ok_or(EXPECTED);
        }
        let key = written.strip_prefix("whsec_").and_then(decode).ok_or(EXPECTED)?;
        match (24..=64).contains(&key.len()) {
            true => Hmac::new_from_slice(&key).map(Self::Shared).map_err(|_| EXPECTED),
            false => Err(EXPECTED),
        }
    }

    /// The signature of `signed`, behind the word for its kind.
    pub(crate) fn sign(&self, signed: &[u8]) -> String {
        match self {
            Self::Shared(key) => {
                let mac = key.clone().chain_update(signed).finalize();
                format!("v1,{}", STANDARD.encode(mac.into_bytes()))
            }
            Self::Own(key) => format!("v1a,{}", STANDARD.encode(key.sign(signed).to_bytes())),
        }
    }
}

/// The seed alone, or the public key behind it, as NaCl keeps both.
fn own(key: &[u8]) -> Option<SigningKey> {
    let key = match key.len() {
        32 => ed25519_dalek::SigningKey::from_bytes(key.try_into().ok()?),
        _ => ed25519_dalek::SigningKey::from_keypair_bytes(key.try_into().ok()?).ok()?,
    };
    Some(SigningKey::Own(Box::new(key)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use ed25519_dalek::Verifier;

    use super::*;

    fn read(written: &str) -> Result<SigningKey, &'static str> {
        SigningKey::read(&SecretString::from(written))
    }

    /// The vector of the specification's reference libraries (`test_sign_function`).
    #[test]
    fn a_shared_secret_signs_as_the_reference_libraries_do() {
        let key = read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(key.sign(signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 8032 7.1, test 2.
    #[test]
    fn a_key_of_our_own_signs_as_the_rfc_does() {
        let seed = [
            0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11,
            0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed,
            0x4f, 0xb8, 0xa6, 0xfb,
        ];
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        for written in [STANDARD.encode(seed), STANDARD.encode(key.to_keypair_bytes())] {
            let signature = read(&format!("whsk_{written}")).unwrap().sign(&[0x72]);
            let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
            assert!(signature.starts_with(&[0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8]));
            let signature = signature.as_slice().try_into().unwrap();
            assert!(key.verifying_key().verify(&[0x72], &signature).is_ok());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let mixed = format!("whsk_{}", STANDARD.encode([1; 64]));
        for unfit in ["", "geheim", "whsec_", "whsec_?", &short, "whpk_AAAA", "whsk_AAAA", &mixed] {
            assert_eq!(read(unfit).err(), Some(EXPECTED), "{unfit}");
        }
    }
}
