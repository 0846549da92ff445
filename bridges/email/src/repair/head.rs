//! What is mended in a header, with a look at the body it speaks about.

use std::borrow::Cow;

use memchr::memmem;

use super::{next_line, windows_1252};
use crate::mime::{self, Walker};

/// A body that has no boundary line up to here has none.
const MAX_LINES: usize = 2_000;
/// What stands for a Content-Type that cannot be read (RFC 2045 5.2).
const PLAIN: &[u8] = b"Content-Type: text/plain\r\n";
/// Content-Types in one header that are looked at.
const MAX_KINDS: usize = 4;

/// `head` with one Content-Type that fits `body`, and with a transfer encoding only where it is
/// one. `walker` stands before the head.
pub(super) fn mend<'h>(head: &'h [u8], body: &[u8], walker: &Walker) -> Cow<'h, [u8]> {
    let mut fields: Vec<Cow<'h, [u8]>> = fields(head).map(in_utf8).collect();
    one_kind(&mut fields, body);
    keep_first(&mut fields, b"content-transfer-encoding");
    if let Some(at) = find(&fields, b"content-type")
        && let Some(kind) = mended_kind(&fields[at], body, walker)
    {
        fields[at] = Cow::Owned(kind);
    }
    if let Some(at) = find(&fields, b"content-transfer-encoding")
        && value(&fields[at]).eq_ignore_ascii_case(b"base64")
        && !is_base64(body, walker)
    {
        fields.remove(at);
    }
    let mended = fields.concat();
    if mended == head { Cow::Borrowed(head) } else { Cow::Owned(mended) }
}

/// Whether a header is a multipart's.
pub(super) fn has_parts(head: &[u8]) -> bool {
    fields(head).any(|field| is(field, b"content-type") && is_multipart(field))
}

/// The boundary that a header names.
pub(super) fn boundary(head: &[u8]) -> Option<Vec<u8>> {
    let field = fields(head).find(|field| is(field, b"content-type"))?;
    is_multipart(field).then(|| mime::boundary(value(field))).flatten()
}

/// `head` with another boundary.
pub(super) fn with_boundary(head: &[u8], boundary: &[u8]) -> Vec<u8> {
    let fields = fields(head).map(|field| match is(field, b"content-type") {
        true => with_name(field, boundary),
        false => field.to_vec(),
    });
    fields.collect::<Vec<_>>().concat()
}

/// Of several Content-Types the first one counts, or the one whose parts are there.
fn one_kind(fields: &mut Vec<Cow<'_, [u8]>>, body: &[u8]) {
    let kinds = fields.iter().filter(|field| is(field, b"content-type"));
    if kinds.clone().count() < 2 {
        return;
    }
    let has_parts = |field: &&Cow<'_, [u8]>| {
        let boundary = is_multipart(field).then(|| mime::boundary(value(field))).flatten();
        boundary.is_some_and(|boundary| begins_part(&boundary, body))
    };
    let chosen =
        kinds.clone().take(MAX_KINDS).find(has_parts).or_else(|| kinds.clone().next()).cloned();
    let chosen = chosen.map(Cow::into_owned).unwrap_or_default();
    let mut is_there = false;
    fields.retain(|field| {
        let stays = !is(field, b"content-type") || !is_there && **field == *chosen;
        is_there |= **field == *chosen;
        stays
    });
}

fn keep_first(fields: &mut Vec<Cow<'_, [u8]>>, name: &[u8]) {
    let mut is_there = false;
    fields.retain(|field| !is(field, name) || !std::mem::replace(&mut is_there, true));
}

/// A Content-Type that fits: `None` when it does as it is.
fn mended_kind(field: &[u8], body: &[u8], walker: &Walker) -> Option<Vec<u8>> {
    let plain = PLAIN.to_vec();
    if !is_multipart(field) {
        // RFC 2045 5.2: what cannot be read is plain text.
        let kind = value(field).split(|b| *b == b';').next().unwrap_or_default();
        return (!kind.contains(&b'/')).then_some(plain);
    }
    let named = mime::boundary(value(field));
    if named.as_ref().is_some_and(|boundary| begins_part(boundary, body)) {
        return None;
    }
    if let Some(found) = boundary_in(body, walker) {
        return Some(with_name(field, &found));
    }
    // A boundary in parts (RFC 2231 3) is for the parser to put together, and what is inside
    // another multipart it shows as it is.
    let is_in_parts = named.is_none() && memmem::find(field, b"boundary*").is_some();
    (!is_in_parts && !walker.is_inside()).then_some(plain)
}

/// The boundary that a body has by its looks: a line of dashes and no blanks, before a field of a
/// part.
fn boundary_in(body: &[u8], walker: &Walker) -> Option<Vec<u8>> {
    let mut rest = body;
    for _ in 0..MAX_LINES {
        let line = next_line(rest)?;
        rest = &rest[line.len()..];
        if walker.is_boundary(line) {
            return None;
        }
        let Some(name) = line.strip_prefix(b"--").map(<[u8]>::trim_ascii_end) else { continue };
        let is_name = (1..=70).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
        let is_before_field = next_line(rest).is_some_and(|next| {
            next.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
        });
        if is_name && is_before_field && !name.contains(&b'"') {
            return Some(name.to_vec());
        }
    }
    None
}

/// Whether a part begins in `body` with this boundary.
fn begins_part(boundary: &[u8], body: &[u8]) -> bool {
    let delimiter = [b"--", boundary].concat();
    memmem::find_iter(body, &delimiter).any(|at| {
        let rest = next_line(&body[at + delimiter.len()..]).unwrap_or_default();
        (at == 0 || body[at - 1] == b'\n') && rest.trim_ascii().is_empty()
    })
}

/// Whether a body can be base64 (RFC 2045 6.8), by its first line that is not empty. Lists add a
/// footer in plain text to whatever it is.
fn is_base64(body: &[u8], walker: &Walker) -> bool {
    let mut rest = body;
    while let Some(line) = next_line(rest).filter(|line| !walker.is_boundary(line)) {
        rest = &rest[line.len()..];
        let line = line.trim_ascii();
        if !line.is_empty() {
            return line.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b));
        }
    }
    true
}

/// A multipart's Content-Type with another boundary.
fn with_name(field: &[u8], boundary: &[u8]) -> Vec<u8> {
    let named = mime::boundary(value(field)).filter(|old| !old.is_empty());
    let at = named.and_then(|old| {
        // The last one: the name may stand in the field's other words too.
        Some((memmem::rfind(field, &old)?, old.len()))
    });
    match at {
        Some((at, length)) => {
            let (before, after) = (&field[..at], &field[at + length..]);
            match before.ends_with(b"\"") {
                true => [before, boundary, after].concat(),
                false => [before, b"\"", boundary, b"\"", after].concat(),
            }
        }
        None => {
            let kind = field.trim_ascii_end();
            let kind = kind.strip_suffix(b";").unwrap_or(kind);
            [kind, b"; boundary=\"", boundary, b"\"\r\n"].concat()
        }
    }
}

/// `head` in the character set that its fields should have. Of a multipart whose boundary never
/// occurs the parser would look through the rest of the mail, for each anew: it is plain text.
pub(super) fn with_parts_that_occur(head: &[u8], body: &[u8]) -> Vec<u8> {
    let occurs = |boundary: Vec<u8>| memmem::find(body, &[b"--", &boundary[..]].concat()).is_some();
    let is_plain = boundary(head).is_some_and(|boundary| !occurs(boundary));
    let fields = fields(head).map(|field| match is(field, b"content-type") {
        true if is_plain => Cow::Borrowed(PLAIN),
        _ => in_utf8(field),
    });
    fields.collect::<Vec<_>>().concat()
}

/// The fields of a header, each with the lines it goes on in.
fn fields(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut end = next_line(rest)?.len();
        while let Some(line) = next_line(&rest[end..]) {
            if !matches!(line.first(), Some(b' ' | b'\t')) {
                break;
            }
            end += line.len();
        }
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field)
    })
}

/// RFC 6532 allows no character set but this one.
fn in_utf8(field: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(field) {
        Ok(_) => Cow::Borrowed(field),
        Err(_) => windows_1252(field).into_bytes().into(),
    }
}

fn find(fields: &[Cow<'_, [u8]>], name: &[u8]) -> Option<usize> {
    fields.iter().position(|field| is(field, name))
}

fn is(field: &[u8], name: &[u8]) -> bool {
    let found = field.split(|b| *b == b':').next().unwrap_or_default();
    found.len() < field.len() && found.trim_ascii().eq_ignore_ascii_case(name)
}

fn value(field: &[u8]) -> &[u8] {
    let colon = memchr::memchr(b':', field);
    colon.map_or(&[][..], |colon| &field[colon + 1..]).trim_ascii()
}

fn is_multipart(field: &[u8]) -> bool {
    value(field).get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"))
}
