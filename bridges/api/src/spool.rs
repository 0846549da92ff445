//! Large payloads: encrypted, content-addressed files beside the store. Messages carry handles.

use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// A handle to a spooled payload. Its name is a keyed hash of the content, so that a stranger
/// who sees the file names learns nothing, and the same content is kept once.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// Keyed BLAKE3 hash of the plaintext.
    pub hash: [u8; 32],
    /// Length of the plaintext in bytes.
    pub size: u64,
}

impl BlobRef {
    /// The hash as 64 lower-case hexadecimal digits.
    pub fn name(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
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
