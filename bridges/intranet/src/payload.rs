//! A message as it is told to software, in JSON; the shape is documented in `docs/intranet.md`.

use jiff::Timestamp as Moment;
use serde::Serialize;
use viadukt_api::{Content, Reason, Timestamp};

use crate::speech;
use crate::system::Outgoing;

/// The size of a body that receivers are used to (Standard Webhooks, "Payload size": 20 KB).
const LONGEST: usize = 20_000;

/// What a person says to a system.
#[derive(Serialize)]
pub(crate) struct Payload<'t> {
    /// The message's id, the same at every attempt.
    id: &'t str,
    /// The party behind the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'t str>,
    sender: Speaker<'t>,
    text: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'t str>,
    /// It corrects an earlier message.
    correction: bool,
}

#[derive(Serialize)]
struct Speaker<'t> {
    id: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'t str>,
}

impl<'t> Payload<'t> {
    /// What `out` says.
    pub(crate) fn of(out: &'t Outgoing<'t>) -> Self {
        Self {
            id: out.id,
            to: out.behind,
            sender: Speaker { id: out.sender.address.as_str(), name: out.sender.name.as_deref() },
            text: &out.content.text,
            html: out.content.html.as_deref(),
            correction: out.correction,
        }
    }
}

/// See [`crate::system::Takes::fits`].
pub(crate) fn fits(content: &Content) -> Result<(), Reason> {
    let html = content.html.as_deref().map_or(0, |html| html.chars().count());
    speech::is_text(content, LONGEST.saturating_sub(html).max(1))
}

/// A time by RFC 3339.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let since_1970 = i64::try_from(at.0).unwrap_or(i64::MAX);
    // Fails past the year 9999.
    Moment::from_millisecond(since_1970).unwrap_or(Moment::MAX).to_string()
}
