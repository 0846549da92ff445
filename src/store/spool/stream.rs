//! The format of a spool file: `"viadukt" | version (1) | nonce (19) | chunks`. Each chunk is
//! 64 KiB of content, the last one 0 to 64 KiB, encrypted by XChaCha20-Poly1305 in the STREAM
//! construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a chunk that is changed, moved or
//! repeated does not open, nor does a file that ends before its last chunk. Header and version
//! are associated data of every chunk.

use std::fs::File;
use std::io::{self, Read, Write};

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use viadukt_api::env::Entropy;

const MAGIC: &[u8; 7] = b"viadukt";
const VERSION: u8 = 1;
const NONCE: usize = 19;
const HEADER: usize = MAGIC.len() + 1 + NONCE;
pub(super) const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// The error of a file that was changed or cut.
pub(super) fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a spool file was changed or cut; check the disk and restore the spool from a backup",
    )
}

/// The length of the content of a file of `length` bytes.
pub(super) fn content_size(length: u64) -> Option<u64> {
    let sealed = length.checked_sub(HEADER as u64)?;
    let chunks = sealed.div_ceil((CHUNK + TAG) as u64).max(1);
    sealed.checked_sub(chunks * TAG as u64)
}

/// Encrypts into a file.
pub(super) struct Sealer {
    file: File,
    header: [u8; HEADER],
    encryptor: EncryptorBE32<XChaCha20Poly1305>,
    /// Content of the current chunk. It is written when more content comes, because only then
    /// it is known not to be the last.
    chunk: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(mut file: File, key: &[u8; 32], entropy: &dyn Entropy) -> io::Result<Self> {
        let mut header = [0; HEADER];
        let (start, nonce) = header.split_at_mut(MAGIC.len() + 1);
        start[..MAGIC.len()].copy_from_slice(MAGIC);
        start[MAGIC.len()] = VERSION;
        entropy.fill(nonce);
        let encryptor = EncryptorBE32::new(key.into(), (&*nonce).into());
        file.write_all(&header)?;
        Ok(Self { file, header, encryptor, chunk: Vec::with_capacity(CHUNK + TAG) })
    }

    /// Whether the next write writes a chunk to the file.
    pub(super) fn is_full(&self) -> bool {
        self.chunk.len() == CHUNK
    }

    /// Takes some of `bytes` and says how many.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full() && !bytes.is_empty() {
            self.encryptor
                .encrypt_next_in_place(&self.header, &mut self.chunk)
                .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
            self.file.write_all(&self.chunk)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    /// Writes the last chunk.
    pub(super) fn finish(mut self) -> io::Result<File> {
        self.encryptor
            .encrypt_last_in_place(&self.header, &mut self.chunk)
            .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.file.write_all(&self.chunk)?;
        Ok(self.file)
    }
}

/// Decrypts a file. Content is given out only after its chunk's check.
pub(super) struct Opener {
    file: File,
    header: [u8; HEADER],
    /// Taken by the last chunk, and by a failed one: no read succeeds after it.
    decryptor: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// Whether the last chunk was opened.
    ended: bool,
    /// Content still in the file.
    remaining: u64,
    /// Content of the current chunk, and how much of it was given out.
    chunk: Vec<u8>,
    given: usize,
}

impl Opener {
    /// Reads the header. `size` is the content's length that the handle tells.
    pub(super) fn new(mut file: File, key: &[u8; 32], size: u64) -> io::Result<Self> {
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(cut)?;
        let (start, nonce) = header.split_at(MAGIC.len() + 1);
        if start[..MAGIC.len()] != *MAGIC {
            return Err(changed());
        }
        if start[MAGIC.len()] > VERSION {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a spool file was written by a newer version of viadukt; start that version again",
            ));
        }
        let decryptor = Some(DecryptorBE32::new(key.into(), nonce.into()));
        let chunks = size.div_ceil(CHUNK as u64).max(1);
        let length = (HEADER as u64) + size + chunks * (TAG as u64);
        if file.metadata()?.len() != length {
            return Err(changed());
        }
        Ok(Self {
            file,
            header,
            decryptor,
            ended: false,
            remaining: size,
            chunk: Vec::new(),
            given: 0,
        })
    }

    /// Whether everything was given out.
    pub(super) fn at_end(&self) -> bool {
        self.ended && self.given == self.chunk.len()
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut decryptor = self.decryptor.take().ok_or_else(changed)?;
        let last = self.remaining <= CHUNK as u64;
        let content = if last { self.remaining as usize } else { CHUNK };
        let mut sealed = std::mem::take(&mut self.chunk);
        self.given = 0;
        sealed.resize(content + TAG, 0);
        self.file.read_exact(&mut sealed).map_err(cut)?;
        if last {
            decryptor.decrypt_last_in_place(&self.header, &mut sealed).map_err(|_| changed())?;
            self.ended = true;
        } else {
            decryptor.decrypt_next_in_place(&self.header, &mut sealed).map_err(|_| changed())?;
            self.decryptor = Some(decryptor);
        }
        self.remaining -= content as u64;
        self.chunk = sealed;
        Ok(())
    }
}

impl Read for Opener {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.chunk.len() && !into.is_empty() {
            if self.ended {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let rest = self.chunk.get(self.given..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// A file that ends early is a changed one; other errors stay what they are.
fn cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { changed() } else { error }
}
