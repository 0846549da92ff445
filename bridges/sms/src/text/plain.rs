//! Plainer words where they spare parts: one typographic quote halves the room of a message, for
//! it makes the whole of it UCS-2.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::{Encoding, Parts, gsm7};

/// Characters that the GSM alphabet lacks, each with the nearest that it has. Letters with accents
/// are not listed: they lose the accent.
const NEAREST: &[(&str, &str)] = &[
    ("„“”‟″", "\""),
    ("»«", "\""),
    ("‘’‚‛′`´", "'"),
    ("‹›", "'"),
    ("‐‑‒–—―−", "-"),
    ("…", "..."),
    ("•‣·", "-"),
    ("→", "->"),
    ("←", "<-"),
    ("×", "x"),
    ("⁄", "/"),
    // Spaces of every width; none at all for soft hyphens, joiners and marks of direction.
    ("\t\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}", " "),
    ("\u{2009}\u{200a}\u{202f}\u{205f}\u{3000}", " "),
    ("\u{ad}\u{200b}\u{200e}\u{200f}\u{2060}\u{feff}", ""),
    ("\u{2028}\u{2029}", "\n"),
    ("ﬁ", "fi"),
    ("ﬂ", "fl"),
    ("ﬀ", "ff"),
    ("ﬃ", "ffi"),
    ("ﬄ", "ffl"),
    ("ﬅﬆ", "st"),
    ("ẞ", "SS"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ł", "l"),
    ("Ł", "L"),
    ("đð", "d"),
    ("ĐÐ", "D"),
    ("ħ", "h"),
    ("Ħ", "H"),
    ("ı", "i"),
    ("þ", "th"),
    ("Þ", "Th"),
    ("ŋ", "n"),
    ("Ŋ", "N"),
    ("ŧ", "t"),
    ("Ŧ", "T"),
    ("ĸ", "k"),
    ("ŀ", "l"),
    ("ŉ", "'n"),
    ("ſ", "s"),
];

/// `text` in plainer words when those fit into fewer parts, else as it is.
pub(crate) fn spare_parts(text: &str) -> Cow<'_, str> {
    if Encoding::of(text) == Encoding::Gsm7 {
        return Cow::Borrowed(text);
    }
    let count = |text: &str| Parts::of(text).map_or_else(|long| long.parts, |p| p.count().into());
    match plain(text) {
        Some(plain) if count(&plain) < count(text) => Cow::Owned(plain),
        _ => Cow::Borrowed(text),
    }
}

/// The whole text in the GSM alphabet; `None` when anything in it has no counterpart there.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    // Some keyboards write ü as u and a combining mark.
    for c in text.nfc() {
        if gsm7::code(c).is_some() {
            plain.push(c);
        } else if let Some((_, nearest)) = NEAREST.iter().find(|(those, _)| those.contains(c)) {
            plain.push_str(nearest);
        } else {
            plain.push(without_accents(c)?);
        }
    }
    Some(plain)
}

/// The GSM letter beneath the accents of `c`; of several accents the alphabet may have one: ǖ is
/// an ü.
fn without_accents(c: char) -> Option<char> {
    let mut letter = None;
    decompose_canonical(c, |part| match letter {
        None => letter = Some(part),
        Some(base) if is_combining_mark(part) => {
            let composed = unicode_normalization::char::compose(base, part);
            letter = composed.filter(|c| gsm7::code(*c).is_some()).or(letter);
        }
        Some(_) => {}
    });
    letter.filter(|letter| *letter != c && gsm7::code(*letter).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_words() {
        for (text, expected) in [
            ("„Gruß“ – bis morgen …", "\"Gruß\" - bis morgen ..."),
            ("Łukasz Çelik, Zoë Müller", "Lukasz Çelik, Zoe Müller"),
            ("a\u{308}rgerlich", "ärgerlich"),
            ("10\u{a0}Uhr, Stra\u{ad}ße", "10 Uhr, Straße"),
            ("ǖ ő ș", "ü o s"),
            ("ﬁnden", "finden"),
        ] {
            assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_counterpart_stays_whole() {
        for text in ["„Ja“ 🙂", "Привет", "10 m²", "日本"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_spares_a_part_is_changed() {
        let short = "„Ja“ – gern";
        assert_eq!(spare_parts(short), short);
        let long = format!("„Ja“ – gern. {}", "Wir erwarten Sie. ".repeat(5));
        assert!(spare_parts(&long).starts_with("\"Ja\" - gern. "));
        // 70 places in one part; three times as many would need two.
        let dots = "…".repeat(70);
        assert_eq!(spare_parts(&dots), dots);
    }

    #[test]
    fn every_counterpart_is_in_the_alphabet_and_nothing_is_listed_in_vain() {
        for (those, nearest) in NEAREST {
            assert_eq!(Encoding::of(nearest), Encoding::Gsm7, "{nearest}");
            assert!(those.chars().all(|c| gsm7::code(c).is_none()), "{those}");
        }
    }
}
