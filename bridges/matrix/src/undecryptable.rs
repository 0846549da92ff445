//! Events that cannot be decrypted yet: kept, asked for, and announced after ten minutes.
//!
//! matrix-sdk never comes back to an event that it could not decrypt, so we do.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt;
use matrix_sdk::deserialized_responses::{
    TimelineEventKind, UnableToDecryptInfo, UnableToDecryptReason,
};
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use viadukt_api::inbox::{Inbox, Intake, SourceKey};
use viadukt_api::{AcceptError, Keep, Reason, Timestamp};

use crate::envelope::Envelope;
use crate::intake;
use crate::online::Online;
use crate::trouble::{Trouble, Verdict, verdict};

const PREFIX: &str = "utd/";
/// How often all waiting events are tried; a key that arrives is tried at once.
const ROUND: Duration = Duration::from_secs(60);
/// After this long the room is told.
const PATIENCE: Duration = Duration::from_secs(600);
/// After this long it is only tried when a key arrives or the hub starts.
const HOPE: Duration = Duration::from_secs(24 * 3600);
/// After this long it is forgotten.
const END: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest event id that fits a kept key. Only room versions 1 and 2 can have longer ones.
const LONGEST_ID: usize = 190;

/// An event that waits for its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    room: OwnedRoomId,
    event: OwnedEventId,
    sender: String,
    session: Option<String>,
    since: Timestamp,
    told: bool,
}

impl Waiting {
    /// Lets `event` wait; the error is the reason why waiting would be no use.
    pub(crate) fn new(
        room: &RoomId,
        event: &EventId,
        sender: &UserId,
        info: &UnableToDecryptInfo,
        since: Timestamp,
    ) -> Result<Self, &'static str> {
        match info.reason {
            UnableToDecryptReason::SenderIdentityNotTrusted(_) => {
                return Err("matrix-sender-not-trusted");
            }
            UnableToDecryptReason::MalformedEncryptedEvent
            | UnableToDecryptReason::PayloadDeserializationFailure => {
                return Err("matrix-undecryptable");
            }
            _ if event.as_str().len() > LONGEST_ID => return Err("matrix-undecryptable"),
            _ => {}
        }
        Ok(Self {
            room: room.to_owned(),
            event: event.to_owned(),
            sender: sender.to_string(),
            session: info.session_id.clone(),
            since,
            told: false,
        })
    }

    /// What to keep beside the items of the same sync.
    pub(crate) fn to_keep(&self) -> (String, Option<Vec<u8>>) {
        (self.key(), serde_json::to_vec(self).ok())
    }

    fn key(&self) -> String {
        format!("{PREFIX}{}", self.event)
    }
}

/// Tries waiting events until an error that ends the connection.
pub(crate) async fn run(online: &Online, inbox: &Inbox) -> Result<Infallible, Trouble> {
    let arrived = online.client.encryption().room_keys_received_stream().await;
    let mut arrived = arrived.ok_or_else(|| Trouble::wait("encryption is not set up"))?;
    round(online, inbox, |_| true).await?;
    loop {
        tokio::select! {
            keys = arrived.next() => match keys {
                Some(Ok(keys)) => {
                    let of_these = |waiting: &Waiting| {
                        keys.iter().any(|key| Some(&key.session_id) == waiting.session.as_ref())
                    };
                    round(online, inbox, of_these).await?;
                }
                // The stream lost some: any key may have come.
                Some(Err(_)) => round(online, inbox, |_| true).await?,
                None => return Err(Trouble::wait("matrix-sdk was shut down")),
            },
            () = sleep(online.context.env.jitter(ROUND)) => {
                let now = online.context.env.now();
                round(online, inbox, |waiting| now.since(waiting.since) < HOPE).await?;
            }
        }
    }
}

/// How many events wait for their key.
pub(crate) fn count(keep: &Keep) -> Result<usize, AcceptError> {
    keep.starting_with(PREFIX).map(|waiting| waiting.len())
}

/// Tries every waiting event that `wanted` picks.
async fn round(
    online: &Online,
    inbox: &Inbox,
    wanted: impl Fn(&Waiting) -> bool,
) -> Result<(), Trouble> {
    for (key, bytes) in online.context.keep.starting_with(PREFIX)? {
        let intake = match serde_json::from_slice::<Waiting>(&bytes) {
            Ok(waiting) if wanted(&waiting) => attempt(online, waiting).await,
            Ok(_) => continue,
            Err(_) => forget(key),
        };
        if intake.items.is_empty() && intake.keep.is_empty() {
            continue;
        }
        match inbox.accept(intake).await {
            Ok(_) | Err(AcceptError::Full(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What to accept after one more look at a waiting event: the event in clear, or the notice
/// that is due, or nothing.
async fn attempt(online: &Online, waiting: Waiting) -> Intake {
    let now = online.context.env.now();
    let age = now.since(waiting.since);
    let Some(room) = online.client.get_room(&waiting.room) else { return forget(waiting.key()) };
    match room.event(&waiting.event, None).await {
        Ok(event) if !matches!(event.kind, TimelineEventKind::UnableToDecrypt { .. }) => {
            let mut intake = forget(waiting.key());
            // Until what is asked of the homeserver for it is known, it goes on waiting.
            let taken = intake::take(online, &room, &event, &mut intake).await;
            return taken.map_or_else(|_| Intake::default(), |()| intake);
        }
        Err(matrix_sdk::Error::Http(error)) if matches!(verdict(&error), Verdict::Refused(code) if code == "M_NOT_FOUND") =>
        {
            return forget(waiting.key());
        }
        _ => {}
    }
    if age > END {
        return forget(waiting.key());
    }
    if age < PATIENCE || waiting.told {
        return Intake::default();
    }
    let reason = Reason::new("matrix-key-missing").with("user", &waiting.sender);
    let about = waiting.event.as_str();
    let key = SourceKey::new(&["undecryptable", about]);
    let told = Waiting { told: true, ..waiting.clone() };
    let notice = Envelope::tell(&waiting.room, about, &waiting.sender, reason, now);
    Intake { items: vec![notice.into_item(key, now)], keep: vec![told.to_keep()] }
}

fn forget(key: String) -> Intake {
    Intake { items: Vec::new(), keep: vec![(key, None)] }
}
