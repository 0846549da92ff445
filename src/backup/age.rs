//! The age format, version 1, for X25519 recipients: <https://age-encryption.org/v1>.
//!
//! A fresh file key is wrapped for each recipient in the header; the content follows in chunks of
//! 64 KiB, each with its own check (STREAM). `age --decrypt` opens what is written here, and the
//! other way round; both are tested. What the format has besides (passphrases, SSH keys, plug-ins,
//! armor) nobody needs here.

mod header;
mod payload;

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use viadukt_api::env::Entropy;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub use payload::{Opened, Sealed};

/// Who may read: a public key, `age1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(PublicKey);

/// Who reads: a secret key, `AGE-SECRET-KEY-1…`.
pub struct Identity(StaticSecret);

/// The key of one file.
type FileKey = Zeroizing<[u8; 16]>;

/// Begins a file that `recipients` may read.
pub fn seal<W: Write>(
    mut out: W,
    recipients: &[Recipient],
    entropy: &dyn Entropy,
) -> io::Result<Sealed<W>> {
    let mut key = FileKey::default();
    entropy.fill(key.as_mut_slice());
    out.write_all(header::write(&key, recipients, entropy).as_bytes())?;
    Sealed::begin(out, &key, entropy)
}

/// Begins to read a file with one of `identities`. `InvalidData`: it is no such file, it was
/// changed, or none of them is meant.
pub fn open<R: Read>(mut from: R, identities: &[Identity]) -> io::Result<Opened<R>> {
    let key = header::read(&mut from, identities)?;
    Opened::begin(from, &key)
}

/// Whether a file that begins so is in this format.
pub fn is_age(start: &[u8]) -> bool {
    start.starts_with(header::VERSION.as_bytes())
}

impl Identity {
    /// The identities in the text of a file: one a line, beside empty lines and `#` comments.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::parse).collect()
    }
}

impl FromStr for Recipient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decode(text, "age")
            .map(|key| Self(PublicKey::from(*key)))
            .ok_or_else(|| "expected a public key of age such as \"age1…\"".to_owned())
    }
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decode(text, "age-secret-key-")
            .map(|key| Self(StaticSecret::from(*key)))
            .ok_or_else(|| "expected a secret key of age, \"AGE-SECRET-KEY-1…\"".to_owned())
    }
}

/// A key of 32 bytes in Bech32 (BIP 173), without that one's limit of 90 characters.
fn decode(text: &str, kind: &str) -> Option<Zeroizing<[u8; 32]>> {
    let read = CheckedHrpstring::new::<Bech32>(text).ok()?;
    if read.hrp() != Hrp::parse(kind).ok()? {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    let mut bytes = read.byte_iter();
    for byte in key.iter_mut() {
        *byte = bytes.next()?;
    }
    bytes.next().is_none().then_some(key)
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hrp = Hrp::parse("age").map_err(|_| fmt::Error)?;
        let text = bech32::encode::<Bech32>(hrp, self.0.as_bytes()).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// HKDF-SHA-256 (RFC 5869).
fn derive(secret: &[u8], salt: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let derived = hkdf::Hkdf::<sha2::Sha256>::new(Some(salt), secret);
    // It refuses outputs of more than 8160 bytes only.
    let _ = derived.expand(info.as_bytes(), key.as_mut_slice());
    key
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
