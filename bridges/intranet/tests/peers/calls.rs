//! Clients call: apprise in each of its shapes, and the SDK of CloudEvents.

use serde_json::{Value, json};
use viadukt_api::Message;
use viadukt_testservers::packages::{Mode, apprise, cloud_event};

use crate::TOKEN;
use crate::site::Site;

const APPS: &str = "
    [systems.app]
    speaks = 'webhook'
    title = 'Fachverfahren'
    token_files = ['FOLDER/token']
    [systems.events]
    speaks = 'cloudevents'
    token_files = ['FOLDER/token']";

async fn site() -> Site {
    Site::open(&[("token", TOKEN)]).await.build(APPS).await
}

/// What a message shows, in both forms.
fn shown(message: &Message) -> String {
    format!("{}\n{}", message.content.text, message.content.html.as_deref().unwrap_or_default())
}

#[tokio::test]
async fn apprise_is_understood_in_every_shape() {
    let site = site().await;
    let place = site.place("app");
    let chat = format!("{}/{}", site.place(""), format_args!("app/{TOKEN}"));
    let (host, path) = chat.split_once("/hooks/").unwrap();
    let urls = [
        format!("json://{place}?+Authorization=Bearer%20{TOKEN}"),
        format!("json://{place}/{TOKEN}"),
        format!("form://{place}/{TOKEN}"),
        // Mattermost's incoming webhooks, whose shape is Slack's.
        format!("mmost://{host}/{}", path.replace("//", "/").replace('/', "%2F")),
    ];
    for (number, url) in (1..).zip(&urls) {
        let text = format!("Der Aufzug {number} steht & wartet: <b>größer</b> als *gedacht*.");
        apprise(url, "Störung", &text).await.unwrap();
        let message = site.wait_for(number).await.pop().unwrap();
        assert_eq!(message.sender.name.as_deref().map(|_| ()), Some(()), "{url}");
        let said = message.content.text.clone();
        assert!(said.contains("Störung"), "{url}: {said}");
        assert!(said.contains(&format!("Der Aufzug {number} steht & wartet")), "{url}: {said}");
        let html = message.content.html.as_deref().unwrap_or_default();
        assert!(!html.contains("<script"), "{url}: {html}");
    }
    let stranger = format!("json://{place}/{}", TOKEN.replace('g', "x"));
    let refused = apprise(&stranger, "Störung", "Ich bin niemand.").await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    assert_eq!(site.messages().len(), urls.len());
}

#[tokio::test]
async fn apprise_hears_that_there_is_no_room_and_may_come_again() {
    let site = site().await;
    let url = format!("json://{}/{TOKEN}", site.place("app"));
    site.durable.refuse(true);
    let refused = apprise(&url, "Störung", "Der Aufzug steht.").await.unwrap_err();
    assert!(refused.to_string().contains("429"), "{refused}");
    site.durable.refuse(false);
    apprise(&url, "Störung", "Der Aufzug steht.").await.unwrap();
    assert_eq!(site.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn events_come_in_both_modes_and_once() {
    let site = site().await;
    for (number, mode) in (1..).zip([Mode::Binary, Mode::Structured]) {
        let attributes = json!({
            "id": format!("event-{number}"),
            "type": "example.amt.door.opened",
            "source": "/häuser/rathaus",
            "subject": format!("Tür {number}"),
            "time": Value::Null,
        });
        let attributes = without_null(attributes);
        let data = json!({ "text": format!("Die Tür {number} steht offen.") });
        let (mut headers, body) = cloud_event(mode, &attributes, &data).await.unwrap();
        headers.push(("authorization".to_owned(), format!("Bearer {TOKEN}")));
        assert!(matches!(site.call("events", &headers, &body).await, 200..=204), "{mode:?}");
        // The same again: the id within its source tells (CloudEvents 1.0, "id").
        assert!(matches!(site.call("events", &headers, &body).await, 200..=204), "{mode:?}");
        let message = site.wait_for(number).await.pop().unwrap();
        let said = shown(&message);
        assert!(said.contains(&format!("Tür {number}")), "{mode:?}: {said}");
        assert_eq!(site.messages().len(), number, "{mode:?}");
    }
    let (headers, body) =
        cloud_event(Mode::Binary, &json!({ "id": "1", "type": "t", "source": "/s" }), &json!({}))
            .await
            .unwrap();
    assert_eq!(site.call("events", &headers, &body).await, 401);
}

fn without_null(mut value: Value) -> Value {
    if let Value::Object(object) = &mut value {
        object.retain(|_, value| !value.is_null());
    }
    value
}
