//! The sync loop that loses nothing.
//!
//! matrix-sdk writes its sync token before anyone has seen the response, so the token on which
//! the loop goes on is ours: it is accepted in one transaction with everything that came with
//! it, and the next sync is sent only after that. A crash anywhere before repeats the response,
//! and the repetition is recognised by event ids.

use std::time::Duration;

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::ruma::api::client::filter::{FilterDefinition, RoomEventFilter};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::InvitedRoom;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::ruma::{RoomId, UserId, assign, uint};
use matrix_sdk::store::{StateStoreDataKey, StateStoreDataValue};
use matrix_sdk::sync::{JoinedRoomUpdate, SyncResponse};
use matrix_sdk::{Client, Error, Room, SessionMeta};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;
use viadukt_api::inbox::{Inbox, Intake, Keep, SourceKey};
use viadukt_api::{AcceptError, Reason};

use crate::config::ShareWith;
use crate::envelope::{Envelope, TRUST_MISMATCH, trust_of};
use crate::gap;
use crate::online::Online;
use crate::trouble::Trouble;
use crate::undecryptable::Waiting;

/// How long the homeserver holds a sync open when there is nothing new.
const LONG_POLL: Duration = Duration::from_secs(30);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Key under which the position is kept.
const POSITION: &str = "sync";

/// Up to where everything is accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The device whose position it is.
    device: String,
    /// `next_batch` of the last accepted response; `None` before the first.
    token: Option<String>,
    /// Where a lost device stood that this one replaces. Its tokens name the same events, but
    /// this device must begin without one to learn the rooms' state.
    #[serde(skip)]
    behind: Option<String>,
}

impl Position {
    /// What was kept, if it belongs to the device that is logged in now.
    pub(crate) fn read(keep: &Keep, meta: &SessionMeta) -> Result<Self, AcceptError> {
        let device = meta.device_id.to_string();
        let bytes = keep.get(POSITION)?.unwrap_or_default();
        Ok(match serde_json::from_slice::<Self>(&bytes) {
            Ok(kept) if kept.device == device => kept,
            Ok(kept) => Self { device, token: None, behind: kept.token },
            Err(_) => Self { device, token: None, behind: None },
        })
    }

    /// Makes `client`, which is not logged in yet, begin here: its own token may be ahead, and
    /// then it would drop a repeated response as already known.
    pub(crate) async fn hand_to(&self, client: &Client) -> Result<(), Trouble> {
        let store = client.state_store();
        let key = StateStoreDataKey::SyncToken;
        let done = match &self.token {
            Some(token) => {
                store.set_kv_data(key, StateStoreDataValue::SyncToken(token.clone())).await
            }
            None => store.remove_kv_data(key).await,
        };
        done.map_err(|error| Error::from(error).into())
    }

    fn moved_to(&self, next_batch: &str) -> Self {
        let token = Some(next_batch.to_owned());
        Self { device: self.device.clone(), token, behind: None }
    }

    fn to_keep(&self) -> (String, Option<Vec<u8>>) {
        (POSITION.to_owned(), serde_json::to_vec(self).ok())
    }
}

/// Syncs until an error that only a person can mend. `heard` is told after each sync.
pub(crate) async fn run(
    online: &Online,
    inbox: &Inbox,
    heard: impl Fn(Result<(), String>),
) -> Result<(), Trouble> {
    let meta = online.client.session_meta().ok_or_else(|| Trouble::wait("not logged in"))?;
    let mut position = Position::read(&online.context.keep, meta)?;
    let mut wait = Backoff::default();
    loop {
        let response = match online.client.sync_once(settings(online, &position)).await {
            Ok(response) => response,
            Err(Error::Http(error)) => {
                wait.out(online, (*error).into(), &heard).await?;
                continue;
            }
            // The client's own token may have moved although we saw nothing: only a new start
            // from our own position is safe.
            Err(error) => return Err(error.into()),
        };
        let next = position.moved_to(&response.next_batch);
        let intake = loop {
            match intake(online, inbox, &position, &response).await {
                Ok(intake) => break intake,
                Err(trouble) => wait.out(online, trouble, &heard).await?,
            }
        };
        accept(online, inbox, intake, &next, &heard).await?;
        position = next;
        wait = Backoff::default();
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
    let mut wait = Backoff::default();
    loop {
        match inbox.accept(intake.clone()).await {
            Ok(_) => return Ok(()),
            Err(AcceptError::Full(_)) => {
                wait.out(online, Trouble::wait("no room for new input"), heard).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn settings(online: &Online, position: &Position) -> SyncSettings {
    let nothing = || RoomEventFilter::ignore_all();
    let mut filter = FilterDefinition::default();
    filter.presence = matrix_sdk::ruma::api::client::filter::Filter::ignore_all();
    filter.room.ephemeral = nothing();
    filter.room.account_data = nothing();
    filter.room.timeline = assign!(RoomEventFilter::default(), {
        limit: Some(uint!(100)),
        // Our own events would wake the loop for every message that we send.
        not_senders: vec![online.own.clone()],
    });
    filter.room.state.lazy_load_options =
        matrix_sdk::ruma::api::client::filter::LazyLoadOptions::Enabled {
            include_redundant_members: false,
        };
    let token = position.token.clone().map_or(SyncToken::NoToken, SyncToken::Specific);
    SyncSettings::new()
        .token(token)
        .timeout(LONG_POLL)
        .set_presence(PresenceState::Offline)
        .filter(filter.into())
}

/// Everything in `response` that must be accepted, except the position.
async fn intake(
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
        let events = news(online, inbox, &room, update, position, &response.next_batch).await?;
        for event in events {
            take(online, &room, &event, &mut intake).await;
        }
        if online.context.keep.get(&joined_key(room_id))?.is_none() {
            intake.keep.push((joined_key(room_id), Some(vec![1])));
        }
    }
    for room_id in response.rooms.left.keys() {
        intake.keep.push((joined_key(room_id), None));
    }
    for (room_id, invitation) in &response.rooms.invited {
        invite(online, room_id, invitation, &mut intake);
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
        _ if trust_of(event) == TRUST_MISMATCH => tell(id.as_str(), "matrix-sender-not-trusted"),
        _ => {
            let trust = trust_of(event);
            if online.settings.share_with == ShareWith::VerifiedIdentities
                && matches!(trust, "unsigned-device" | "unknown-device")
            {
                // They will not be able to read what we send; once is enough to say so.
                let key = SourceKey::new(&["unsigned", room.room_id().as_str(), sender.as_str()]);
                let about = format!("unsigned:{sender}");
                intake.items.push(tell(&about, "matrix-device-not-verified").into_item(key, now));
            }
            let Ok(json) = serde_json::value::RawValue::from_string(event.raw().json().to_string())
            else {
                return;
            };
            Envelope::Event {
                room: room.room_id().to_string(),
                event: json,
                trust: trust.to_owned(),
                name: online.name(room, &sender).await,
                power: online.power(room, &sender).await,
                pinned: online.pins.has(room.room_id()),
            }
        }
    };
    intake.items.push(envelope.into_item(key, now));
}

/// Whether the pipeline reads events of this type. Reactions, memberships and other state are
/// not messages.
fn is_read(event: &TimelineEvent) -> bool {
    let kind = event.raw().get_field::<String>("type").ok().flatten().unwrap_or_default();
    let redacted = event
        .raw()
        .get_field::<Value>("unsigned")
        .ok()
        .flatten()
        .is_some_and(|unsigned| !unsigned["redacted_because"].is_null());
    match kind.as_str() {
        "m.room.message" | "m.sticker" => !redacted,
        "m.room.redaction" | "m.room.tombstone" => true,
        _ => false,
    }
}

fn invite(online: &Online, room: &RoomId, invitation: &InvitedRoom, intake: &mut Intake) {
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

/// Kept while we are in a room whose history before our entering is settled.
fn joined_key(room: &RoomId) -> String {
    format!("in/{room}")
}

/// Waits that double, with jitter.
struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(Duration::from_secs(1))
    }
}

impl Backoff {
    /// Waits out `trouble`, or returns it when waiting is no use.
    async fn out(
        &mut self,
        online: &Online,
        trouble: Trouble,
        heard: &impl Fn(Result<(), String>),
    ) -> Result<(), Trouble> {
        let Trouble::Wait { what, after } = trouble else { return Err(trouble) };
        tracing::warn!(reason = what, "the Matrix sync waits");
        heard(Err(what));
        let wait = after.unwrap_or_default().max(self.0);
        sleep(online.context.env.jitter(wait)).await;
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
        Ok(())
    }
}
