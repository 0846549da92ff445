//! Complaints of recipients (RFC 5965): "this is junk".

use super::material::Material;
use super::{Recipient, address, fields};

pub(crate) fn read(material: &Material<'_>) -> Option<Vec<Recipient>> {
    let text = match material.feedback.as_deref() {
        Some(fields) => fields,
        // Microsoft's own form has no fields, but marks the mail that it returns.
        None if material.returned.is_complained_about => "",
        None => return None,
    };
    let mut named = Vec::new();
    for (name, value) in fields::fields(text).flatten() {
        if matches!(name.as_str(), "original-rcpt-to" | "removal-recipient") {
            named.extend(address::all(&value).map(str::to_owned));
        }
    }
    if named.is_empty() {
        named.clone_from(&material.returned.recipients);
    }
    named.dedup();
    let recipient = |address| Recipient { address, status: None, action: None, diagnostic: None };
    Some(named.into_iter().take(50).map(recipient).collect())
}
