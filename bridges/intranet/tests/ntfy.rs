//! ntfy against a stand-in.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use viadukt_api::contract::{Memory, context, section};
use viadukt_api::{Inbox, WorkerError};
use viadukt_intranet::Intranet;
use viadukt_testservers::{Reply, StandIn};

async fn bridge(url: &str, durable: &Arc<Memory>) -> Arc<dyn viadukt_api::Worker> {
    let toml = format!(
        "[systems.push]\nspeaks = 'ntfy'\nurl = '{url}'\nnetworks = ['127.0.0.0/8']\n\
         subscribe = ['alerts', 'news']"
    );
    let name = "haus".parse().unwrap();
    section(&Intranet, &name, &toml).build(context(&name, durable)).await.unwrap()
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
    let worker = bridge(&server.url(), &durable).await;
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
    let ended = bridge(&server.url(), &durable).await.run(inbox, Default::default()).await;
    assert!(matches!(ended, Err(WorkerError::Shut { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_called_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let durable = Arc::<Memory>::default();
    let worker = bridge(&url, &durable).await;
    let inbox = Inbox::new("haus".parse().unwrap(), durable.clone());
    let running = tokio::spawn(async move { worker.run(inbox, Default::default()).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    head(&mut stream).await;
    let answer = format!("HTTP/1.1 200 OK\r\n\r\n{}", message("a"));
    stream.write_all(answer.as_bytes()).await.unwrap();
    durable.wait_for(1).await;
    // It says nothing more, and does not hang up.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(151)).await;
    tokio::time::resume();
    let (mut again, _) = listener.accept().await.unwrap();
    let head = head(&mut again).await;
    running.abort();
    assert!(head.starts_with("GET /alerts,news/json?since=a "), "{head}");
}

/// The head of a request.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "no request");
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn what_there_is_no_room_for_comes_later() {
    let server = StandIn::start().await.unwrap();
    server.answer_next([Reply::with(200, &[], message("a"))]);
    server.answer(Reply::with(200, &[], message("b")));
    let durable = Arc::<Memory>::default();
    let worker = bridge(&server.url(), &durable).await;
    let inbox = Inbox::new("haus".parse().unwrap(), durable.clone());
    let running = tokio::spawn(async move { worker.run(inbox, Default::default()).await });
    durable.wait_for(1).await;
    durable.refuse(true);
    server.wait_for(3).await.unwrap();
    durable.refuse(false);
    durable.wait_for(2).await;
    running.abort();
    assert_eq!(server.requests()[2].target, "/alerts,news/json?since=a", "not behind it");
}
