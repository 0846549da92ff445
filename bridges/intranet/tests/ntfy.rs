//! ntfy against a stand-in.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use viadukt_api::config::{Fields, Findings};
use viadukt_api::contract::{Memory, context};
use viadukt_api::{Inbox, Kind, WorkerError};
use viadukt_intranet::Intranet;
use viadukt_testservers::{Reply, StandIn};

async fn bridge(server: &StandIn, durable: &Arc<Memory>) -> Arc<dyn viadukt_api::Worker> {
    let toml = format!(
        "[systems.push]\nspeaks = 'ntfy'\nurl = '{}'\nnetworks = ['127.0.0.0/8']\n\
         subscribe = ['alerts', 'news']",
        server.url()
    );
    let name = "haus".parse().unwrap();
    let findings = Findings::default();
    let section = {
        let table = toml::de::DeTable::parse(&toml).unwrap();
        let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
        Intranet.parse(&name, &fields)
    };
    let findings = findings.into_sorted();
    assert!(findings.is_empty(), "{findings:?}");
    section.unwrap().build(context(&name, durable)).await.unwrap()
}

fn message(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"event\":\"message\",\"topic\":\"news\",\"message\":\"{id}\"}}\n")
}

#[tokio::test]
async fn it_goes_on_behind_the_last_message_that_was_accepted() {
    let server = StandIn::start().await.unwrap();
    let first = format!("{{\"event\":\"open\"}}\n{}{{\"event\":\"keepalive\"}}\n", message("a"));
    server.answer_next([
        Reply::with(200, &[], first),
        Reply::with(429, &[("retry-after", "1")], ""),
        Reply::with(200, &[], message("a") + &message("b")),
    ]);
    let durable = Arc::<Memory>::default();
    let worker = bridge(&server, &durable).await;
    let running = tokio::spawn({
        let (worker, inbox) =
            (worker.clone(), Inbox::new("haus".parse().unwrap(), durable.clone()));
        async move { worker.run(inbox, Default::default()).await }
    });
    durable.wait_for(2).await;
    let requests = server.wait_for(3).await.unwrap();
    running.abort();
    assert!(requests[0].target.starts_with("/alerts,news/json?since=1"), "{}", requests[0].target);
    assert_eq!(requests[1].target, "/alerts,news/json?since=a");
    assert_eq!(requests[2].target, "/alerts,news/json?since=a");
    let items = durable.items();
    let texts = items.iter().map(|item| worker.normalise(&item.raw).unwrap().content.text);
    assert_eq!(texts.collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn a_login_that_is_refused_is_final() {
    let server = StandIn::start().await.unwrap();
    server.answer(Reply::status(401));
    let durable = Arc::<Memory>::default();
    let inbox = Inbox::new("haus".parse().unwrap(), durable.clone());
    let ended = bridge(&server, &durable).await.run(inbox, Default::default()).await;
    assert!(matches!(ended, Err(WorkerError::Shut { .. })), "{ended:?}");
}
