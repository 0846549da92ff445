//! Small repairs that keep a mail readable which is not quite one, and the cut where reading
//! stops. Same bytes in, same bytes out: what is read and what is fetched later agree.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

use crate::mime::{Line, Walker};

/// `mail` with the faults mended that make a parser lose text:
/// blanks or an mbox line before the first field, a separator line of blanks only, a separator
/// that is missing, and header fields in an unnamed 8-bit character set.
pub(crate) fn repair(mail: &[u8]) -> Cow<'_, [u8]> {
    let mail = skip_preamble(mail);
    let mut walker = Walker::default();
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(line) = next_line(&mail[at..]) {
        let after = at + line.len();
        let (in_head, may_end) = walker.in_head();
        let fixed: Cow<'_, [u8]> = match () {
            () if !in_head => line.into(),
            () if line.trim_ascii().is_empty() => b"\r\n".into(),
            () if may_end
                && !fits_head(line)
                && !next_line(&mail[after..]).is_some_and(fits_head) =>
            {
                walker.line(b"\r\n", false);
                [b"\r\n", line].concat().into()
            }
            () if std::str::from_utf8(line).is_err() => windows_1252(line).into_bytes().into(),
            () => line.into(),
        };
        // An empty line is one already, however it is ended.
        let same = *fixed == *line || line == b"\n" && *fixed == *b"\r\n";
        if let Some(mended) = &mut mended {
            mended.extend_from_slice(if same { line } else { &fixed });
        } else if !same {
            mended = Some([&mail[..at], &fixed].concat());
        }
        walker.line(line, false);
        at = after;
    }
    mended.map_or(Cow::Borrowed(mail), Cow::Owned)
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

/// Whether a line can stand in a header: a field (RFC 5322 2.2), its continuation, a boundary
/// or the end.
fn fits_head(line: &[u8]) -> bool {
    if line.trim_ascii().is_empty() || line.starts_with(b"--") || line[0].is_ascii_whitespace() {
        return true;
    }
    let name = line.split(|b| *b == b':').next().unwrap_or_default();
    let name = name.trim_ascii_end();
    name.len() < line.trim_ascii_end().len()
        && !name.is_empty()
        && name.iter().all(|b| b.is_ascii_graphic())
}

fn next_line(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.is_empty() {
        return None;
    }
    Some(&bytes[..memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)])
}
