//! What a call means: which hook it is for, and what it brings.

mod receipt;
mod text;

use serde_json::Value;
use viadukt_api::config::Fields;
use viadukt_api::{Protection, Timestamp};

use self::receipt::ReceiptShape;
use self::text::TextShape;
use super::condition::{Condition, Holds};
use super::path::FieldPath;
use crate::reassembly::Part;
use crate::received::Received;

/// One thing that a gateway calls us for.
#[derive(Clone, Debug)]
pub(crate) struct HookShape {
    /// The end of the address it calls; any without.
    path: Option<String>,
    /// What must hold besides, where one address serves several things.
    when: Option<Condition>,
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

/// When a call came, and how.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
    over_tls: bool,
}

impl Arrival {
    /// See [`crate::received::Text::protection`].
    pub(crate) fn protection(self) -> Protection {
        if self.over_tls { Protection::TLS_TO_US } else { Protection::Plain }
    }

    /// At `at`, by a call to `url`: the public listener or the proxy before it ends TLS.
    pub(crate) fn new(at: Timestamp, url: &str) -> Self {
        Self { at, over_tls: url.starts_with("https:") }
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
            "text" => TextShape::parse(fields, false).map(Brings::Text),
            "mms" => TextShape::parse(fields, true).map(Brings::Text),
            "receipt" => ReceiptShape::parse(fields).map(Brings::Receipt),
            "nothing" => Some(Brings::Nothing),
            _ => {
                fields.object("brings", "expected \"text\", \"mms\", \"receipt\" or \"nothing\"");
                None
            }
        };
        let shape = Self {
            path: fields.optional("path"),
            when: fields.optional_table("when").and_then(|fields| Condition::parse(&fields)),
            each: fields.optional("each"),
            brings: brings?,
        };
        fields.finish();
        Some(shape)
    }

    /// Whether a call to `path` that says `value` is for this hook.
    pub(crate) fn fits(&self, path: &str, value: &Value) -> bool {
        self.is_at(path) && self.is_about(value)
    }

    /// Whether it is called at `path`.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path.as_deref().is_none_or(|own| own == path)
    }

    /// Whether a call that says `value` can be for this hook, wherever it was sent.
    pub(crate) fn is_about(&self, value: &Value) -> bool {
        self.when.as_ref().is_none_or(|condition| condition.of(value) == Holds::All)
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
            Brings::Text(shape) => Ok(Some(shape.read(message, arrival))),
            Brings::Receipt(shape) => shape.read(message).map(Some),
            Brings::Nothing => Ok(None),
        });
        read.filter_map(Result::transpose).collect()
    }
}
