//! Alertmanager calls a hook; the libraries from PyPI agree with themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use viadukt_testservers::alertmanager::Pairs;
use viadukt_testservers::packages::{Mode, apprise, cloud_event, sign, verify};
use viadukt_testservers::{Alertmanager, Authority, Reply, StandIn};

const DISK: Pairs<'_> = &[("alertname", "DiskFull"), ("instance", "db1"), ("severity", "critical")];

#[tokio::test]
async fn an_alert_fires_and_is_resolved() {
    let hook = StandIn::start().await.unwrap();
    let mut alertmanager = Alertmanager::start(&hook.url(), "geheim").await.unwrap();
    alertmanager.fire(DISK, &[("summary", "Platte voll")]).await.unwrap();
    let fired = hook.wait_for(1).await.unwrap().remove(0);
    assert_eq!(fired.header("authorization"), Some("Bearer geheim"));
    let body: Value = serde_json::from_slice(&fired.body).unwrap();
    assert_eq!(body["alerts"][0]["status"], "firing");

    alertmanager.resolve(DISK, &[("summary", "Platte voll")]).await.unwrap();
    let resolved = hook.wait_for(2).await.unwrap().remove(1);
    let body: Value = serde_json::from_slice(&resolved.body).unwrap();
    assert_eq!(body["status"], "resolved");
    assert_eq!(alertmanager.silences().await.unwrap(), []);

    alertmanager.pause();
    assert!(alertmanager.silences().await.is_err());
    alertmanager.resume().await.unwrap();
    // Another one: of the first it may remember that it told us, and not that it told us the end.
    alertmanager.fire(&[("alertname", "DoorOpen")], &[]).await.unwrap();
    hook.wait_for(3).await.unwrap();
}

#[tokio::test]
async fn a_stand_in_answers_as_told() {
    let authority = Authority::new().unwrap();
    let hook = StandIn::start().await.unwrap();
    let url = format!("json://127.0.0.1:{}/x", hook.port());
    hook.answer_next([Reply::with(500, &[("Retry-After", "7")], "no"), Reply::Close]);
    assert!(apprise(&url, "Titel", "Text").await.unwrap_err().to_string().contains("500"));
    apprise(&url, "Titel", "Text").await.unwrap_err();
    apprise(&url, "Titel", "Grüße").await.unwrap();
    let heard = hook.requests();
    assert_eq!(
        (heard.len(), heard[2].method.as_str(), heard[2].target.as_str()),
        (3, "POST", "/x")
    );
    let body: Value = serde_json::from_slice(&heard[2].body).unwrap();
    assert_eq!(body["message"], "Grüße");
    hook.pause().await;
    apprise(&url, "Titel", "Text").await.unwrap_err();
    hook.resume().await.unwrap();
    apprise(&url, "Titel", "Text").await.unwrap();

    let hook = StandIn::start_tls(&authority).await.unwrap();
    let url = format!("jsons://localhost:{}/x?verify=no", hook.port());
    apprise(&url, "Titel", "Text").await.unwrap();
}

#[tokio::test]
async fn libraries_sign_verify_and_wrap() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    // The example of the specification ("Signature scheme").
    let signature =
        sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
    let signature = signature.await.unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let hook = StandIn::start().await.unwrap();
    let url = format!("json://127.0.0.1:{}/x", hook.port());
    apprise(&url, "Titel", "Text").await.unwrap();
    let unsigned = hook.requests().remove(0);
    let why = verify(secret, &unsigned).await.unwrap();
    assert_eq!(why.as_deref(), Some("Missing required headers"));

    let attributes = json!({ "type": "example.door", "source": "/house", "id": "1" });
    let data = json!({ "text": "Tür offen" });
    let (headers, body) = cloud_event(Mode::Binary, &attributes, &data).await.unwrap();
    assert!(headers.contains(&("ce-id".to_owned(), "1".to_owned())), "{headers:?}");
    assert!(body.contains("Tür offen") || body.contains("\\u"), "{body}");
    let (headers, body) = cloud_event(Mode::Structured, &attributes, &data).await.unwrap();
    assert_eq!(headers[0].1, "application/cloudevents+json");
    assert!(body.contains("example.door"), "{body}");
}
