//! What a gateway brought becomes a message. Pure, and total on whatever stands in the journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use viadukt_api::{
    Act, Automatic, Content, Message, MessageId, Protection, Raw, Reason, Sender, State, Timestamp,
    Unreadable, Wish, Words,
};

use crate::config::Options;
use crate::number::{Party, Region};
use crate::reasons;
use crate::received::{Body, Received, Report, Text};
use crate::text::readable;

/// Words by which a phone's owner says whether to be written to. German law and custom know the
/// first of each; the others are what people write.
const WISHES: [(&[&str], Wish); 3] = [
    (&["STOPP", "STOP", "ENDE", "ABMELDEN"], Wish::Stop),
    (&["START"], Wish::Start),
    (&["HILFE", "HELP", "INFO"], Wish::Help),
];

/// Where parts of a text are missing.
const GAP: &str = " […] ";

/// Reads what stands in the journal.
#[derive(Clone)]
pub(crate) struct Reader {
    /// The one of our own that is meant when the gateway names none of them.
    pub(crate) usual: Party,
    /// All of our own.
    pub(crate) own: Vec<Party>,
    /// Where a number without a country belongs.
    pub(crate) region: Region,
    /// The room's language.
    pub(crate) words: Arc<Words>,
}

/// The id that stands for everything said between `own` and `party`; see
/// [`viadukt_api::Worker::exchange`].
pub(crate) fn exchange(own: &str, party: &str) -> MessageId {
    MessageId::new(format!("exchange:{own}:{party}"))
}

impl Reader {
    pub(crate) fn new(options: &Options, words: Arc<Words>) -> Self {
        let Options { usual, own, region, .. } = options.clone();
        Self { usual, own, region, words }
    }

    /// See [`viadukt_api::Worker::normalise`].
    pub(crate) fn read(&self, raw: &Raw) -> Result<Message, Unreadable> {
        let received = serde_json::from_slice(&raw.bytes);
        match received.map_err(|_| unreadable("sms-unreadable"))? {
            Received::Text(text) => self.text(text),
            Received::Receipt(report) => Ok(self.report(&report)),
        }
    }

    fn text(&self, text: Text) -> Result<Message, Unreadable> {
        let sender = Party::of_gateway(&text.from, self.region)
            .ok_or_else(|| unreadable("sms-no-sender"))?;
        let own = self.own_number(&text.to);
        let act = match &text.body {
            // What a machine asks for would be asked for again and again.
            Body::Plain(said) if !sender.is_machine() => wish(said).map_or(Act::Say, Act::Wish),
            _ => Act::Say,
        };
        Ok(Message {
            id: MessageId::new(text.id),
            sent_at: text.at,
            via: Some(own.address()),
            exchange: Some(exchange(own.as_str(), sender.as_str())),
            act,
            content: plain(self.shown(text.body)),
            automatic: sender.is_machine().then_some(Automatic::Generated),
            protection: text.protection,
            ..blank(&sender)
        })
    }

    fn report(&self, report: &Report) -> Message {
        let detail = match (report.state, &report.code) {
            (State::Sent | State::Delivered, _) | (_, None) => String::new(),
            (_, Some(code)) => reasons::in_words(code, &self.words),
        };
        Message {
            id: MessageId::new(format!("receipt:{}", report.of)),
            act: Act::Report { of: MessageId::new(&report.of), state: report.state },
            content: plain(detail),
            automatic: Some(Automatic::Report),
            ..blank(&self.usual)
        }
    }

    /// Answers can only leave from what is ours.
    fn own_number(&self, written: &str) -> &Party {
        let named = Party::of_gateway(written, self.region);
        named.and_then(|named| self.own.iter().find(|own| **own == named)).unwrap_or(&self.usual)
    }

    /// Nothing that arrived is kept from the reader, be it only named.
    fn shown(&self, body: Body) -> String {
        match body {
            Body::Plain(said) => {
                let said = readable(&said);
                if said.trim().is_empty() { self.words.say("sms-without-text", &[]) } else { said }
            }
            Body::Incomplete { of, parts } => self.incomplete(of, parts),
            Body::Mms { text, count } => {
                let note = self.words.say("sms-mms", &[("count", &count.to_string())]);
                let text = readable(&text);
                if text.trim().is_empty() { note } else { format!("{text}\n\n{note}") }
            }
            Body::Binary { bytes } => {
                self.words.say("sms-binary", &[("count", &bytes.to_string())])
            }
        }
    }

    fn incomplete(&self, of: u8, mut parts: Vec<(u8, String)>) -> String {
        parts.sort_by_key(|(number, _)| *number);
        let arrived: BTreeSet<u8> = parts.iter().map(|(number, _)| *number).collect();
        let missing: Vec<u8> = (1..=of).filter(|number| !arrived.contains(number)).collect();
        let mut text = String::new();
        let mut next = 1;
        for (number, part) in &parts {
            if *number > next {
                text.truncate(text.trim_end().len());
                text.push_str(GAP);
            }
            text.push_str(part);
            next = number.saturating_add(1);
        }
        if next <= of {
            text.push_str(GAP);
        }
        let text = readable(text.trim());
        if missing.is_empty() {
            return text;
        }
        let count = missing.len().to_string();
        let missing = missing.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let args = [("count", count.as_str()), ("of", &of.to_string()), ("missing", &missing)];
        format!("{text}\n\n{}", self.words.say("sms-incomplete", &args))
    }
}

/// What `text` wishes, when it is nothing but one of the words. A sentence with such a word in it
/// is a sentence.
fn wish(text: &str) -> Option<Wish> {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric()).to_uppercase();
    let meant = |(words, _): &&(&[&str], Wish)| words.contains(&word.as_str());
    WISHES.iter().find(meant).map(|(_, wish)| *wish)
}

fn plain(text: String) -> Content {
    Content { text, html: None, attachments: Vec::new() }
}

/// A message of `party` that says nothing yet.
fn blank(party: &Party) -> Message {
    Message {
        id: MessageId::new(""),
        sent_at: Timestamp::default(),
        sender: Sender { address: party.address(), name: None, power: None },
        answer_to: None,
        room: None,
        via: None,
        exchange: None,
        recipients: Vec::new(),
        ancestors: Vec::new(),
        subject: None,
        act: Act::Say,
        content: Content::default(),
        automatic: None,
        matter: None,
        severity: None,
        level: None,
        hops: 0,
        protection: Protection::Unknown,
    }
}

fn unreadable(key: &str) -> Unreadable {
    Unreadable { reason: Reason::new(key) }
}
