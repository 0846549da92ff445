//! The connection, kept against whatever happens to it.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use viadukt_api::contract::eventually;
use viadukt_api::{Health, Inbox, WorkerError};

use crate::centre::Centre;

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    centre.smsc.hang_up().await.unwrap();
    centre.wait_count("bound", 2).await;
    centre.send(&bench, "wieder da").await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn a_silent_gateway_is_asked_and_left() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    let running = bench.start().await;
    centre.wait_count("enquire_link", 2).await;
    centre.smsc.deafen(true).await.unwrap();
    let down = || async { bench.worker.health() != Health::Up };
    eventually("the silence is noticed", down).await;
    centre.smsc.deafen(false).await.unwrap();
    let up = || async { bench.worker.health() == Health::Up };
    eventually("it is bound again", up).await;
    running.stop().await;
    assert!(centre.count("unbind").await >= 1, "it takes leave");
}

#[tokio::test]
async fn a_wrong_password_is_final_and_the_probe_says_so() {
    let centre = Centre::start().await;
    let bench = centre.bench("").await;
    centre.smsc.set_password("anders").await.unwrap();
    let probe = bench.worker.probe().await.remove(0);
    assert!(probe.result.unwrap_err().contains("password_file"));
    let shared = std::sync::Arc::clone(&bench.durable) as _;
    let inbox = Inbox::new(bench.name.clone(), shared);
    let error = bench.worker.run(inbox, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, WorkerError::Shut { .. }), "{error}");
}

#[tokio::test]
async fn tls_is_named_and_an_unknown_authority_refused() {
    let centre = Centre::start().await;
    let bench = centre.bench(&centre.tls()).await;
    assert_eq!(bench.worker.probe().await.remove(0).result.unwrap(), "TLSv1.3");
    let running = bench.start().await;
    assert_eq!(centre.send(&bench, "Ja").await.unwrap().protection.to_string(), "TLSv1.3");
    running.stop().await;
    let unknown = format!("tls = 'implicit'\nport = {}", centre.smsc.tls);
    let bench = centre.bench(&unknown).await;
    assert!(bench.worker.probe().await.remove(0).result.unwrap_err().contains("ca_file"));
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_the_bind_holds_up_no_stop() {
    let centre = Centre::start().await;
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let bench = centre.bench(&format!("port = {port}\nresponse_timeout = '1h'")).await;
    let inbox = Inbox::new(bench.name.clone(), std::sync::Arc::clone(&bench.durable) as _);
    let stop = CancellationToken::new();
    let asked = async {
        let (mut line, _) = mute.accept().await.unwrap();
        line.read_u8().await.unwrap();
        stop.cancel();
        line
    };
    let both = futures_util::future::join(bench.worker.run(inbox, stop.clone()), asked);
    timeout(Duration::from_secs(5), both).await.unwrap().0.unwrap();
}
