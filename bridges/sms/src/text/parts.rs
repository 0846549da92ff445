//! The cut of a text into parts: greedy, never inside a character's code (an escape and what it
//! announces, a surrogate pair), so that each part can be read alone.

use super::Encoding;

/// TS 23.040 9.2.3.24.1: an octet counts the parts.
const MOST: usize = u8::MAX as usize;

/// A text in parts.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// In which all of them are written.
    pub(crate) encoding: Encoding,
    /// Septets, or UTF-16 units, of the whole text.
    pub(crate) units: usize,
    all: Vec<Part>,
}

/// One part, as one message of the network carries it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// What it says.
    pub(crate) text: String,
    /// The same encoded, without a header: UCS-2, or septets, one in an octet.
    pub(crate) octets: Vec<u8>,
}

/// A text needs more parts than a message can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {parts} parts; a message has at most {MOST}")]
pub(crate) struct TooLong {
    /// How many it needs.
    pub(crate) parts: usize,
}

impl Parts {
    /// Cuts `text` into as few parts as the network takes: one of 160 septets or 70 units, or
    /// several of 153 or 67 behind a header with an 8-bit reference. A text without characters is
    /// one part.
    ///
    /// # Errors
    /// There would be more than 255.
    pub(crate) fn of(text: &str) -> Result<Self, TooLong> {
        Self::encoded(text, Encoding::of(text))
    }

    /// As [`Parts::of`], in an encoding that holds all of `text`.
    pub(crate) fn encoded(text: &str, encoding: Encoding) -> Result<Self, TooLong> {
        let units = text.chars().map(|c| encoding.units(c)).sum();
        let is_one = units <= encoding.alone();
        let room = if is_one { encoding.alone() } else { encoding.among_several() };
        let all = Part::cut(text, encoding, room);
        if all.len() > MOST {
            return Err(TooLong { parts: all.len() });
        }
        Ok(Self { encoding, units, all })
    }

    /// How many there are; at least one.
    pub(crate) fn count(&self) -> u8 {
        // `of` lets no more pass.
        u8::try_from(self.all.len()).unwrap_or(u8::MAX)
    }

    /// How many units each of them has room for.
    pub(crate) fn room(&self) -> usize {
        if self.all.len() == 1 { self.encoding.alone() } else { self.encoding.among_several() }
    }

    /// The parts in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Part> {
        self.all.iter()
    }
}

impl Part {
    /// Units of this part alone.
    pub(crate) fn units(&self, encoding: Encoding) -> usize {
        self.octets.len() / encoding.octets_per_unit()
    }

    fn empty() -> Self {
        Self { text: String::new(), octets: Vec::new() }
    }

    /// Parts of at most `room` units each; at least one.
    fn cut(text: &str, encoding: Encoding, room: usize) -> Vec<Self> {
        let mut all = Vec::new();
        let mut current = Self::empty();
        let mut code = Vec::with_capacity(4);
        for c in text.chars() {
            code.clear();
            encoding.push(c, &mut code);
            if current.octets.len() + code.len() > room * encoding.octets_per_unit() {
                all.push(std::mem::replace(&mut current, Self::empty()));
            }
            current.text.push(c);
            current.octets.extend_from_slice(&code);
        }
        all.push(current);
        all
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::header::Place;
    use super::*;

    fn lengths(text: &str) -> Vec<usize> {
        let parts = Parts::of(text).unwrap();
        assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<String>(), text);
        parts.iter().map(|part| part.units(parts.encoding)).collect()
    }

    #[test]
    fn the_borders() {
        assert_eq!(lengths(""), [0]);
        assert_eq!(lengths(&"a".repeat(160)), [160]);
        assert_eq!(lengths(&"a".repeat(161)), [153, 8]);
        assert_eq!(lengths(&"a".repeat(306)), [153, 153]);
        assert_eq!(lengths(&"a".repeat(307)), [153, 153, 1]);
        assert_eq!(lengths(&"ы".repeat(70)), [70]);
        assert_eq!(lengths(&"ы".repeat(71)), [67, 4]);
    }

    #[test]
    fn an_escape_and_a_pair_stay_together() {
        assert_eq!(lengths(&"€".repeat(80)), [160]);
        assert_eq!(lengths(&format!("{}€{}", "a".repeat(152), "b".repeat(10))), [152, 12]);
        assert_eq!(lengths(&"🙂".repeat(35)), [70]);
        assert_eq!(lengths(&"🙂".repeat(36)), [66, 6]);
    }

    #[test]
    fn a_lost_septet_at_a_border_does_not_make_a_second_part() {
        // 152 + 2 would leave one place of the first part empty, but 160 septets are one part.
        assert_eq!(lengths(&format!("{}€{}", "a".repeat(152), "b".repeat(6))), [160]);
    }

    #[test]
    fn parts_fit_the_network_with_their_headers() {
        let header = Place { reference: 7, of: 2, number: 1 }.short().len();
        for text in ["a€".repeat(400), "🙂ы".repeat(300)] {
            let parts = Parts::of(&text).unwrap();
            for part in parts.iter() {
                // Septets begin at a multiple of seven bits (TS 23.040 9.2.3.24).
                let octets = match parts.encoding {
                    Encoding::Gsm7 => (header * 8).div_ceil(7) + part.octets.len(),
                    Encoding::Ucs2 => header + part.octets.len(),
                };
                let room = match parts.encoding {
                    Encoding::Gsm7 => 160,
                    Encoding::Ucs2 => 140,
                };
                assert!(octets <= room, "{octets}");
            }
        }
    }

    #[test]
    fn there_are_255_parts_and_no_more() {
        assert_eq!(Parts::of(&"a".repeat(255 * 153)).unwrap().count(), 255);
        let error = Parts::of(&"a".repeat(255 * 153 + 1)).err().unwrap();
        assert_eq!(error, TooLong { parts: 256 });
    }
}
