//! Seven bits in eight (3GPP TS 23.038 6.1.2.1): how the radio network carries septets, and some
//! gateways with it. The first septet lies in the lowest bits of the first octet.

/// Packs septets, one in an octet, behind `header` octets of a user data header: the first septet
/// begins at the next multiple of seven bits (TS 23.040 9.2.3.24). The header is not part of the
/// result.
pub(crate) fn pack(septets: &[u8], header: usize) -> Vec<u8> {
    let mut octets = Vec::with_capacity(septets.len() + 1);
    let (mut bits, mut filled) = (0u16, fill(header));
    for septet in septets {
        bits |= u16::from(septet & 0x7f) << filled;
        filled += 7;
        if filled >= 8 {
            octets.push(low(bits));
            bits >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 && !septets.is_empty() {
        octets.push(low(bits));
    }
    octets
}

/// Unpacks at most `count` septets from the octets behind a header of `header` octets.
pub(crate) fn unpack(octets: &[u8], header: usize, count: usize) -> Vec<u8> {
    let mut septets = Vec::with_capacity(count.min(octets.len() * 8 / 7));
    let (mut bits, mut held) = (0u16, 0);
    let mut to_skip = fill(header);
    for octet in octets {
        bits |= u16::from(*octet) << held;
        held += 8;
        if to_skip > 0 {
            bits >>= to_skip;
            held -= to_skip;
            to_skip = 0;
        }
        while held >= 7 {
            septets.push(low(bits) & 0x7f);
            bits >>= 7;
            held -= 7;
        }
    }
    septets.truncate(count);
    septets
}

/// The bits between a header and the first septet.
fn fill(header: usize) -> usize {
    (7 - header * 8 % 7) % 7
}

fn low(bits: u16) -> u8 {
    bits.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_text() {
        // "hellohello", as in countless descriptions of the format.
        let octets = [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        assert_eq!(pack(b"hellohello", 0), octets);
        assert_eq!(unpack(&octets, 0, 10), b"hellohello");
    }

    #[test]
    fn a_header_of_six_octets_is_filled_up_by_one_bit() {
        assert_eq!(pack(b"A", 6), [0x82]);
        assert_eq!(unpack(&[0x82], 6, 1), b"A");
    }

    #[test]
    fn every_length_behind_every_header_comes_back() {
        for header in 0..14 {
            for length in 0..180 {
                let septets: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(37) % 128).collect();
                let octets = pack(&septets, header);
                assert_eq!(unpack(&octets, header, septets.len()), septets, "{header} {length}");
            }
        }
    }

    #[test]
    fn a_full_part_fits_into_140_octets() {
        assert_eq!(pack(&[0x41; 160], 0).len(), 140);
        assert_eq!(pack(&[0x41; 153], 6).len(), 134);
    }
}
