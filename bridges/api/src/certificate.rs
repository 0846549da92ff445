//! When a certificate ends (RFC 5280 4.1.2.5). Nothing else is read of it, and nothing follows
//! from it but a warning: whom to believe is rustls' to say.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::env::Timestamp;

// Tags of DER (X.690 8.1.2), as far as they come before a certificate's end.
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// When the X.509 certificate `der` ends; `None`: it never does, or it cannot be read.
pub fn ends_at(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (to_be_signed, _) = element(certificate, SEQUENCE)?;
    // Certificates of the first version do not name it.
    let mut rest = element(to_be_signed, VERSION).map_or(to_be_signed, |(_, rest)| rest);
    // The serial number, the algorithm of the signature, the issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, _, after_begin) = any(validity)?;
    let (tag, end, _) = any(after_begin)?;
    let end = std::str::from_utf8(end).ok()?;
    let end = match tag {
        // Two digits of the year stand for 1950 to 2049 (RFC 5280 4.1.2.5.1).
        UTC_TIME => format!("{}{end}", if end < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => end.to_owned(),
        _ => return None,
    };
    let end = DateTime::strptime("%Y%m%d%H%M%SZ", end).ok()?;
    let end = Offset::UTC.to_timestamp(end).ok()?;
    u64::try_from(end.as_millisecond()).ok().map(Timestamp)
}

/// The content of the first element, which has `tag`, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any(der).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// The tag and the content of the first element, and what comes after it (X.690 8.1.3).
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80).filter(|_| long <= 0x84)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["mail.amt.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 28);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms() {
        for (year, seconds) in [(2027, 1_803_772_800), (2049, 2_498_083_200), (2051, 2_561_155_200)]
        {
            assert_eq!(ends_at(&certificate(year)), Some(Timestamp(seconds * 1000)), "{year}");
        }
    }

    #[test]
    fn what_is_cut_off_or_damaged_has_no_end() {
        let whole = certificate(2027);
        for length in 0..whole.len() {
            assert_eq!(ends_at(&whole[..length]), None, "{length}");
        }
        assert_eq!(ends_at(&[0x30, 0xff, 0xff]), None);
        assert_eq!(ends_at(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
