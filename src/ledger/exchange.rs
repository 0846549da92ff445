//! Records of networks without threads: the exchange with a party, and the conversations that
//! it is told apart into.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{ConversationId, Timestamp};

/// Everything said between one of our own addresses and a party
/// ([`viadukt_api::Worker::exchange`]). Written by `route` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its conversations, in the order in which they began.
    pub conversations: Vec<Numbered>,
    /// The one that wrote to the party last, or that the party began.
    pub latest: Option<ConversationId>,
}

/// A conversation of an exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    /// The small number that tells it from the others (`#3`); never given twice.
    pub number: u16,
    /// The conversation.
    pub conversation: ConversationId,
    /// When something was said in it last.
    pub spoke_at: Timestamp,
}

impl Exchange {
    /// A conversation in which nothing was said for so long is not told apart any more.
    const LIVE: Duration = Duration::from_secs(30 * 86_400);

    /// Something was said in `conversation`, which joins the exchange if it is new.
    pub fn spoke(&mut self, conversation: ConversationId, now: Timestamp) {
        let mut known = self.conversations.iter_mut();
        match known.find(|numbered| numbered.conversation == conversation) {
            Some(numbered) => numbered.spoke_at = now,
            None => {
                let number = self.next_number();
                self.conversations.push(Numbered { number, conversation, spoke_at: now });
            }
        }
    }

    /// Where an answer without a number goes: to who wrote last.
    pub fn unnumbered(&self) -> Option<ConversationId> {
        self.latest.or(self.conversations.last().map(|numbered| numbered.conversation))
    }

    fn next_number(&self) -> u16 {
        self.conversations.last().map_or(1, |last| last.number.saturating_add(1))
    }

    /// The number by which the party answers `conversation`, which may be about to begin, when
    /// others are live beside it.
    pub fn number(&self, conversation: ConversationId, now: Timestamp) -> Option<u16> {
        let of = |numbered: &&Numbered| numbered.conversation == conversation;
        self.is_shared(conversation, now).then(|| {
            let known = self.conversations.iter().find(of);
            known.map_or_else(|| self.next_number(), |numbered| numbered.number)
        })
    }

    /// Whether others are live beside `conversation`.
    pub fn is_shared(&self, conversation: ConversationId, now: Timestamp) -> bool {
        self.conversations.iter().any(|numbered| {
            numbered.conversation != conversation && now.since(numbered.spoke_at) < Self::LIVE
        })
    }

    /// The conversation that `text` names by a number at its beginning or end, and the text
    /// without it. As long as there is one conversation nobody was given a number.
    pub fn named<'t>(&self, text: &'t str) -> Option<(ConversationId, &'t str)> {
        if self.conversations.len() < 2 {
            return None;
        }
        let text = text.trim();
        let first = text.split(char::is_whitespace).next().unwrap_or_default();
        let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        let without_first = text.get(first.len()..).unwrap_or_default();
        let without_last = text.get(..text.len() - last.len()).unwrap_or_default();
        [(first, without_first), (last, without_last)].into_iter().find_map(|(word, rest)| {
            let number = word.strip_prefix('#')?.trim_end_matches([':', ',', '.']);
            let given = |numbered: &&Numbered| numbered.number.to_string() == number;
            let numbered = self.conversations.iter().find(given)?;
            // Of a text that is nothing but the number, the number is what was said.
            let rest = Some(rest.trim()).filter(|rest| !rest.is_empty()).unwrap_or(text);
            Some((numbered.conversation, rest))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn conversation(n: u128) -> ConversationId {
        ConversationId(n.into())
    }

    fn exchange(count: u128) -> Exchange {
        let mut exchange = Exchange::default();
        for n in 1..=count {
            exchange.spoke(conversation(n), Timestamp(DAY));
        }
        exchange
    }

    #[test]
    fn a_number_at_either_end_names_a_conversation() {
        for (text, n, rest) in [
            ("#1 ja, gern", 1, "ja, gern"),
            ("#2: ja", 2, "ja"),
            ("ja\n#2", 2, "ja"),
            ("  bis morgen #1.  ", 1, "bis morgen"),
            ("#2", 2, "#2"),
        ] {
            assert_eq!(exchange(2).named(text), Some((conversation(n), rest)), "{text:?}");
        }
    }

    #[test]
    fn a_number_that_nobody_gave_is_text() {
        for text in ["#3 ja", "#01 ja", "#1er ja", "Haus #1 am See", "1 ja", "", "#", "ja #"] {
            assert_eq!(exchange(2).named(text), None, "{text:?}");
        }
        assert_eq!(exchange(1).named("#1 ja"), None);
    }

    #[test]
    fn numbers_are_written_only_beside_a_live_conversation() {
        let mut exchange = exchange(2);
        assert_eq!(exchange.number(conversation(2), Timestamp(2 * DAY)), Some(2));
        assert_eq!(exchange.number(conversation(2), Timestamp(40 * DAY)), None);
        exchange.spoke(conversation(1), Timestamp(40 * DAY));
        assert_eq!(exchange.number(conversation(2), Timestamp(41 * DAY)), Some(2));
        assert_eq!(exchange.number(conversation(1), Timestamp(41 * DAY)), None);
    }
}
