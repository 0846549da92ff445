use viadukt_api::{Matter, MessageId, Timestamp};

use super::*;
use crate::post::testing::{Does, NOON, Said, StandIn, noon, system};
use crate::system::System;

const HANDLE: &str = r#"{"external_url":"http://127.0.0.1:9093","matchers":[
    {"name":"alertname","value":"TargetDown","isRegex":false,"isEqual":true},
    {"name":"instance","value":"","isRegex":false,"isEqual":true},
    {"name":"job","value":"up","isRegex":false,"isEqual":true}]}"#;
const NO_LABEL: &str = r#"{"external_url":"","matchers":[]}"#;
const NO_VALUE: &str = r#"{"external_url":"","matchers":[
    {"name":"job","value":"","isRegex":false,"isEqual":true}]}"#;
const MADE: &str = r#"{"silenceID":"512860da-74f3-43c9-8833-cec026542b32"}"#;

/// An Alertmanager at `server`, with further options.
fn alertmanager(server: &StandIn, options: &str) -> Box<dyn System> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "TOKEN").unwrap();
    std::fs::write(folder.path().join("hook"), "a-token-of-at-least-32-characters").unwrap();
    let table = format!(
        "speaks = 'alertmanager'\napi_url = '{}'\nnetworks = ['127.0.0.1']
        api_token_file = '{{folder}}/token'\ntoken_files = ['{{folder}}/hook']\n{options}",
        server.url()
    );
    system(&table, folder.path(), &noon())
}

/// What becomes of `word` and `rest`, said about the matter with `handle` a minute before noon.
async fn act(
    system: &dyn System,
    word: &str,
    rest: &str,
    handle: &str,
) -> Result<Receipt, DeliveryError> {
    let said = Said::by("Anna Amtmann", "");
    let (id, handle) = (MessageId::new("group"), Some(handle.to_owned()));
    let matter = Matter { id, ends: false, handle };
    let asked_at = Timestamp(NOON.0 - 60_000);
    let asked = Asked { id: "ask-1", asked_at, word, rest, sender: &said.sender, matter: &matter };
    system.takes().unwrap().act(&asked).await
}

/// The shape of the request and the answer: the API's definition (`api/v2/openapi.yaml` in
/// Alertmanager's repository, `postableSilence`) and the example in
/// <https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-APIReference-PutAlertManagerSilences.html>.
#[tokio::test]
async fn a_silence_has_the_labels_of_the_alert() {
    let server = StandIn::new(&[Does::says("200 OK", "", MADE)]).await;
    let system = alertmanager(&server, "created_by = '{sender}'");
    let receipt = act(&*system, "silence", "2h Wartung am Switch", HANDLE).await.unwrap();
    assert_eq!(receipt.id.unwrap().as_str(), "512860da-74f3-43c9-8833-cec026542b32");
    let body = r#"{"matchers":[{"name":"alertname","value":"TargetDown","isRegex":false,"isEqual":true},{"name":"instance","value":"","isRegex":false,"isEqual":true},{"name":"job","value":"up","isRegex":false,"isEqual":true}],"startsAt":"2026-11-24T11:59:00Z","endsAt":"2026-11-24T13:59:00Z","createdBy":"Anna Amtmann","comment":"Wartung am Switch"}"#;
    assert_eq!(
        server.heard(),
        [format!(
            "POST /api/v2/silences HTTP/1.1\ncontent-type: application/json\n\
             authorization: Bearer TOKEN\naccept: */*\nuser-agent: viadukt/{}\nhost: HOST\n\
             content-length: {}\n\n{body}",
            env!("CARGO_PKG_VERSION"),
            body.len()
        )]
    );
}

#[tokio::test]
async fn a_word_has_its_usual_length() {
    for (word, rest, ends, comment) in [
        ("silence", "", "15:59", "!silence from the room"),
        ("stumm", "bis morgen", "15:59", "bis morgen"),
        ("ack", "", "12:59", "!ack from the room"),
        ("quittieren", "1h30m", "13:29", "!quittieren from the room"),
    ] {
        let server = StandIn::new(&[Does::says("200 OK", "", MADE)]).await;
        act(&*alertmanager(&server, ""), word, rest, HANDLE).await.unwrap();
        let heard = server.heard().remove(0);
        assert!(heard.contains(&format!("\"endsAt\":\"2026-11-24T{ends}:00Z\"")), "{heard}");
        assert!(heard.contains("\"createdBy\":\"viadukt\""), "{heard}");
        assert!(heard.ends_with(&format!("\"comment\":\"{comment}\"}}")), "{heard}");
    }
}

#[tokio::test]
async fn what_would_silence_too_much_or_nothing_is_not_asked_for() {
    let server = StandIn::new(&[Does::says("200 OK", "", MADE)]).await;
    let system = alertmanager(&server, "");
    for (word, rest, handle, key) in [
        ("silence", "0m", HANDLE, "intranet-silence-span"),
        ("silence", "2years", HANDLE, "intranet-silence-span"),
        ("silence", "2ä", HANDLE, "intranet-silence-span"),
        ("silence", "9999999999999999999w", HANDLE, "intranet-silence-span"),
        ("silence", "1m", HANDLE, "intranet-silence-over"),
        ("silence", "", NO_LABEL, "intranet-silence-unclear"),
        ("silence", "", NO_VALUE, "intranet-silence-unclear"),
        ("silence", "", "?", "intranet-silence-unclear"),
        ("close", "", HANDLE, "intranet-no-deed"),
    ] {
        let result = act(&*system, word, rest, handle).await;
        let Err(DeliveryError::Refused { reason }) = result else { panic!("{result:?}") };
        assert_eq!(reason.key, key, "{word} {rest} {handle}");
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn an_alertmanager_that_does_not_answer_is_asked_again() {
    let server = StandIn::new(&[Does::HangsUp]).await;
    let result = act(&*alertmanager(&server, ""), "ack", "", HANDLE).await;
    assert!(matches!(result, Err(DeliveryError::Retry { .. })), "{result:?}");
}

#[tokio::test]
async fn it_takes_deeds_and_no_messages() {
    let server = StandIn::new(&[Does::HangsUp]).await;
    let system = alertmanager(&server, "");
    assert_eq!(system.deeds().len(), 2);
    let takes = system.takes().unwrap();
    assert_eq!(takes.party(None).unwrap_err().key, "intranet-takes-nothing");
    let said = Said::by("Anna", "Hallo");
    assert!(takes.send(&said.out()).await.is_err());
}
