//! The clerk: a Matrix client of its own, as strict as clients are about to become. It reads
//! only what cross-signed devices encrypted (MSC4153), and shares keys with no other devices.

use std::fmt::Display;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use matrix_sdk::attachment::AttachmentConfig;
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::encryption::EncryptionSettings;
use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use matrix_sdk::room::reply::{EnforceThread, Reply};
use matrix_sdk::ruma::api::client::room::create_room;
use matrix_sdk::ruma::events::room::message::{AddMentions, ReplyWithinThread};
use matrix_sdk::ruma::events::room::{EncryptedFile, MediaSource};
use matrix_sdk::ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, TransactionId};
use matrix_sdk::{Client, Room, RoomState};
use matrix_sdk_base::crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::reading::Reading;
use crate::seen::Seen;
use crate::wait::{PATIENCE, until};

/// A person in the messenger.
pub struct Clerk {
    /// The user's id.
    pub user: OwnedUserId,
    client: Client,
    reading: Reading,
}

impl Clerk {
    /// Logs in and begins to read. `folder` keeps the device and its keys, so that the same
    /// person comes back with the same device.
    ///
    /// # Errors
    /// The homeserver refused, or the account's identity belongs to a device whose keys are not
    /// in `folder`.
    pub async fn login(
        homeserver: &str,
        user: &str,
        password: &str,
        folder: &Path,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let client = client(homeserver, folder).await?;
        let session = folder.join("session.json");
        if session.exists() {
            let session: MatrixSession = serde_json::from_slice(&std::fs::read(&session)?)?;
            client.restore_session(session).await?;
        } else {
            let auth = client.matrix_auth();
            let login = auth.login_username(user, password);
            login
                .initial_device_display_name("clerk")
                .send()
                .await
                .with_context(|| format!("{homeserver} did not let {user} in"))?;
            let made = auth.session().context("logged in without a session")?;
            std::fs::write(&session, serde_json::to_vec(&made)?)?;
        }
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        client.encryption().bootstrap_cross_signing_if_needed(None).await?;
        let identity = client.encryption().cross_signing_status().await;
        ensure!(
            identity.is_some_and(|keys| keys.is_complete()),
            "{user} has an identity whose keys are not in {}: use the folder of the first login",
            folder.display()
        );
        let reading = Reading::begin(client.clone()).await?;
        let user = client.user_id().context("not logged in")?.to_owned();
        Ok(Self { user, client, reading })
    }

    /// Waits for the room called `name`, accepts the invitation to it, and waits until it is
    /// known to be encrypted.
    ///
    /// # Errors
    /// There was no such invitation in time.
    pub async fn join(&self, name: &str) -> Result<OwnedRoomId> {
        let room = until(format!("an invitation to the room {name:?}"), async || {
            Ok(self.client.rooms().into_iter().find(|room| room.name().as_deref() == Some(name)))
        })
        .await?;
        if room.state() == RoomState::Invited {
            room.join().await?;
        }
        until(format!("encryption in the room {name:?}"), async || {
            Ok(room.latest_encryption_state().await?.is_encrypted().then_some(()))
        })
        .await?;
        Ok(room.room_id().to_owned())
    }

    /// Makes a room and invites `guests`.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn open_room(
        &self,
        name: &str,
        guests: &[OwnedUserId],
        encrypted: bool,
    ) -> Result<OwnedRoomId> {
        let mut request = create_room::v3::Request::new();
        request.name = Some(name.to_owned());
        request.invite = guests.to_vec();
        let room = self.client.create_room(request).await?;
        if encrypted {
            room.enable_encryption().await?;
        }
        Ok(room.room_id().to_owned())
    }

    /// The rooms that the clerk is in, with their names.
    pub fn rooms(&self) -> Vec<(OwnedRoomId, String)> {
        let rooms = self.client.joined_rooms().into_iter();
        rooms.map(|room| (room.room_id().to_owned(), room.name().unwrap_or_default())).collect()
    }

    /// Accepts every invitation that is open.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn accept_invitations(&self) -> Result<()> {
        for room in self.client.invited_rooms() {
            room.join().await?;
        }
        Ok(())
    }

    /// Everything seen so far, in the order in which it came.
    pub fn seen(&self) -> Vec<Seen> {
        self.reading.seen()
    }

    /// Waits until something was seen for which `fits` holds, and returns the first of it.
    ///
    /// # Errors
    /// `what` did not come in time; the error lists what came instead.
    pub async fn sees(&self, what: impl Display, fits: impl Fn(&Seen) -> bool) -> Result<Seen> {
        let found = tokio::time::timeout(PATIENCE, self.reading.first(&fits)).await;
        found.map_err(|_| {
            let came: Vec<_> = self.seen().iter().map(summary).collect();
            anyhow!("the clerk did not see {what}, but only:\n{}", came.join("\n"))
        })
    }

    /// Waits until `count` things were seen for which `fits` holds, and returns all of them.
    ///
    /// # Errors
    /// Fewer came in time.
    pub async fn sees_all(
        &self,
        what: impl Display,
        count: usize,
        fits: impl Fn(&Seen) -> bool,
    ) -> Result<Vec<Seen>> {
        let fitting = || self.seen().into_iter().filter(|seen| fits(seen)).collect::<Vec<_>>();
        until(format!("{count} of {what}"), async || {
            let found = fitting();
            Ok((found.len() >= count).then_some(found))
        })
        .await
        .with_context(|| format!("{} came", fitting().len()))
    }

    /// Tells of every change of what was seen.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.reading.changes()
    }

    /// The messages of the thread that begins with `root`, the root first.
    pub fn thread(&self, root: &EventId) -> Vec<Seen> {
        let belongs = |seen: &Seen| seen.event_id == root || seen.thread() == Some(root);
        self.seen().into_iter().filter(belongs).collect()
    }

    /// The room's whole timeline as the homeserver has it, oldest first.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn history(&self, room: &RoomId) -> Result<Vec<Seen>> {
        crate::reading::history(&self.room(room)?).await
    }

    /// A page of the room's timeline that begins at `from`, or at its beginning; and where the
    /// next one begins, if there is one.
    pub(crate) async fn history_page(
        &self,
        room: &RoomId,
        from: Option<&str>,
    ) -> Result<(Vec<Seen>, Option<String>)> {
        crate::reading::page(&self.room(room)?, from).await
    }

    /// Writes `text` into the room.
    ///
    /// # Errors
    /// The room is not encrypted, or the homeserver refused.
    pub async fn say(&self, room: &RoomId, text: &str) -> Result<OwnedEventId> {
        self.send(room, json!({ "msgtype": "m.text", "body": text })).await
    }

    /// Answers in the thread of `to`.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn answer(&self, to: &Seen, text: &str) -> Result<OwnedEventId> {
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": in_thread(to) });
        self.send(&to.room, content).await
    }

    /// Answers in the thread of `to`, again and again until the homeserver has taken it, once.
    ///
    /// # Errors
    /// The room is not encrypted, or the homeserver did not come back.
    pub async fn answer_surely(&self, to: &Seen, text: &str) -> Result<OwnedEventId> {
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": in_thread(to) });
        let room = self.encrypted(&to.room).await?;
        let transaction = TransactionId::new();
        until(format!("the homeserver to take {text:?}"), async || {
            let sending = room.send_raw("m.room.message", content.clone());
            let sent = sending.with_transaction_id(&transaction).await;
            Ok(sent.ok().map(|sent| sent.response.event_id))
        })
        .await
    }

    /// Answers in the thread of `to` with `html`, and `text` for those who do not show it.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn answer_html(&self, to: &Seen, text: &str, html: &str) -> Result<OwnedEventId> {
        let content = json!({
            "msgtype": "m.text",
            "body": text,
            "format": "org.matrix.custom.html",
            "formatted_body": html,
            "m.relates_to": in_thread(to),
        });
        self.send(&to.room, content).await
    }

    /// Sends a file into the thread of `to`.
    ///
    /// # Errors
    /// As [`Self::say`]; or `media_type` is none.
    pub async fn answer_file(
        &self,
        to: &Seen,
        name: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<OwnedEventId> {
        let reply = Reply {
            event_id: thread_root(to).to_owned(),
            enforce_thread: EnforceThread::Threaded(ReplyWithinThread::No),
            add_mentions: AddMentions::No,
        };
        let config = AttachmentConfig::new().reply(Some(reply));
        let room = self.encrypted(&to.room).await?;
        Ok(room.send_attachment(name, &media_type.parse()?, bytes, config).await?.event_id)
    }

    /// Changes the text of the clerk's own message `event`.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn edit(&self, room: &RoomId, event: &EventId, text: &str) -> Result<OwnedEventId> {
        let content = json!({
            "msgtype": "m.text",
            "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, content).await
    }

    /// Puts a mark such as "👍" to a message. Reactions are not encrypted, by anybody.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn react(&self, to: &Seen, mark: &str) -> Result<OwnedEventId> {
        let relation = json!({ "rel_type": "m.annotation", "event_id": to.event_id, "key": mark });
        let content = json!({ "m.relates_to": relation });
        let room = self.room(&to.room)?;
        Ok(room.send_raw("m.reaction", content).await?.response.event_id)
    }

    /// Removes a message.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn redact(&self, room: &RoomId, event: &EventId) -> Result<()> {
        self.room(room)?.redact(event, None, None).await?;
        Ok(())
    }

    /// Fetches and decrypts the file that `seen` carries.
    ///
    /// # Errors
    /// It carries none, or one that is not encrypted, or it was changed on the way.
    pub async fn download(&self, seen: &Seen) -> Result<Vec<u8>> {
        let file: EncryptedFile = serde_json::from_value(seen.content["file"].clone())
            .with_context(|| format!("{} carries no encrypted file", seen.event_id))?;
        let source = MediaSource::Encrypted(Box::new(file));
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        Ok(self.client.media().get_media_content(&request, false).await?)
    }

    /// Sends a message with `content`, whatever it holds.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn send(&self, room: &RoomId, content: Value) -> Result<OwnedEventId> {
        let room = self.encrypted(room).await?;
        Ok(room.send_raw("m.room.message", content).await?.response.event_id)
    }

    /// Makes a backup of the keys and returns the recovery key, with which another client of
    /// the same person can verify itself and read what was said before.
    ///
    /// # Errors
    /// The homeserver refused, or there is a backup already.
    pub async fn recovery_key(&self) -> Result<String> {
        Ok(self.client.encryption().recovery().enable().await?)
    }

    async fn encrypted(&self, room: &RoomId) -> Result<Room> {
        let room = self.room(room)?;
        let state = room.latest_encryption_state().await?;
        ensure!(state.is_encrypted(), "{} is not encrypted: nothing was sent", room.room_id());
        Ok(room)
    }

    fn room(&self, room: &RoomId) -> Result<Room> {
        self.client.get_room(room).with_context(|| format!("the clerk is not in {room}"))
    }
}

async fn client(homeserver: &str, folder: &Path) -> Result<Client> {
    let encryption =
        EncryptionSettings { auto_enable_cross_signing: true, ..EncryptionSettings::default() };
    let decryption =
        DecryptionSettings { sender_device_trust_requirement: TrustRequirement::CrossSigned };
    let client = Client::builder()
        .homeserver_url(homeserver)
        .sqlite_store(folder, None)
        .with_encryption_settings(encryption)
        .with_decryption_settings(decryption)
        .with_room_key_recipient_strategy(CollectStrategy::IdentityBasedStrategy)
        .build()
        .await;
    client.with_context(|| format!("cannot reach the homeserver {homeserver}"))
}

fn thread_root(seen: &Seen) -> &EventId {
    seen.thread().unwrap_or(&seen.event_id)
}

/// The relation of an answer in the thread of `to`; clients without threads show a reply.
fn in_thread(to: &Seen) -> Value {
    json!({
        "rel_type": "m.thread",
        "event_id": thread_root(to),
        "is_falling_back": true,
        "m.in_reply_to": { "event_id": to.event_id },
    })
}

fn summary(seen: &Seen) -> String {
    format!("  {} {} {:?} {:?}", seen.sender, seen.kind, seen.body(), seen.lock)
}
