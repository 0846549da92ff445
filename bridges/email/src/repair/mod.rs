//! Repairs that keep a mail readable which is not quite one, and the cut where reading stops.
//! Same bytes in, same bytes out: what is read and what is fetched later agree.

mod head;

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use memchr::memmem;

use crate::mime::{Line, Walker};

/// Multiparts in a mail for which the rest of it is looked through.
const MAX_LOOKS: usize = 20;

/// `mail` with the faults mended that make a parser lose text: blanks or an mbox line before the
/// first field, a separator line of blanks only, a separator that is missing, lines that end
/// with CR alone, header fields in an unnamed 8-bit character set, and what [`head`] mends in
/// headers. A boundary that occurs elsewhere too, such as the beginning of another one, gets a
/// name of its own (RFC 2046 5.1.1), and parts that are left open are closed.
pub(crate) fn repair(mail: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b'\n', mail) {
        Some(_) => mended(mail),
        None => {
            let lines: Vec<&[u8]> = mail.split(|b| *b == b'\r').collect();
            if lines.len() == 1 {
                mended(mail)
            } else {
                mended(&lines.join(&b"\r\n"[..])).into_owned().into()
            }
        }
    }
}

fn mended(mail: &[u8]) -> Cow<'_, [u8]> {
    let mail = skip_preamble(mail);
    let mut repair = Repair {
        mail,
        mended: None,
        at: 0,
        walker: Walker::default(),
        names: Vec::new(),
        looks: 0,
        begun: Vec::new(),
    };
    while let Some(line) = next_line(&mail[repair.at..]) {
        if repair.walker.beyond_limits() {
            repair.take(mail.len() - repair.at);
        } else if repair.walker.in_head() {
            repair.head();
        } else {
            repair.body(line);
        }
    }
    repair.mended.map_or(Cow::Borrowed(mail), Cow::Owned)
}

struct Repair<'m> {
    mail: &'m [u8],
    /// What stands for `mail[..at]`, once it is not the same.
    mended: Option<Vec<u8>>,
    at: usize,
    /// Has seen what is mended.
    walker: Walker,
    /// Boundaries that were renamed, with their new names, the innermost last.
    names: Vec<(Vec<u8>, Vec<u8>)>,
    /// How often the rest of the mail was looked through for a boundary.
    looks: usize,
    /// Boundaries that have begun a part.
    begun: Vec<Vec<u8>>,
}

impl Repair<'_> {
    /// The next `count` bytes stay as they are.
    fn take(&mut self, count: usize) {
        let end = self.at + count;
        if let Some(mended) = &mut self.mended {
            mended.extend_from_slice(&self.mail[self.at..end]);
        }
        self.at = end;
    }

    /// Instead of the next `count` bytes `written` is read.
    fn replace(&mut self, count: usize, written: &[u8]) {
        let end = self.at + count;
        if self.mail[self.at..end] == *written {
            return self.take(count);
        }
        let before = &self.mail[..self.at];
        self.mended.get_or_insert_with(|| before.to_vec()).extend_from_slice(written);
        self.at = end;
    }

    /// A line between parts or inside one.
    fn body(&mut self, line: &[u8]) {
        let renamed = self.names.iter().rev().find_map(|(old, new)| {
            let rest = line.strip_prefix(b"--")?.strip_prefix(&old[..])?;
            is_end_of_boundary(rest).then(|| [b"--", &new[..], rest].concat())
        });
        let written = renamed.as_deref().unwrap_or(line);
        for open in self.walker.left_open(written) {
            // One that has no parts ends with what is around it.
            if !self.begun.contains(&open) {
                continue;
            }
            let end = [b"--", &open[..], b"--\r\n"].concat();
            self.walker.line(&end, false);
            self.replace(0, &end);
        }
        let begun = self.walker.boundary_of(written);
        if let Some(name) = begun.filter(|name| !self.begun.contains(name)) {
            self.begun.push(name.clone());
        }
        self.walker.line(written, false);
        self.replace(line.len(), written);
    }

    /// The header that begins here, and the line that ends it.
    fn head(&mut self) {
        let rest = &self.mail[self.at..];
        let (fields, separator) = self.end_of_head(rest);
        if fields == 0 {
            let line = next_line(rest).unwrap_or_default();
            if self.walker.is_boundary(line) {
                return self.body(line);
            }
            self.walker.line(b"\r\n", false);
            return self.replace(separator, empty_line(&line[..separator]));
        }
        let body = &rest[fields + separator..];
        let mut head = self.mended_head(&rest[..fields], body);
        for line in head.split_inclusive(|b| *b == b'\n') {
            self.walker.line(line, false);
        }
        let ends_mail = body.is_empty() && separator == 0;
        if !ends_mail {
            self.walker.line(b"\r\n", false);
            head.extend_from_slice(empty_line(&rest[fields..fields + separator]));
        }
        self.replace(fields + separator, &head);
    }

    fn mended_head(&mut self, head: &[u8], body: &[u8]) -> Vec<u8> {
        if head::has_parts(head) {
            self.looks += 1;
        }
        if self.looks > MAX_LOOKS {
            return head::with_parts_that_occur(head, body);
        }
        let mut head = head::mend(head, body, &self.walker).into_owned();
        if let Some(old) = head::boundary(&head).filter(|old| is_ambiguous(old, body)) {
            let seed = [&old[..], &self.at.to_le_bytes()].concat();
            let new = format!("viadukt-{}", &blake3::hash(&seed).to_hex()[..32]).into_bytes();
            head = head::with_boundary(&head, &new);
            self.names.push((old, new));
        }
        head
    }

    /// How long the fields are with which `rest` begins, and the line after them that separates
    /// them from the body: 0 when it is missing.
    fn end_of_head(&self, rest: &[u8]) -> (usize, usize) {
        let mut at = 0;
        while let Some(line) = next_line(&rest[at..]) {
            if line.trim_ascii().is_empty() {
                return (at, line.len());
            }
            let is_boundary = self.walker.is_boundary(line) || line.starts_with(b"--") && at > 0;
            let next = next_line(&rest[at + line.len()..]);
            let ends = !fits_head(line) && !next.is_some_and(continues_head);
            if is_boundary || ends && (at > 0 || self.walker.is_inside()) {
                return (at, 0);
            }
            at += line.len();
        }
        (at, 0)
    }
}

/// An empty line is one already, however it is ended.
fn empty_line(line: &[u8]) -> &[u8] {
    if line == b"\n" { line } else { b"\r\n" }
}

/// Whether more than lines of its own begin with this boundary.
fn is_ambiguous(boundary: &[u8], body: &[u8]) -> bool {
    let delimiter = [b"--", boundary].concat();
    memmem::find_iter(body, &delimiter).any(|at| {
        let line = memchr::memrchr(b'\n', &body[..at]).map_or(0, |end| end + 1);
        // Some programs indent them.
        let begins_line = body[line..at].trim_ascii().is_empty();
        let line = next_line(&body[at + delimiter.len()..]).unwrap_or_default();
        !begins_line || !is_end_of_boundary(line)
    })
}

/// What may follow a boundary in its line.
fn is_end_of_boundary(rest: &[u8]) -> bool {
    matches!(rest.trim_ascii(), b"" | b"--")
}

/// As much of `mail` as is read: where parts get too many or too deep it ends, and the answer
/// is true.
pub(crate) fn within_limits(mail: &[u8]) -> (&[u8], bool) {
    let mut walker = Walker::default();
    let mut at = 0;
    while let Some(line) = next_line(&mail[at..]) {
        if walker.line(line, false) != Line::Body && walker.beyond_limits() {
            return (&mail[..at], true);
        }
        at += line.len();
    }
    (mail, false)
}

/// Text in the character set that most who name none mean.
pub(crate) fn windows_1252(bytes: &[u8]) -> String {
    charset_decoder(b"windows-1252")
        .map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes))
}

fn skip_preamble(mut mail: &[u8]) -> &[u8] {
    while let Some(line) = next_line(mail) {
        let is_preamble = line.trim_ascii().is_empty()
            || line.starts_with(b"From ")
            || line.starts_with(b">From ");
        if !is_preamble {
            break;
        }
        mail = &mail[line.len()..];
    }
    mail
}

/// Whether a line can stand in a header: a field (RFC 5322 2.2) or its continuation.
fn fits_head(line: &[u8]) -> bool {
    if line.first().is_some_and(u8::is_ascii_whitespace) {
        return true;
    }
    let name = line.split(|b| *b == b':').next().unwrap_or_default();
    let name = name.trim_ascii_end();
    name.len() < line.trim_ascii_end().len()
        && !name.is_empty()
        && name.iter().all(|b| b.is_ascii_graphic())
}

/// Whether a header goes on with this line, or ends as it should.
fn continues_head(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || fits_head(line) && !line.starts_with(b"--")
}

fn next_line(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.is_empty() {
        return None;
    }
    Some(&bytes[..memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)])
}
