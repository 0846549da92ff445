//! Takes the large attachments out of a mail while it arrives, so that memory does not grow
//! with them, and puts them back.
//!
//! Of a long base64 body (RFC 2045 6.8) the lines go to the spool as they are and one line
//! takes their place: the mark. It names the mail's nonce, which nobody outside can guess, so
//! that a mark that someone wrote into a mail is text like any other. What remains is the
//! skeleton. When it still holds attachments, a copy of it goes to the spool as well: what the
//! reader finds in it can then be fetched when the item itself is long gone.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use viadukt_api::{BlobRef, Raw, Spool, SpoolWriter};

use crate::findings::{Findings, guard};
use crate::mime::{Line, Walker};
use crate::repair::repair;

/// Shorter bodies stay where they are.
const WORTH_LIFTING: usize = 64 << 10;
/// Longer lines are looked at in pieces.
const MAX_LINE: usize = 16 << 10;
/// Begins the first line of a raw mail from which something was lifted.
const FIRST_LINE: &[u8] = b"Viadukt-Lifted: ";
/// Begins a mark. All of a mark is base64, so that a part that holds one can be decoded.
const MARK: &[u8] = b"VIADUKTLIFTEDOUT/";

/// A raw mail as the bridge keeps it.
pub(crate) struct Lifted<'a> {
    /// The mail with marks.
    pub(crate) skeleton: &'a [u8],
    /// What the marks stand for, in order.
    pub(crate) parts: &'a [BlobRef],
    /// Copy of the skeleton as [`repair`] leaves it.
    pub(crate) copy: Option<&'a BlobRef>,
    /// Set when only the header was fetched: the size of the whole mail.
    pub(crate) whole: Option<u64>,
    /// This mail's nonce; empty when nothing was lifted.
    pub(crate) nonce: &'a [u8],
}

impl<'a> Lifted<'a> {
    /// Takes `raw` apart.
    pub(crate) fn of(raw: &'a Raw) -> Self {
        let (_, bytes) = Findings::split(&raw.bytes);
        let untouched = Self { skeleton: bytes, parts: &[], copy: None, whole: None, nonce: b"" };
        // Without anything in the spool a first line like ours was written by a stranger.
        let Some((first, skeleton)) = (!raw.lifted.is_empty())
            .then(|| bytes.strip_prefix(FIRST_LINE))
            .flatten()
            .and_then(|rest| split_line(rest))
        else {
            return untouched;
        };
        let mut words = first.trim_ascii_end().split(|b| *b == b' ');
        let nonce = words.next().unwrap_or_default();
        let count = words.next().and_then(number).unwrap_or(0);
        let whole = words.next().and_then(number);
        let count = usize::try_from(count).unwrap_or(0).min(raw.lifted.len());
        let (parts, copy) = raw.lifted.split_at(count);
        Self { skeleton, parts, copy: copy.first(), whole, nonce }
    }

    /// The part that `body` stands for, with its size once decoded, when it is nothing but a
    /// mark.
    pub(crate) fn part(&self, body: &[u8]) -> Option<(usize, u64)> {
        let (part, size) = read_mark(body.trim_ascii(), self.nonce)?;
        (part < self.parts.len()).then_some((part, size))
    }

    /// The size of a mail whose skeleton has `length` bytes.
    pub(crate) fn restored(&self, length: u64) -> u64 {
        let marks = self.parts.len() * mark_length(self.nonce);
        let parts: u64 = self.parts.iter().map(|part| part.size).sum();
        length.saturating_sub(marks as u64).saturating_add(parts)
    }
}

/// Lifts one mail.
pub(crate) struct Lifter {
    spool: Arc<dyn Spool>,
    nonce: String,
    walker: Walker,
    skeleton: Vec<u8>,
    line: Vec<u8>,
    continues: bool,
    body: Body,
    lifted: Vec<BlobRef>,
    hash: blake3::Hasher,
    keeps_files: bool,
}

/// Where the lines of a base64 body go.
enum Body {
    /// There is none here.
    Elsewhere,
    /// Not known yet whether it is long enough.
    Held(Vec<u8>, Count),
    /// To the spool.
    Lifting(Box<dyn SpoolWriter>, Count),
}

impl Lifter {
    /// Begins a mail. `nonce` is unguessable and used once.
    pub(crate) fn new(nonce: [u8; 16], spool: Arc<dyn Spool>) -> Self {
        Self {
            spool,
            nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
            walker: Walker::default(),
            skeleton: Vec::new(),
            line: Vec::new(),
            continues: false,
            body: Body::Elsewhere,
            lifted: Vec::new(),
            hash: blake3::Hasher::new(),
            keeps_files: false,
        }
    }

    /// Takes the next bytes, however they are cut.
    ///
    /// # Errors
    /// The spool's.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        while !bytes.is_empty() {
            let room = MAX_LINE - self.line.len();
            let window = &bytes[..bytes.len().min(room)];
            let end = memchr::memchr(b'\n', window).map_or(window.len(), |at| at + 1);
            self.line.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end..];
            if self.line.ends_with(b"\n") || self.line.len() == MAX_LINE {
                self.end_of_line()?;
            }
        }
        Ok(())
    }

    /// The raw mail, and the hash of all its bytes.
    ///
    /// # Errors
    /// The spool's.
    pub(crate) fn finish(mut self) -> io::Result<(Raw, blake3::Hash)> {
        self.end_of_line()?;
        self.end_of_body()?;
        // What is taken off a long text can be fetched as well; a short one travels along.
        self.keeps_files |= self.skeleton.len() > WORTH_LIFTING;
        let hash = self.hash.finalize();
        Ok((self.into_raw(None)?, hash))
    }

    /// The raw mail when what was pushed is the header of a mail of `whole` bytes.
    ///
    /// # Errors
    /// The spool's.
    pub(crate) fn finish_cut(mut self, whole: u64) -> io::Result<(Raw, blake3::Hash)> {
        self.end_of_line()?;
        self.end_of_body()?;
        self.keeps_files = true;
        let hash = self.hash.finalize();
        Ok((self.into_raw(Some(whole))?, hash))
    }

    fn into_raw(mut self, whole: Option<u64>) -> io::Result<Raw> {
        if self.lifted.is_empty() && !self.keeps_files {
            return Ok(Raw { bytes: guard(self.skeleton), lifted: Vec::new() });
        }
        let parts = self.lifted.len();
        if self.keeps_files {
            self.lifted.push(self.spool.put(&repair(&self.skeleton))?);
        }
        let mut bytes = [FIRST_LINE, self.nonce.as_bytes()].concat();
        write!(bytes, " {parts}")?;
        if let Some(whole) = whole {
            write!(bytes, " {whole}")?;
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.skeleton);
        Ok(Raw { bytes: Bytes::from(bytes), lifted: self.lifted })
    }

    fn end_of_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return Ok(());
        }
        let kind = self.walker.line(&line, self.continues);
        let in_body = kind == Line::Body && !matches!(self.body, Body::Elsewhere);
        if in_body && is_base64(&line) {
            self.lift(&line)?;
        } else {
            self.end_of_body()?;
            self.skeleton.extend_from_slice(&line);
        }
        match kind {
            Line::Leaf(leaf) if leaf.base64 && !leaf.shown => {
                self.body = Body::Held(Vec::new(), Count::default());
            }
            Line::Leaf(leaf) => self.keeps_files |= !leaf.shown,
            _ => {}
        }
        self.continues = !line.ends_with(b"\n");
        self.line = line;
        self.line.clear();
        Ok(())
    }

    fn lift(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.body {
            Body::Elsewhere => {}
            Body::Held(held, count) => {
                held.extend_from_slice(line);
                count.add(line);
                if held.len() > WORTH_LIFTING {
                    let mut writer = self.spool.create()?;
                    writer.write_all(held)?;
                    self.body = Body::Lifting(writer, *count);
                }
            }
            Body::Lifting(writer, count) => {
                count.add(line);
                writer.write_all(line)?;
            }
        }
        Ok(())
    }

    fn end_of_body(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.body, Body::Elsewhere) {
            Body::Elsewhere => {}
            Body::Held(held, _) => {
                self.skeleton.extend_from_slice(&held);
                self.keeps_files = true;
            }
            Body::Lifting(writer, count) => {
                let mark = mark(&self.nonce, self.lifted.len(), count.decoded());
                self.skeleton.extend_from_slice(&mark);
                self.lifted.push(writer.finish()?);
            }
        }
        Ok(())
    }
}

/// The mail of `raw`, byte for byte; `None` when it is larger than `most`, or only its header was
/// fetched.
///
/// # Errors
/// The spool's.
pub(crate) fn whole(raw: &Raw, most: u64, spool: &dyn Spool) -> io::Result<Option<Vec<u8>>> {
    let lifted = Lifted::of(raw);
    let size = lifted.restored(lifted.skeleton.len() as u64);
    if size > most || lifted.whole.is_some() {
        return Ok(None);
    }
    let mut mail = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    restore(&mut &*lifted.skeleton, lifted.nonce, lifted.parts, spool, &mut mail)?;
    Ok(Some(mail))
}

/// Writes to `to` what was read from `skeleton`, with `parts` back in their places: the mail,
/// byte for byte.
///
/// # Errors
/// Those of the spool and of `to`.
pub(crate) fn restore(
    skeleton: &mut dyn Read,
    nonce: &[u8],
    parts: &[BlobRef],
    spool: &dyn Spool,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = io::BufReader::new(skeleton);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut lines).take(MAX_LINE as u64);
        if io::BufRead::read_until(&mut limited, b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match read_mark(line.trim_ascii_end(), nonce).and_then(|(part, _)| parts.get(part)) {
            Some(part) => drop(io::copy(&mut spool.open(part)?, to)?),
            None => to.write_all(&line)?,
        }
    }
}

/// `VIADUKTLIFTEDOUT/<nonce>/<part>/<size>/`, the numbers in 12 hexadecimal digits each and all of
/// it a multiple of four characters.
fn mark(nonce: &str, part: usize, size: u64) -> Vec<u8> {
    let mut mark = [MARK, nonce.as_bytes()].concat();
    mark.extend_from_slice(format!("/{part:012x}/{size:012x}/\r\n").as_bytes());
    mark
}

fn mark_length(nonce: &[u8]) -> usize {
    MARK.len() + nonce.len() + 2 * "/000000000000".len() + "/\r\n".len()
}

fn read_mark(line: &[u8], nonce: &[u8]) -> Option<(usize, u64)> {
    if nonce.is_empty() {
        return None;
    }
    let rest = line.strip_prefix(MARK)?.strip_prefix(nonce)?.strip_prefix(b"/")?;
    let rest = std::str::from_utf8(rest).ok()?;
    let (part, rest) = rest.split_at_checked(12)?;
    let size = rest.strip_prefix('/')?.strip_suffix('/')?;
    Some((usize::from_str_radix(part, 16).ok()?, u64::from_str_radix(size, 16).ok()?))
}

/// Counts what a base64 body decodes to.
#[derive(Clone, Copy, Default)]
struct Count {
    digits: u64,
}

impl Count {
    fn add(&mut self, line: &[u8]) {
        let digits = line.iter().filter(|b| !b.is_ascii_whitespace() && **b != b'=').count();
        self.digits += digits as u64;
    }

    fn decoded(self) -> u64 {
        self.digits * 3 / 4
    }
}

fn is_base64(line: &[u8]) -> bool {
    line.iter().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' ' | b'\t')
    })
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memchr(b'\n', bytes).map(|at| bytes.split_at(at + 1))
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
