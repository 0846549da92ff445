//! A mail as it goes over the wire between DATA and the final dot.

use std::io::{self, Write};

use tokio::sync::mpsc;

/// Bytes that are sent at once.
const PIECE: usize = 32 << 10;

/// Makes every line end CRLF and doubles a dot that begins a line (RFC 5321 2.3.8, 4.5.2).
/// A bare CR or LF would let a mail smuggle another one past servers that take it for a line
/// end.
pub(crate) struct Wire<W> {
    to: W,
    held: Vec<u8>,
    at_line_start: bool,
    after_cr: bool,
}

impl<W: Write> Wire<W> {
    /// At the beginning of a mail.
    pub(crate) fn new(to: W) -> Self {
        Self { to, held: Vec::with_capacity(PIECE), at_line_start: true, after_cr: false }
    }

    /// Ends the last line and hands everything on. The dot is the caller's.
    ///
    /// # Errors
    /// The writer's.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if self.after_cr || !self.at_line_start {
            self.line_end();
        }
        self.to.write_all(&self.held)?;
        Ok(self.to)
    }

    fn line_end(&mut self) {
        self.held.extend_from_slice(b"\r\n");
        (self.at_line_start, self.after_cr) = (true, false);
    }

    fn push(&mut self, byte: u8) {
        if self.after_cr {
            self.line_end();
            if byte == b'\n' {
                return;
            }
        }
        match byte {
            b'\r' => self.after_cr = true,
            b'\n' => self.line_end(),
            byte => {
                if self.at_line_start && byte == b'.' {
                    self.held.push(b'.');
                }
                self.held.push(byte);
                self.at_line_start = false;
            }
        }
    }
}

impl<W: Write> Write for Wire<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.push(*byte);
        }
        if self.held.len() >= PIECE {
            self.to.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Hands pieces over from a thread that reads files to a task that writes to the network.
pub(crate) struct Pieces(pub(crate) mpsc::Sender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn wired(pieces: &[&[u8]]) -> String {
        let mut wire = Wire::new(Vec::new());
        for piece in pieces {
            wire.write_all(piece).unwrap();
        }
        String::from_utf8(wire.finish().unwrap()).unwrap()
    }

    #[test]
    fn no_end_of_data_can_be_smuggled() {
        for (name, mail) in [
            ("proper", &b"a\r\n.\r\nMAIL"[..]),
            ("bare LF", b"a\n.\nMAIL"),
            ("bare CR", b"a\r.\rMAIL"),
            ("LF dot CRLF", b"a\n.\r\nMAIL"),
            ("CRLF dot LF", b"a\r\n.\nMAIL"),
            ("CRLF dot CR", b"a\r\n.\rMAIL"),
        ] {
            assert_eq!(wired(&[mail]), "a\r\n..\r\nMAIL\r\n", "{name}");
            let bytes: Vec<&[u8]> = mail.chunks(1).collect();
            assert_eq!(wired(&bytes), "a\r\n..\r\nMAIL\r\n", "{name}, byte by byte");
        }
    }

    #[test]
    fn line_ends_are_kept_or_made_proper() {
        assert_eq!(wired(&[b""]), "");
        assert_eq!(wired(&[b"a"]), "a\r\n");
        assert_eq!(wired(&[b"a\r\n"]), "a\r\n");
        assert_eq!(wired(&[b"a\r"]), "a\r\n");
        assert_eq!(wired(&[b"a\r\r\nb"]), "a\r\n\r\nb\r\n");
        assert_eq!(wired(&[b"a\r", b"\nb"]), "a\r\nb\r\n");
        assert_eq!(wired(&[b".a\n\n..b"]), "..a\r\n\r\n...b\r\n");
    }
}
