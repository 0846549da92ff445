//! What a unit's `data_coding` says about its octets (SMPP 3.4 5.2.19, 3GPP TS 23.038 4).

use super::config::Alphabet;
use crate::text::coding::Coding;

/// The coding of user data; `None` when it is no text.
pub(super) fn coding(data_coding: u8, default: Alphabet) -> Option<Coding> {
    Some(match data_coding {
        0x00 => match default {
            Alphabet::Gsm7 => Coding::Gsm7,
            Alphabet::Latin1 => Coding::Latin1,
        },
        // ASCII and Latin-1.
        0x01 | 0x03 => Coding::Latin1,
        0x06 => Coding::Cyrillic,
        0x07 => Coding::Hebrew,
        0x08 => Coding::Ucs2,
        // Gateways that hand through the network's own coding: with a message class, in the
        // general group (bits 3 and 2 tell the alphabet) and in the short one (bit 2 does).
        0x10..=0x1f => match data_coding & 0x0c {
            0x00 => Coding::Gsm7,
            0x08 => Coding::Ucs2,
            _ => return None,
        },
        0xf0..=0xff if data_coding & 0x04 == 0 => Coding::Gsm7,
        // Message waiting, with a text.
        0xc0..=0xdf => Coding::Gsm7,
        0xe0..=0xef => Coding::Ucs2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        let (gsm7, latin1) = (Alphabet::Gsm7, Alphabet::Latin1);
        for (data_coding, default, expected) in [
            (0, gsm7, Some(Coding::Gsm7)),
            (0, latin1, Some(Coding::Latin1)),
            (1, gsm7, Some(Coding::Latin1)),
            (3, gsm7, Some(Coding::Latin1)),
            (6, gsm7, Some(Coding::Cyrillic)),
            (7, gsm7, Some(Coding::Hebrew)),
            (8, gsm7, Some(Coding::Ucs2)),
            (0x18, gsm7, Some(Coding::Ucs2)),
            (0xf0, latin1, Some(Coding::Gsm7)),
            (0xf5, gsm7, None),
            (4, gsm7, None),
        ] {
            assert_eq!(coding(data_coding, default), expected, "{data_coding}");
        }
    }
}
