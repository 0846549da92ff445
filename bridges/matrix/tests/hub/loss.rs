//! Nothing is lost: kills, gaps, missing keys, outages.

use serde_json::json;
use std::sync::atomic::Ordering;
use viadukt_api::DeliveryError;

use crate::servers;
use crate::support::{Remains, long_ago, outbound, says, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_the_commit_loses_nothing() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "eins").await;
    hub.hears("eins").await;

    // matrix-sdk has stored its own token by the time that accept is asked.
    remains.durable.stuck.store(true, Ordering::SeqCst);
    let before = remains.durable.offered.load(Ordering::SeqCst);
    clerk.says(&room, "zwei").await;
    until("the event is offered", async || {
        (remains.durable.offered.load(Ordering::SeqCst) > before).then_some(())
    })
    .await;
    hub.kill().await;
    remains.durable.stuck.store(false, Ordering::SeqCst);

    let hub = remains.start().await;
    hub.hears("zwei").await;
    clerk.says(&room, "drei").await;
    hub.hears("drei").await;
    hub.kill().await;

    // A position of the past: everything comes again and is recognised.
    let mut position: serde_json::Value =
        serde_json::from_slice(&remains.durable.keep()["sync"]).unwrap();
    let latest = position["token"].clone();
    let hub = remains.start().await;
    clerk.says(&room, "vier").await;
    hub.hears("vier").await;
    hub.stop().await;
    position["token"] = latest;
    remains.durable.set_keep("sync", Some(position.to_string().into_bytes()));
    let repeated = remains.durable.repeated.load(Ordering::SeqCst);
    let hub = remains.start().await;
    until("the repetition is recognised", async || {
        (remains.durable.repeated.load(Ordering::SeqCst) > repeated).then_some(())
    })
    .await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    assert_eq!(texts, ["eins", "zwei", "drei", "vier"]);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_filled_in_order() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "0").await;
    hub.hears("0").await;
    hub.stop().await;

    // More than one sync brings (100) and more than one page (100) after that.
    for number in 1..=230 {
        clerk.says(&room, &number.to_string()).await;
    }
    let hub = remains.start().await;
    hub.hears("230").await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    let expected: Vec<_> = (0..=230).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_without_its_key_waits_for_it() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "lesbar").await;
    hub.hears("lesbar").await;
    hub.stop().await;

    // The key goes to the first device. A second one takes its place and reads on from where it
    // stood, without the key.
    let lost = remains.folder.path().join("lost");
    std::fs::rename(remains.data(), &lost).unwrap();
    clerk.room(&room).discard_room_key().await.unwrap();
    clerk.says(&room, "wartet").await;
    let second = remains.start().await;
    let waiting = until("the event is kept", async || {
        remains.durable.keep().into_iter().find(|(key, _)| key.starts_with("utd/"))
    })
    .await;
    second.stop().await;

    // After ten minutes the room is told, once.
    let mut aged: serde_json::Value = serde_json::from_slice(&waiting.1).unwrap();
    aged["since"] = json!(aged["since"].as_u64().unwrap() - 11 * 60 * 1000);
    remains.durable.set_keep(&waiting.0, Some(aged.to_string().into_bytes()));
    let second = remains.start().await;
    second.tells("matrix-key-missing").await;
    second.stop().await;

    // The first device is found again and puts the key into the backup.
    let found = Remains::beside(&remains, &lost);
    let first = found.start().await;
    first.hears("wartet").await;
    let second = remains.start().await;
    second.hears("wartet").await;
    until("the event waits no more", async || {
        remains.durable.keep().keys().all(|key| !key.starts_with("utd/")).then_some(())
    })
    .await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_waited_out() {
    let (mut server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;

    server.stop().await.unwrap();
    let out = outbound(1, &room, None, says("kommt später"));
    let error = hub.hub.deliver(&out).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    server.resume().await.unwrap();
    until("delivered after the outage", async || hub.hub.deliver(&out).await.ok()).await;
    clerk.reads(&room, "Anna Muster: kommt später").await;
    clerk.says(&room, "ich bin wieder da").await;
    hub.hears("ich bin wieder da").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_of_long_ago_is_looked_for_before_it_is_sent_again() {
    let (server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    let mut out = outbound(1, &room, None, says("einmal"));
    out.accepted_at = long_ago();
    let id = hub.hub.deliver(&out).await.unwrap().id;
    out.repeated = true;
    // The homeserver still knows the transaction id as well; what shows that we looked is that
    // nothing was sent.
    let sent = async || server.requests().await.unwrap()["PUT RoomSendEventRestServlet"];
    let before = sent().await;
    assert_eq!(hub.hub.deliver(&out).await.unwrap().id, id);
    assert_eq!(sent().await, before);
    hub.stop().await;
}
