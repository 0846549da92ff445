//! From blocking writes to a stream that others read.

use std::io::{self, Write};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Bytes sent as one piece.
const PIECE: usize = 64 << 10;

/// How many pieces may wait for a slow reader.
const AHEAD: usize = 8;

/// The writing end. Blocks while the reader is slow.
pub struct Pipe {
    pieces: Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Pipe {
    /// A pipe, and its reading end, which a last error ends if what was written is not whole.
    pub fn new() -> (Self, Receiver<io::Result<Bytes>>) {
        let (pieces, reader) = mpsc::channel(AHEAD);
        (Self { pieces, piece: Vec::with_capacity(PIECE) }, reader)
    }

    /// Where to send why it is not whole.
    pub fn complaints(&self) -> Sender<io::Result<Bytes>> {
        self.pieces.clone()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.pieces.blocking_send(Ok(piece.into())).map_err(gone)
    }
}
