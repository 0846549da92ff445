//! What a delivery becomes as a short message: the same text when its cost is asked for and when
//! it is sent.

use std::sync::Arc;

use viadukt_api::{Address, Content, Form, Reason, Words};

use crate::config::Options;
use crate::number::{Party, Prefix};
use crate::text::{Parts, plain, readable};

/// A short message that may be sent.
pub(crate) struct Sms {
    pub(crate) to: Party,
    pub(crate) text: String,
    /// How many parts the network will charge for.
    pub(crate) parts: u8,
}

/// Composes by a bridge's rules.
pub(crate) struct Composer {
    prefixes: Vec<Prefix>,
    max_parts: u8,
    transliterate: bool,
    words: Arc<Words>,
}

impl Composer {
    pub(crate) fn new(options: &Options, words: Arc<Words>) -> Self {
        Self {
            prefixes: options.prefixes.clone(),
            max_parts: options.max_parts,
            transliterate: options.transliterate,
            words,
        }
    }

    /// The short message that brings `form` to `to`, or why there is none.
    pub(crate) fn form(&self, to: &Address, form: &Form) -> Result<Sms, Reason> {
        match form {
            Form::Say { content, correction: false, .. } => self.content(to, content),
            Form::Say { content, correction: true, .. } => {
                let note = self.words.say("sms-correction", &[]);
                let text = format!("{note} {}", content.text.trim_start());
                self.content(to, &Content { text, ..content.clone() })
            }
            Form::Notice { text } => {
                self.content(to, &Content { text: text.clone(), ..Content::default() })
            }
            Form::Edit { .. } | Form::Deed { .. } | Form::Status { .. } | Form::Join => {
                Err(Reason::new("sms-not-possible"))
            }
        }
    }

    /// The short message that brings `content` to `to`, or why there is none.
    pub(crate) fn content(&self, to: &Address, content: &Content) -> Result<Sms, Reason> {
        let to = self.admitted(to)?;
        if !content.attachments.is_empty() {
            return Err(Reason::new("sms-attachment"));
        }
        // Blanks around a text cost, and say nothing.
        let text = readable(&content.text).trim().to_owned();
        if text.is_empty() {
            return Err(Reason::new("sms-empty"));
        }
        let text = if self.transliterate { plain::spare_parts(&text).into_owned() } else { text };
        let parts = match Parts::of(&text) {
            Ok(parts) if parts.count() <= self.max_parts => parts.count(),
            Ok(parts) => return Err(self.too_long(parts.count().into())),
            Err(long) => return Err(self.too_long(long.parts)),
        };
        Ok(Sms { to, text, parts })
    }

    fn admitted(&self, to: &Address) -> Result<Party, Reason> {
        let to = Party::of(to.as_str());
        if let Party::Name(name) = &to {
            return Err(Reason::new("sms-name-not-answerable").with("name", name));
        }
        if !self.prefixes.iter().any(|prefix| prefix.covers(&to)) {
            return Err(Reason::new("sms-number-not-allowed").with("number", to.as_str()));
        }
        Ok(to)
    }

    fn too_long(&self, parts: usize) -> Reason {
        Reason::new("sms-too-long")
            .with("parts", parts.to_string())
            .with("limit", self.max_parts.to_string())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::words::Language;
    use viadukt_api::{Attachment, BlobRef, Media, Sender};

    use super::*;

    fn composer() -> Composer {
        Composer {
            prefixes: vec![Prefix::of("+49"), Prefix::of("72000")],
            max_parts: 2,
            transliterate: true,
            words: Arc::new(Words::new(Language::De)),
        }
    }

    fn content(text: &str) -> Content {
        Content { text: text.to_owned(), ..Content::default() }
    }

    fn composed(to: &str, text: &str) -> Result<(String, u8), String> {
        let sms = composer().content(&Address::new(to), &content(text));
        sms.map(|sms| (sms.text, sms.parts)).map_err(|reason| reason.key)
    }

    #[test]
    fn what_is_asked_is_what_is_sent() {
        let long = format!("„Ja“ – gern. {}", "Wir erwarten Sie. ".repeat(5));
        let (text, parts) = composed("+491701234567", &format!(" {long}\r\n")).unwrap();
        assert_eq!(parts, 1, "quotes alone would have made it two");
        let to = Address::new("+491701234567");
        let sent = composer().form(&to, &Form::Notice { text: long }).unwrap();
        assert_eq!((sent.text, sent.parts), (text, parts));
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        for (to, text, expected) in [
            ("+436641234567", "Hallo", "sms-number-not-allowed"),
            ("72001", "Hallo", "sms-number-not-allowed"),
            ("DHL Paket", "Hallo", "sms-name-not-answerable"),
            ("+491701234567", " \u{0}\n ", "sms-empty"),
            ("+491701234567", &"a".repeat(307), "sms-too-long"),
            ("+491701234567", &"a".repeat(99_999), "sms-too-long"),
        ] {
            assert_eq!(composed(to, text), Err(expected.to_owned()), "{to}");
        }
        assert!(composed("72000", &"a".repeat(306)).is_ok());
    }

    #[test]
    fn a_file_is_refused_and_its_caption_with_it() {
        let blob = BlobRef { hash: [0; 32], size: 3 };
        let file = Attachment {
            name: "a.png".to_owned(),
            mime: "image/png".to_owned(),
            size: Some(3),
            media: Media::Spooled(blob),
        };
        let content = Content { attachments: vec![file], ..content("Hier") };
        let refused = composer().content(&Address::new("+491701234567"), &content).err().unwrap();
        assert_eq!(refused.key, "sms-attachment");
    }

    #[test]
    fn a_correction_says_so() {
        let address = Address::new("@anna:amt.example");
        let form = Form::Say {
            sender: Sender { address, name: None, power: None },
            content: content("Um 10 Uhr."),
            subject: None,
            correction: true,
            automatic: false,
            mentions: Vec::new(),
        };
        let sms = composer().form(&Address::new("+491701234567"), &form).unwrap();
        assert_eq!(sms.text, "Korrektur: Um 10 Uhr.");
    }
}
