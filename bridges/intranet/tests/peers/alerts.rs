//! Alertmanager fires, resolves, and is silenced.

use viadukt_api::{DeliveryError, Message};
use viadukt_testservers::Alertmanager;
use viadukt_testservers::alertmanager::Pairs;

use crate::TOKEN;
use crate::site::Site;

const DISK: Pairs<'_> =
    &[("alertname", "PlatteVoll"), ("instance", "db1.amt.example"), ("severity", "critical")];
const WORDS: Pairs<'_> = &[("summary", "Die Platte von db1 ist zu 97 % voll")];

/// A bridge that an Alertmanager calls.
async fn watched() -> (Site, Alertmanager) {
    watched_with(|_| String::new()).await
}

/// A bridge that an Alertmanager calls, and that may silence it.
async fn silencing() -> (Site, Alertmanager) {
    let reach = |url: &str| format!("url = '{url}'\nnetworks = ['127.0.0.0/8']");
    watched_with(|alertmanager| reach(&alertmanager.url())).await
}

async fn watched_with(options: impl Fn(&Alertmanager) -> String) -> (Site, Alertmanager) {
    let site = Site::open(&[("token", TOKEN)]).await;
    let alertmanager = Alertmanager::start(&site.url("alerts"), TOKEN).await.unwrap();
    let toml = format!(
        "[systems.alerts]
        speaks = 'alertmanager'
        token_files = ['FOLDER/token']
        {}",
        options(&alertmanager),
    );
    (site.build(&toml).await, alertmanager)
}

fn ends(message: &Message) -> bool {
    message.matter.as_ref().is_some_and(|matter| matter.ends)
}

#[tokio::test]
async fn an_alert_is_one_matter_from_its_beginning_to_its_end() {
    let (site, alertmanager) = watched().await;
    alertmanager.fire(DISK, WORDS).await.unwrap();
    let fired = site.sees("the alert", |message| !ends(message)).await;
    assert_eq!(fired.severity, Some(viadukt_api::Severity::Critical));
    let said = &fired.content.text;
    assert!(said.contains("97 %") && said.contains("PlatteVoll"), "{said}");

    alertmanager.resolve(DISK, WORDS).await.unwrap();
    let resolved = site.sees("the end", ends).await;
    let id = |message: &Message| message.matter.as_ref().unwrap().id.clone();
    assert_eq!(id(&resolved), id(&fired));

    // The next one of that name begins anew, under the same id.
    alertmanager.fire(DISK, WORDS).await.unwrap();
    site.wait_for(3).await;
    assert!(!ends(&site.messages()[2]));
}

#[tokio::test]
async fn an_alert_is_silenced_and_nothing_but_it() {
    let (site, mut alertmanager) = silencing().await;
    alertmanager.fire(DISK, WORDS).await.unwrap();
    let fired = site.sees("the alert", |message| !ends(message)).await;

    alertmanager.pause();
    let error = site.ask(&fired, "silence", "2h").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error}");
    alertmanager.resume().await.unwrap();
    site.ask(&fired, "silence", "2h").await.unwrap();
    let silences = alertmanager.silences().await.unwrap();
    assert_eq!(silences.len(), 1);
    let silence = &silences[0];
    assert!(silence.is_active());
    assert!(silence.created_by.contains("Anna Amt"), "{silence:?}");
    let hours = silence.ends_at.duration_since(silence.starts_at).as_secs_f64() / 3_600.0;
    assert!((1.9..=2.1).contains(&hours), "{silence:?}");
    let mut matched: Vec<_> =
        silence.matchers.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    matched.sort_unstable();
    assert_eq!(matched, DISK);
    assert!(silence.matchers.iter().all(|it| !it.is_regex));

    // Another alert is heard, while this one is not.
    let other = [("alertname", "TuerOffen"), ("instance", "tor"), ("severity", "warning")];
    alertmanager.fire(DISK, &[("summary", "immer noch")]).await.unwrap();
    alertmanager.fire(&other, &[("summary", "Das Tor steht offen")]).await.unwrap();
    site.sees("the other alert", |message| message.content.text.contains("Tor")).await;
    assert!(!site.messages().iter().any(|it| it.content.text.contains("immer noch")));

    let error = site.ask(&fired, "silence", "bald").await.unwrap_err();
    assert!(matches!(error, DeliveryError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn what_cannot_be_accepted_comes_again() {
    let (site, alertmanager) = watched().await;
    site.durable.refuse(true);
    alertmanager.fire(DISK, WORDS).await.unwrap();
    // Not taken with 429; Alertmanager tells of it again at the next beat of the group.
    viadukt_api::contract::eventually("it was offered", || async {
        alertmanager.log().contains("429")
    })
    .await;
    assert_eq!(site.messages().len(), 0);
    site.durable.refuse(false);
    site.wait_for(1).await;
}
