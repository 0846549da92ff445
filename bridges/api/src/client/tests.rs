//! A server that turns out to be elsewhere, and answers of every kind. What becomes of a request
//! that meets a slow or broken server is shown with the bridges' own tests.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::egress::Lookup;
use crate::network::Networks;
use crate::tls::{self, Trust};

const PATIENCE: Duration = Duration::from_secs(5);

/// Answers with one address after the other, the last one again and again.
struct Turning(Mutex<VecDeque<IpAddr>>);

#[async_trait]
impl Lookup for Turning {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() };
        Ok(next.into_iter().collect())
    }
}

fn client(egress: Egress) -> Client {
    Client::new(tls::client(Trust::Besides(None), None).unwrap(), egress, PATIENCE).unwrap()
}

fn listing(networks: &[&str]) -> Egress {
    Egress::public_and(Networks::of(networks).unwrap())
}

/// A server that answers each connection once, with `answer`; its port.
async fn server(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _head = stream.read(&mut [0; 4096]).await;
            let _gone = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

const CLOSING: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";

fn get(url: &str) -> Request {
    Request::get(url.parse().unwrap())
}

/// The first address is a listed one; then the name means another, at which the same server
/// listens (all of 127.0.0.0/8 is this machine) and would be heard.
#[tokio::test]
async fn a_name_that_turns_to_an_address_not_listed_is_not_connected_to() {
    let port = server(CLOSING).await;
    let answers = ["127.0.0.1", "127.0.0.1", "127.0.0.2"].map(|a| a.parse().unwrap());
    let lookup = Arc::new(Turning(Mutex::new(answers.into())));
    let client = client(listing(&["127.0.0.1"]).with_lookup(lookup));
    let call =
        async || client.call(get(&format!("http://amt.example:{port}/")), Timestamp(0)).await;
    assert_eq!(call().await.ok().unwrap().body.unwrap(), b"hi");
    assert_eq!(call().await.ok().unwrap().status, 200);
    assert_eq!(call().await.err(), Some(Silence::NotListed));
    assert_eq!(call().await.err(), Some(Silence::NotListed), "at each attempt");
}

#[tokio::test]
async fn an_address_not_listed_is_not_connected_to_however_it_is_written() {
    let port = server(CLOSING).await;
    let client = client(listing(&[]));
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"] {
        let answer = client.call(get(&format!("http://{host}:{port}/")), Timestamp(0)).await;
        assert_eq!(answer.err(), Some(Silence::NotListed), "{host}");
    }
}

#[tokio::test]
async fn an_answer_longer_than_agreed_is_none() {
    let port = server(CLOSING).await;
    let client = client(Egress::anywhere());
    let fetch = async |largest| {
        let request = get(&format!("http://127.0.0.1:{port}/"));
        client.fetch(request, largest, Timestamp(0)).await.ok().unwrap().body
    };
    assert_eq!(fetch(2).await, Some(b"hi".to_vec()));
    assert_eq!(fetch(1).await, None);
}

#[tokio::test]
async fn an_answer_that_goes_on_comes_in_pieces() {
    let port =
        server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n").await;
    let client = client(Egress::anywhere());
    let mut stream = client.open(get(&format!("http://127.0.0.1:{port}/"))).await.ok().unwrap();
    assert_eq!(stream.piece(PATIENCE).await, Ok(Some("one".into())));
    assert_eq!(stream.piece(PATIENCE).await, Ok(None));
}

#[test]
fn a_pause_is_seconds_or_a_date() {
    let now = Timestamp(1_445_412_420_000); // Wed, 21 Oct 2015 07:27:00 GMT
    let pause = |said: &'static str| {
        let headers = [(RETRY_AFTER, HeaderValue::from_static(said))].into_iter().collect();
        retry_after(&headers, now)
    };
    assert_eq!(pause("120"), Some(Duration::from_secs(120)));
    let date = pause("Wed, 21 Oct 2015 07:28:00 GMT");
    assert_eq!(date, Some(Duration::from_secs(60)), "the example of RFC 9110 10.2.3");
    assert_eq!(pause("99999999"), Some(LONGEST_PAUSE));
    assert_eq!(pause("soon"), None);
}
