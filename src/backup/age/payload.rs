//! The content: a nonce, then chunks of 64 KiB in the STREAM construction. A chunk that is
//! changed, moved or repeated does not open, nor does a file that ends before its last chunk.

use std::io::{self, Read, Write};

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit;
use chacha20poly1305::aead::stream::{DecryptorBE32, EncryptorBE32};
use viadukt_api::env::Entropy;

use super::{FileKey, derive, invalid};

const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const NONCE: usize = 16;

/// age counts chunks in 11 bytes, this stream in the last four of them: enough for 256 TiB.
const PREFIX: [u8; 7] = [0; 7];

/// A file being encrypted. It is whole only after [`Sealed::finish`].
pub struct Sealed<W> {
    out: W,
    encryptor: EncryptorBE32<ChaCha20Poly1305>,
    /// Written when more comes: only then it is known not to be the last.
    chunk: Vec<u8>,
}

impl<W: Write> Sealed<W> {
    pub(super) fn begin(mut out: W, key: &FileKey, entropy: &dyn Entropy) -> io::Result<Self> {
        let mut nonce = [0; NONCE];
        entropy.fill(&mut nonce);
        out.write_all(&nonce)?;
        let encryptor = EncryptorBE32::from_aead(cipher(key, &nonce), (&PREFIX).into());
        Ok(Self { out, encryptor, chunk: Vec::with_capacity(CHUNK + TAG) })
    }

    /// Writes the last chunk.
    pub fn finish(mut self) -> io::Result<W> {
        self.encryptor
            .encrypt_last_in_place(&[], &mut self.chunk)
            .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.out.write_all(&self.chunk)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.encryptor
                .encrypt_next_in_place(&[], &mut self.chunk)
                .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
            self.out.write_all(&self.chunk)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file being decrypted. Content is given out only after its chunk's check.
pub struct Opened<R> {
    from: R,
    /// Taken by the last chunk, and by a failed one.
    decryptor: Option<DecryptorBE32<ChaCha20Poly1305>>,
    /// Whether nothing comes after the current chunk.
    ended: bool,
    /// Of the next chunk, as it stands in the file.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    given: usize,
}

impl<R: Read> Opened<R> {
    pub(super) fn begin(mut from: R, key: &FileKey) -> io::Result<Self> {
        let mut nonce = [0; NONCE];
        from.read_exact(&mut nonce).map_err(|_| changed())?;
        let decryptor = DecryptorBE32::from_aead(cipher(key, &nonce), (&PREFIX).into());
        let (ahead, chunk) = (read_chunk(&mut from)?, Vec::new());
        Ok(Self { from, decryptor: Some(decryptor), ended: false, ahead, chunk, given: 0 })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut decryptor = self.decryptor.take().ok_or_else(changed)?;
        let next = match self.ahead.len() {
            length if length == CHUNK + TAG => read_chunk(&mut self.from)?,
            _ => Vec::new(),
        };
        let mut sealed = std::mem::replace(&mut self.ahead, next);
        if self.ahead.is_empty() {
            decryptor.decrypt_last_in_place(&[], &mut sealed).map_err(|_| changed())?;
            self.ended = true;
        } else {
            decryptor.decrypt_next_in_place(&[], &mut sealed).map_err(|_| changed())?;
            self.decryptor = Some(decryptor);
        }
        (self.chunk, self.given) = (sealed, 0);
        Ok(())
    }
}

impl<R: Read> Read for Opened<R> {
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

/// As much of a chunk as there is.
fn read_chunk(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK + TAG);
    from.take((CHUNK + TAG) as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

fn cipher(key: &FileKey, nonce: &[u8; NONCE]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new((&*derive(key.as_slice(), nonce, "payload")).into())
}

fn changed() -> io::Error {
    invalid("its encrypted content was changed or cut off")
}
