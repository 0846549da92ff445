//! What systems show that know no more than one text: who says what.

use viadukt_api::{Content, Reason, Words};

use crate::system::Outgoing;

/// No name is shown longer, so that a text that fits does so whoever says it.
const LONGEST_NAME: usize = 80;
/// What stands around a text at most: the name, the note of a correction, marks.
pub(crate) const AROUND: usize = 160;

/// Who says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speech {
    /// The name; not empty.
    pub(crate) name: Option<String>,
    /// The text, which says so if it corrects an earlier one.
    pub(crate) text: String,
}

impl Speech {
    /// What `out` says.
    pub(crate) fn of(out: &Outgoing<'_>, words: &Words) -> Self {
        let name = out.sender.name.as_deref().map(|name| cut(name.trim(), LONGEST_NAME, "…"));
        let text = out.content.text.trim();
        let text = match out.correction {
            true => format!("{} {text}", words.say("intranet-correction", &[])),
            false => text.to_owned(),
        };
        Self { name: name.filter(|name| !name.is_empty()), text }
    }

    /// In one text: `Anna: …`.
    pub(crate) fn line(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Whether `content` is a text, of at most `limit` characters, and nothing but that.
pub(crate) fn is_text(content: &Content, limit: usize) -> Result<(), Reason> {
    if !content.attachments.is_empty() {
        return Err(Reason::new("intranet-attachment"));
    }
    let length = content.text.trim().chars().count();
    if length == 0 {
        return Err(Reason::new("intranet-empty"));
    }
    if length > limit {
        return Err(too_long(limit));
    }
    Ok(())
}

/// A text that is longer than `limit`.
pub(crate) fn too_long(limit: usize) -> Reason {
    Reason::new("intranet-too-long").with("limit", limit.to_string())
}

/// `text` with at most `limit` characters, the last of which are `mark` if there was more.
pub(crate) fn cut(text: &str, limit: usize, mark: &str) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept = limit.saturating_sub(mark.chars().count());
    text.chars().take(kept).chain(mark.chars()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::words::Language;

    use super::*;
    use crate::post::testing::{Said, text};

    #[test]
    fn a_correction_says_so_and_a_long_name_is_cut() {
        let words = Words::new(Language::De);
        let said = Said { correction: true, ..Said::by("Anna", " Die Tür ist zu.\n") };
        assert_eq!(Speech::of(&said.out(), &words).line(), "Anna: Korrektur: Die Tür ist zu.");
        let said = Said::by(&"ä".repeat(100), "x");
        let line = Speech::of(&said.out(), &words).line();
        assert_eq!(line.chars().count(), LONGEST_NAME + ": x".len());
        assert_eq!(Speech::of(&Said::by("  ", "x").out(), &words).line(), "x");
    }

    #[test]
    fn only_a_text_of_the_right_length_fits() {
        assert_eq!(is_text(&text("ä".repeat(5)), 5), Ok(()));
        assert_eq!(is_text(&text("ä".repeat(6)), 5).unwrap_err().args[0].1, "5");
        assert_eq!(is_text(&text(" \n"), 5).unwrap_err().key, "intranet-empty");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("Grüße", 5, "…"), "Grüße");
        assert_eq!(cut("Grüße!", 5, "…"), "Grüß…");
    }
}
