//! The hub while it is connected: a logged-in matrix-sdk client and what goes with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use matrix_sdk::config::RequestConfig;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use matrix_sdk::store::StoreConfig;
use matrix_sdk::{Client, Room, SqliteCryptoStore, SqliteStateStore, SqliteStoreConfig};
use matrix_sdk_base::crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};
use serde_json::Value;
use viadukt_api::{AcceptError, Context, Keep, Timestamp};

use crate::config::{Settings, ShareWith, Trust};
use crate::http::{ANSWER_DEADLINE, Http};
use crate::identity;
use crate::login::{Secret, Session};
use crate::position::Position;
use crate::rotation::Rotation;
use crate::trouble::{Trouble, Verdict, verdict};

/// The hub while it is connected.
pub(crate) struct Online {
    /// Logged in, its device cross-signed.
    pub client: Client,
    /// Our own user.
    pub own: OwnedUserId,
    /// For what the hub asks of the homeserver itself.
    pub http: Http,
    /// The access token, for the same.
    pub token: String,
    /// Which rooms may never again be written to in clear.
    pub pins: Pins,
    /// Keeps two senders from using up a room's session under each other.
    pub rotation: Rotation,
    /// The configuration.
    pub settings: Settings,
    /// What every worker is given.
    pub context: Context,
    /// Key for the opaque ids of far-side parties.
    pub profile_key: [u8; 32],
    /// What was accepted before this may have been delivered by another device of ours.
    pub device_since: Timestamp,
    /// Rooms whose keys were brought from the key backup.
    keys_brought: Mutex<BTreeSet<OwnedRoomId>>,
}

impl Online {
    /// Logs in, restores what matrix-sdk keeps in `data`, and puts the identity in order.
    pub(crate) async fn connect(
        settings: &Settings,
        context: &Context,
        http: &Http,
        session: &mut Session,
        secret: &Secret,
        data: &Path,
    ) -> Result<Self, Trouble> {
        // The stores come before the token: a token without a crypto store means a lost device.
        let store_key = session.store_key();
        let build = async || build(settings, http, &store_key, data).await;
        let mut client = build().await?;
        let login = session.establish(http, &settings.user, &settings.device_name, secret).await?;
        let (own, token) = (login.meta.user_id.clone(), login.tokens.access_token.clone());
        let position = Position::read(&context.keep, &login.meta, &context.env)?;
        if position.is_first() {
            position.hand_to(&client).await?;
            client.restore_session(login.clone()).await?;
            identity::announce_device(&client).await?;
            drop(client);
            client = build().await?;
        }
        position.hand_to(&client).await?;
        client.restore_session(login).await?;
        identity::establish(&client, secret, &settings.recovery_key_file).await?;
        Ok(Self {
            client,
            own,
            http: http.clone(),
            token,
            pins: Pins::read(&context.keep)?,
            rotation: Rotation::default(),
            settings: settings.clone(),
            context: context.clone(),
            profile_key: profile_key(&context.keep, session).await?,
            device_since: position.device_since,
            keys_brought: Mutex::default(),
        })
    }

    /// Brings the keys of what was said in `room` from the key backup, so that a new device reads
    /// what earlier ones wrote; once for each room.
    pub(crate) async fn bring_keys(&self, room: &Room) -> Result<(), matrix_sdk::Error> {
        let brought = || self.keys_brought.lock().unwrap_or_else(PoisonError::into_inner);
        if !brought().contains(room.room_id()) {
            self.client.encryption().backups().download_room_keys_for_room(room.room_id()).await?;
            brought().insert(room.room_id().to_owned());
        }
        Ok(())
    }

    /// The user's display name in `room` as far as the last sync told.
    pub(crate) async fn name(&self, room: &Room, user: &UserId) -> Option<String> {
        let member = room.get_member_no_sync(user).await.ok()??;
        member.display_name().map(str::to_owned)
    }

    /// The user's power level in `room` as far as the last sync told; a room's creator has the
    /// highest one there is (room version 12). `None` when nobody knows it.
    pub(crate) async fn power(&self, room: &Room, user: &UserId) -> Result<Option<i64>, Trouble> {
        use matrix_sdk::ruma::events::room::power_levels::UserPowerLevel;
        match room.get_user_power_level(user).await {
            Ok(UserPowerLevel::Int(level)) => Ok(Some(level.into())),
            Ok(UserPowerLevel::Infinite) => Ok(Some(i64::MAX)),
            Ok(_) => Ok(None),
            // Our own events are left out of what we sync, and with them the power levels of a
            // room that we made while a sync was under way.
            Err(_) => self.power_asked_for(room, user).await,
        }
    }

    /// The same as the homeserver knows it (Matrix client-server, `m.room.power_levels`).
    async fn power_asked_for(&self, room: &Room, user: &UserId) -> Result<Option<i64>, Trouble> {
        use matrix_sdk::ruma::api::client::state::get_state_event_for_key::v3::Request;
        use matrix_sdk::ruma::events::StateEventType;
        let room = room.room_id().to_owned();
        let levels = Request::new(room, StateEventType::RoomPowerLevels, String::new());
        let answer = match self.client.send(levels).await {
            Ok(answer) => answer,
            Err(error) => return power_untold(verdict(&error)),
        };
        let levels = serde_json::from_str::<Value>(answer.event_or_content.get());
        Ok(levels.ok().map(|levels| {
            let of_user = levels["users"][user.as_str()].as_i64();
            of_user.or(levels["users_default"].as_i64()).unwrap_or(0)
        }))
    }
}

/// Nobody's power level is known where the homeserver says that there is none. Where it is away
/// or busy it says nothing, and whoever would be refused for that has to wait for it instead.
fn power_untold(verdict: Verdict) -> Result<Option<i64>, Trouble> {
    match verdict {
        Verdict::Refused(_) => Ok(None),
        Verdict::Busy(_) | Verdict::Away | Verdict::TokenRefused => Err(verdict.into()),
    }
}

/// The key for the opaque ids of far-side parties: people know them by these, so it stays the
/// same when a store from a backup gets a new device, and a new session file with it.
async fn profile_key(keep: &Keep, session: &Session) -> Result<[u8; 32], AcceptError> {
    const KEY: &str = "profile-key";
    if let Some(kept) = keep.get(KEY)?.and_then(|kept| kept.try_into().ok()) {
        return Ok(kept);
    }
    keep.put(KEY, Some(session.profile_key().to_vec())).await?;
    Ok(session.profile_key())
}

async fn build(
    settings: &Settings,
    http: &Http,
    store_key: &[u8; 32],
    data: &Path,
) -> Result<Client, Trouble> {
    let damaged = |what: &str| {
        Trouble::shut(
            format!("matrix-sdk's {what} cannot be opened"),
            "free disk space if it is full; never restore it from a backup: move the hub's data \
             folder away and start again, the recovery key gives the identity back",
        )
    };
    // Nothing of the event cache or of media is kept: the journal has what matters. matrix-sdk
    // sets `journal_mode = wal` and, of this configuration, `journal_size_limit` of 2 MB for the
    // write-ahead log. It leaves `synchronous` alone, and the bundled SQLite is built with its
    // default FULL: a commit is on the disk on return, so that a power failure takes no ratchet
    // step back whose message has gone out. A test holds SQLite to that.
    let files = SqliteStoreConfig::with_low_memory_config(data).key(Some(store_key));
    let state =
        SqliteStateStore::open_with_config(&files).await.map_err(|_| damaged("state store"))?;
    let crypto =
        SqliteCryptoStore::open_with_config(&files).await.map_err(|_| damaged("crypto store"))?;
    let lock = CrossProcessLockConfig::SingleProcess;
    let stores = StoreConfig::new(lock.clone()).state_store(state).crypto_store(crypto);
    let trust = match settings.trust {
        Trust::Anyone => TrustRequirement::Untrusted,
        Trust::CrossSigned => TrustRequirement::CrossSigned,
    };
    let recipients = match settings.share_with {
        ShareWith::VerifiedIdentities => CollectStrategy::IdentityBasedStrategy,
        ShareWith::AllDevices => CollectStrategy::AllDevices,
    };
    Client::builder()
        .homeserver_url(&settings.homeserver)
        .http_client(http.pool())
        .store_config(stores)
        .cross_process_store_config(lock)
        // The outbox and the sync loop try again in their own time.
        .request_config(RequestConfig::new().disable_retry().timeout(ANSWER_DEADLINE))
        .respect_login_well_known(false)
        .with_encryption_settings(EncryptionSettings {
            auto_enable_cross_signing: false,
            backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
            auto_enable_backups: false,
        })
        .with_room_key_recipient_strategy(recipients)
        .with_decryption_settings(DecryptionSettings { sender_device_trust_requirement: trust })
        .with_enable_share_history_on_invite(false)
        .build()
        .await
        .map_err(|_| Trouble::wait("the Matrix client cannot be built"))
}

/// Rooms that were seen encrypted. Whatever a homeserver says about them later, nothing is
/// sent into them in clear.
pub(crate) struct Pins {
    keep: Keep,
    known: Mutex<BTreeSet<String>>,
}

impl Pins {
    const PREFIX: &'static str = "enc/";

    fn read(keep: &Keep) -> Result<Self, AcceptError> {
        let kept = keep.starting_with(Self::PREFIX)?;
        let known = kept.iter().map(|(key, _)| key[Self::PREFIX.len()..].to_owned()).collect();
        Ok(Self { keep: keep.clone(), known: Mutex::new(known) })
    }

    /// Whether `room` is pinned.
    pub(crate) fn has(&self, room: &RoomId) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(room.as_str())
    }

    /// Pins `room` for ever; durable on return.
    pub(crate) async fn add(&self, room: &RoomId) -> Result<(), AcceptError> {
        if self.has(room) {
            return Ok(());
        }
        self.keep.put(&format!("{}{room}", Self::PREFIX), Some(vec![1])).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(room.to_string());
        Ok(())
    }

    /// Pins the room that replaced `room`, if that is pinned: an upgrade must not be a way out of
    /// encryption. Durable on return.
    pub(crate) async fn inherit(&self, room: &Room) -> Result<(), AcceptError> {
        match room.successor_room() {
            Some(successor) if self.has(room.room_id()) => self.add(&successor.room_id).await,
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_homeserver_that_is_away_takes_nobodys_power() {
        assert!(matches!(power_untold(Verdict::Refused("M_NOT_FOUND".to_owned())), Ok(None)));
        for verdict in [Verdict::Away, Verdict::Busy(None)] {
            assert!(matches!(power_untold(verdict), Err(Trouble::Wait { .. })));
        }
    }

    #[test]
    fn a_commit_to_the_crypto_store_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("store")).unwrap();
        connection.execute_batch("PRAGMA journal_mode = wal").unwrap();
        let synchronous = "PRAGMA synchronous";
        let level: u32 = connection.query_row(synchronous, (), |row| row.get(0)).unwrap();
        assert_eq!(level, 2, "FULL (sqlite.org/pragma.html#pragma_synchronous)");
    }
}
