//! Brings an attachment's bytes into the spool, decoded on the way, in pieces.

use std::fmt;
use std::io::{self, Read, Write};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use viadukt_api::{BlobRef, Media, Spool, WorkerName};

use crate::lift::restore;

/// Where an attachment's bytes are.
#[derive(Serialize, Deserialize)]
pub(crate) struct Handle {
    #[serde(flatten)]
    pub(crate) payload: Payload,
    /// `base64`, `quoted-printable`, or empty.
    pub(crate) encoding: String,
    /// The payload is a whole mail.
    pub(crate) within: Option<Within>,
}

/// What the bytes are taken from.
#[derive(Serialize, Deserialize)]
pub(crate) enum Payload {
    /// A spooled one.
    #[serde(rename = "blob")]
    Spooled(BlobRef),
    /// A mail too small to be worth a file of its own, in base64.
    #[serde(rename = "mail")]
    Here(String),
}

impl Payload {
    /// Holds `mail` in itself.
    pub(crate) fn here(mail: &[u8]) -> Self {
        Self::Here(BASE64.encode(mail))
    }

    fn open(&self, spool: &dyn Spool) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Spooled(blob) => spool.open(blob),
            Self::Here(mail) => {
                let mail = BASE64.decode(mail);
                let mail = mail.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
                Ok(Box::new(io::Cursor::new(mail)))
            }
        }
    }
}

/// Where inside a mail.
#[derive(Serialize, Deserialize)]
pub(crate) struct Within {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// For the marks inside, see [`crate::lift`].
    pub(crate) nonce: String,
    pub(crate) parts: Vec<BlobRef>,
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl Handle {
    /// Reads what [`fmt::Display`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// An attachment of `worker` that lies behind this handle.
    pub(crate) fn media(&self, worker: &WorkerName) -> Media {
        let spooled = match &self.payload {
            Payload::Spooled(blob) => Some(blob),
            Payload::Here(_) => None,
        };
        let inner = self.within.iter().flat_map(|within| &within.parts);
        let blobs = spooled.into_iter().chain(inner).cloned().collect();
        Media::With { worker: worker.clone(), handle: self.to_string(), blobs }
    }

    /// Spools the bytes.
    ///
    /// # Errors
    /// The spool's.
    pub(crate) fn fetch(&self, spool: &dyn Spool) -> io::Result<BlobRef> {
        let mut decoder = Decoder::new(&self.encoding, spool.create()?);
        let mut source = self.payload.open(spool)?;
        match &self.within {
            None => drop(io::copy(&mut source, &mut decoder)?),
            Some(within) => {
                io::copy(&mut (&mut source).take(within.start), &mut io::sink())?;
                let mut part = source.take(within.end.saturating_sub(within.start));
                let nonce = within.nonce.as_bytes();
                restore(&mut part, nonce, &within.parts, spool, &mut decoder)?;
            }
        }
        decoder.finish()?.finish()
    }
}

/// Lenient as mail programs are: missing or stray padding loses nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Undoes a transfer encoding (RFC 2045 6.7, 6.8) and writes the rest on.
struct Decoder<W> {
    kind: Encoding,
    held: Vec<u8>,
    to: W,
}

enum Encoding {
    Base64,
    QuotedPrintable,
    None,
}

impl<W: Write> Decoder<W> {
    fn new(encoding: &str, to: W) -> Self {
        let kind = match encoding {
            "base64" => Encoding::Base64,
            "quoted-printable" => Encoding::QuotedPrintable,
            _ => Encoding::None,
        };
        Self { kind, held: Vec::new(), to }
    }

    fn finish(mut self) -> io::Result<W> {
        let rest = std::mem::take(&mut self.held);
        match self.kind {
            Encoding::Base64 => self.base64(&rest)?,
            Encoding::QuotedPrintable => self.quoted_printable(&rest)?,
            Encoding::None => {}
        }
        Ok(self.to)
    }

    fn base64(&mut self, digits: &[u8]) -> io::Result<()> {
        // One digit alone holds no byte.
        let whole = if digits.len() % 4 == 1 { digits.len() - 1 } else { digits.len() };
        let decoded = BASE64.decode(&digits[..whole]).map_err(io::Error::other)?;
        self.to.write_all(&decoded)
    }

    fn quoted_printable(&mut self, lines: &[u8]) -> io::Result<()> {
        match mail_parser::decoders::quoted_printable::quoted_printable_decode(lines) {
            Some(decoded) => self.to.write_all(&decoded),
            None => self.to.write_all(lines),
        }
    }
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.kind {
            Encoding::None => self.to.write_all(bytes)?,
            Encoding::Base64 => {
                let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
                self.held.extend(bytes.iter().copied().filter(is_digit));
                let rest = self.held.split_off(self.held.len() / 4 * 4);
                let digits = std::mem::replace(&mut self.held, rest);
                self.base64(&digits)?;
            }
            Encoding::QuotedPrintable => {
                self.held.extend_from_slice(bytes);
                if let Some(end) = memchr::memrchr(b'\n', &self.held) {
                    let rest = self.held.split_off(end + 1);
                    let lines = std::mem::replace(&mut self.held, rest);
                    self.quoted_printable(&lines)?;
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
