//! Rooms: finding, entering and creating them; encryption that stays.

use matrix_sdk::ruma::api::client::room::create_room::v3::{CreationContent, Request, RoomPreset};
use matrix_sdk::ruma::api::client::state::get_state_event_for_key::v3 as state;
use matrix_sdk::ruma::events::{AnyInitialStateEvent, StateEventType};
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedUserId, RoomId, RoomOrAliasId, assign};
use matrix_sdk::{Room, RoomMemberships, RoomState};
use serde_json::{Value, json};
use viadukt_api::worker::ROOM_EMPTY;
use viadukt_api::{AcceptError, DeliveryError, Protection, Reason, RoomSpec};

use crate::login::random_hex;
use crate::online::Online;
use crate::trouble::delivery_error;

/// How a hop into an encrypted room is protected.
/// Field of `m.room.create` by which a room that we created is found again after a crash.
const CREATION_TAG: &str = "viadukt.creation";
/// How many replacements of a room are followed.
const MOST_UPGRADES: usize = 20;

/// The room that `spec` describes.
pub(crate) async fn ensure(online: &Online, spec: &RoomSpec) -> Result<Room, DeliveryError> {
    let room = match &spec.existing {
        Some(name) => enter_named(online, name).await?,
        None => own_room(online, spec).await?,
    };
    let room = follow(online, room).await?;
    protection(online, &room).await?;
    Ok(room)
}

/// Enters the room `id`; nothing happens if we are in it.
pub(crate) async fn enter(online: &Online, id: &RoomId) -> Result<Room, DeliveryError> {
    if let Some(room) = joined(online, id) {
        return Ok(room);
    }
    let replaced = replaced_by(online, id);
    let servers = match &replaced {
        Some(room) => room.route().await.map_err(|e| delivery_error(&e))?,
        None => Vec::new(),
    };
    match online.client.join_room_by_id_or_alias(id.into(), &servers).await {
        Ok(room) => Ok(room),
        Err(error) => Err(match delivery_error(&error) {
            // Whoever upgraded the room we are in has still to invite us into the new one.
            DeliveryError::Refused { reason } if replaced.is_some() => DeliveryError::retry(reason),
            other => other,
        }),
    }
}

/// The room `id` to write into: one that we are in, or that replaced one that we are in.
pub(crate) async fn writable(online: &Online, id: &RoomId) -> Result<Room, DeliveryError> {
    match joined(online, id) {
        Some(room) => Ok(room),
        None if replaced_by(online, id).is_some() => enter(online, id).await,
        None => Err(DeliveryError::refused(Reason::new("matrix-not-in-room"))),
    }
}

fn joined(online: &Online, id: &RoomId) -> Option<Room> {
    online.client.get_room(id).filter(|room| room.state() == RoomState::Joined)
}

/// The room that we are in and that the room `id` replaced.
fn replaced_by(online: &Online, id: &RoomId) -> Option<Room> {
    let leads_there =
        |room: &Room| room.successor_room().is_some_and(|successor| successor.room_id == id);
    online.client.joined_rooms().into_iter().find(leads_there)
}

/// Refuses a room in which nobody would read: all others have left. Whoever is invited may still
/// come.
pub(crate) async fn inhabited(online: &Online, room: &Room) -> Result<(), DeliveryError> {
    // Asks the homeserver once for each room; afterwards the sync keeps the members up to date.
    room.sync_members().await.map_err(|e| delivery_error(&e))?;
    let store = online.client.state_store();
    let members = store.get_user_ids(room.room_id(), RoomMemberships::ACTIVE).await;
    let members = members.map_err(|_| DeliveryError::retry(internal()))?;
    let others = members.iter().any(|user| *user != online.own);
    if others { Ok(()) } else { Err(DeliveryError::refused(Reason::new(ROOM_EMPTY))) }
}

/// How a message into `room` is protected, or why it must not be sent there.
pub(crate) async fn protection(online: &Online, room: &Room) -> Result<Protection, DeliveryError> {
    let state = room.latest_encryption_state().await.map_err(|e| delivery_error(&e))?;
    if state.is_encrypted() {
        online.pins.add(room.room_id()).await.map_err(|e| not_kept(&e))?;
        return Ok(Protection::ROOM);
    }
    if online.pins.has(room.room_id()) {
        return Err(DeliveryError::refused(Reason::new("matrix-encryption-removed")));
    }
    if !online.settings.allow_unencrypted_rooms {
        return Err(DeliveryError::refused(Reason::new("matrix-room-not-encrypted")));
    }
    Ok(Protection::Plain)
}

async fn enter_named(online: &Online, name: &str) -> Result<Room, DeliveryError> {
    let unknown = |_| DeliveryError::refused(Reason::new("matrix-room-unknown"));
    let name = <&RoomOrAliasId>::try_from(name).map_err(unknown)?;
    if let Ok(id) = <&RoomId>::try_from(name) {
        return enter(online, id).await;
    }
    online.client.join_room_by_id_or_alias(name, &[]).await.map_err(|e| delivery_error(&e))
}

/// Goes on to the room that replaced `room`, if one did.
async fn follow(online: &Online, mut room: Room) -> Result<Room, DeliveryError> {
    for _ in 0..MOST_UPGRADES {
        let Some(successor) = room.successor_room() else { return Ok(room) };
        online.pins.inherit(&room).await.map_err(|e| not_kept(&e))?;
        room = enter(online, &successor.room_id).await?;
    }
    Err(DeliveryError::refused(Reason::new("matrix-room-unknown")))
}

/// The room that we created for `spec`, or create now.
///
/// Before the room is asked for, a random tag for it is kept. If a crash lets us forget its
/// id, the tag in its creation event tells it from all other rooms.
async fn own_room(online: &Online, spec: &RoomSpec) -> Result<Room, DeliveryError> {
    let keep = &online.context.keep;
    let name = match &spec.key {
        Some(key) => format!("{}/{key}", spec.bridge),
        None => spec.bridge.to_string(),
    };
    let (created, creating) = (format!("created/{name}"), format!("creating/{name}"));
    if let Some(room) = kept_text(online, &created)? {
        let id = RoomId::parse(room).map_err(|_| DeliveryError::retry(internal()))?;
        return enter(online, &id).await;
    }
    let room = match kept_text(online, &creating)? {
        Some(tag) => match find_tagged(online, &tag).await? {
            Some(room) => room,
            None => create(online, spec, &tag).await?,
        },
        None => {
            let tag = random_hex::<16>(&online.context.env);
            let kept = keep.put(&creating, Some(tag.clone().into_bytes())).await;
            kept.map_err(|e| not_kept(&e))?;
            create(online, spec, &tag).await?
        }
    };
    online.pins.add(room.room_id()).await.map_err(|e| not_kept(&e))?;
    let id = room.room_id().as_str().as_bytes().to_vec();
    keep.put(&created, Some(id)).await.map_err(|e| not_kept(&e))?;
    keep.put(&creating, None).await.map_err(|e| not_kept(&e))?;
    Ok(room)
}

async fn create(online: &Online, spec: &RoomSpec, tag: &str) -> Result<Room, DeliveryError> {
    let invalid = |_| DeliveryError::refused(Reason::new("matrix-invite-unknown"));
    let invite: Result<Vec<OwnedUserId>, _> =
        spec.invite.iter().map(|user| OwnedUserId::try_from(user.as_str())).collect();
    let initial = |kind: &str, content: Value| {
        let event = json!({ "type": kind, "state_key": "", "content": content });
        Raw::<AnyInitialStateEvent>::from_json_string(event.to_string())
    };
    let internal_error = |_| DeliveryError::retry(internal());
    let encryption = initial("m.room.encryption", json!({ "algorithm": "m.megolm.v1.aes-sha2" }));
    // Whoever is invited can read what comes in before they accept.
    let visibility =
        initial("m.room.history_visibility", json!({ "history_visibility": "invited" }));
    let creation = json!({ CREATION_TAG: tag }).to_string();
    let request = assign!(Request::new(), {
        name: Some(spec.name.clone()),
        preset: Some(RoomPreset::PrivateChat),
        invite: invite.map_err(invalid)?,
        creation_content: Some(
            Raw::<CreationContent>::from_json_string(creation).map_err(internal_error)?
        ),
        initial_state: vec![
            encryption.map_err(internal_error)?,
            visibility.map_err(internal_error)?,
        ],
    });
    online.client.create_room(request).await.map_err(|e| delivery_error(&e))
}

/// The joined room whose creation event carries `tag`. Asks the homeserver: after a crash the
/// room may not have come with a sync yet.
async fn find_tagged(online: &Online, tag: &str) -> Result<Option<Room>, DeliveryError> {
    use matrix_sdk::ruma::api::client::membership::joined_rooms::v3 as joined;
    let failed = |e: matrix_sdk::HttpError| delivery_error(&matrix_sdk::Error::from(e));
    let rooms = online.client.send(joined::Request::new()).await.map_err(failed)?.joined_rooms;
    for id in rooms {
        let request = state::Request::new(id.clone(), StateEventType::RoomCreate, String::new());
        let answer = online.client.send(request).await.map_err(failed)?;
        let content: Value =
            serde_json::from_str(answer.event_or_content.get()).unwrap_or_default();
        if content[CREATION_TAG] == tag {
            return enter(online, &id).await.map(Some);
        }
    }
    Ok(None)
}

fn kept_text(online: &Online, key: &str) -> Result<Option<String>, DeliveryError> {
    let kept = online.context.keep.get(key).map_err(|e| not_kept(&e))?;
    Ok(kept.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn not_kept(_: &AcceptError) -> DeliveryError {
    DeliveryError::retry(Reason::new("matrix-store"))
}

fn internal() -> Reason {
    Reason::new("matrix-internal")
}
