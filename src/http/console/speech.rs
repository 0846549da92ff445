//! In which language somebody reads, and how times and spans are said in it.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use maud::{Markup, html};
use viadukt_api::words::Language;
use viadukt_api::{Timestamp, Words};

use crate::config::Zone;

/// The sentences of every language, ready.
pub(super) struct Languages {
    all: [(Language, Arc<Words>); 2],
    usual: Language,
    zone: Zone,
}

impl Languages {
    /// All languages; who asks for none of them reads `usual`, as rooms do.
    pub fn new(usual: Language, zone: Zone) -> Self {
        let all = Language::ALL.map(|language| (language, Arc::new(Words::new(language))));
        Self { all, usual, zone }
    }

    /// How to speak to whoever sent `headers`: as they `chosen`, else as their browser asks.
    pub fn speech(&self, headers: &HeaderMap, chosen: Option<&str>, now: Timestamp) -> Speech {
        let chosen = chosen.and_then(|code| code.parse().ok());
        let asked = || {
            let header = headers.get(header::ACCEPT_LANGUAGE)?;
            preferred(header.to_str().ok()?)
        };
        let language = chosen.or_else(asked).unwrap_or(self.usual);
        let words = self.all.iter().find(|(one, _)| *one == language);
        let words =
            words.map_or_else(|| Arc::new(Words::new(language)), |(_, words)| words.clone());
        Speech { language, in_rooms: self.usual, words, zone: self.zone.clone(), now }
    }
}

/// The first language of ours in an `Accept-Language` header (RFC 9110 12.5.4). Browsers name
/// the languages in the order of preference.
fn preferred(header: &str) -> Option<Language> {
    header.split(',').find_map(|range| {
        let tag = range.split([';', '-']).next()?;
        tag.trim().to_ascii_lowercase().parse().ok()
    })
}

/// The code of a language (BCP 47), as pages name theirs.
pub(super) fn code(language: Language) -> &'static str {
    match language {
        Language::De => "de",
        Language::En => "en",
    }
}

/// Sentences, times and spans for one reader.
#[derive(Clone)]
pub(super) struct Speech {
    pub language: Language,
    /// What viadukt speaks in rooms.
    pub in_rooms: Language,
    words: Arc<Words>,
    zone: Zone,
    now: Timestamp,
}

impl Speech {
    /// The sentence `key`.
    pub fn say(&self, key: &str) -> String {
        self.words.say(key, &[])
    }

    /// The sentence `key` with `args` filled in.
    pub fn fill(&self, key: &str, args: &[(&str, &str)]) -> String {
        self.words.say(key, args)
    }

    /// The sentence `key` without what fills it in, which may name a person.
    pub fn bare(&self, key: &str) -> String {
        self.words.bare(key)
    }

    /// The sentence `key` for `count` things.
    pub fn count(&self, key: &str, count: usize) -> String {
        self.words.say(key, &[("count", &count.to_string())])
    }

    /// A moment: the clock today, with the date before.
    pub fn time(&self, at: Timestamp) -> Markup {
        let shown = self.zone.at(at);
        let today = shown.date() == self.zone.at(self.now).date();
        let format = match (today, self.language) {
            (true, _) => "%H:%M:%S",
            (false, Language::De) => "%d.%m.%Y, %H:%M:%S",
            (false, Language::En) => "%Y-%m-%d, %H:%M:%S",
        };
        let machine = shown.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        html! { time datetime=(machine) { (shown.strftime(format).to_string()) } }
    }

    /// The time at which the page was made.
    pub fn now(&self) -> Markup {
        self.time(self.now)
    }

    /// How long ago `at` was, in one unit.
    pub fn age(&self, at: Timestamp) -> String {
        self.span(self.now.since(at))
    }

    /// A span in its largest unit.
    pub fn span(&self, span: Duration) -> String {
        let seconds = span.as_secs();
        let (key, count) = match seconds {
            0..60 => ("console-seconds", seconds),
            60..3_600 => ("console-minutes", seconds / 60),
            3_600..172_800 => ("console-hours", seconds / 3_600),
            _ => ("console-days", seconds / 86_400),
        };
        self.words.say(key, &[("count", &count.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_say_what_people_read() {
        for (header, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("fr, EN-gb;q=0.5", Some(Language::En)),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(preferred(header), language, "{header:?}");
        }
    }

    #[test]
    fn a_span_is_said_in_one_unit() {
        let languages = Languages::new(Language::En, Zone::default());
        let speech = languages.speech(&HeaderMap::new(), Some("en"), Timestamp(0));
        for (seconds, said) in
            [(1, "1 second"), (59, "59 seconds"), (3_599, "59 minutes"), (200_000, "2 days")]
        {
            assert_eq!(speech.span(Duration::from_secs(seconds)), said);
        }
    }
}
