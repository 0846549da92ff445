//! The alphabets that come in (3GPP TS 23.038 4, SMPP 3.4 5.2.19): more than [`super::Encoding`],
//! in which we write.

use serde::{Deserialize, Serialize};

use super::Encoding;

/// What octets of text stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Coding {
    /// The GSM default alphabet, a septet in each octet.
    Gsm7,
    /// UCS-2 or UTF-16, big-endian.
    Ucs2,
    /// ISO 8859-1, and with it ASCII.
    Latin1,
    /// ISO 8859-5.
    Cyrillic,
    /// ISO 8859-8.
    Hebrew,
}

impl Coding {
    /// Reads `octets`. Total: what stands for nothing is shown as U+FFFD.
    pub(crate) fn decode(self, octets: &[u8]) -> String {
        let each = |read: fn(u8) -> char| octets.iter().map(|octet| read(*octet)).collect();
        match self {
            Self::Gsm7 => Encoding::Gsm7.decode(octets),
            Self::Ucs2 => Encoding::Ucs2.decode(octets),
            Self::Latin1 => each(char::from),
            Self::Cyrillic => each(cyrillic),
            Self::Hebrew => each(hebrew),
        }
    }
}

/// The Cyrillic letters stand in their Unicode order; four signs do not.
fn cyrillic(octet: u8) -> char {
    match octet {
        0xad => '\u{ad}',
        0xf0 => '№',
        0xfd => '§',
        0xa1..=0xff => shifted(octet, 0xa0, 0x400),
        _ => char::from(octet),
    }
}

/// The Hebrew letters; the signs are Latin-1's but for two.
fn hebrew(octet: u8) -> char {
    match octet {
        0xe0..=0xfa => shifted(octet, 0xe0, 0x5d0),
        0xaa => '×',
        0xba => '÷',
        _ => char::from(octet),
    }
}

fn shifted(octet: u8, from: u8, to: u32) -> char {
    char::from_u32(to + u32::from(octet - from)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets() {
        let cases: [(Coding, &[u8], &str); 5] = [
            (Coding::Gsm7, &[0x47, 0x72, 0x7e, 0x1e, 0x65], "Grüße"),
            (Coding::Latin1, b"Gr\xfc\xdfe", "Grüße"),
            (Coding::Cyrillic, &[0xbf, 0xe0, 0xd8], "При"),
            (Coding::Hebrew, &[0xe9, 0xe5], "יו"),
            (Coding::Ucs2, &[0x20, 0xac], "€"),
        ];
        for (coding, octets, expected) in cases {
            assert_eq!(coding.decode(octets), expected, "{coding:?}");
        }
    }
}
