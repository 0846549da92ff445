//! What recipients, or their programs, did with a mail (RFC 8098).

use super::material::Material;
use super::returned::bare;
use super::{Action, Kind, Recipient, address, fields, said};

/// Reads one. It seldom returns the mail, but names its id in a field.
pub(crate) fn read(material: &mut Material<'_>) -> Option<(Kind, Vec<Recipient>)> {
    let text = material.disposition.take()?;
    let mut named = [None, None];
    let mut action = None;
    for (name, value) in fields::fields(&text).flatten() {
        let first = || address::all(&value).next().map(str::to_owned);
        match name.as_str() {
            "original-recipient" => named[0] = first(),
            "final-recipient" => named[1] = first(),
            "original-message-id" => {
                material.returned.id = material.returned.id.take().or_else(|| bare(&value));
            }
            "disposition" => action = disposition(&value),
            _ => {}
        }
    }
    let address = named.into_iter().flatten().next();
    let is_refused = action == Some(Action::Failed);
    let diagnostic = is_refused.then(|| said::in_one_line(&material.notice)).flatten();
    let recipient = address.map(|address| Recipient { address, status: None, action, diagnostic });
    let kind = if is_refused { Kind::Bounce } else { Kind::Disposition };
    Some((kind, recipient.into_iter().collect()))
}

/// `manual-action/MDN-sent-manually; displayed`. What a filter deleted unread it refused: so
/// says Sieve's `reject` (RFC 5429 2.1.1).
fn disposition(value: &str) -> Option<Action> {
    let (mode, what) = value.rsplit_once(';').unwrap_or(("", value));
    let is_filter = mode.trim_start().to_ascii_lowercase().starts_with("automatic-action");
    let action = Action::parse(what)?;
    Some(if is_filter && action == Action::Deleted { Action::Failed } else { action })
}
