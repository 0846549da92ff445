//! The baseline: matrix-sdk alone, sending into an encrypted room as fast as it can.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use matrix_sdk::config::SyncSettings;
use matrix_sdk::ruma::api::client::room::create_room;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::{Client, Room, RoomMemberships};
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::time::Instant;
use viadukt_testbed::{Clerk, Testbed, until};

use crate::mails::text;

const USER: &str = "raw";
const PASSWORD: &str = "roh";
const ROOM: &str = "Raw";
/// Messages for which a key session is used, as in the rooms that viadukt makes.
const USES: usize = 100;

/// A client in a room with the clerk, as viadukt is in its own.
pub struct Sender {
    room: Room,
}

impl Sender {
    /// Logs in, makes the room and has the clerk join it.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn start(testbed: &Testbed, clerk: &Clerk) -> Result<Arc<Self>> {
        testbed.synapse.register(USER, PASSWORD).await?;
        let client = client(&testbed.synapse.url(), &testbed.folder().join(USER)).await?;
        client.matrix_auth().login_username(USER, PASSWORD).send().await?;
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        let mut request = create_room::v3::Request::new();
        request.name = Some(ROOM.to_owned());
        request.invite = vec![clerk.user.clone()];
        let encryption = json!({
            "type": "m.room.encryption",
            "state_key": "",
            "content": { "algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": USES },
        });
        request.initial_state = vec![Raw::from_json(to_raw_value(&encryption)?)];
        let room = client.create_room(request).await?;
        clerk.join(ROOM).await?;
        until("the clerk in the raw room", async || {
            client.sync_once(SyncSettings::new()).await?;
            Ok((room.members(RoomMemberships::JOIN).await?.len() == 2).then_some(()))
        })
        .await?;
        let room = client.get_room(room.room_id()).context("the room is gone")?;
        let raw = Arc::new(Self { room });
        raw.send().await?;
        Ok(raw)
    }

    /// Sends one event; says how many seconds it took.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn send(&self) -> Result<f64> {
        let begin = Instant::now();
        let content = json!({ "msgtype": "m.text", "body": text() });
        let sent = self.room.send_raw("m.room.message", content).await?;
        anyhow::ensure!(sent.encryption_info.is_some(), "it went out in clear");
        Ok(begin.elapsed().as_secs_f64())
    }

    /// Sends `count` events, `in_flight` at a time; says how many a second went out between the
    /// first and the last. The key session is renewed as often as viadukt renews its own, while
    /// nothing is under way: matrix-sdk panics when sends that run side by side use one up.
    ///
    /// # Errors
    /// The homeserver refused.
    pub async fn rate(&self, count: u32, in_flight: usize) -> Result<f64> {
        let mut sent: Vec<Instant> = Vec::new();
        for first in (0..count).step_by(USES) {
            self.room.discard_room_key().await?;
            let sends = stream::iter((first..count).take(USES)).map(|_| async {
                self.send().await?;
                anyhow::Ok(Instant::now())
            });
            sent.extend(sends.buffer_unordered(in_flight).try_collect::<Vec<_>>().await?);
        }
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else { return Ok(0.0) };
        Ok(f64::from(count - 1) / (*last - *first).as_secs_f64())
    }
}

async fn client(homeserver: &str, folder: &Path) -> Result<Client> {
    std::fs::create_dir_all(folder)?;
    Ok(Client::builder().homeserver_url(homeserver).sqlite_store(folder, None).build().await?)
}
