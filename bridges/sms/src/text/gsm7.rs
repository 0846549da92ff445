//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 6.2.1 and 6.2.1.1),
//! one septet in an octet.

/// Announces a character of the extension table.
const ESCAPE: u8 = 0x1b;

/// The default alphabet; the escape's own place holds a space, which is what a lone escape is
/// shown as.
#[rustfmt::skip]
const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// What follows an escape, and what both mean together.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// A character's code: one septet, or an escape and a septet.
#[derive(Clone, Copy)]
pub(crate) struct Code {
    septets: [u8; 2],
    extended: bool,
}

impl Code {
    /// The septets, one in an octet.
    pub(crate) fn septets(&self) -> &[u8] {
        if self.extended { &self.septets } else { &self.septets[1..] }
    }
}

/// The code of `c`; `None` when neither table has it.
pub(crate) fn code(c: char) -> Option<Code> {
    if let Some(septet) = plain_septet(c) {
        return Some(Code { septets: [ESCAPE, septet], extended: false });
    }
    let (septet, _) = EXTENSION.iter().find(|(_, known)| *known == c)?;
    Some(Code { septets: [ESCAPE, *septet], extended: true })
}

fn plain_septet(c: char) -> Option<u8> {
    match c {
        // Most of what people write stands where ASCII has it.
        ' ' | 'A'..='Z' | 'a'..='z' | '0'..='9' | '%'..='?' | '!'..='#' => u8::try_from(c).ok(),
        _ => ALPHABET.iter().position(|known| *known == c).and_then(|at| u8::try_from(at).ok()),
    }
}

/// Reads septets, one in an octet. Total: an escape without a meaning of its own is shown as the
/// standard asks, and an octet above 127, which no alphabet has, as U+FFFD.
pub(crate) fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter().copied();
    while let Some(septet) = rest.next() {
        let c = if septet == ESCAPE { rest.next().map_or(' ', extended) } else { plain(septet) };
        text.push(c);
    }
    text
}

fn plain(septet: u8) -> char {
    ALPHABET.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// TS 23.038 6.2.1.1: what the extension table lacks is shown as the default alphabet has it; a
/// second escape, reserved for another table, as a space.
fn extended(septet: u8) -> char {
    EXTENSION.iter().find(|(known, _)| *known == septet).map_or_else(|| plain(septet), |(_, c)| *c)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_septet_and_every_pair_can_be_read_and_written_back() {
        for septet in (0..128).filter(|septet| *septet != ESCAPE) {
            let read: Vec<char> = decode(&[septet]).chars().collect();
            assert_eq!(code(read[0]).unwrap().septets(), [septet], "{septet:#04x}");
        }
        for (septet, c) in EXTENSION {
            assert_eq!(decode(&[ESCAPE, septet]), c.to_string());
            assert_eq!(code(c).unwrap().septets(), [ESCAPE, septet]);
        }
    }

    #[test]
    fn an_escape_without_a_meaning_hides_nothing() {
        assert_eq!(decode(&[0x41, ESCAPE]), "A ");
        assert_eq!(decode(&[ESCAPE, 0x42, 0x43]), "BC");
        assert_eq!(decode(&[ESCAPE, ESCAPE, 0x65]), " e");
        assert_eq!(decode(&[ESCAPE, 0xe5, 0x80]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn what_the_tables_lack_has_no_code() {
        for c in ['`', 'ç', '\t', '\u{1b}', '„', 'ő', '🙂', '\u{a0}'] {
            assert!(code(c).is_none(), "{c:?}");
        }
    }
}
