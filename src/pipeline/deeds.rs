//! What becomes of a deed that somebody asked a far side for: told in the thread, in words.

use std::time::Duration;

use viadukt_api::{Form, Reason, State};

use super::Pipeline;
use crate::ledger::{Delivery, Role};
use crate::store::StoreError;

/// Whoever asks for something means now: what could not be asked for so long is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(900);

impl Pipeline {
    /// What is told of a deed that ended in `state`, perhaps for `reason`; `None` for any other
    /// delivery.
    pub(super) fn told_of_deed(
        &self,
        delivery: &Delivery,
        state: State,
        reason: Option<&Reason>,
    ) -> Result<Option<String>, StoreError> {
        if delivery.role != Role::Asks {
            return Ok(None);
        }
        let Form::Deed { word, rest, sender, matter } = self.ledger.unpack(&delivery.form)? else {
            return Ok(None);
        };
        let deed = format!("{word} {rest}");
        let name = sender.name.as_deref().unwrap_or(sender.address.as_str());
        let known = self.ledger.draft().matter(&delivery.bridge, &matter.id)?;
        let title = known.map_or_else(String::new, |known| known.title);
        let reason = reason.map_or_else(String::new, |reason| self.words.clause(reason));
        let key = match state {
            State::Sent => "deed-done",
            State::Unknown => "deed-unknown",
            _ => "deed-failed",
        };
        let reference = delivery.id.to_string();
        let args = [
            ("name", name),
            ("deed", deed.trim_end()),
            ("title", title.as_str()),
            ("reason", reason.as_str()),
            ("reference", reference.as_str()),
        ];
        Ok(Some(self.words.say(key, &args)))
    }
}
