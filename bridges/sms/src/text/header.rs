//! What may stand before the text of a message: the user data header (3GPP TS 23.040 9.2.3.24),
//! a length and a list of elements, each with an identifier, a length and its data.

use serde::{Deserialize, Serialize};

/// Element identifiers of TS 23.040 9.2.3.24.
mod element {
    /// Concatenation with an 8-bit reference (9.2.3.24.1).
    pub(super) const CONCATENATED_8: u8 = 0x00;
    /// Application ports with 8-bit addresses (9.2.3.24.3).
    pub(super) const PORTS_8: u8 = 0x04;
    /// Application ports with 16-bit addresses (9.2.3.24.4).
    pub(super) const PORTS_16: u8 = 0x05;
    /// Concatenation with a 16-bit reference (9.2.3.24.8).
    pub(super) const CONCATENATED_16: u8 = 0x08;
}

/// A part's place in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The same for all parts of a message.
    pub(crate) reference: u16,
    /// How many parts there are; at least 1.
    pub(crate) of: u8,
    /// Which one this is, from 1 to `of`.
    pub(crate) number: u8,
}

/// What a header says, as far as a bridge of texts needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// The place in a message of several parts.
    pub(crate) place: Option<Place>,
    /// Meant for an application at a port, not for a reader: a business card, a configuration.
    pub(crate) for_application: bool,
}

/// The user data claims a header that it does not have whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user data header is longer than the user data")]
pub(crate) struct Malformed;

impl Place {
    /// Bytes of [`Place::short`].
    pub(crate) const SHORT: usize = 6;

    /// The header for this place with an 8-bit reference, the reference's upper half left out.
    pub(crate) fn short(self) -> [u8; Self::SHORT] {
        let [_, reference] = self.reference.to_be_bytes();
        [5, element::CONCATENATED_8, 3, reference, self.of, self.number]
    }

    /// TS 23.040 9.2.3.24.1: an element with a number or a count of 0, or a number beyond the
    /// count, is to be ignored.
    fn new(reference: u16, of: u8, number: u8) -> Option<Self> {
        (number >= 1 && number <= of).then_some(Self { reference, of, number })
    }
}

impl Header {
    /// Takes the header off the front of `user_data` (whose UDHI flag is set) and returns the
    /// rest beside it.
    ///
    /// # Errors
    /// The header is longer than the user data. An element that is cut short, in a header that is
    /// there whole, ends the list; what came before it counts.
    pub(crate) fn split(user_data: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (length, rest) = user_data.split_first().ok_or(Malformed)?;
        let (mut elements, text) = rest.split_at_checked(usize::from(*length)).ok_or(Malformed)?;
        let mut header = Self::default();
        while let [id, length, rest @ ..] = elements {
            let Some((data, rest)) = rest.split_at_checked(usize::from(*length)) else { break };
            header.take(*id, data);
            elements = rest;
        }
        Ok((header, text))
    }

    /// An element that comes twice counts the last time (TS 23.040 9.2.3.24).
    fn take(&mut self, id: u8, data: &[u8]) {
        match (id, data) {
            (element::CONCATENATED_8, [reference, of, number]) => {
                self.place = Place::new(u16::from(*reference), *of, *number);
            }
            (element::CONCATENATED_16, [high, low, of, number]) => {
                self.place = Place::new(u16::from_be_bytes([*high, *low]), *of, *number);
            }
            (element::PORTS_8 | element::PORTS_16, _) => self.for_application = true,
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_is_read() {
        let place = Place { reference: 0xa7, of: 3, number: 2 };
        let mut data = place.short().to_vec();
        data.extend_from_slice(b"text");
        let header = Header { place: Some(place), for_application: false };
        assert_eq!(Header::split(&data), Ok((header, &b"text"[..])));
    }

    #[test]
    fn sixteen_bits_and_strange_elements_beside() {
        let data = [11, 0x24, 1, 1, 0x08, 4, 0x12, 0x34, 2, 1, 0x70, 0, b'x'];
        let (header, rest) = Header::split(&data).unwrap();
        assert_eq!(header.place, Some(Place { reference: 0x1234, of: 2, number: 1 }));
        assert_eq!(rest, b"x");
    }

    #[test]
    fn impossible_places_are_ignored() {
        for [of, number] in [[0, 0], [2, 0], [2, 3], [0, 1]] {
            let data = [5, 0, 3, 1, of, number];
            assert_eq!(Header::split(&data).unwrap().0.place, None, "{number} of {of}");
        }
    }

    #[test]
    fn ports_mean_an_application() {
        let card = [6, 5, 4, 0x23, 0xf4, 0, 0];
        assert!(Header::split(&card).unwrap().0.for_application);
    }

    #[test]
    fn what_is_cut_short_is_said_or_ends_the_list() {
        assert_eq!(Header::split(&[]), Err(Malformed));
        assert_eq!(Header::split(&[5, 0, 3, 1, 2]), Err(Malformed));
        let (header, rest) = Header::split(&[7, 0, 3, 9, 2, 1, 0x08, 9, b'x']).unwrap();
        assert_eq!(header.place, Some(Place { reference: 9, of: 2, number: 1 }));
        assert_eq!(rest, b"x");
    }
}
