//! Events that a sync left out, fetched with `/messages`.

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::uint;
use serde_json::Value;
use viadukt_api::inbox::{Inbox, SourceKey};

use crate::online::Online;
use crate::trouble::Trouble;

/// How many pages of 100 events are fetched for one gap. A gap that is longer than that means
/// weeks of silence on our side; the operator hears of it.
const MOST_PAGES: usize = 100;

/// The events of `room` after the token `since` and before the token `before`, oldest first.
/// Ends early at an event that was accepted before, which happens when the homeserver was
/// restored from a backup and `since` means nothing to it.
pub(crate) async fn between(
    room: &Room,
    inbox: &Inbox,
    since: &str,
    before: &str,
) -> Result<Vec<TimelineEvent>, Trouble> {
    let mut seen = Ok(false);
    let events = backwards(room, before, Some(since), |event| {
        let key = event.event_id().map(|id| SourceKey::new(&[id.as_str()]));
        seen = key.map_or(Ok(false), |key| inbox.seen(&key));
        !matches!(seen, Ok(false))
    })
    .await?;
    seen?;
    tracing::info!(events = events.len(), "filled a gap in a room's timeline");
    Ok(events)
}

/// The events of `room` since we entered it, up to the token `until`, oldest first. What was
/// said before is not ours to bridge.
pub(crate) async fn since_entering(
    online: &Online,
    room: &Room,
    until: &str,
) -> Result<Vec<TimelineEvent>, Trouble> {
    backwards(room, until, None, |event| {
        let json: Value = event.raw().deserialize_as().unwrap_or_default();
        json["type"] == "m.room.member"
            && json["state_key"] == online.own.as_str()
            && json["content"]["membership"] == "join"
            && json["unsigned"]["prev_content"]["membership"] != "join"
    })
    .await
}

/// Pages backwards from `from` until `to`, the room's beginning, or an event at which `stop`
/// says so; that event is left out. Oldest first.
async fn backwards(
    room: &Room,
    from: &str,
    to: Option<&str>,
    mut stop: impl FnMut(&TimelineEvent) -> bool,
) -> Result<Vec<TimelineEvent>, Trouble> {
    let mut events = Vec::new();
    let mut from = from.to_owned();
    for _ in 0..MOST_PAGES {
        let mut options = MessagesOptions::backward().from(from.as_str());
        options.limit = uint!(100);
        options.to = to.map(str::to_owned);
        let page = room.messages(options).await?;
        for event in page.chunk {
            if stop(&event) {
                events.reverse();
                return Ok(events);
            }
            events.push(event);
        }
        match page.end {
            Some(end) if end != from => from = end,
            _ => {
                events.reverse();
                return Ok(events);
            }
        }
    }
    tracing::error!(pages = MOST_PAGES, "a room's gap is too long; older events are left out");
    events.reverse();
    Ok(events)
}
