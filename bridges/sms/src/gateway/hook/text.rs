//! A text from a phone, whole or in parts, with pictures or binary data.

use serde_json::Value;
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml};

use super::{Arrival, Brought};
use crate::gateway::call::bytes;
use crate::gateway::charset::Charset;
use crate::gateway::path::FieldPath;
use crate::gateway::time::moment;
use crate::reassembly::{Numbering, Part};
use crate::received::{Body, Received, Text, fingerprint};
use crate::text::header::Place;
use crate::text::said::Said;

/// Where a call says what a phone said.
#[derive(Clone, Debug)]
pub(super) struct TextShape {
    /// It brings nothing but picture messages.
    is_mms: bool,
    from: FieldPath,
    to: Option<FieldPath>,
    text: Option<FieldPath>,
    /// For gateways that do not always hand the text on in UTF-8.
    charset: Option<Charset>,
    id: Option<FieldPath>,
    at: Option<FieldPath>,
    /// The number of pictures, or the list of them.
    media: Option<FieldPath>,
    /// Binary data.
    binary: Option<FieldPath>,
    /// How it is written.
    binary_in: BinaryIn,
    part: Option<PartShape>,
    /// What makes a message the same one when it comes again; by default its id.
    same: Vec<FieldPath>,
}

/// How a gateway writes bytes.
#[derive(Clone, Copy, Debug)]
enum BinaryIn {
    Hexadecimal,
    Base64,
}

/// Where a part says what it is a part of.
#[derive(Clone, Debug)]
struct PartShape {
    reference: FieldPath,
    of: FieldPath,
    number: FieldPath,
}

impl TextShape {
    /// Reads what `[hooks.NAME]` says besides.
    pub(super) fn parse(fields: &Fields<'_>, is_mms: bool) -> Option<Self> {
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
            is_mms,
            from: fields.required("from")?,
            to: fields.optional("to"),
            text: fields.optional("text"),
            charset: fields.optional_table("charset").and_then(|fields| Charset::parse(&fields)),
            id: fields.optional("id"),
            at: fields.optional("at"),
            media: fields.optional("media"),
            binary: fields.optional("binary"),
            binary_in: fields.or("binary_in", BinaryIn::Hexadecimal),
            part,
            same: fields.list("same"),
        })
    }

    /// A sender or text that is not there is taken for an empty one, and a part that does not say
    /// which one for a whole text: an SMS may be empty, and what cannot be shown is put aside
    /// later, where a person sees it. Refused it would be lost in the end.
    pub(super) fn read(&self, message: &Value, arrival: Arrival) -> Brought {
        let optional = |path: &Option<FieldPath>| path.as_ref().and_then(|p| p.text(message));
        let from = self.from.text(message).unwrap_or_default();
        let to = optional(&self.to).unwrap_or_default();
        let written_at = optional(&self.at).as_deref().and_then(moment);
        let at = written_at.unwrap_or(arrival.at);
        let said = self.said(message);
        let text = said.text().unwrap_or_default();
        let same = self.same(message, &[&from, &to, &text, &at.0.to_string()]);
        let id = optional(&self.id).unwrap_or_else(|| same.clone());
        let protection = arrival.protection();
        let body = match (self.media(message), self.place(message)) {
            (0, Some(place)) => {
                let (numbered_by, same, received_at) = (Numbering::Gateway, Some(same), arrival.at);
                return Brought::Part(Part {
                    from,
                    to,
                    place,
                    numbered_by,
                    id,
                    same,
                    at,
                    received_at,
                    said,
                    protection,
                });
            }
            (0, None) => Body::of(said),
            (count, _) => Body::Mms { text: text.into_owned(), count },
        };
        Brought::Whole(Received::Text(Text { id, from, to, at, body, protection }), same)
    }

    /// The fingerprint by which a message is known again: of what the declaration names, else of
    /// its id, else of `all` that it says.
    fn same(&self, message: &Value, all: &[&str]) -> String {
        let id = self.id.as_ref().and_then(|path| path.text(message));
        let named: Vec<_> = self.same.iter().flat_map(|path| path.texts(message)).collect();
        let words = match &id {
            _ if !self.same.is_empty() => named.iter().map(String::as_str).collect(),
            Some(id) => vec![id.as_str()],
            None => all.to_vec(),
        };
        fingerprint(&[&["text"], words.as_slice()].concat())
    }

    /// The text in its charset, or how many bytes of binary data there are.
    fn said(&self, message: &Value) -> Said {
        if let Some(written) = self.binary.as_ref().and_then(|path| path.text(message)) {
            return Said::Binary(self.binary_in.bytes(&written));
        }
        let value = self.text.as_ref().and_then(|path| path.all(message).into_iter().next());
        match (&self.charset, value) {
            (Some(charset), Some(value)) => charset.read(message, bytes(value)),
            _ => {
                let text = self.text.as_ref().and_then(|path| path.text(message));
                Said::Text(text.unwrap_or_default())
            }
        }
    }

    /// How many pictures; at least one where nothing else comes.
    fn media(&self, message: &Value) -> u16 {
        let least = u16::from(self.is_mms);
        let Some(path) = &self.media else { return least };
        let count = match path.all(message).as_slice() {
            [Value::Array(items)] => u16::try_from(items.len()).unwrap_or(u16::MAX),
            _ => path.text(message).and_then(|count| count.parse().ok()).unwrap_or(0),
        };
        count.max(least)
    }

    /// Which part of a long text it is; `None` for a text of one part.
    fn place(&self, message: &Value) -> Option<Place> {
        let shape = self.part.as_ref()?;
        let number = |path: &FieldPath| path.text(message).and_then(|n| n.parse::<u8>().ok());
        let reference = shape.reference.text(message)?.parse().ok()?;
        let (of, number) = (number(&shape.of)?, number(&shape.number)?);
        (of > 1 && (1..=of).contains(&number)).then_some(Place { reference, of, number })
    }
}

impl FromToml for BinaryIn {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("hex") => Ok(Self::Hexadecimal),
            Some("base64") => Ok(Self::Base64),
            _ => Err("expected \"hex\" or \"base64\"".to_owned()),
        }
    }
}

impl BinaryIn {
    /// How many bytes are written.
    fn bytes(self, written: &str) -> usize {
        match self {
            Self::Hexadecimal => written.len() / 2,
            // RFC 4648 4: four characters for three bytes, filled up with =.
            Self::Base64 => written.trim_end_matches('=').len() * 3 / 4,
        }
    }
}
