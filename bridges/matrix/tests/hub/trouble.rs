//! What the homeserver, the disk or the operator may do to a hub at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use viadukt_api::{DeliveryError, Health};

use crate::servers;
use crate::support::proxy::Proxy;
use crate::support::{outbound, says, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_processed_is_gone_around() {
    let (server, mut remains, clerk) = servers().await;
    let proxy = Proxy::before(&server).await;
    remains.homeserver = proxy.url();
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "eins").await;
    hub.hears("eins").await;

    // The next position that the hub reaches is one it cannot go on from.
    let tries = Arc::new(AtomicU64::new(0));
    proxy.answers({
        let (tries, mut poisoned) = (tries.clone(), None);
        move |request| {
            let (_, rest) = request.split_once("/sync?")?.1.split_once("since=")?;
            let since = rest.split(['&', ' ']).next()?.to_owned();
            (*poisoned.get_or_insert_with(|| since.clone()) == since).then(|| {
                tries.fetch_add(1, Ordering::SeqCst);
                (200, json!({ "next_batch": 17 }))
            })
        }
    });
    clerk.says(&room, "zwei").await;
    hub.hears("zwei").await;
    for text in ["drei", "vier"] {
        clerk.says(&room, text).await;
    }
    hub.hears("vier").await;
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    clerk.says(&room, "fünf").await;
    hub.hears("fünf").await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    assert_eq!(texts, ["eins", "zwei", "drei", "vier", "fünf"]);
    hub.hub.deliver(&outbound(1, &room, None, says("danach"))).await.unwrap();
    clerk.reads(&room, "Anna Muster: danach").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_was_no_room_for_is_offered_again() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "eins").await;
    hub.hears("eins").await;

    remains.durable.full.store(true, Ordering::SeqCst);
    let position = remains.durable.keep()["sync"].clone();
    let offered = || remains.durable.offered.load(Ordering::SeqCst);
    let before = offered();
    for text in ["zwei", "drei"] {
        clerk.says(&room, text).await;
    }
    until("offered twice", async || (offered() >= before + 2).then_some(())).await;
    assert!(matches!(hub.hub.health(), Health::Down(_)));
    assert_eq!(remains.durable.keep()["sync"], position);
    remains.durable.full.store(false, Ordering::SeqCst);
    hub.hears("drei").await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    assert_eq!(texts, ["eins", "zwei", "drei"]);
    hub.up().await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_homeserver_is_given_the_time_it_asks_for() {
    let (server, mut remains, clerk) = servers().await;
    let proxy = Proxy::before(&server).await;
    remains.homeserver = proxy.url();
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;

    proxy.answers(|request| {
        let limit =
            json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "busy", "retry_after_ms": 12_345 });
        (request.starts_with("PUT ") && request.contains("/send/")).then_some((429, limit))
    });
    let out = outbound(1, &room, None, says("etwas später"));
    let error = hub.hub.deliver(&out).await.unwrap_err();
    let DeliveryError::Retry { after, .. } = error else { panic!("{error:?}") };

    assert_eq!(after, Some(Duration::from_millis(12_345)));
    proxy.answers(|_| None);
    hub.hub.deliver(&out).await.unwrap();
    clerk.reads(&room, "Anna Muster: etwas später").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_finished_after_the_stop() {
    let (_server, remains, clerk) = servers().await;
    let running = remains.start().await;
    running.up().await;
    let room = running.room(&clerk).await;
    clerk.join(&room).await;
    let hub = running.hub.clone();
    running.stop().await;
    hub.deliver(&outbound(1, &room, None, says("zum Schluss"))).await.unwrap();
    clerk.reads(&room, "Anna Muster: zum Schluss").await;
}
