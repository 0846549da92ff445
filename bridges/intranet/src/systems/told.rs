//! What people must know about a system that cannot say so itself: that something may be
//! missing, that nothing comes any more. It takes the way of what the system brings, and so is
//! neither lost nor told twice.

use viadukt_api::{Protection, Reason, Timestamp};

use crate::notice::Notice;
use crate::received::Received;

/// The mark beside a body that is a [`Reason`] and not from the system.
const TOLD: &str = "told";

/// `reason` as if `system` had brought it; it is told once under `id`.
pub(crate) fn tell(system: &str, id: String, at: Timestamp, reason: &Reason) -> Received {
    Received {
        system: system.to_owned(),
        id: format!("{TOLD}/{id}"),
        at,
        beside: vec![(TOLD.to_owned(), reason.key.clone())],
        protection: Protection::Plain,
        body: serde_json::to_vec(reason).unwrap_or_default().into(),
    }
}

/// The sentence, if `received` is one.
pub(crate) fn read(received: &Received) -> Option<Notice> {
    received.beside(TOLD)?;
    let reason = serde_json::from_slice(&received.body).ok()?;
    Some(Notice { tell: Some(reason), ..Notice::default() })
}
