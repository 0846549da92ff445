//! Calls from outside: good ones, forged ones, old ones, repeated ones, and a full house.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method, StatusCode};
use viadukt_api::contract::Memory;
use viadukt_api::inbox::Durable;
use viadukt_api::{AcceptError, Answer, Call, HookError, Hooks, Inbox};

use super::super::Gateway;
use super::{bench, gateway, name};
use crate::received::{Body, Received};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// The second at which the example of seven is signed.
const NOW: u64 = 1_634_641_200;

const SEVEN: &str = r#"{"data":{"id":"681590","sender":"SMS","system":"491771783130","text":"Hello World","time":"1605878104","message_type":"SMS"},"webhook_event":"sms_mo","webhook_timestamp":"2020-12-02 11:55:44"}"#;

fn call(target: &str, headers: &[(&str, &str)], body: &str) -> Call {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
    };
    Call {
        method: Method::POST,
        path: path.to_owned(),
        query: query.to_owned(),
        url: format!("https://amt.example/hooks/sms/{target}"),
        headers: headers.iter().map(header).collect::<HeaderMap>(),
        body: body.to_owned().into(),
        from: [192, 0, 2, 1].into(),
    }
}

fn seven() -> Call {
    let signature = "7a7aa7f2f7f49d81ea1c605443d03ed63b4f27c56cb9c08e18fbd4900142f6cc";
    let headers = [
        ("Content-Type", JSON),
        ("X-Timestamp", "1634641200"),
        ("X-Nonce", "fpPRhAd1s8GXacfR39mWqKPynmmXfJnc"),
        ("X-Signature", signature),
    ];
    call("message", &headers, SEVEN)
}

struct House {
    memory: Arc<Memory>,
    gateway: Gateway,
    inbox: Inbox,
}

fn house(preset: &str, secret: &str, memory: &Arc<Memory>, now: u64) -> House {
    let gateway = gateway(preset, "https://gateway.example", secret, bench(memory, now));
    let durable: Arc<dyn Durable> = Arc::clone(memory) as _;
    House { memory: Arc::clone(memory), gateway, inbox: Inbox::new(name(), durable) }
}

impl House {
    async fn take(&self, call: Call) -> Result<Answer, HookError> {
        self.gateway.call(call, &self.inbox).await
    }

    fn received(&self) -> Vec<Received> {
        let items = self.memory.items();
        items.iter().map(|item| serde_json::from_slice(&item.raw.bytes).unwrap()).collect()
    }

    fn texts(&self) -> Vec<String> {
        let texts = self.received().into_iter().filter_map(|received| match received {
            Received::Text(text) => Some(text.body),
            Received::Receipt(_) => None,
        });
        let plain = texts.map(|body| match body {
            Body::Plain(text) => text,
            _ => "something else".to_owned(),
        });
        plain.collect()
    }
}

#[tokio::test]
async fn a_good_call_is_taken_once_even_over_a_restart() {
    let memory = Arc::new(Memory::default());
    let before = house("seven", "signing-key", &memory, NOW);
    let answer = before.take(seven()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    before.take(seven()).await.unwrap();
    let after = house("seven", "signing-key", &memory, NOW + 60);
    after.take(seven()).await.unwrap();
    assert_eq!(after.texts(), ["Hello World"], "played again it is the same message");
    let later = house("seven", "signing-key", &memory, NOW + 301);
    assert!(matches!(later.take(seven()).await, Err(HookError::Unauthorised(_))));
    assert_eq!(later.texts(), ["Hello World"]);
}

#[tokio::test]
async fn a_forged_call_is_not_even_read() {
    let house = house("seven", "another-key", &Arc::new(Memory::default()), NOW);
    assert!(matches!(house.take(seven()).await, Err(HookError::Unauthorised(_))));
    let mut malformed = seven();
    malformed.body = "{".into();
    assert!(matches!(house.take(malformed).await, Err(HookError::Unauthorised(_))));
    assert!(house.received().is_empty());
}

#[tokio::test]
async fn no_secret_no_calls() {
    let mut house = house("seven", "signing-key", &Arc::new(Memory::default()), NOW);
    house.gateway.guard = None;
    assert!(matches!(house.take(seven()).await, Err(HookError::Unknown)));
}

#[tokio::test]
async fn in_a_full_house_nothing_is_taken_and_the_gateway_comes_again() {
    let house = house("seven", "signing-key", &Arc::new(Memory::default()), NOW);
    house.memory.refuse(true);
    let full = house.take(seven()).await;
    assert!(matches!(full, Err(HookError::Accept(AcceptError::Full(_)))));
    house.memory.refuse(false);
    house.take(seven()).await.unwrap();
    assert_eq!(house.texts(), ["Hello World"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_so() {
    let house = house("infobip", "geheim", &Arc::new(Memory::default()), NOW);
    let json = [("Content-Type", JSON)];
    for body in ["", "{", "\u{0}", "[[[[", "{\"results\":"] {
        let refused = house.take(call("message?token=geheim", &json, body)).await;
        assert!(matches!(refused, Err(HookError::Malformed(_))), "{body}");
    }
    let refused = house.take(call("receipt?token=geheim", &json, "{\"results\":[{}]}")).await;
    assert!(matches!(refused, Err(HookError::Malformed(_))));
    let nowhere = house.take(call("elsewhere?token=geheim", &json, "{}")).await;
    assert!(matches!(nowhere, Err(HookError::Unknown)));
    assert!(house.received().is_empty());
    house.take(call("message?token=geheim", &json, "{\"results\":[]}")).await.unwrap();
    assert!(house.received().is_empty());
}

#[tokio::test]
async fn each_gateway_gets_the_answer_it_waits_for() {
    let memory = Arc::new(Memory::default());
    let jasmin = house("jasmin", "geheim", &memory, NOW);
    let form = [("Content-Type", FORM)];
    let body = "id=16fd2706&from=%2B216&to=202&content=Hello";
    let answer = jasmin.take(call("message?token=geheim", &form, body)).await.unwrap();
    assert_eq!(answer.body, "ACK/Jasmin");
    assert_eq!(answer.content_type, "text/plain");
    assert_eq!(jasmin.texts(), ["Hello"]);
}

#[tokio::test]
async fn several_messages_of_one_call_are_taken_together() {
    let house = house("infobip", "geheim", &Arc::new(Memory::default()), NOW);
    let body = r#"{"results":[{"messageId":"1","from":"49","text":"a"},
        {"messageId":"2","from":"49","text":"b"},{"messageId":"1","from":"49","text":"a"}]}"#;
    house.take(call("message?token=geheim", &[("Content-Type", JSON)], body)).await.unwrap();
    assert_eq!(house.texts(), ["a", "b"]);
}

#[tokio::test]
async fn the_phone_that_calls_twice_is_taken_once_and_a_real_repetition_twice() {
    let mut house = house("sms-gate", "key", &Arc::new(Memory::default()), NOW);
    // Signed as its own tests show; here it is about what follows.
    house.gateway.guard.as_mut().unwrap().shape.scheme = crate::gateway::signature::Scheme::Basic;
    let event = |id: &str, at: &str| {
        let body = format!(
            r#"{{"event":"sms:received","id":"{id}","payload":{{"messageId":"83be51e4",
            "message":"Ja","phoneNumber":"+43664","receivedAt":"{at}"}}}}"#
        );
        call("", &[("Content-Type", JSON), ("Authorization", "Basic OmtleQ==")], &body)
    };
    house.take(event("xs-fiN26", "2026-01-19T21:11:52+01:00")).await.unwrap();
    house.take(event("az75fdnE", "2026-01-19T21:11:52+01:00")).await.unwrap();
    house.take(event("b7RVVXyQ", "2026-01-19T21:12:10+01:00")).await.unwrap();
    assert_eq!(house.texts(), ["Ja", "Ja"]);
}

#[tokio::test]
async fn parts_of_a_long_text_over_a_restart() {
    let memory = Arc::new(Memory::default());
    let part = |number: u8, text: &str| {
        let body = format!(
            "id=0A{number}&from=447700900001&to=447700900000&text={text}&ref=1&of=2&part={number}"
        );
        call("message?token=geheim", &[("Content-Type", FORM)], &body)
    };
    let house = || {
        let source = crate::gateway::preset::PRESETS.iter().find(|(name, _)| *name == "jasmin");
        let parts =
            "[hooks.message]\npart = { reference = \"ref\", of = \"of\", number = \"part\" }";
        let source = source.unwrap().1.replace("[hooks.message]", parts);
        let source = source.replace("text = \"content\"", "text = \"text\"");
        let declaration = crate::gateway::declaration::Declaration::read(&source).unwrap();
        let mut house = house("jasmin", "geheim", &memory, NOW);
        house.gateway.declaration = declaration;
        house
    };
    house().take(part(2, "world")).await.unwrap();
    assert!(house().texts().is_empty());
    house().take(part(1, "Hello+")).await.unwrap();
    house().take(part(2, "world")).await.unwrap();
    assert_eq!(house().texts(), ["Hello world"]);
}
