//! What a phone sent, read by its `data_coding` (SMPP 3.4 5.2.19, 3GPP TS 23.038 4).

use super::config::Alphabet;
use crate::text::Encoding;

/// Reads user data without its header; `None` when it is no text.
pub(super) fn text(data_coding: u8, octets: &[u8], default: Alphabet) -> Option<String> {
    let in_default = || match default {
        Alphabet::Gsm7 => Encoding::Gsm7.decode(octets),
        Alphabet::Latin1 => latin1(octets),
    };
    Some(match data_coding {
        0x00 => in_default(),
        // ASCII and Latin-1.
        0x01 | 0x03 => latin1(octets),
        0x06 => octets.iter().map(|octet| cyrillic(*octet)).collect(),
        0x07 => octets.iter().map(|octet| hebrew(*octet)).collect(),
        0x08 => Encoding::Ucs2.decode(octets),
        // Gateways that hand through the network's own coding: with a message class, in the
        // general group (bits 3 and 2 tell the alphabet) and in the short one (bit 2 does).
        0x10..=0x1f => match data_coding & 0x0c {
            0x00 => Encoding::Gsm7.decode(octets),
            0x08 => Encoding::Ucs2.decode(octets),
            _ => return None,
        },
        0xf0..=0xff if data_coding & 0x04 == 0 => Encoding::Gsm7.decode(octets),
        // Message waiting, with a text.
        0xc0..=0xdf => Encoding::Gsm7.decode(octets),
        0xe0..=0xef => Encoding::Ucs2.decode(octets),
        _ => return None,
    })
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

/// ISO 8859-5: Cyrillic stands in its Unicode order, but for four signs.
fn cyrillic(octet: u8) -> char {
    match octet {
        0xad => '\u{ad}',
        0xf0 => '№',
        0xfd => '§',
        0xa1..=0xff => shifted(octet, 0xa0, 0x400),
        _ => char::from(octet),
    }
}

/// ISO 8859-8: the Hebrew letters; the signs are Latin-1's but for two.
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
        let cases: [(u8, &[u8], Alphabet, Option<&str>); 11] = [
            (0, &[0x47, 0x72, 0x7e, 0x1e, 0x65], Alphabet::Gsm7, Some("Grüße")),
            (0, b"Gr\xfc\xdfe", Alphabet::Latin1, Some("Grüße")),
            (1, b"a@b.example", Alphabet::Gsm7, Some("a@b.example")),
            (3, b"Gr\xfc\xdfe", Alphabet::Gsm7, Some("Grüße")),
            (6, &[0xbf, 0xe0, 0xd8], Alphabet::Gsm7, Some("При")),
            (7, &[0xe9, 0xe5], Alphabet::Gsm7, Some("יו")),
            (8, &[0x20, 0xac], Alphabet::Gsm7, Some("€")),
            (0x18, &[0x20, 0xac], Alphabet::Gsm7, Some("€")),
            (0xf0, b"Ja", Alphabet::Gsm7, Some("Ja")),
            (0xf5, b"Ja", Alphabet::Gsm7, None),
            (4, b"Ja", Alphabet::Gsm7, None),
        ];
        for (data_coding, octets, default, expected) in cases {
            assert_eq!(text(data_coding, octets, default).as_deref(), expected, "{data_coding}");
        }
    }
}
