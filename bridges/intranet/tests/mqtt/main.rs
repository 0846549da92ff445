//! MQTT against Mosquitto.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod away;
mod broker;

use std::sync::Arc;

use viadukt_api::contract::{Memory, check_all, delivery_id, eventually};
use viadukt_api::{Act, DeliveryError, Health, WorkerError};

use crate::broker::{Broker, outbound};

#[tokio::test]
async fn the_contract_holds() {
    let broker = Broker::start().await;
    check_all(&broker.bench("", &Arc::default()).await).await;
}

#[tokio::test]
async fn the_contract_holds_in_the_older_version_and_over_tls() {
    let broker = Broker::start().await;
    let options = format!("version = '3.1.1'\n{}", broker.over_tls());
    let bench = broker.bench(&options, &Arc::default()).await;
    assert_eq!(bench.worker.probe().await[0].result, Ok("TLSv1.3".to_owned()));
    check_all(&bench).await;
    let message = bench.worker.normalise(&bench.durable.items()[0].raw).unwrap();
    assert_eq!(message.protection.to_string(), "TLSv1.3");
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_no_broker_of_ours() {
    let (broker, stranger) = (Broker::start().await, Broker::start().await);
    let options = format!("url = 'mqtts://localhost:{}'\n", broker.tls);
    let options = format!("{options}ca_file = {}\n", stranger.file("ca.pem"));
    let bench = broker.bench(&options, &Arc::default()).await;
    let probes = bench.worker.probe().await;
    let why = probes[0].result.clone().unwrap_err();
    assert!(why.contains("certificate"), "{why}");
}

#[tokio::test]
async fn a_wrong_password_is_final() {
    let broker = Broker::start().await;
    std::fs::write(broker.authority.folder().join("wrong"), "wrong").unwrap();
    for version in ["5", "3.1.1"] {
        let wrong = broker.file("wrong");
        let options = format!("version = '{version}'\npassword_file = {wrong}");
        let bench = broker.bench(&options, &Arc::default()).await;
        let inbox = viadukt_api::Inbox::new(bench.name.clone(), bench.durable.clone());
        let ended = bench.worker.run(inbox, Default::default()).await;
        let Err(WorkerError::Shut { what, .. }) = ended else { panic!("{ended:?}") };
        assert!(what.starts_with("system iot: the broker "), "{what}");
    }
}

#[tokio::test]
async fn what_comes_while_we_are_away_comes_later_and_in_order() {
    let broker = Broker::start().await;
    for version in ["5", "3.1.1"] {
        let options = format!("version = '{version}'\nclient_id = 'away-{version}'");
        let bench = broker.bench(&options, &Arc::default()).await;
        bench.start().await.stop().await;
        let texts: Vec<_> = (0..1_000).map(|number| number.to_string()).collect();
        broker.publish("door/1", &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let running = bench.start().await;
        bench.durable.wait_for(texts.len()).await;
        running.stop().await;
        assert_eq!(bench.texts(0), texts, "{version}");
    }
}

#[tokio::test]
async fn a_broker_that_is_killed_and_comes_back_loses_nothing() {
    let broker = Broker::start().await;
    let bench = broker.bench("", &Arc::default()).await;
    let running = bench.start().await;
    for round in 0..3 {
        broker.publish("door/1", &[&format!("before {round}")]).await;
        bench.durable.wait_for(round + 1).await;
        broker.mosquitto.lock().await.kill().unwrap();
        eventually("it is noticed", || async { bench.worker.health() != Health::Up }).await;
        broker.mosquitto.lock().await.resume().await.unwrap();
        eventually("it is back", || async { bench.worker.health() == Health::Up }).await;
    }
    running.stop().await;
    assert_eq!(bench.texts(0), ["before 0", "before 1", "before 2"]);
}

#[tokio::test]
async fn a_broker_that_forgets_us_is_told_about() {
    let broker = Broker::start().await;
    let bench = broker.bench("", &Arc::default()).await;
    bench.start().await.stop().await;
    {
        let mut mosquitto = broker.mosquitto.lock().await;
        mosquitto.pause();
        mosquitto.forget().unwrap();
        mosquitto.resume().await.unwrap();
    }
    let running = bench.start().await;
    bench.durable.wait_for(1).await;
    broker.publish("door/1", &["we are back"]).await;
    bench.durable.wait_for(2).await;
    running.stop().await;
    let told = bench.worker.normalise(&bench.durable.items()[0].raw).unwrap();
    let Act::Tell(reason) = told.act else { panic!("{:?}", told.act) };
    assert_eq!(reason.key, "mqtt-session-lost");
    assert_eq!(bench.texts(1), ["we are back"]);
}

#[tokio::test]
async fn a_message_that_was_accepted_but_not_acknowledged_comes_again_and_says_so() {
    let broker = Broker::start().await;
    let durable = Arc::<Memory>::default();
    let bench = broker.bench("", &durable).await;
    bench.start().await.stop().await;
    broker.publish("door/1", &["21.5"]).await;
    // The process dies after the commit, before the acknowledgement has left.
    let running = tokio::spawn({
        let (worker, name) = (Arc::clone(&bench.worker), bench.name.clone());
        let dying = Arc::new(Dying { durable: Arc::clone(&durable) });
        let inbox = viadukt_api::Inbox::new(name, dying);
        async move { worker.run(inbox, Default::default()).await }
    });
    durable.wait_for(1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());

    let bench = broker.bench("", &durable).await;
    let running = bench.start().await;
    durable.wait_for(2).await;
    broker.publish("door/1", &["21.5"]).await;
    durable.wait_for(3).await;
    running.stop().await;
    let texts = bench.texts(0);
    assert_eq!((texts[0].as_str(), texts[2].as_str()), ("21.5", "21.5"));
    assert!(texts[1].starts_with("21.5\n(The broker has sent this again"), "{texts:?}");
}

#[tokio::test]
async fn a_group_shares_what_comes() {
    let broker = Broker::start().await;
    let durable = Arc::<Memory>::default();
    let mut running = Vec::new();
    for member in ["one", "two"] {
        let options = format!("subscribe = ['$share/desk/door/#']\nclient_id = '{member}'");
        // Each keeps its own session, both bring in to the same place.
        let bench = broker.bench(&options, &durable).await;
        running.push(bench.start().await);
    }
    let texts: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    broker.publish("door/1", &texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    durable.wait_for(50).await;
    for running in running {
        running.stop().await;
    }
    let bench = broker.bench("", &durable).await;
    let mut came = bench.texts(0);
    came.sort_by_key(|text| text.parse::<u32>().unwrap());
    assert_eq!(came, texts, "each once");
}

#[tokio::test]
async fn a_filter_that_is_configured_no_longer_is_given_up() {
    let broker = Broker::start().await;
    let durable = Arc::default();
    for subscribe in ["['door/#', 'gate/#']", "['door/#']"] {
        let options = format!("subscribe = {subscribe}");
        broker.bench(&options, &durable).await.start().await.stop().await;
    }
    broker.publish("gate/1", &["not for us"]).await;
    broker.publish("door/1", &["for us"]).await;
    let bench = broker.bench("", &durable).await;
    let running = bench.start().await;
    durable.wait_for(1).await;
    running.stop().await;
    assert_eq!(bench.texts(0), ["for us"]);
}

#[tokio::test]
async fn what_is_retained_comes_once_or_not_at_all() {
    let broker = Broker::start().await;
    {
        let mosquitto = broker.mosquitto.lock().await;
        mosquitto.publish_with(&["-t", "door/1", "-r"], &["locked"]).await.unwrap();
    }
    for (version, retained, expected) in [
        ("5", true, &["locked", "new"][..]),
        ("3.1.1", true, &["locked", "new"]),
        ("5", false, &["new"]),
        ("3.1.1", false, &["new"]),
    ] {
        let id = format!("{version}-{retained}");
        let options = format!("version = '{version}'\nretained = {retained}\nclient_id = '{id}'");
        let bench = broker.bench(&options, &Arc::default()).await;
        for _ in 0..2 {
            bench.start().await.stop().await;
        }
        let running = bench.start().await;
        broker.publish("door/1", &["new"]).await;
        bench.durable.wait_for(expected.len()).await;
        running.stop().await;
        assert_eq!(bench.texts(0), expected, "{id}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_told_and_not_in_the_way() {
    let broker = Broker::start().await;
    let bench = broker.bench("max_message = '1 KiB'", &Arc::default()).await;
    let running = bench.start().await;
    broker.publish("door/1", &[&"x".repeat(3_000_000), "after it"]).await;
    bench.durable.wait_for(2).await;
    running.stop().await;
    let texts = bench.texts(0);
    assert!(texts[0].contains("3000001 bytes"), "{texts:?}");
    assert_eq!(texts[1], "after it");
}

#[tokio::test]
async fn what_we_publish_does_not_come_back() {
    let broker = Broker::start().await;
    let options = "subscribe = ['door/#', 'display/#']";
    let bench = broker.bench(options, &Arc::default()).await;
    let running = bench.start().await;
    let out = outbound(delivery_id(1), "iot/display/1", "of ours");
    bench.worker.deliver(&out).await.unwrap();
    bench.wait_taken("of ours").await;
    broker.publish("display/1", &["of others"]).await;
    bench.durable.wait_for(1).await;
    running.stop().await;
    assert_eq!(bench.texts(0), ["of others"]);
}

#[tokio::test]
async fn what_may_not_be_published_is_refused_in_words() {
    let broker = Broker::start().await;
    let bench = broker.bench("", &Arc::default()).await;
    for (to, expected) in [
        ("iot/forbidden/1", "mqtt-not-authorised"),
        ("iot/door/1", "mqtt-topic-not-allowed"),
        ("iot/display/+", "mqtt-topic-not-allowed"),
        ("iot", "mqtt-topic-missing"),
    ] {
        let refused = bench.worker.deliver(&outbound(delivery_id(1), to, "text")).await;
        let Err(DeliveryError::Refused { reason }) = refused else { panic!("{to}: {refused:?}") };
        assert_eq!(reason.key, expected, "{to}");
    }
}

/// Accepts, and never says so.
struct Dying {
    durable: Arc<Memory>,
}

#[viadukt_api::async_trait]
impl viadukt_api::inbox::Durable for Dying {
    async fn accept(
        &self,
        worker: &viadukt_api::WorkerName,
        intake: viadukt_api::Intake,
    ) -> Result<Vec<Option<viadukt_api::ItemId>>, viadukt_api::AcceptError> {
        self.durable.accept(worker, intake).await?;
        std::future::pending().await
    }

    fn seen(
        &self,
        worker: &viadukt_api::WorkerName,
        key: &viadukt_api::SourceKey,
    ) -> Result<bool, viadukt_api::AcceptError> {
        self.durable.seen(worker, key)
    }

    fn kept(
        &self,
        worker: &viadukt_api::WorkerName,
        key: &str,
    ) -> Result<Option<Vec<u8>>, viadukt_api::AcceptError> {
        self.durable.kept(worker, key)
    }

    fn kept_under(
        &self,
        worker: &viadukt_api::WorkerName,
        prefix: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, viadukt_api::AcceptError> {
        self.durable.kept_under(worker, prefix)
    }
}
