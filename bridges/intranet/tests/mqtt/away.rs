//! When the broker is away, or the store has no room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{pause, resume, sleep};
use viadukt_api::contract::eventually;
use viadukt_api::{Health, Inbox};

use crate::broker::Broker;

#[tokio::test]
async fn an_hour_without_the_broker_is_waited_out_with_patience() {
    let broker = Broker::start().await;
    let durable = Arc::default();
    broker.bench("", &durable).await.start().await.stop().await;
    broker.publish("door/1", &["before"]).await;
    broker.mosquitto.lock().await.pause();

    // Somebody at the broker's place who hangs up on everybody.
    let listener = TcpListener::bind(("127.0.0.1", broker.port)).await.unwrap();
    let attempts = Arc::new(AtomicUsize::new(0));
    let hanging_up = tokio::spawn({
        let attempts = Arc::clone(&attempts);
        async move {
            while listener.accept().await.is_ok() {
                attempts.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let bench = broker.bench("", &durable).await;
    let running = tokio::spawn({
        let inbox = Inbox::new(bench.name.clone(), bench.durable.clone());
        let worker = Arc::clone(&bench.worker);
        async move { worker.run(inbox, Default::default()).await }
    });
    pause();
    sleep(Duration::from_secs(3_600)).await;
    resume();
    hanging_up.abort();
    assert!(hanging_up.await.unwrap_err().is_cancelled());
    // The first minute has six, each further one about one.
    let attempts = attempts.load(Ordering::Relaxed);
    assert!((10..=90).contains(&attempts), "{attempts}");
    assert!(!running.is_finished(), "it is never fatal");

    broker.mosquitto.lock().await.resume().await.unwrap();
    running.abort();
    let bench = broker.bench("", &durable).await;
    let running = bench.start().await;
    durable.wait_for(1).await;
    running.stop().await;
    assert_eq!(bench.texts(0), ["before"]);
}

#[tokio::test]
async fn what_the_store_has_no_room_for_waits_at_the_broker() {
    let broker = Broker::start().await;
    for version in ["5", "3.1.1"] {
        let options = format!("version = '{version}'\nclient_id = 'full-{version}'");
        let bench = broker.bench(&options, &Arc::default()).await;
        let running = bench.start().await;
        bench.durable.refuse(true);
        // More than may be on the way at once.
        let texts: Vec<_> = (0..600).map(|number| number.to_string()).collect();
        broker.publish("door/1", &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let full = Health::Down("iot: a test".to_owned());
        eventually("it is noticed", || async { bench.worker.health() == full }).await;
        bench.durable.refuse(false);
        bench.durable.wait_for(texts.len()).await;
        eventually("all is well", || async { bench.worker.health() == Health::Up }).await;
        running.stop().await;
        assert_eq!(bench.texts(0), texts, "{version}: in order, and none twice");
    }
}

#[tokio::test]
async fn a_message_with_an_id_of_its_own_is_taken_once() {
    let broker = Broker::start().await;
    let bench = broker.bench("id = 'event.id'", &Arc::default()).await;
    let running = bench.start().await;
    let texts = [1, 1, 2].map(|id| format!("{{\"event\":{{\"id\":{id}}}}}"));
    broker.publish("door/1", &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    broker.publish("door/2", &[texts[0].as_str(), "open", "open"]).await;
    bench.durable.wait_for(5).await;
    running.stop().await;
    let texts: Vec<_> = bench.texts(0).iter().map(|t| t.split_whitespace().collect()).collect();
    let texts: Vec<String> = texts;
    let [one, two] = [1, 2].map(|id| format!("{{\"event\":{{\"id\":{id}}}}}"));
    assert_eq!(texts, [one.as_str(), &two, &one, "open", "open"]);
}
