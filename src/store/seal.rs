//! Sealing records: each is encrypted and bound to its place, so that a changed, moved or
//! foreign record is noticed when it is read.
//!
//! A sealed record is `version (1) | nonce (24) | ciphertext | tag (16)`, XChaCha20-Poly1305
//! (draft-irtf-cfrg-xchacha-03) with version, space and key as associated data. Random nonces
//! of 24 bytes do not repeat in practice (section 2.1 there), so no counter has to be kept.

use std::sync::Arc;

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use viadukt_api::env::Entropy;

use super::keys::{Keys, to_hex};
use super::{REMEDY, Space, StoreError};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEADER: usize = 1 + NONCE;

/// Seals and opens records.
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    pub(super) fn new(keys: &Keys, entropy: Arc<dyn Entropy>) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&*keys.records).into()), entropy }
    }

    /// Seals `value` for the place `full_key` (see [`Space::full_key`]).
    pub(super) fn seal(&self, full_key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        self.entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEADER + value.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let tag = self
            .cipher
            .encrypt_in_place_detached(
                XNonce::from_slice(&nonce),
                &associated(full_key),
                sealed.get_mut(HEADER..).unwrap_or_default(),
            )
            .map_err(|_| StoreError::TooLong { what: "value", bytes: value.len() })?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub(super) fn open(&self, full_key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let version = sealed.first().copied();
        if version.is_some_and(|version| version > VERSION) {
            return Err(StoreError::Damaged(format!(
                "{} was written by a newer version of viadukt; start that version again",
                place(full_key)
            )));
        }
        let damaged =
            || StoreError::Damaged(format!("{} was changed or damaged; {REMEDY}", place(full_key)));
        if version != Some(VERSION) {
            return Err(damaged());
        }
        let (header, rest) = sealed.split_at_checked(HEADER).ok_or_else(damaged)?;
        let (ciphertext, tag) =
            rest.len().checked_sub(TAG).map(|length| rest.split_at(length)).ok_or_else(damaged)?;
        let mut value = ciphertext.to_vec();
        self.cipher
            .decrypt_in_place_detached(
                XNonce::from_slice(&header[1..]),
                &associated(full_key),
                &mut value,
                Tag::from_slice(tag),
            )
            .map_err(|_| damaged())?;
        Ok(value)
    }
}

fn associated(full_key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + full_key.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(full_key);
    bytes
}

/// Names a record in an error: its space, and a fingerprint instead of its key, which may speak
/// of a person.
pub(super) fn place(full_key: &[u8]) -> String {
    let fingerprint = fingerprint(full_key);
    match full_key.first().and_then(|byte| Space::ALL.iter().find(|s| **s as u8 == *byte)) {
        Some(space) => format!("the record {fingerprint} in {space:?}"),
        None => format!("the store's own record {fingerprint}"),
    }
}

/// What stands for a record's key where people read it.
pub(super) fn fingerprint(full_key: &[u8]) -> String {
    to_hex(&blake3::hash(full_key).as_bytes()[..6])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use viadukt_api::Env;

    use super::*;

    fn sealer() -> Sealer {
        let dir = tempfile::tempdir().unwrap();
        let entropy = Env::system().entropy;
        let keys = Keys::load_or_create(&dir.path().join("key"), dir.path(), &*entropy).unwrap();
        Sealer::new(&keys, entropy)
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealer = sealer();
        let key = Space::Journal.full_key(b"anna@example.org");
        let sealed = sealer.seal(&key, b"a letter").unwrap();
        assert_eq!(sealer.open(&key, &sealed).unwrap(), b"a letter");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = sealer.open(&key, &flipped).unwrap_err();
            assert!(matches!(error, StoreError::Damaged(_)), "bit {bit}: {error}");
            assert!(!error.to_string().contains("anna"), "{error}");
        }
        for length in 0..sealed.len() {
            assert!(sealer.open(&key, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn a_record_moved_to_another_place_is_noticed() {
        let sealer = sealer();
        let sealed = sealer.seal(&Space::Journal.full_key(b"k"), b"v").unwrap();
        assert!(sealer.open(&Space::Outbox.full_key(b"k"), &sealed).is_err());
        assert!(sealer.open(&Space::Journal.full_key(b"l"), &sealed).is_err());
    }

    #[test]
    fn a_newer_version_is_told_from_damage() {
        let sealer = sealer();
        let key = Space::Map.full_key(b"k");
        let mut sealed = sealer.seal(&key, b"v").unwrap();
        sealed[0] = VERSION + 1;
        let error = sealer.open(&key, &sealed).unwrap_err().to_string();
        assert!(error.contains("newer version") && error.contains("in Map"), "{error}");
    }

    #[test]
    fn equal_values_look_different() {
        let sealer = sealer();
        let key = Space::Map.full_key(b"k");
        assert_ne!(sealer.seal(&key, b"v").unwrap(), sealer.seal(&key, b"v").unwrap());
    }
}
