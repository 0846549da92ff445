//! What a call means: which hook it is for, and what it brings.

use std::collections::BTreeMap;

use serde_json::Value;
use viadukt_api::config::Fields;
use viadukt_api::{State, Timestamp};

use super::call::bytes;
use super::charset::{Charset, Said};
use super::path::FieldPath;
use super::pick::Pick;
use super::test::{Holds, Test};
use super::time::moment;
use crate::reassembly::Part;
use crate::received::{Body, Received, Report, Text, fingerprint};
use crate::text::header::Place;

/// One thing that a gateway calls us for.
#[derive(Clone, Debug)]
pub(crate) struct HookShape {
    /// The end of the address it calls; any without.
    path: Option<String>,
    /// What must hold besides, where one address serves several things.
    when: Option<Test>,
    /// Where the messages are, if a call brings several.
    each: Option<FieldPath>,
    brings: Brings,
}

#[derive(Clone, Debug)]
enum Brings {
    Text(TextShape),
    Receipt(ReceiptShape),
    /// Answered and forgotten.
    Nothing,
}

#[derive(Clone, Debug)]
struct TextShape {
    from: FieldPath,
    to: Option<FieldPath>,
    text: Option<FieldPath>,
    /// For gateways that do not always hand the text on in UTF-8.
    charset: Option<Charset>,
    id: Option<FieldPath>,
    at: Option<FieldPath>,
    /// The number of pictures, or the list of them.
    media: Option<FieldPath>,
    /// Binary data in hexadecimal.
    binary: Option<FieldPath>,
    part: Option<PartShape>,
    /// What makes a message the same one when it comes again; by default its id.
    same: Vec<FieldPath>,
}

/// Where a part says what it is a part of.
#[derive(Clone, Debug)]
struct PartShape {
    reference: FieldPath,
    of: FieldPath,
    number: FieldPath,
}

#[derive(Clone, Debug)]
struct ReceiptShape {
    of: FieldPath,
    state: FieldPath,
    states: BTreeMap<String, State>,
    code: Option<Pick>,
}

/// When a call came, and how.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
    /// See [`Text::protection`].
    pub(crate) protection: &'static str,
}

impl Arrival {
    /// At `at`, by a call to `url`: the public listener or the proxy before it ends TLS.
    pub(crate) fn new(at: Timestamp, url: &str) -> Self {
        Self { at, protection: if url.starts_with("https:") { "TLS" } else { "none" } }
    }
}

/// What a call brought.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Brought {
    /// Something whole, and the fingerprint by which it is known again.
    Whole(Received, String),
    /// A part of a long text.
    Part(Part),
}

impl HookShape {
    /// Reads `[hooks.NAME]`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let brings = match fields.required::<String>("brings")?.as_str() {
            "text" => TextShape::parse(fields).map(Brings::Text),
            "receipt" => ReceiptShape::parse(fields).map(Brings::Receipt),
            "nothing" => Some(Brings::Nothing),
            _ => {
                fields.object("brings", "expected \"text\", \"receipt\" or \"nothing\"");
                None
            }
        };
        let shape = Self {
            path: fields.optional("path"),
            when: fields.optional_table("when").and_then(|fields| Test::parse(&fields)),
            each: fields.optional("each"),
            brings: brings?,
        };
        fields.finish();
        Some(shape)
    }

    /// Whether a call to `path` that says `value` is for this hook.
    pub(crate) fn fits(&self, path: &str, value: &Value) -> bool {
        self.path.as_deref().is_none_or(|own| own == path) && self.is_about(value)
    }

    /// Whether a call that says `value` can be for this hook, wherever it was sent.
    pub(crate) fn is_about(&self, value: &Value) -> bool {
        self.when.as_ref().is_none_or(|test| test.of(value) == Holds::All)
    }

    /// Whether it brings receipts.
    pub(crate) fn is_for_receipts(&self) -> bool {
        matches!(self.brings, Brings::Receipt(_))
    }

    /// What a call that says `value` brings; the error names what it lacks.
    pub(crate) fn read(
        &self,
        value: &Value,
        arrival: Arrival,
    ) -> Result<Vec<Brought>, &'static str> {
        let messages = match &self.each {
            Some(path) => path.all(value),
            None => vec![value],
        };
        let read = messages.into_iter().map(|message| match &self.brings {
            Brings::Text(shape) => shape.read(message, arrival).map(Some),
            Brings::Receipt(shape) => shape.read(message).map(Some),
            Brings::Nothing => Ok(None),
        });
        read.filter_map(Result::transpose).collect()
    }
}

impl TextShape {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let part = fields.optional_table("part").and_then(|fields| {
            let shape = PartShape {
                reference: fields.required("reference")?,
                of: fields.required("of")?,
                number: fields.required("number")?,
            };
            fields.finish();
            Some(shape)
        });
        Some(Self {
            from: fields.required("from")?,
            to: fields.optional("to"),
            text: fields.optional("text"),
            charset: fields.optional_table("charset").and_then(|fields| Charset::parse(&fields)),
            id: fields.optional("id"),
            at: fields.optional("at"),
            media: fields.optional("media"),
            binary: fields.optional("binary"),
            part,
            same: fields.list("same"),
        })
    }

    /// A sender or text that is not there is taken for an empty one: an SMS may be empty, and
    /// what cannot be shown is put aside later, where a person sees it.
    fn read(&self, message: &Value, arrival: Arrival) -> Result<Brought, &'static str> {
        let optional = |path: &Option<FieldPath>| path.as_ref().and_then(|p| p.text(message));
        let Arrival { at: now, protection } = arrival;
        let protection = protection.to_owned();
        let from = self.from.text(message).unwrap_or_default();
        let to = optional(&self.to).unwrap_or_default();
        let said = self.said(message);
        let text = match &said {
            Said::Text(text) => text.clone(),
            Said::Binary(_) => String::new(),
        };
        let written_at = optional(&self.at);
        let at = written_at.as_deref().and_then(moment).unwrap_or(now);
        let own_id = optional(&self.id);
        let same = match (&own_id, self.same.as_slice()) {
            (Some(id), []) => fingerprint(&["text", id]),
            // Without id and time nothing tells a repetition from a second message.
            (None, []) => {
                let when = written_at.unwrap_or_else(|| now.0.to_string());
                fingerprint(&["text", &from, &to, &text, &when])
            }
            (_, paths) => {
                let values: Vec<_> = paths.iter().flat_map(|path| path.texts(message)).collect();
                let words: Vec<_> =
                    std::iter::once("text").chain(values.iter().map(String::as_str)).collect();
                fingerprint(&words)
            }
        };
        let id = own_id.unwrap_or_else(|| same.clone());
        if let Some(place) = self.place(message)? {
            let received_at = now;
            return Ok(Brought::Part(Part {
                from,
                to,
                place,
                id,
                same,
                at,
                received_at,
                text,
                protection,
            }));
        }
        let body = match (self.media(message), said) {
            (count, _) if count > 0 => Body::Mms { text, count },
            (_, Said::Binary(bytes)) => {
                Body::Binary { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
            }
            _ => Body::Plain(text),
        };
        Ok(Brought::Whole(Received::Text(Text { id, from, to, at, body, protection }), same))
    }

    /// The text in its charset, or how many bytes of binary data there are.
    fn said(&self, message: &Value) -> Said {
        if let Some(hex) = self.binary.as_ref().and_then(|path| path.text(message)) {
            return Said::Binary(hex.len() / 2);
        }
        let value = self.text.as_ref().and_then(|path| path.all(message).into_iter().next());
        match (&self.charset, value) {
            (Some(charset), Some(value)) => charset.read(message, &bytes(value)),
            _ => {
                let text = self.text.as_ref().and_then(|path| path.text(message));
                Said::Text(text.unwrap_or_default())
            }
        }
    }

    fn media(&self, message: &Value) -> u16 {
        let Some(path) = &self.media else { return 0 };
        match path.all(message).as_slice() {
            [Value::Array(items)] => u16::try_from(items.len()).unwrap_or(u16::MAX),
            _ => path.text(message).and_then(|count| count.parse().ok()).unwrap_or(0),
        }
    }

    /// Which part of a long text it is; `None` for a text of one part.
    fn place(&self, message: &Value) -> Result<Option<Place>, &'static str> {
        let Some(shape) = &self.part else { return Ok(None) };
        let Some(reference) = shape.reference.text(message) else { return Ok(None) };
        let number = |path: &FieldPath| path.text(message).and_then(|n| n.parse::<u8>().ok());
        match (reference.parse(), number(&shape.of), number(&shape.number)) {
            (Ok(reference), Some(of), Some(number)) if (1..=of).contains(&number) => {
                Ok((of > 1).then_some(Place { reference, of, number }))
            }
            _ => Err("a part does not say which one it is"),
        }
    }
}

impl ReceiptShape {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let mut states = BTreeMap::new();
        let table = fields.table("states");
        for (name, state) in [
            ("sent", State::Sent),
            ("delayed", State::Delayed),
            ("delivered", State::Delivered),
            ("failed", State::Failed),
            ("unknown", State::Unknown),
        ] {
            let words = table.as_ref().map_or_else(Vec::new, |table| table.list::<String>(name));
            for word in words {
                if states.insert(word.clone(), state).is_some() {
                    fields.object("states", format!("\"{word}\" stands there twice"));
                }
            }
        }
        table?.finish();
        Some(Self {
            of: fields.required("of")?,
            state: fields.required("state")?,
            states,
            code: fields.optional_table("code").map(|fields| Pick::parse(&fields)),
        })
    }

    /// A word that nobody declared is shown as "unknown" with the word: the network says
    /// something about the message, and nobody knows what.
    fn read(&self, message: &Value) -> Result<Brought, &'static str> {
        let of = self.of.text(message).ok_or("a receipt does not say of which message")?;
        let word = self.state.text(message).ok_or("a receipt does not say what happened")?;
        let known = self.states.get(&word).copied();
        let said = self.code.as_ref().and_then(|pick| pick.first(message));
        let code = match known {
            // Success has no reason, whatever is said in its place: 0, 000, NO_ERROR.
            Some(State::Sent | State::Delivered) => None,
            Some(_) => said,
            None => said.or_else(|| Some(word.clone())),
        };
        let same = fingerprint(&["receipt", &of, &word, code.as_deref().unwrap_or_default()]);
        let report = Report { of, state: known.unwrap_or(State::Unknown), code };
        Ok(Brought::Whole(Received::Receipt(report), same))
    }
}
