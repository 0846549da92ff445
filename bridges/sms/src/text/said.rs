//! What somebody said, as a transport brings it: as text, or in octets that become one.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::coding::Coding;

/// A short message's content, or that of one part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    /// Text.
    Text(String),
    /// Text, not read yet.
    Octets(Coding, Vec<u8>),
    /// So many bytes that are no text.
    Binary(usize),
}

impl Said {
    /// As text; `None` when it is none.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Octets(coding, octets) => Some(coding.decode(octets).into()),
            Self::Binary(_) => None,
        }
    }

    /// What the parts of one text say, in order. Octets are joined before they are read: other
    /// senders cut inside a surrogate pair, or between an escape and what it announces.
    pub(crate) fn together(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut runs: Vec<Self> = Vec::new();
        for part in parts {
            match (runs.last_mut(), part) {
                (Some(Self::Octets(coding, octets)), Self::Octets(same, more))
                    if *coding == same =>
                {
                    octets.extend(more);
                }
                (_, part) => runs.push(part),
            }
        }
        match runs.iter().map(Self::text).collect() {
            Some(text) => Self::Text(text),
            None => Self::Binary(runs.iter().map(Self::bytes).sum()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Octets(_, octets) => octets.len(),
            Self::Binary(bytes) => *bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(parts: &[Said]) -> Said {
        Said::together(parts.iter().cloned())
    }

    #[test]
    fn a_character_may_be_cut_where_the_coding_stays_the_same() {
        let ucs2 = |octets: &[u8]| Said::Octets(Coding::Ucs2, octets.to_vec());
        let gsm7 = |octets: &[u8]| Said::Octets(Coding::Gsm7, octets.to_vec());
        let cases: [(&[Said], &str); 3] = [
            (&[ucs2(&[0x00, 0x61, 0xd8, 0x3d]), ucs2(&[0xde, 0x42])], "a🙂"),
            (&[gsm7(b"5 \x1b"), gsm7(b"e")], "5 €"),
            (&[gsm7(b"Ja "), ucs2(&[0x20, 0xac]), Said::Text("!".to_owned())], "Ja €!"),
        ];
        for (parts, expected) in cases {
            assert!(together(parts) == Said::Text(expected.to_owned()), "{expected}");
        }
    }

    #[test]
    fn what_is_no_text_in_one_part_is_none_as_a_whole() {
        let parts = [Said::Octets(Coding::Latin1, b"Ja".to_vec()), Said::Binary(5)];
        assert!(together(&parts) == Said::Binary(7));
    }
}
