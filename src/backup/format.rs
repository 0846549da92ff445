//! The format of an export, before its encryption:
//!
//! ```text
//! "viadukt-export\n"
//! H  what it is: JSON, `Head`
//! R  a record: space (1), length of the key (2), key, value      … in order of space and key
//! F  a spool file: its name (32), its size (8), then C: its content in pieces      … any number
//! E  how much there was: JSON, `Summary`
//! BLAKE3 hash (32) of everything before
//! ```
//!
//! A letter, the length of what follows (4) and that much stand for each line; numbers are
//! big-endian. How much there is stands at the end, since it is not known before: an export is a
//! stream. What was cut off has no end, and what was changed another hash.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use viadukt_api::{BlobRef, Timestamp};

use super::BackupError;
use crate::store::{Row, SCHEMA};

const MAGIC: &[u8] = b"viadukt-export\n";

/// The version of the format that this program writes.
const FORMAT: u32 = 1;

/// Nothing longer is written, and nothing longer is read into memory.
const LONGEST: usize = 128 << 10;

/// A piece of a spool file's content.
pub(super) const PIECE: usize = 64 << 10;

const HASH: usize = blake3::OUT_LEN;

/// What an export says of itself first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    pub format: u32,
    /// The version of what the store holds.
    pub schema: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The viadukt that made it.
    pub made_by: String,
}

/// How much an export holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Records, by their kind.
    pub records: BTreeMap<String, u64>,
    /// Spool files.
    pub files: u64,
    /// Bytes in them.
    pub file_bytes: u64,
    /// Spool files that were damaged already and are missing.
    pub unreadable_files: u64,
}

impl Summary {
    /// Records of all kinds.
    pub fn all_records(&self) -> u64 {
        self.records.values().sum()
    }

    fn count(&mut self, row: &Row) {
        *self.records.entry(format!("{:?}", row.space).to_lowercase()).or_default() += 1;
    }
}

/// Writes an export.
pub(super) struct Writer<W> {
    out: W,
    hasher: blake3::Hasher,
    summary: Summary,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, made_at: Timestamp) -> io::Result<Self> {
        let mut writer = Self { out, hasher: blake3::Hasher::new(), summary: Summary::default() };
        writer.put(MAGIC)?;
        let made_by = env!("CARGO_PKG_VERSION").to_owned();
        let head = Head { format: FORMAT, schema: SCHEMA, made_at, made_by };
        writer.frame(b'H', &[&serde_json::to_vec(&head)?])?;
        Ok(writer)
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        self.summary.count(row);
        let length = u16::try_from(row.key.len()).map_err(io::Error::other)?;
        let place = [row.space as u8];
        self.frame(b'R', &[&place, &length.to_be_bytes(), &row.key, &row.value])
    }

    pub(super) fn file(&mut self, blob: &BlobRef, mut content: impl Read) -> io::Result<()> {
        self.frame(b'F', &[&blob.hash, &blob.size.to_be_bytes()])?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = content.read(&mut piece)?;
            if count == 0 {
                break;
            }
            self.frame(b'C', &[piece.get(..count).unwrap_or_default()])?;
        }
        self.summary.files += 1;
        self.summary.file_bytes += blob.size;
        Ok(())
    }

    /// A spool file could not be read, and is left out.
    pub(super) fn unreadable(&mut self) {
        self.summary.unreadable_files += 1;
    }

    pub(super) fn finish(mut self) -> io::Result<(W, Summary)> {
        let summary = serde_json::to_vec(&self.summary)?;
        self.frame(b'E', &[&summary])?;
        let hash = self.hasher.finalize();
        self.out.write_all(hash.as_bytes())?;
        Ok((self.out, self.summary))
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).map_err(io::Error::other)?;
        self.put(&[kind])?;
        self.put(&length.to_be_bytes())?;
        parts.iter().try_for_each(|part| self.put(part))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }
}

/// A part of an export.
pub(super) enum Part {
    Row(Row),
    /// A spool file begins; its pieces follow.
    File(BlobRef),
    Piece(Vec<u8>),
    /// The whole export was read, and is what was written.
    End(Summary),
}

/// Reads an export.
pub(super) struct Reader<R> {
    from: R,
    hasher: blake3::Hasher,
    head: Head,
    seen: Summary,
}

impl<R: Read> Reader<R> {
    /// Reads what it says of itself. Refuses what this program does not know.
    pub(super) fn begin(from: R) -> Result<Self, BackupError> {
        let nothing = Head { format: 0, schema: 0, made_at: Timestamp(0), made_by: String::new() };
        let (hasher, seen) = (blake3::Hasher::new(), Summary::default());
        let mut reader = Self { from, hasher, head: nothing, seen };
        let mut magic = [0; MAGIC.len()];
        reader.take(&mut magic)?;
        if magic != MAGIC {
            return Err(BackupError::unfit("it is no export of viadukt"));
        }
        let (kind, head) = reader.frame()?;
        let head: Head = (kind == b'H')
            .then(|| serde_json::from_slice(&head).ok())
            .flatten()
            .ok_or_else(damaged)?;
        for (what, found, known) in
            [("format", head.format, FORMAT), ("schema", head.schema, SCHEMA)]
        {
            if found > known {
                return Err(BackupError::unfit(&format!(
                    "it was made by viadukt {}: its {what} has version {found}, this program knows \
                     versions up to {known}; use the newer program",
                    head.made_by
                )));
            }
        }
        reader.head = head;
        Ok(reader)
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// The next part; nothing may be asked for after [`Part::End`].
    pub(super) fn next(&mut self) -> Result<Part, BackupError> {
        let (kind, bytes) = self.frame()?;
        match kind {
            b'R' => {
                let row = row(&bytes).ok_or_else(damaged)?;
                self.seen.count(&row);
                Ok(Part::Row(row))
            }
            b'F' => {
                let (hash, size) = bytes.split_first_chunk().ok_or_else(damaged)?;
                let size = u64::from_be_bytes(size.try_into().map_err(|_| damaged())?);
                self.seen.files += 1;
                self.seen.file_bytes = self.seen.file_bytes.saturating_add(size);
                Ok(Part::File(BlobRef { hash: *hash, size }))
            }
            b'C' => Ok(Part::Piece(bytes)),
            b'E' => self.end(&bytes).map(Part::End),
            _ => Err(damaged()),
        }
    }

    fn end(&mut self, bytes: &[u8]) -> Result<Summary, BackupError> {
        let expected = self.hasher.finalize();
        let mut hash = [0; HASH];
        self.from.read_exact(&mut hash).map_err(unreadable)?;
        let told: Summary = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let seen = Summary { unreadable_files: told.unreadable_files, ..self.seen.clone() };
        let more = self.from.read(&mut [0]).map_err(unreadable)?;
        if expected != blake3::Hash::from(hash) || told != seen || more > 0 {
            return Err(damaged());
        }
        Ok(told)
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>), BackupError> {
        let mut start = [0; 5];
        self.take(&mut start)?;
        let [kind, length @ ..] = start;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(damaged());
        }
        let mut bytes = vec![0; length];
        self.take(&mut bytes)?;
        Ok((kind, bytes))
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.from.read_exact(bytes).map_err(unreadable)?;
        self.hasher.update(bytes);
        Ok(())
    }
}

fn row(bytes: &[u8]) -> Option<Row> {
    let (space, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Row::of(*space, key.to_vec(), value.to_vec())
}

fn damaged() -> BackupError {
    BackupError::unfit("it was changed or damaged; use another one")
}

fn unreadable(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::unfit("it was cut off; use another one"),
        _ => BackupError::unfit(&error.to_string()),
    }
}
