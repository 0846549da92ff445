//! The sentences a person reads, in German and English, from `locales/`.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// The sentences in one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

/// A language that viadukt speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// German.
    De,
    /// English.
    #[default]
    En,
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "de" => Ok(Self::De),
            "en" => Ok(Self::En),
            _ => Err("expected \"de\" or \"en\"".to_owned()),
        }
    }
}

impl Language {
    /// Both, for tests that hold for each.
    pub const ALL: [Self; 2] = [Self::De, Self::En];

    fn source(self) -> (LanguageIdentifier, &'static str) {
        match self {
            Self::De => (unic_langid::langid!("de"), include_str!("../../../locales/de.ftl")),
            Self::En => (unic_langid::langid!("en"), include_str!("../../../locales/en.ftl")),
        }
    }
}

impl Words {
    /// The sentences of `language`. A slip in a file of `locales/` costs the sentence it is in,
    /// never the start; the tests find it.
    pub fn new(language: Language) -> Self {
        let (id, source) = language.source();
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(r, _)| r);
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks around names would end up in mail subjects and SMS.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// The sentence `key` with `args` filled in; the key itself when there is no such sentence.
    pub fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut filled = FluentArgs::new();
        for (name, value) in args {
            match *name {
                // Only a count chooses between singular and plural; digits elsewhere are text.
                "count" => filled.set(*name, FluentValue::try_number(value)),
                _ => filled.set(*name, *value),
            }
        }
        self.bundle.format_pattern(pattern, Some(&filled), &mut Vec::new()).into_owned()
    }

    /// A reason in words.
    pub fn reason(&self, reason: &Reason) -> String {
        let args: Vec<_> = reason.args.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.say(&reason.key, &args)
    }

    /// A reason in words without what fills it in, which may name a person: `…` stands there.
    pub fn bare(&self, key: &str) -> String {
        // What is not filled in shows as its name: `{$answer}`.
        let mut words = String::new();
        let said = self.say(key, &[]);
        let mut rest = said.as_str();
        while let Some((before, after)) = rest.split_once("{$") {
            words.push_str(before);
            words.push('…');
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        words + rest
    }

    /// A reason in words, within a sentence that brings its own full stop.
    pub fn clause(&self, reason: &Reason) -> String {
        let mut words = self.reason(reason);
        words.truncate(words.trim_end_matches('.').len());
        words
    }
}

/// Why something happened: a sentence of `locales/` by its key, with what fills it in. Its
/// `Debug` and `Display`, which may reach a log, show the key alone; the filled sentence goes
/// to people only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The sentence's key, such as `smtp-refused`.
    pub key: String,
    /// What fills it in.
    #[serde(default)]
    pub args: Vec<(String, String)>,
}

impl Reason {
    /// The sentence `key`.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), args: Vec::new() }
    }

    /// The code that a far side gave, `550 5.1.1` or `0x00000045`: what it means, not what it
    /// said, which may name a person.
    pub fn code(&self) -> Option<&str> {
        let code = self.args.iter().find(|(name, _)| name == "code");
        code.map(|(_, value)| value.as_str())
    }

    /// Fills in `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.args.push((name.to_owned(), value.into()));
        self
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({})", self.key)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_chooses_the_sentence() {
        let words = Words::new(Language::En);
        let said = |count| words.say("command-resend", &[("count", count)]);
        assert!(said("0").starts_with("There is nothing"));
        assert!(said("1").starts_with("One message"));
        assert!(said("12").starts_with("12 messages"));
    }

    #[test]
    fn a_clause_brings_no_full_stop() {
        let words = Words::new(Language::De);
        let away = Reason::new("smpp-away");
        assert_eq!(format!("{}.", words.clause(&away)), words.reason(&away));
    }

    #[test]
    fn a_reason_is_words_for_people_and_a_key_for_logs() {
        let reason = Reason::new("status-up").with("name", "geheim").with("waiting", "3");
        assert!(Words::new(Language::De).reason(&reason).contains("geheim"));
        assert!(!format!("{reason} {reason:?}").contains("geheim"));
    }
}
