//! A clerk: an independent Matrix client with its own store, cross-signed, who reads only what
//! comes from cross-signed devices.

use std::sync::Mutex;

use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind, VerificationState};
use matrix_sdk::ruma::events::room::MediaSource;
use matrix_sdk::ruma::{OwnedEventId, RoomId as MatrixRoomId};
use matrix_sdk::{Client, Room, RoomState};
use matrix_sdk_base::crypto::{DecryptionSettings, TrustRequirement};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use viadukt_api::{MessageId, RoomId};
use viadukt_testservers::synapse::Synapse;

use super::{PASSWORD, until};

pub struct Clerk {
    pub client: Client,
    seen: std::sync::Arc<Mutex<Vec<(String, TimelineEvent)>>>,
    task: JoinHandle<()>,
    _store: tempfile::TempDir,
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Clerk {
    /// Registers `name` and logs in with a cross-signed device.
    pub async fn new(server: &Synapse, name: &str) -> Self {
        Self::with(server, name, true).await
    }

    /// The same with a device that nobody has signed.
    pub async fn unverified(server: &Synapse, name: &str) -> Self {
        Self::with(server, name, false).await
    }

    async fn with(server: &Synapse, name: &str, verified: bool) -> Self {
        server.register(name, PASSWORD).await.unwrap();
        let store = tempfile::tempdir().unwrap();
        let client = Client::builder()
            .homeserver_url(server.url())
            .sqlite_store(store.path(), None)
            .with_decryption_settings(DecryptionSettings {
                sender_device_trust_requirement: TrustRequirement::CrossSigned,
            })
            .build()
            .await
            .unwrap();
        client.matrix_auth().login_username(name, PASSWORD).send().await.unwrap();
        if verified {
            client.encryption().bootstrap_cross_signing_if_needed(None).await.unwrap();
        }
        let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
        client.sync_once(SyncSettings::default()).await.unwrap();
        let task = tokio::spawn({
            let (client, seen) = (client.clone(), seen.clone());
            async move {
                loop {
                    let settings =
                        SyncSettings::default().timeout(std::time::Duration::from_secs(5));
                    let Ok(response) = client.sync_once(settings).await else {
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                        continue;
                    };
                    for (room, update) in response.rooms.joined {
                        let events = update.timeline.events.into_iter();
                        seen.lock().unwrap().extend(events.map(|event| (room.to_string(), event)));
                    }
                }
            }
        });
        Self { client, seen, task, _store: store }
    }

    /// Syncs no more, so that only the hub's requests are counted.
    pub async fn deaf(&self) {
        self.task.abort();
        let _ = until("the clerk is deaf", async || self.task.is_finished().then_some(())).await;
    }

    pub fn user(&self) -> &str {
        self.client.user_id().unwrap().as_str()
    }

    pub fn room(&self, room: &RoomId) -> Room {
        self.client.get_room(&MatrixRoomId::parse(room.as_str()).unwrap()).unwrap()
    }

    /// Accepts the invitation to `room`.
    pub async fn join(&self, room: &RoomId) {
        let id = MatrixRoomId::parse(room.as_str()).unwrap();
        until("an invitation", async || {
            self.client.get_room(&id).filter(|room| room.state() == RoomState::Invited)
        })
        .await;
        self.client.join_room_by_id(&id).await.unwrap();
        until("the clerk is in the room", async || {
            self.client.get_room(&id).filter(|room| room.encryption_state().is_encrypted())
        })
        .await;
    }

    /// Events of `room` so far that could be read, decrypted, in order.
    pub fn events(&self, room: &RoomId) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        let here = seen.iter().filter(|(id, _)| id == room.as_str());
        here.map(|(_, event)| event.raw().deserialize_as_unchecked().unwrap()).collect()
    }

    /// Looks again at events of `room` that could not be read yet, as every client does.
    async fn look_again(&self, room: &RoomId) {
        let unread: Vec<_> = {
            let seen = self.seen.lock().unwrap();
            let here = seen.iter().enumerate().filter(|(_, (id, _))| id == room.as_str());
            here.filter(|(_, (_, event))| event.kind.is_utd())
                .map(|(at, (_, event))| (at, event.event_id().unwrap()))
                .collect()
        };
        for (at, id) in unread {
            if let Ok(event) = self.room(room).event(&id, None).await {
                self.seen.lock().unwrap()[at].1 = event;
            }
        }
    }

    /// Waits for a decrypted event that `wanted` picks.
    pub async fn event(&self, room: &RoomId, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, async || {
            self.look_again(room).await;
            self.events(room).into_iter().find(|event| wanted(event))
        })
        .await
    }

    /// Waits for the message whose body is `body`.
    pub async fn reads(&self, room: &RoomId, body: &str) -> Value {
        self.event(room, body, |event| event["content"]["body"] == body).await
    }

    /// Whether the event `id` came encrypted, from a device signed by its owner.
    pub fn is_secure(&self, id: &Value) -> bool {
        let seen = self.seen.lock().unwrap();
        let event = seen.iter().find(|(_, event)| event.event_id().unwrap().as_str() == id);
        let event = &event.unwrap().1;
        let trusted = event.encryption_info().is_some_and(|info| {
            use matrix_sdk::deserialized_responses::VerificationLevel::UnverifiedIdentity;
            matches!(
                info.verification_state,
                VerificationState::Verified | VerificationState::Unverified(UnverifiedIdentity)
            )
        });
        trusted && matches!(event.kind, TimelineEventKind::Decrypted(_))
    }

    /// Sends `content` and gives its event id.
    pub async fn sends(&self, room: &RoomId, content: Value) -> MessageId {
        let sent = self.room(room).send_raw("m.room.message", content).await.unwrap();
        MessageId::new(sent.response.event_id.as_str())
    }

    pub async fn says(&self, room: &RoomId, text: &str) -> MessageId {
        self.sends(room, json!({ "msgtype": "m.text", "body": text })).await
    }

    pub async fn redacts(&self, room: &RoomId, event: &MessageId) {
        let id = OwnedEventId::try_from(event.as_str()).unwrap();
        self.room(room).redact(&id, None, None).await.unwrap();
    }

    /// Creates an encrypted room and invites `users`.
    pub async fn create_room(&self, users: &[&str]) -> RoomId {
        let room = self.create_plain_room(users).await;
        self.room(&room).enable_encryption().await.unwrap();
        room
    }

    /// Creates a room without encryption and invites `users`.
    pub async fn create_plain_room(&self, users: &[&str]) -> RoomId {
        use matrix_sdk::ruma::api::client::room::create_room::v3::Request;
        let mut request = Request::new();
        request.invite = users.iter().map(|user| (*user).try_into().unwrap()).collect();
        RoomId::new(self.client.create_room(request).await.unwrap().room_id().as_str())
    }

    pub async fn invites(&self, room: &RoomId, user: &str) {
        self.room(room).invite_user_by_id(user.try_into().unwrap()).await.unwrap();
    }

    /// Replaces `room` by one of a newer version, as a client does before it invites everybody.
    pub async fn leaves(&self, room: &RoomId) {
        self.room(room).leave().await.unwrap();
    }

    pub async fn upgrades(&self, room: &RoomId) -> RoomId {
        use matrix_sdk::ruma::api::client::room::upgrade_room::v3::Request;
        use matrix_sdk::ruma::room_version_id;
        let id = MatrixRoomId::parse(room.as_str()).unwrap();
        let answer = self.client.send(Request::new(id, room_version_id!("12"))).await.unwrap();
        let new = answer.replacement_room;
        until("the clerk is in the new room", async || {
            self.client.get_room(&new).filter(|room| room.encryption_state().is_encrypted())
        })
        .await;
        RoomId::new(new.as_str())
    }

    /// Says that `new` replaced `old`, whatever `new` is.
    pub async fn buries(&self, old: &RoomId, new: &RoomId) {
        let content = json!({ "body": "moved", "replacement_room": new.as_str() });
        self.room(old).send_state_event_raw("m.room.tombstone", "", content).await.unwrap();
    }

    /// The content of the event that created `room`.
    pub async fn creation(&self, room: &RoomId) -> Value {
        use matrix_sdk::ruma::api::client::state::get_state_event_for_key::v3::Request;
        let id = MatrixRoomId::parse(room.as_str()).unwrap();
        let request = Request::new(id, "m.room.create".into(), String::new());
        let answer = self.client.send(request).await.unwrap();
        serde_json::from_str(answer.event_or_content.get()).unwrap()
    }

    /// Uploads and sends a file.
    pub async fn sends_file(&self, room: &RoomId, name: &str, bytes: Vec<u8>) {
        let config = matrix_sdk::attachment::AttachmentConfig::new();
        let mime = "application/pdf".parse().unwrap();
        self.room(room).send_attachment(name, &mime, bytes, config).await.unwrap();
    }

    /// The bytes behind an event's attachment.
    pub async fn downloads(&self, event: &Value) -> Vec<u8> {
        let source: MediaSource = serde_json::from_value(event["content"].clone()).unwrap();
        let request = matrix_sdk::media::MediaRequestParameters {
            source,
            format: matrix_sdk::media::MediaFormat::File,
        };
        self.client.media().get_media_content(&request, false).await.unwrap()
    }
}
