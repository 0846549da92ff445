//! Sending to a gateway that answers well, badly, late, too much, or not at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use viadukt_api::contract::Memory;
use viadukt_api::{DeliveryError, Health, Protection, Receipt};

use super::{bench, gateway, sms};
use crate::gateway::Gateway;
use crate::transport::Transport;

/// How the stand-in answers one request.
enum Does {
    /// With these bytes.
    Says(String),
    /// Not at all, until the other side leaves.
    Waits,
    /// It hangs up once it has heard everything.
    HangsUp,
    /// It talks without end.
    Floods,
}

fn says(status: &str, body: &str) -> Does {
    let length = body.len();
    Does::Says(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"))
}

/// A gateway for one request; gives what it heard.
async fn stand_in(does: Does) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !is_whole(&heard) {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            heard.extend_from_slice(&piece[..length]);
        }
        match does {
            Does::Says(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Does::Waits => drop(stream.read(&mut [0; 1]).await),
            Does::HangsUp => {}
            Does::Floods => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
                stream.write_all(head).await.unwrap();
                let mut sent = 0;
                while sent < 10_000_000 && stream.write_all(&[b'x'; 65536]).await.is_ok() {
                    sent += 65536;
                }
            }
        }
        String::from_utf8(heard).unwrap()
    });
    (address, heard)
}

/// Whether a request has come with all of its body.
pub(super) fn is_whole(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn gateway_at(preset: &str, address: &str) -> Gateway {
    gateway(preset, address, "geheim", bench(&Arc::new(Memory::default()), 0))
}

/// What becomes of a message that meets `does`, and how the gateway is afterwards.
async fn sent(preset: &str, does: Does) -> (Result<Receipt, DeliveryError>, Health) {
    let (address, _heard) = stand_in(does).await;
    let gateway = gateway_at(preset, &address);
    let result = gateway.send(&sms("Grüße & mehr")).await;
    (result, gateway.health())
}

fn down(why: &str) -> Health {
    Health::Down(why.to_owned())
}

fn key(result: &Result<Receipt, DeliveryError>) -> &str {
    result.as_ref().unwrap_err().reason().key.as_str()
}

#[tokio::test]
async fn a_message_that_is_taken() {
    let (address, heard) = stand_in(says("201 Created", r#"{"sid": "SM1", "code": null}"#)).await;
    let receipt = gateway_at("twilio", &address).send(&sms("Grüße & mehr")).await.unwrap();
    assert_eq!(receipt.id.unwrap().as_str(), "SM1");
    assert_eq!(receipt.protection, Protection::Plain);
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("POST /2010-04-01/Accounts/ACCOUNT/Messages.json HTTP/1.1\r\n"));
    assert!(heard.contains("authorization: Basic QUNDT1VOVDpQQVNTV09SRA==\r\n"), "{heard}");
    let body = "To=%2B491701234567&From=%2B4915799912345&Body=Gr%C3%BC%C3%9Fe+%26+mehr\
                &StatusCallback=https%3A%2F%2Famt.example%2Fhooks%2Fsms%2Freceipt";
    assert!(heard.ends_with(&format!("\r\n\r\n{body}")), "{heard}");
}

#[tokio::test]
async fn parts_have_an_id_each_and_a_gateway_without_ids_gets_ours() {
    let two = r#"{"messages":[{"message-id":"a","status":"0"},{"message-id":"b","status":"0"}]}"#;
    let (taken, _) = sent("vonage", says("200 OK", two)).await;
    let taken = taken.unwrap();
    assert_eq!(taken.id.unwrap().as_str(), "a");
    assert_eq!(taken.more[0].as_str(), "b");
    let (taken, _) = sent("kannel", says("202 Accepted", "0: Accepted for delivery")).await;
    assert_eq!(taken.unwrap().id.unwrap().as_str(), "r7XKq2vT9mZa");
}

#[tokio::test]
async fn a_refusal_is_final_and_names_the_gateways_word() {
    let (result, health) = sent("twilio", says("400 Bad Request", r#"{"code": 21610}"#)).await;
    let Err(DeliveryError::Refused { reason }) = result else { panic!("{result:?}") };
    assert_eq!(reason.key, "sms-gateway-refused");
    assert_eq!(reason.args, [("code".to_owned(), "21610".to_owned())]);
    assert_eq!(health, Health::Up);
}

#[tokio::test]
async fn a_gateway_that_is_busy_names_the_pause() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n";
    let (result, _) = sent("twilio", Does::Says(busy.to_owned())).await;
    let Err(DeliveryError::Retry { after, .. }) = result else { panic!("{result:?}") };
    assert_eq!(after, Some(Duration::from_secs(17)));
    let (result, _) = sent("twilio", says("500 Internal Server Error", "oops")).await;
    assert!(matches!(result, Err(DeliveryError::Retry { after: None, .. })), "{result:?}");
}

#[tokio::test]
async fn a_refused_login_is_ours_to_mend() {
    let (result, health) = sent("kannel", says("403 Forbidden", "Authorization failed")).await;
    assert!(matches!(result, Err(DeliveryError::Retry { .. })), "{result:?}");
    assert_eq!(key(&result), "sms-gateway-login-refused");
    assert_eq!(health, down("login refused"));
}

#[tokio::test]
async fn silence_after_the_request_is_unknown() {
    for does in [Does::HangsUp, Does::Waits] {
        let (result, health) = sent("twilio", does).await;
        assert!(matches!(result, Err(DeliveryError::Unknown { .. })), "{result:?}");
        assert_eq!(health, down("no answer"));
    }
}

#[tokio::test]
async fn silence_is_tried_again_where_a_repetition_does_no_harm() {
    let (result, _) = sent("sms-gate", Does::HangsUp).await;
    assert!(matches!(result, Err(DeliveryError::Retry { .. })), "{result:?}");
    let (known, _) = sent("sms-gate", says("409 Conflict", "{}")).await;
    assert_eq!(known.unwrap().id.unwrap().as_str(), "r7XKq2vT9mZa");
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_unknown() {
    for answer in ["", "<html>", "{}", "{\"messages\":[]}", "\u{0}\u{1}"] {
        let (result, _) = sent("vonage", says("200 OK", answer)).await;
        assert!(matches!(result, Err(DeliveryError::Unknown { .. })), "{answer}: {result:?}");
    }
    let page = "<html>Please log in to the network</html>";
    let (result, _) = sent("twilio", says("200 OK", page)).await;
    assert!(matches!(result, Err(DeliveryError::Unknown { .. })), "{result:?}");
    let (result, _) = sent("vonage", Does::Floods).await;
    assert!(matches!(result, Err(DeliveryError::Unknown { .. })), "{result:?}");
    let (result, _) = sent("vonage", Does::Says("SMTP 220 hello\r\n".to_owned())).await;
    assert!(matches!(result, Err(DeliveryError::Unknown { .. })), "{result:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere =
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let (result, _) = sent("twilio", Does::Says(elsewhere.to_owned())).await;
    assert_eq!(key(&result), "sms-gateway-put-off");
}

#[tokio::test]
async fn a_gateway_that_is_away_has_heard_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gateway = gateway_at("twilio", &address);
    let result = gateway.send(&sms("text")).await;
    assert!(matches!(result, Err(DeliveryError::Retry { .. })), "{result:?}");
    assert_eq!(key(&result), "sms-gateway-away");
    assert_eq!(gateway.health(), down("not reachable"));
    assert!(gateway.probe().await[0].result.is_err());
}

#[tokio::test]
async fn the_probe_tries_the_login_and_sends_nothing() {
    let (address, heard) = stand_in(says("401 Unauthorized", "{}")).await;
    let probes = gateway_at("twilio", &address).probe().await;
    assert!(probes[0].result.as_ref().unwrap_err().contains("login"));
    assert!(heard.await.unwrap().starts_with("GET /2010-04-01/Accounts/ACCOUNT.json HTTP/1.1"));
}
