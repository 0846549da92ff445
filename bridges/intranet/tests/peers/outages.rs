//! What is called is away, slow, or says no.

use std::time::Duration;

use viadukt_api::{DeliveryError, Protection};
use viadukt_testservers::{Authority, Reply, StandIn};

use crate::site::Site;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A bridge that calls `receiver`.
async fn calling(receiver: &StandIn, options: &str) -> Site {
    let site = Site::open(&[("secret", SECRET)]).await;
    let toml = format!(
        "[systems.app]
        speaks = 'standard-webhooks'
        url = '{}/eingang'
        networks = ['127.0.0.0/8']
        signing_key_files = ['FOLDER/secret']
        timeout = '1s'
        {options}",
        receiver.url(),
    );
    site.build(&toml).await
}

#[tokio::test]
async fn while_it_is_away_everything_waits() {
    let receiver = StandIn::start().await.unwrap();
    let site = calling(&receiver, "").await;
    let out = site.outbound("app", "Danke");
    receiver.pause().await;
    for _ in 0..3 {
        let error = site.deliver(&out).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { after: None, .. }), "{error}");
    }
    receiver.resume().await.unwrap();
    site.deliver(&out).await.unwrap();
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn what_an_answer_means() {
    let receiver = StandIn::start().await.unwrap();
    let site = calling(&receiver, "").await;
    for status in [500, 502, 429, 408] {
        receiver.answer_next([Reply::status(status)]);
        let error = site.say("app", "Danke").await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { after: None, .. }), "{status}: {error}");
    }
    receiver.answer_next([Reply::with(503, &[("Retry-After", "120")], "")]);
    let error = site.say("app", "Danke").await.unwrap_err();
    let DeliveryError::Retry { after, .. } = error else { panic!("{error}") };
    assert_eq!(after, Some(Duration::from_secs(120)));

    // Gone: never again (Standard Webhooks, "Deliverability and reliability").
    receiver.answer_next([Reply::status(410)]);
    let calls = receiver.requests().len() + 1;
    for _ in 0..2 {
        let error = site.say("app", "Danke").await.unwrap_err();
        assert!(matches!(error, DeliveryError::Refused { .. }), "{error}");
        assert_eq!(receiver.requests().len(), calls);
    }
}

#[tokio::test]
async fn silence_is_no_answer() {
    let receiver = StandIn::start().await.unwrap();
    let site = calling(&receiver, "").await;
    // Its id makes a repetition harmless, so it may be sent again.
    let late = Reply::status(200).late(Duration::from_secs(3));
    for reply in [Reply::Silence, Reply::Close, late] {
        receiver.answer_next([reply]);
        let error = site.say("app", "Danke").await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{error}");
    }
}

#[tokio::test]
async fn only_a_certificate_of_a_known_authority_will_do() {
    let authority = Authority::new().unwrap();
    let receiver = StandIn::start_tls(&authority).await.unwrap();
    let ca_file = format!("ca_file = '{}'", authority.ca_file().display());
    let site = calling(&receiver, &ca_file).await;
    let receipt = site.say("app", "Danke").await.unwrap();
    assert!(receipt.protection == Protection::TLS, "{}", receipt.protection);
    let site = calling(&receiver, "").await;
    let error = site.say("app", "Danke").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error}");
    assert_eq!(receiver.requests().len(), 1);
}
