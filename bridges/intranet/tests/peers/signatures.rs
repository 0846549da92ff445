//! Standard Webhooks, with the official library as the other end.

use viadukt_testservers::packages::{sign, verify};
use viadukt_testservers::{Reply, StandIn};

use crate::site::{Site, now};

/// The secret, and the one that follows it.
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const STRANGE: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const BODY: &str = r#"{"type":"antrag.neu","data":{"text":"Ein Antrag ist da."},"text":"Grüße"}"#;

/// What is sent with a signature.
fn headers(id: &str, at: i64, signature: &str) -> Vec<(String, String)> {
    [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signature.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

async fn called() -> Site {
    let site = Site::open(&[("old", OLD), ("new", NEW)]).await;
    site.build(
        "[systems.app]
        speaks = 'standard-webhooks'
        secret_files = ['FOLDER/old', 'FOLDER/new']",
    )
    .await
}

#[tokio::test]
async fn what_the_library_signs_is_believed_with_either_secret() {
    let site = called().await;
    let at = now();
    let mut signatures = Vec::new();
    for (id, secret) in [("msg_1", OLD), ("msg_2", NEW)] {
        let signature = sign(secret, id, at, BODY).await.unwrap();
        assert_eq!(site.call("app", &headers(id, at, &signature), BODY).await / 100, 2, "{id}");
        signatures.push(signature);
    }
    // A sender that changes its secret signs with both (Standard Webhooks, "Signature scheme").
    let strange = sign(STRANGE, "msg_3", at, BODY).await.unwrap();
    let both = format!("{strange} {}", sign(NEW, "msg_3", at, BODY).await.unwrap());
    assert_eq!(site.call("app", &headers("msg_3", at, &both), BODY).await / 100, 2);
    assert_eq!(site.messages().len(), 3);

    for (why, id, at, signature, body) in [
        ("another secret", "msg_4", at, &strange, BODY),
        ("another id", "msg_4", at, &signatures[0], BODY),
        ("another time", "msg_1", at + 1, &signatures[0], BODY),
        ("another body", "msg_1", at, &signatures[0], r#"{"text":"Betrug"}"#),
        ("no signature", "msg_1", at, &String::new(), BODY),
    ] {
        assert_eq!(site.call("app", &headers(id, at, signature), body).await, 401, "{why}");
    }
    assert_eq!(site.messages().len(), 3);
}

#[tokio::test]
async fn what_is_played_again_is_shown_once_also_after_a_restart() {
    let site = called().await;
    let at = now();
    let call = headers("msg_1", at, &sign(OLD, "msg_1", at, BODY).await.unwrap());
    for _ in 0..2 {
        assert_eq!(site.call("app", &call, BODY).await / 100, 2);
    }
    site.restart().await;
    assert_eq!(site.call("app", &call, BODY).await / 100, 2);
    assert_eq!(site.messages().len(), 1);

    for (id, at) in [("msg_2", at - 301), ("msg_3", at + 360)] {
        let signature = sign(OLD, id, at, BODY).await.unwrap();
        assert_eq!(site.call("app", &headers(id, at, &signature), BODY).await, 401, "{at}");
    }
    assert_eq!(site.messages().len(), 1);
}

#[tokio::test]
async fn the_library_believes_what_we_sign_with_either_secret() {
    let receiver = StandIn::start().await.unwrap();
    let site = Site::open(&[("old", OLD), ("new", NEW)]).await;
    let toml = format!(
        "[systems.app]
        speaks = 'standard-webhooks'
        url = '{}/eingang'
        networks = ['127.0.0.0/8']
        signing_key_files = ['FOLDER/new', 'FOLDER/old']",
        receiver.url(),
    );
    let site = site.build(&toml).await;
    let out = site.outbound("app", "Grüße: „Ja“ für 3 € 👍");
    receiver.answer_next([Reply::status(503)]);
    site.deliver(&out).await.unwrap_err();
    site.deliver(&out).await.unwrap();
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/eingang"));
        for secret in [OLD, NEW] {
            assert_eq!(verify(secret, request).await.unwrap(), None);
        }
        assert!(verify(STRANGE, request).await.unwrap().is_some());
        assert!(request.text().contains("Grüße: „Ja“ für 3 € 👍"), "{}", request.text());
    }
    let id = requests[0].header("webhook-id");
    assert!(id.is_some() && id == requests[1].header("webhook-id"), "one message, one id");
    assert_eq!(requests[0].body, requests[1].body, "the same bytes at every attempt");
    let mut forged = requests[0].clone();
    forged.body.push(b' ');
    assert!(verify(NEW, &forged).await.unwrap().is_some());
}
