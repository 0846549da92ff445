//! CMS may come in BER, with lengths that nobody wrote down and strings in pieces (X.690 8.1.3.6,
//! 8.7.3); Thunderbird sends it so. Parsers of DER want neither.

/// Deeper values belong to a hostile mail.
const MAX_DEPTH: usize = 32;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// `ber` with all lengths written down and all strings in one piece; `None` when it is none.
pub(super) fn to_der(ber: &[u8]) -> Option<Vec<u8>> {
    let mut der = Vec::with_capacity(ber.len());
    value(ber, 0, &mut der)?;
    Some(der)
}

/// Writes the first value of `ber`; gives what comes after it.
fn value<'b>(ber: &'b [u8], depth: usize, der: &mut Vec<u8>) -> Option<&'b [u8]> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (tag, length, mut rest) = header(ber)?;
    let mut content = Vec::new();
    if tag & CONSTRUCTED == 0 {
        let (primitive, after) = rest.split_at_checked(length?)?;
        content.extend_from_slice(primitive);
        write(tag, &content, der);
        return Some(after);
    }
    let after = match length {
        Some(length) => {
            let (mut inside, after) = rest.split_at_checked(length)?;
            while !inside.is_empty() {
                inside = value(inside, depth + 1, &mut content)?;
            }
            after
        }
        None => loop {
            if let Some(after) = rest.strip_prefix(&[0, 0]) {
                break after;
            }
            rest = value(rest, depth + 1, &mut content)?;
        },
    };
    if tag == OCTET_STRING | CONSTRUCTED {
        write(OCTET_STRING, &joined(&content)?, der);
    } else {
        write(tag, &content, der);
    }
    Some(after)
}

/// The tag, the length unless it is left open, and what comes after both.
fn header(ber: &[u8]) -> Option<(u8, Option<usize>, &[u8])> {
    let (&tag, rest) = ber.split_first()?;
    // Nothing in CMS has a tag of more than one byte.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    match first {
        0x80 => Some((tag, None, rest)),
        0..0x80 => Some((tag, Some(first.into()), rest)),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let fits = bytes.len() <= size_of::<u32>();
            let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            fits.then_some((tag, Some(length), rest))
        }
    }
}

/// The pieces of a string, put together.
fn joined(mut pieces: &[u8]) -> Option<Vec<u8>> {
    let mut string = Vec::with_capacity(pieces.len());
    while !pieces.is_empty() {
        let (tag, length, rest) = header(pieces)?;
        let (piece, after) = rest.split_at_checked(length?)?;
        if tag != OCTET_STRING {
            return None;
        }
        string.extend_from_slice(piece);
        pieces = after;
    }
    Some(string)
}

fn write(tag: u8, content: &[u8], der: &mut Vec<u8>) {
    der.push(tag);
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    match content.len() {
        short @ 0..0x80 => der.extend(u8::try_from(short).ok()),
        _ => {
            let bytes = &length[zeros..];
            der.push(0x80 | u8::try_from(bytes.len()).unwrap_or(0x7f));
            der.extend_from_slice(bytes);
        }
    }
    der.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_down_and_pieces_joined() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, b'a', 4, 2, b'b', b'c', 0, 0, 2, 1, 7, 0, 0];
        let der = vec![0x30, 8, 4, 3, b'a', b'b', b'c', 2, 1, 7];
        assert_eq!(to_der(&ber), Some(der.clone()));
        assert_eq!(to_der(&der), Some(der));
        let long = [&[4, 0x82, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(to_der(&long), Some(long));
    }

    #[test]
    fn what_is_cut_or_too_deep_is_none() {
        for wrong in [&[][..], &[0x30], &[0x30, 0x80], &[4, 0x85, 1, 1, 1, 1, 1], &[4, 5, 1]] {
            assert_eq!(to_der(wrong), None, "{wrong:?}");
        }
        assert_eq!(to_der(&[0x30, 0x80].repeat(100_000)), None);
    }
}
