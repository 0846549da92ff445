//! The sync loop that loses nothing.
//!
//! matrix-sdk writes its sync token before anyone has seen the response, so the token on which
//! the loop goes on is ours: it is accepted in one transaction with everything that came with
//! it, and the next sync is sent only after that. A crash anywhere before repeats the response,
//! and the repetition is recognised by event ids.

use std::convert::Infallible;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::api::client::filter::{
    Filter, FilterDefinition, LazyLoadOptions, RoomEventFilter,
};
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::{RoomId, assign, uint};
use matrix_sdk::sync::{JoinedRoomUpdate, SyncResponse};
use viadukt_api::inbox::{Inbox, Intake};

use crate::backoff::Backoff;
use crate::online::Online;
use crate::position::Position;
use crate::trouble::{Trouble, is_unreadable};
use crate::{gap, intake};

/// How long the homeserver holds a sync open when there is nothing new.
const LONG_POLL: Duration = Duration::from_secs(30);

/// Syncs until an error that ends the connection. `heard` is told after each sync.
pub(crate) async fn run(
    online: &Online,
    inbox: &Inbox,
    heard: impl Fn(Result<(), String>),
) -> Result<Infallible, Trouble> {
    let meta = online.client.session_meta().ok_or_else(|| Trouble::wait("not logged in"))?;
    let env = &online.context.env;
    let mut position = Position::read(&online.context.keep, meta, env)?;
    let mut wait = Backoff::default();
    // The first answer comes at once, so that we know that we are connected.
    let mut patience = Duration::ZERO;
    loop {
        let settings = settings(online, &position, patience);
        let response = match online.client.sync_once(settings).await {
            Ok(response) => response,
            // The client's own token may have moved although we saw nothing: only a new client
            // that begins at our own position is safe.
            Err(error) if is_unreadable(&error) => {
                accept(online, inbox, Intake::default(), &position.failed(), &heard).await?;
                return Err(Trouble::wait("an answer to sync cannot be processed"));
            }
            Err(error) => {
                patience = Duration::ZERO;
                wait.out(env, error.into(), &heard).await?;
                continue;
            }
        };
        let next = position.moved_to(&response.next_batch);
        let intake = loop {
            match gather(online, inbox, &position, &response).await {
                Ok(intake) => break intake,
                Err(trouble) => wait.out(env, trouble, &heard).await?,
            }
        };
        accept(online, inbox, intake, &next, &heard).await?;
        position = next;
        wait = Backoff::default();
        patience = LONG_POLL;
        heard(Ok(()));
    }
}

/// Accepts `intake` and the new position together; waits while there is no room for it.
async fn accept(
    online: &Online,
    inbox: &Inbox,
    mut intake: Intake,
    position: &Position,
    heard: &impl Fn(Result<(), String>),
) -> Result<(), Trouble> {
    intake.keep.push(position.to_keep());
    let env = &online.context.env;
    let mut wait = Backoff::default();
    loop {
        match inbox.accept(intake.clone()).await {
            Ok(_) => return Ok(()),
            Err(error) => wait.out(env, error.into(), heard).await?,
        }
    }
}

fn settings(online: &Online, position: &Position, patience: Duration) -> SyncSettings {
    let nothing = || RoomEventFilter::ignore_all();
    let mut filter = FilterDefinition::default();
    filter.presence = Filter::ignore_all();
    filter.room.ephemeral = nothing();
    filter.room.account_data = nothing();
    filter.room.timeline = assign!(RoomEventFilter::default(), {
        limit: Some(uint!(100)),
        // Our own events would wake the loop for every message that we send.
        not_senders: vec![online.own.clone()],
    });
    filter.room.state.lazy_load_options =
        LazyLoadOptions::Enabled { include_redundant_members: false };
    let token = position.token.clone().map_or(SyncToken::NoToken, SyncToken::Specific);
    SyncSettings::new()
        .token(token)
        .timeout(patience)
        .set_presence(PresenceState::Offline)
        .filter(filter.into())
}

/// Everything in `response` that must be accepted, except the position.
async fn gather(
    online: &Online,
    inbox: &Inbox,
    position: &Position,
    response: &SyncResponse,
) -> Result<Intake, Trouble> {
    let mut intake = Intake::default();
    for (room_id, update) in &response.rooms.joined {
        let Some(room) = online.client.get_room(room_id) else { continue };
        if room.encryption_state().is_encrypted() {
            online.pins.add(room_id).await?;
        }
        online.pins.inherit(&room).await?;
        let events = news(online, inbox, &room, update, position, &response.next_batch).await?;
        for event in events {
            intake::take(online, &room, &event, &mut intake).await?;
        }
        if online.context.keep.get(&joined_key(room_id))?.is_none() {
            intake.keep.push((joined_key(room_id), Some(vec![1])));
        }
    }
    for room_id in response.rooms.left.keys() {
        intake.keep.push((joined_key(room_id), None));
    }
    for (room_id, invitation) in &response.rooms.invited {
        intake::invite(online, room_id, invitation, &mut intake);
    }
    Ok(intake)
}

/// The events of a room that are new to us: those since we entered it, or those since the last
/// sync, with the gap filled where the homeserver left some out.
async fn news(
    online: &Online,
    inbox: &Inbox,
    room: &Room,
    update: &JoinedRoomUpdate,
    position: &Position,
    next_batch: &str,
) -> Result<Vec<TimelineEvent>, Trouble> {
    let known = online.context.keep.get(&joined_key(room.room_id()))?.is_some();
    match (&position.token, &position.behind) {
        // The very first sync brings history, which is not ours to bridge.
        (None, None) => Ok(Vec::new()),
        _ if !known => gap::since_entering(online, room, next_batch).await,
        (None, Some(since)) => gap::between(room, inbox, since, next_batch).await,
        (Some(since), _) => {
            let mut events = Vec::new();
            if let (true, Some(before)) = (update.timeline.limited, &update.timeline.prev_batch) {
                events = gap::between(room, inbox, since, before).await?;
            }
            events.extend(update.timeline.events.iter().cloned());
            Ok(events)
        }
    }
}

/// Kept while we are in a room whose history before our entering is settled.
fn joined_key(room: &RoomId) -> String {
    format!("in/{room}")
}
