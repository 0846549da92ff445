//! What is said in a short message, and how it is cut into the parts that a network carries
//! (3GPP TS 23.038, TS 23.040 9.2.3.24).
//!
//! In reading order: the alphabets that we write in ([`gsm7`] and UCS-2, chosen by [`Encoding`]),
//! the cut ([`parts`]), what stands before a part ([`header`]), and plainer words where they spare
//! parts ([`plain`]); the alphabets that others write in ([`coding`]), and what they [`said`].

pub(crate) mod coding;
pub(crate) mod gsm7;
pub(crate) mod header;
#[cfg(test)]
mod oracle_tests;
pub(crate) mod parts;
pub(crate) mod plain;
pub(crate) mod said;

pub(crate) use parts::Parts;

/// How a text is written into the user data of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The GSM default alphabet with its extension table (TS 23.038 6.2.1): a septet or two for a
    /// character. SMPP's `data_coding` 0.
    Gsm7,
    /// UCS-2, big-endian (TS 23.038 6.2.3), as every phone reads it: UTF-16, so that emoji are
    /// pairs of surrogates. SMPP's `data_coding` 8.
    Ucs2,
}

impl Encoding {
    /// The shorter encoding that can hold all of `text`.
    pub(crate) fn of(text: &str) -> Self {
        if text.chars().all(|c| gsm7::code(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// How many units (septets, or UTF-16 units) a message of one part holds: 140 octets.
    pub(crate) fn alone(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// How many units a part among several holds: 140 octets without the six of
    /// [`header::Place::short`], whose 48 bits GSM-7 fills up to seven septets.
    pub(crate) fn among_several(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    /// How many units `c` takes; none when this encoding does not know it.
    pub(crate) fn units(self, c: char) -> usize {
        match self {
            Self::Gsm7 => gsm7::code(c).map_or(0, |code| code.septets().len()),
            Self::Ucs2 => c.len_utf16(),
        }
    }

    /// The octets in which a gateway takes one unit: septets travel unpacked, each in an octet.
    pub(crate) fn octets_per_unit(self) -> usize {
        match self {
            Self::Gsm7 => 1,
            Self::Ucs2 => 2,
        }
    }

    /// Writes `c` at the end of `octets`; false when this encoding does not know it.
    pub(crate) fn push(self, c: char, octets: &mut Vec<u8>) -> bool {
        match self {
            Self::Gsm7 => match gsm7::code(c) {
                Some(code) => octets.extend_from_slice(code.septets()),
                None => return false,
            },
            Self::Ucs2 => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units);
                octets.extend(units.iter().flat_map(|unit| unit.to_be_bytes()));
            }
        }
        true
    }

    /// Reads user data without its header, septets one in an octet. Total: what is no text
    /// (an octet above 127, half a surrogate pair, half a unit) is shown as U+FFFD.
    pub(crate) fn decode(self, octets: &[u8]) -> String {
        match self {
            Self::Gsm7 => gsm7::decode(octets),
            Self::Ucs2 => {
                let (units, rest) = octets.as_chunks::<2>();
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                let read =
                    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
                read.chain(rest.iter().map(|_| char::REPLACEMENT_CHARACTER)).collect()
            }
        }
    }
}

/// `text` with lines that end with `\n` and without other control characters, which phones do not
/// show and rooms refuse.
pub(crate) fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
        let mut octets = Vec::new();
        assert!(text.chars().all(|c| encoding.push(c, &mut octets)), "{text:?}");
        octets
    }

    #[test]
    fn umlauts_and_the_euro_are_gsm_and_an_emoji_is_not() {
        assert_eq!(Encoding::of("Grüße für 5 €"), Encoding::Gsm7);
        assert_eq!(Encoding::of("Gruß 🙂"), Encoding::Ucs2);
        assert_eq!(Encoding::of("„Gruß“"), Encoding::Ucs2);
        assert_eq!(Encoding::of("\u{1b}"), Encoding::Ucs2, "the escape is no character");
        assert_eq!(Encoding::of(""), Encoding::Gsm7);
    }

    #[test]
    fn emoji_are_surrogate_pairs() {
        let octets = encoded(Encoding::Ucs2, "a🙂");
        assert_eq!(octets, [0x00, 0x61, 0xd8, 0x3d, 0xde, 0x42]);
        assert_eq!(Encoding::Ucs2.decode(&octets), "a🙂");
    }

    #[test]
    fn what_is_cut_off_is_shown_as_missing() {
        assert_eq!(Encoding::Ucs2.decode(&[0x00, 0x61, 0xd8, 0x3d]), "a\u{fffd}");
        assert_eq!(Encoding::Ucs2.decode(&[0x00, 0x61, 0x00]), "a\u{fffd}");
    }
}
