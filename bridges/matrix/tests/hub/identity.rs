//! Devices, trust and credentials.

use viadukt_testservers::synapse::Synapse;

use crate::servers;
use crate::support::clerk::Clerk;
use crate::support::{Remains, outbound, says};

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
    assert_eq!(hub.hears("hallo").await.protection.detail, "unsigned-device");
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
