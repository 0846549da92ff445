//! A receipt: of which message, and what became of it.

use std::collections::BTreeMap;

use serde_json::Value;
use viadukt_api::State;
use viadukt_api::config::Fields;

use super::Brought;
use crate::gateway::path::FieldPath;
use crate::gateway::pick::Pick;
use crate::received::{Received, Report, fingerprint};

/// Where a call says what became of a message.
#[derive(Clone, Debug)]
pub(super) struct ReceiptShape {
    of: FieldPath,
    state: FieldPath,
    /// Where a finer word stands; it counts where `states` knows it.
    substate: Option<FieldPath>,
    states: BTreeMap<String, State>,
    code: Option<Pick>,
}

impl ReceiptShape {
    /// Reads what `[hooks.NAME]` says besides.
    pub(super) fn parse(fields: &Fields<'_>) -> Option<Self> {
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
            substate: fields.optional("substate"),
            states,
            code: fields.optional_table("code").map(|fields| Pick::parse(&fields)),
        })
    }

    /// A word that nobody declared is shown as "unknown" with the word: the network says
    /// something about the message, and nobody knows what.
    pub(super) fn read(&self, message: &Value) -> Result<Brought, &'static str> {
        let of = self.of.text(message).ok_or("a receipt does not say of which message")?;
        let word = self.state.text(message).ok_or("a receipt does not say what happened")?;
        let finer = self.substate.as_ref().and_then(|path| path.text(message));
        let finer = finer.filter(|finer| self.states.contains_key(finer));
        let word = finer.unwrap_or(word);
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
