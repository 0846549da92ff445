use serde_json::json;
use viadukt_api::Timestamp;

use super::*;
use crate::systems::tests::{call, caller, case};

/// As `openssl dgst -sha256 -hmac SECRET` writes it, over the body and over `time:body`.
#[test]
fn grafana_signs_the_body_with_or_without_the_time() {
    let secret = "a secret of grafana's";
    let body_alone = "717dc4e26d7e0b9aa0157554c819dfbc90ba1d8eba4891fd9d08a91e5be72b82";
    let with_time = "4fbd886eceef2d496b31536421110a69eb9736f15798196ef39a1384d222e87e";
    let signature = |timestamp_header: Option<&str>| {
        GrafanaSignature::of("X-Grafana-Alerting-Signature", timestamp_header)
    };
    let name = "X-Grafana-Alerting-Signature";
    assert_eq!(signature(None).check(&call(&[(name, body_alone)], "{}"), secret).unwrap(), None);
    let timed = signature(Some("X-Time"));
    let right = call(&[(name, with_time), ("X-Time", "1672527599")], "{}");
    assert_eq!(timed.check(&right, secret).unwrap(), Some(Timestamp(1_672_527_599_000)));
    // A caller cannot choose to leave the time out.
    assert!(timed.check(&call(&[(name, body_alone)], "{}"), secret).is_err());
    assert!(signature(None).check(&right, secret).is_err());
}

/// A group that is what it was an hour ago is a new report: the one between said otherwise.
#[test]
fn the_same_body_again_is_not_taken_for_a_repetition() {
    let caller = caller("alertmanager", "");
    let id = |now| caller.take(&case("alertmanager/firing"), Timestamp(now)).unwrap()[0].id.clone();
    assert_ne!(id(0), id(3_600_000));
}

#[test]
fn a_silence_is_for_what_the_message_is_about() {
    let labels = |call: &Value, is_one_alert: bool| -> Vec<String> {
        let handle = Handle::of(call, is_one_alert);
        handle.matchers.into_iter().map(|m| format!("{}={}", m.name, m.value)).collect()
    };
    let call = json!({
        "groupLabels": {"alertname": "A"}, "commonLabels": {"job": "j"},
        "alerts": [{"labels": {"alertname": "A", "instance": "i"}}],
    });
    assert_eq!(labels(&call, false), ["alertname=A"]);
    assert_eq!(labels(&call, true), ["alertname=A", "instance=i"]);
    let shared = json!({"groupLabels": {}, "commonLabels": {"job": "j"}});
    assert!(labels(&shared, false).is_empty(), "others may have what these happen to share");
    let nothing = Handle::of(&json!({"groupLabels": {}, "alerts": []}), false);
    assert_eq!(nothing.write(), None, "a silence without matchers would silence everything");
    let long = json!({"groupLabels": {"a": "x".repeat(5_000)}});
    assert_eq!(Handle::of(&long, false).write(), None);
}

#[test]
fn a_long_key_of_a_group_becomes_a_short_id() {
    let caller = caller("alertmanager", "");
    let body = json!({"groupKey": "k".repeat(5_000), "status": "firing", "alerts": [{"status": "firing"}]});
    let call = call(&[], &body.to_string());
    let received = caller.take(&call, Timestamp(0)).unwrap();
    let matter = caller.read(&received[0]).unwrap().matter.unwrap();
    assert!(matter.id.as_str().len() < 100 && matter.id.as_str().starts_with("alertmanager/"));
}

#[test]
fn strange_alerts_do_no_harm() {
    for kind in ["alertmanager", "grafana"] {
        for options in ["", "notice = 'alert'"] {
            let caller = caller(kind, options);
            for odd in [
                "null",
                "1",
                "\"x\"",
                "[]",
                "{}",
                "{\"labels\":null}",
                "{\"labels\":{\"alertname\":7},\"annotations\":[]}",
            ] {
                let call =
                    call(&[], &format!("{{\"alerts\":[{odd},{odd}],\"truncatedAlerts\":1}}"));
                for received in caller.take(&call, Timestamp(0)).unwrap() {
                    let read = caller.read(&received);
                    assert!(read.is_ok(), "{odd}: {:?}", read.err().map(|e| e.reason.args));
                }
            }
            for nothing in ["{}", "{\"alerts\":[]}", "{\"alerts\":{}}", "[]"] {
                assert!(caller.take(&call(&[], nothing), Timestamp(0)).is_err());
            }
        }
    }
}

#[test]
fn what_many_alerts_share_does_not_fill_the_memory() {
    let caller = caller("alertmanager", "notice = \"alert\"");
    let alerts = vec![json!({}); 10_000];
    let body = json!({ "title": "x".repeat(20_000), "alerts": alerts }).to_string();
    let taken = caller.take(&call(&[], &body), Timestamp(0)).unwrap();
    assert_eq!(taken.len(), 1);
}
