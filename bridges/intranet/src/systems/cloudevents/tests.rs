use http::Method;
use viadukt_api::{Call, HookError, Timestamp};

use super::*;
use crate::hook::Dialect;
use crate::systems::tests::{call, caller, case};

fn asking(headers: &[(&str, &str)]) -> Call {
    Call { method: Method::OPTIONS, ..call(headers, "") }
}

fn dialect(origins: &[&str]) -> CloudEvents {
    CloudEvents { origins: origins.iter().map(|origin| (*origin).to_owned()).collect() }
}

/// Webhooks 4.1 and 4.2.
#[test]
fn who_asks_whether_it_may_send_is_told() {
    let asked = asking(&[
        ("WebHook-Request-Origin", "eventemitter.example.com"),
        ("WebHook-Request-Rate", "120"),
    ]);
    for origins in [&[][..], &["other.example", "eventemitter.example.com"]] {
        let answer = dialect(origins).handshake(&asked).unwrap();
        assert_eq!(answer.headers["webhook-allowed-origin"], "eventemitter.example.com");
        assert_eq!(answer.headers["webhook-allowed-rate"], "120");
        assert_eq!(answer.headers["allow"], "POST");
    }
    let refused = dialect(&["other.example"]).handshake(&asked).unwrap();
    assert!(!refused.headers.contains_key("webhook-allowed-origin"));
    let bare = asking(&[("WebHook-Request-Origin", "a.example")]);
    assert_eq!(dialect(&[]).handshake(&bare).unwrap().headers["webhook-allowed-rate"], "*");
    assert!(
        dialect(&[]).handshake(&call(&[("WebHook-Request-Origin", "a.example")], "")).is_none()
    );
}

#[test]
fn one_event_has_one_id_in_every_mode() {
    let caller = caller("cloudevents", "");
    let ids = |call: &Call| -> Vec<String> {
        let taken = caller.take(call, Timestamp(0)).unwrap();
        taken.into_iter().map(|received| received.id).collect()
    };
    let event = "{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"/s\",\"id\":\"7\"}";
    let binary = [("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-source", "/s"), ("ce-id", "7")];
    let structured = ids(&call(&[("Content-Type", "application/cloudevents+json")], event));
    assert_eq!(ids(&call(&binary, "")), structured);
    let two = format!("[{event},{}]", event.replace("/s", "/").replace("\"7\"", "\"s7\""));
    let batch = ids(&call(&[("Content-Type", "application/cloudevents-batch+json")], &two));
    assert_eq!(batch[0], structured[0]);
    assert_ne!(batch[1], batch[0], "source and id do not run into each other");
}

#[test]
fn what_lacks_an_attribute_is_no_event() {
    let all = [("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-source", "/s"), ("ce-id", "7")];
    for missing in 0..all.len() {
        let mut headers = all.to_vec();
        headers.remove(missing);
        assert!(matches!(dialect(&[]).take(&call(&headers, "")), Err(HookError::Malformed(_))));
    }
    for (content_type, body) in [
        ("application/cloudevents+json", "[]"),
        (
            "application/cloudevents+json",
            "{\"specversion\":\"0.3\",\"type\":\"t\",\"source\":\"s\",\"id\":\"1\"}",
        ),
        ("application/cloudevents-batch+json", "{}"),
        ("application/cloudevents-batch+json", "[1]"),
        ("application/json", "{}"),
    ] {
        assert!(
            dialect(&[]).take(&call(&[("Content-Type", content_type)], body)).is_err(),
            "{body}"
        );
    }
    assert_eq!(dialect(&[]).take(&case("cloudevents/batch")).unwrap().len(), 2);
}
