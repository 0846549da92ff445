//! Devices, trust and credentials.

use matrix_sdk::reqwest;
use serde_json::{Value, json};
use viadukt_testservers::synapse::Synapse;

use crate::servers;
use crate::support::clerk::Clerk;
use crate::support::{PASSWORD, Remains, outbound, says};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_without_verified_device_blocks_nobody_and_is_told() {
    let (server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    let bob = Clerk::unverified(&server, "bob").await;
    clerk.invites(&room, bob.user()).await;
    bob.join(&room).await;
    hub.hub.deliver(&outbound(1, &room, None, says("für Geprüfte"))).await.unwrap();
    clerk.reads(&room, "Anna Muster: für Geprüfte").await;
    bob.says(&room, "hallo").await;
    assert_eq!(hub.hears("hallo").await.protection.to_string(), "megolm unsigned-device");
    hub.tells("matrix-device-not-verified").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_device_is_followed_by_a_new_one_with_the_same_identity() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    hub.stop().await;
    std::fs::remove_dir_all(remains.data()).unwrap();

    let hub = remains.start().await;
    hub.up().await;
    hub.hub.deliver(&outbound(1, &room, None, says("neues Gerät"))).await.unwrap();
    let event = clerk.reads(&room, "Anna Muster: neues Gerät").await;
    assert!(clerk.is_secure(&event["event_id"]));
    for probe in hub.hub.probe().await {
        assert!(probe.result.is_ok(), "{probe:?}");
    }
    hub.stop().await;

    // Without the recovery key there is no way back into the identity.
    std::fs::remove_dir_all(remains.data()).unwrap();
    std::fs::remove_file(remains.recovery_key()).unwrap();
    let ended = remains.start().await.ended().await.to_string();
    assert!(ended.contains("recovery_key_file"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_end_the_hub() {
    let server = Synapse::start().await.unwrap();
    let remains = Remains::new(&server, "").await;
    std::fs::write(remains.folder.path().join("password"), "wrong").unwrap();
    let ended = remains.start().await.ended().await.to_string();
    assert!(ended.contains("M_FORBIDDEN") && ended.contains("password_file"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_token_ends_the_hub() {
    let server = Synapse::start().await.unwrap();
    let mut remains = Remains::new(&server, "").await;
    let clerk = Clerk::new(&server, "alice").await;
    let token = token(&server).await;
    remains.use_token(&token);
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    hub.hub.deliver(&outbound(1, &room, None, says("mit Token"))).await.unwrap();

    post(&server, "logout", Some(&token), &json!({})).await;
    for hub in [hub, remains.start().await] {
        let ended = hub.ended().await.to_string();
        assert!(ended.contains("does not accept the access token"), "{ended}");
        assert!(ended.contains("new device"), "{ended}");
    }

    // What the sentence says, first half of it and then all.
    remains.use_token(&self::token(&server).await);
    let ended = remains.start().await.ended().await.to_string();
    assert!(ended.contains("belongs to another device"), "{ended}");
    std::fs::remove_dir_all(remains.data()).unwrap();
    let hub = remains.start().await;
    hub.up().await;
    hub.hub.deliver(&outbound(2, &room, None, says("mit neuem Token"))).await.unwrap();
    hub.stop().await;
}

/// The access token of a new device of the bot.
async fn token(server: &Synapse) -> String {
    let request = json!({
        "type": "m.login.password", "password": PASSWORD,
        "identifier": { "type": "m.id.user", "user": "post" },
    });
    let answer = post(server, "login", None, &request).await;
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn post(server: &Synapse, path: &str, token: Option<&str>, body: &Value) -> Value {
    let address = format!("{}/_matrix/client/v3/{path}", server.url());
    let request = reqwest::Client::new().post(address).body(body.to_string());
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}
