//! Calls over real sockets: what callers must pass is in [`passing`], what becomes of a call that
//! has passed is here.

mod passing;
mod site;

use std::sync::atomic::Ordering;

use super::*;
use site::{Setting, Site};

pub(crate) use site::{Pager, post, said, status};

#[tokio::test]
async fn a_call_reaches_its_bridge_whole() {
    let site = Site::new(Setting::default()).await;
    let answer = site.post("/hooks/pager/in/a%2Fb?token=x%20y&z", "Grüße").await;
    assert_eq!(status(&answer), 202);
    assert!(answer.contains("content-type: text/xml\r\n"), "{answer}");
    assert_eq!(said(&answer), "<Response/>");
    let call = site.pager.called();
    assert_eq!(call.method, "POST");
    assert_eq!((call.path.as_str(), call.query.as_str()), ("in/a%2Fb", "token=x%20y&z"));
    assert_eq!(call.url, "https://viadukt.amt.example/hooks/pager/in/a%2Fb?token=x%20y&z");
    assert_eq!(call.headers["host"], "viadukt");
    assert_eq!(call.body, "Grüße");
    assert_eq!(call.from.to_string(), "127.0.0.1");
    assert_eq!(site.journal.memory.items().len(), 1);
    site.counted("taken", 1).await;
}

#[tokio::test]
async fn every_method_is_for_the_worker_to_judge() {
    let site = Site::new(Setting::default()).await;
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"] {
        let request = format!("{method} /hooks/pager HTTP/1.1\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&site.ask(&request).await), 202, "{method}");
        let call = site.pager.called();
        assert_eq!((call.method.as_str(), call.path.as_str()), (method, ""));
    }
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    let site = Site::new(Setting::default()).await;
    let mut caller = site.connect().await;
    for number in 0..3 {
        caller.send(&format!("GET /hooks/pager?{number} HTTP/1.1\r\n\r\n")).await;
        assert_eq!(status(&caller.read_until("<Response/>").await), 202);
    }
}

#[tokio::test]
async fn what_the_worker_refuses_is_told_without_details() {
    let site = Site::new(Setting::default()).await;
    for (path, expected, words, outcome) in [
        ("forged", 401, "not authorised\n", "unauthorised"),
        ("nothing", 404, "no such hook\n", "unknown"),
        ("odd", 400, "not readable\n", "malformed"),
    ] {
        let answer = site.post(&format!("/hooks/pager/{path}"), "").await;
        assert_eq!((status(&answer), said(&answer)), (expected, words));
        site.counted(outcome, 1).await;
    }
}

#[tokio::test]
async fn nothing_is_said_before_it_is_durable() {
    let site = Site::new(Setting::default()).await;
    site.journal.hold(true);
    let mut caller = site.connect().await;
    caller.send(&post("/hooks/pager", "")).await;
    site.journal.wait_until_held().await;
    assert!(caller.hears_nothing().await);
    assert!(site.journal.memory.items().is_empty());
    site.journal.hold(false);
    assert_eq!(status(&caller.read_to_end().await), 202);
    assert_eq!(site.journal.memory.items().len(), 1);
}

#[tokio::test]
async fn who_hangs_up_does_not_interrupt_what_is_being_accepted() {
    let mut setting = Setting::default();
    setting.bounds.connections = 1;
    let site = Site::new(setting).await;
    site.journal.hold(true);
    let mut caller = site.connect().await;
    caller.send(&post("/hooks/pager", "")).await;
    site.journal.wait_until_held().await;
    drop(caller);
    // The only place is free again, so the listener knows that the caller is gone.
    assert_eq!(status(&site.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await), 404);
    site.journal.hold(false);
    site.journal.memory.wait_for(1).await;
}

#[tokio::test]
async fn without_room_the_caller_comes_again() {
    let site = Site::new(Setting::default()).await;
    site.journal.memory.refuse(true);
    let answer = site.post("/hooks/pager", "").await;
    assert_eq!(status(&answer), 429);
    assert!(answer.contains("retry-after: 30\r\n"), "{answer}");
    site.counted("full", 1).await;
    site.journal.memory.refuse(false);
    assert_eq!(status(&site.post("/hooks/pager", "").await), 202);
}

#[tokio::test]
async fn when_the_store_fails_nobody_is_let_in_any_more() {
    let site = Site::new(Setting::default()).await;
    site.journal.hold(true);
    let mut caller = site.connect().await;
    caller.send(&post("/hooks/pager?first", "")).await;
    site.journal.wait_until_held().await;
    site.journal.broken.store(true, Ordering::Relaxed);
    assert_eq!(status(&site.post("/hooks/pager", "").await), 503);
    site.counted("failed", 1).await;
    site.closed().await;
    site.journal.hold(false);
    // What became durable before the store failed is answered so.
    assert_eq!(status(&caller.read_to_end().await), 202);
    assert!(matches!(site.task.await.unwrap(), Err(AcceptError::Store(_))));
}

#[tokio::test]
async fn a_panic_in_the_worker_stops_nothing_else() {
    let site = Site::new(Setting::default()).await;
    let answer = site.post("/hooks/pager/panic", "").await;
    assert_eq!((status(&answer), said(&answer)), (500, "failed\n"));
    site.counted("failed", 1).await;
    assert_eq!(status(&site.post("/hooks/pager", "").await), 202);
}

#[tokio::test]
async fn a_stop_finishes_what_is_being_answered() {
    let site = Site::new(Setting::default()).await;
    site.journal.hold(true);
    let (mut caller, mut idle) = (site.connect().await, site.connect().await);
    caller.send(&post("/hooks/pager", "")).await;
    site.journal.wait_until_held().await;
    site.stop.cancel();
    site.closed().await;
    assert_eq!(idle.read_to_end().await, "");
    site.journal.hold(false);
    assert_eq!(status(&caller.read_to_end().await), 202);
    site.task.await.unwrap().unwrap();
}
