//! What of the events that come in is accepted, and in which form.

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::InvitedRoom;
use matrix_sdk::ruma::{RoomId, UserId};
use serde_json::Value;
use serde_json::value::RawValue;
use viadukt_api::inbox::{Intake, SourceKey};
use viadukt_api::{Protection, Reason, Trust};

use crate::config::ShareWith;
use crate::envelope::{Envelope, protection_of};
use crate::online::Online;
use crate::undecryptable::Waiting;

/// Puts `event` into `intake` if it is one that the pipeline reads.
pub(crate) async fn take(online: &Online, room: &Room, event: &TimelineEvent, intake: &mut Intake) {
    let (Some(id), Some(sender)) = (event.event_id(), event.sender()) else { return };
    if sender == online.own {
        return;
    }
    let now = online.context.env.now();
    let tell = |about: &str, reason: &str| {
        let reason = Reason::new(reason).with("user", sender.as_str());
        Envelope::tell(room.room_id(), about, sender.as_str(), reason, now)
    };
    let key = SourceKey::new(&[id.as_str()]);
    let protection = protection_of(event);
    let is_by = |trust| protection == Protection::Megolm { trust: Some(trust) };
    let envelope = match &event.kind {
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
            match Waiting::new(room.room_id(), &id, &sender, utd_info, now) {
                Ok(waiting) => {
                    intake.keep.push(waiting.to_keep());
                    return;
                }
                Err(reason) => tell(id.as_str(), reason),
            }
        }
        _ if !is_read(event) => return,
        _ if is_by(Trust::SenderMismatch) => tell(id.as_str(), "matrix-sender-not-trusted"),
        _ => {
            if online.settings.share_with == ShareWith::VerifiedIdentities
                && (is_by(Trust::UnsignedDevice) || is_by(Trust::UnknownDevice))
            {
                // They will not be able to read what we send; once is enough to say so.
                let key = SourceKey::new(&["unsigned", room.room_id().as_str(), sender.as_str()]);
                let about = format!("unsigned:{sender}");
                intake.items.push(tell(&about, "matrix-device-not-verified").into_item(key, now));
            }
            let Ok(json) = RawValue::from_string(event.raw().json().to_string()) else {
                return;
            };
            Envelope::Event {
                room: room.room_id().to_string(),
                event: json,
                protection,
                name: online.name(room, &sender).await,
                power: online.power(room, &sender).await,
                pinned: online.pins.has(room.room_id()),
            }
        }
    };
    intake.items.push(envelope.into_item(key, now));
}

/// Whether the pipeline reads events of this type. Memberships and other state are not messages.
///
/// Only what the homeserver has checked against the sender's power may take back a message or
/// move a room: state, and nothing that was hidden from it by encryption.
fn is_read(event: &TimelineEvent) -> bool {
    let event_json: Value = event.raw().deserialize_as_unchecked().unwrap_or_default();
    let in_clear = event.encryption_info().is_none();
    match event_json["type"].as_str() {
        Some("m.room.message" | "m.sticker") => {
            event_json["unsigned"]["redacted_because"].is_null()
        }
        Some("m.reaction") => {
            let relates = &event_json["content"]["m.relates_to"];
            relates["rel_type"] == "m.annotation"
                && relates["event_id"].is_string()
                && relates["key"].is_string()
        }
        Some("m.room.redaction") => in_clear,
        Some("m.room.tombstone") => in_clear && event_json["state_key"] == "",
        _ => false,
    }
}

/// Puts an invitation to us into `intake`.
pub(crate) fn invite(
    online: &Online,
    room: &RoomId,
    invitation: &InvitedRoom,
    intake: &mut Intake,
) {
    let now = online.context.env.now();
    let ours = |event: &Value| {
        event["type"] == "m.room.member" && event["state_key"] == online.own.as_str()
    };
    let events = invitation.invite_state.events.iter();
    let Some(event) = events.filter_map(|raw| raw.deserialize_as::<Value>().ok()).find(ours) else {
        return;
    };
    let Some(sender) = event["sender"].as_str().filter(|s| <&UserId>::try_from(*s).is_ok()) else {
        return;
    };
    // Stripped state need not have an event id; then one invitation per inviter and room.
    let id = event["event_id"].as_str().unwrap_or(sender);
    let key = SourceKey::new(&["invite", room.as_str(), id]);
    let envelope = Envelope::Invite { room: room.to_string(), sender: sender.to_owned(), at: now };
    intake.items.push(envelope.into_item(key, now));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use matrix_sdk::ruma::serde::Raw;
    use serde_json::json;

    use super::*;

    fn is_read_in_clear(event: Value) -> bool {
        is_read(&TimelineEvent::from_plaintext(Raw::new(&event).unwrap().cast_unchecked()))
    }

    #[test]
    fn only_state_moves_a_room() {
        let mut tombstone = json!({
            "type": "m.room.tombstone",
            "content": { "replacement_room": "!elsewhere:example.org" },
        });
        assert!(!is_read_in_clear(tombstone.clone()));
        tombstone["state_key"] = "".into();
        assert!(is_read_in_clear(tombstone));
    }

    #[test]
    fn a_mark_is_read_until_it_is_taken_back() {
        let relates = json!({ "rel_type": "m.annotation", "event_id": "$a", "key": "🔇" });
        let mark = json!({ "type": "m.reaction", "content": { "m.relates_to": relates } });
        assert!(is_read_in_clear(mark));
        assert!(!is_read_in_clear(json!({ "type": "m.reaction", "content": {} })));
    }

    #[test]
    fn what_was_taken_back_is_not_read() {
        let mut message = json!({ "type": "m.room.message", "content": {} });
        assert!(is_read_in_clear(message.clone()));
        message["unsigned"] = json!({ "redacted_because": { "type": "m.room.redaction" } });
        assert!(!is_read_in_clear(message));
    }
}
