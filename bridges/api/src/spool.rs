//! Large payloads: encrypted, content-addressed files beside the store. Messages carry handles.

use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// A handle to a spooled payload. Its name is a keyed hash of the content, so that a stranger
/// who sees the file names learns nothing, and the same content is kept once.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// Keyed BLAKE3 hash of the plaintext.
    #[serde(with = "hash")]
    pub hash: [u8; 32],
    /// Length of the plaintext in bytes.
    pub size: u64,
}

impl BlobRef {
    /// The hash as 64 lower-case hexadecimal digits.
    pub fn name(&self) -> String {
        hash::to_hex(&self.hash)
    }
}

impl fmt::Debug for BlobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobRef({} bytes)", self.size)
    }
}

/// The spool. Calls block on file IO; from async code use `tokio::task::spawn_blocking` for
/// anything that is not small. Payloads pass through in pieces: memory does not grow with size.
pub trait Spool: Send + Sync {
    /// Starts a new payload. Dropping the writer before [`SpoolWriter::finish`] discards it.
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>>;

    /// Reads a payload from its start. `NotFound`: it was swept. `InvalidData` at any read: the
    /// file was changed or cut, and nothing of it may be used.
    fn open(&self, blob: &BlobRef) -> io::Result<Box<dyn Read + Send>>;
}

/// A payload being written.
pub trait SpoolWriter: Write + Send {
    /// Makes the payload durable (file and folder synced) and gives its handle.
    fn finish(self: Box<Self>) -> io::Result<BlobRef>;
}

impl dyn Spool {
    /// Spools `bytes`.
    pub fn put(&self, bytes: &[u8]) -> io::Result<BlobRef> {
        let mut writer = self.create()?;
        writer.write_all(bytes)?;
        writer.finish()
    }

    /// Reads a payload whole; refused with `FileTooLarge` when it has more than `limit` bytes.
    pub fn get(&self, blob: &BlobRef, limit: u64) -> io::Result<Vec<u8>> {
        if blob.size > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(blob.size).unwrap_or(0));
        self.open(blob)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A hash in text formats as hexadecimal digits, in binary ones as its bytes.
mod hash {
    use std::fmt;

    use serde::{Deserializer, Serializer, de};

    pub fn to_hex(hash: &[u8; 32]) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn from_hex(text: &str) -> Option<[u8; 32]> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(hash)
    }

    pub fn serialize<S: Serializer>(hash: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.serialize_str(&to_hex(hash))
        } else {
            to.serialize_bytes(hash)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        if from.is_human_readable() {
            from.deserialize_str(Hash)
        } else {
            from.deserialize_bytes(Hash)
        }
    }

    struct Hash;

    impl de::Visitor<'_> for Hash {
        type Value = [u8; 32];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a hash of 32 bytes")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<[u8; 32], E> {
            from_hex(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str("…"), &self))
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; 32], E> {
            bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_handle_survives_text() {
        let blob = BlobRef { hash: std::array::from_fn(|n| n as u8 * 7), size: 5 };
        let text = serde_json::to_string(&blob).unwrap();
        assert!(text.contains(&blob.name()));
        assert_eq!(serde_json::from_str::<BlobRef>(&text).unwrap(), blob);
        assert!(serde_json::from_str::<BlobRef>(&text.replace("07", "0ü")).is_err());
    }
}
