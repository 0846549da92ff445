//! What callers must pass before the worker hears of them.

use std::io::Write;
use std::sync::{Mutex, MutexGuard};

use tokio::io::AsyncWriteExt;
use tracing_subscriber::fmt::MakeWriter;

use super::site::Caller;
use super::*;
use viadukt_api::contract::eventually;

/// A time that is soon over.
const SOON: Duration = Duration::from_millis(50);

/// The head of a call that declares a body of `length` bytes.
fn head(length: u64) -> String {
    format!("POST /hooks/pager HTTP/1.1\r\nContent-Length: {length}\r\n")
}

#[tokio::test]
async fn what_is_no_hook_is_not_found_without_words() {
    let site = Site::new(Setting::default()).await;
    for target in [
        "GET /",
        "GET /metrics",
        "GET /health/live",
        "POST /hooks",
        "POST /hooks/",
        "POST /hooks/post",
        "POST /hooks/other/in",
        "POST /hooks/Pager",
        "POST //hooks/pager",
        "OPTIONS *",
    ] {
        let answer = site.ask(&format!("{target} HTTP/1.1\r\nConnection: close\r\n\r\n")).await;
        assert_eq!((status(&answer), said(&answer)), (404, ""), "{target}");
    }
}

#[tokio::test]
async fn a_call_from_elsewhere_is_forbidden() {
    let site = Site::new(Setting { sources: "192.0.2.0/24", ..Setting::default() }).await;
    let answer = site.post("/hooks/pager", "").await;
    assert_eq!((status(&answer), said(&answer)), (403, "not from there\n"));
    site.counted("forbidden", 1).await;
}

/// Nobody holds memory or a place by a body that will not be taken.
#[tokio::test]
async fn the_body_of_a_stranger_is_not_read() {
    let site = Site::new(Setting::default()).await;
    let mut caller = site.connect().await;
    // A `100 Continue` would ask for the body, of which not a byte is sent.
    let head = "POST /hooks/pager/stranger HTTP/1.1\r\nContent-Length: 900000\r\n\
                Expect: 100-continue\r\n\r\n";
    caller.send(head).await;
    assert_eq!(status(&caller.read_to_end().await), 401);
    site.counted("unauthorised", 1).await;
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed_about_its_caller() {
    let claim = "GET /hooks/pager HTTP/1.1\r\nX-Forwarded-For: 127.0.0.9, 192.0.2.1\r\n\
                 Connection: close\r\n\r\n";
    let site = Site::new(Setting { sources: "0.0.0.0/0", ..Setting::default() }).await;
    assert_eq!(status(&site.ask(claim).await), 202);
    assert_eq!(site.pager.called().from.to_string(), "127.0.0.1");

    let mut setting = Setting { sources: "192.0.2.0/24", ..Setting::default() };
    setting.public.trusted_proxies = Networks::of(&["127.0.0.1"]).unwrap();
    let site = Site::new(setting).await;
    assert_eq!(status(&site.ask(claim).await), 202);
    assert_eq!(site.pager.called().from.to_string(), "192.0.2.1");
}

#[tokio::test]
async fn a_call_too_many_is_told_when_to_come_again() {
    let mut setting = Setting::default();
    (setting.public.rate, setting.public.burst) = (1, 1);
    let site = Site::new(setting).await;
    // Whether the first ones pass depends on the time between them.
    let answer = loop {
        let answer = site.post("/hooks/pager", "").await;
        if status(&answer) != 202 {
            break answer;
        }
    };
    assert_eq!(status(&answer), 429);
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    site.counted("too-many", 1).await;
}

#[tokio::test]
async fn a_body_that_declares_too_much_is_refused_unread() {
    let site = Site::new(Setting::default()).await;
    let mut caller = site.connect().await;
    caller.send(&format!("{}Expect: 100-continue\r\n\r\n", head(1_001))).await;
    assert_eq!(status(&caller.read_to_end().await), 413);
    assert_eq!(status(&site.post("/hooks/pager", &"x".repeat(1_000)).await), 202);
    site.counted("too-large", 1).await;
}

#[tokio::test]
async fn nobody_gets_a_huge_body_in() {
    let site = Site::new(Setting::default()).await;
    let huge = 100_000_000;
    let mut declared = site.connect().await;
    declared.send(&format!("{}\r\n", head(huge))).await;
    assert!(pour(&mut declared, "x", huge).await < huge / 2);

    let mut chunked = site.connect().await;
    chunked.send("POST /hooks/pager HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert!(pour(&mut chunked, "1\r\nx\r\n", huge).await < huge / 2);
    site.counted("too-large", 2).await;
}

/// Sends `piece` again and again until the listener closes or `most` bytes were taken, and gives
/// how many were.
async fn pour(caller: &mut Caller, piece: &str, most: u64) -> u64 {
    let block = piece.repeat(10_000);
    let mut poured = 0;
    while poured < most && caller.0.write_all(block.as_bytes()).await.is_ok() {
        poured += block.len() as u64;
    }
    poured
}

#[tokio::test]
async fn a_chunked_body_is_limited_as_any_other() {
    let site = Site::new(Setting::default()).await;
    let chunked =
        "POST /hooks/pager HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let fits = format!("{chunked}3e8\r\n{}\r\n0\r\n\r\n", "x".repeat(1_000));
    assert_eq!(status(&site.ask(&fits).await), 202);
    let large = format!("{chunked}3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1_001));
    assert_eq!(status(&site.ask(&large).await), 413);
    let broken = format!("{chunked}no number\r\n");
    assert_eq!(status(&site.ask(&broken).await), 400);
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let mut setting = Setting::default();
    setting.bounds.head = SOON;
    let site = Site::new(setting).await;
    for begun in ["", "POST /hooks/pager HTTP/1.1\r\nHost: via"] {
        let mut caller = site.connect().await;
        caller.send(begun).await;
        assert_eq!(caller.read_to_end().await, "");
    }
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let mut setting = Setting::default();
    setting.bounds.body = SOON;
    let site = Site::new(setting).await;
    let mut caller = site.connect().await;
    caller.send(&format!("{}\r\nonly this", head(100))).await;
    let answer = caller.read_to_end().await;
    assert_eq!(status(&answer), 408);
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    site.counted("too-slow", 1).await;
}

#[tokio::test]
async fn a_head_is_limited() {
    let site = Site::new(Setting::default()).await;
    let request = format!("GET /hooks/pager HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(status(&site.ask(&request).await), 431);
}

#[tokio::test]
async fn who_finds_no_place_waits_for_one() {
    let mut setting = Setting::default();
    setting.bounds.connections = 1;
    let site = Site::new(setting).await;
    let mut first = site.connect().await;
    first.send("GET /hooks/pager HTTP/1.1\r\n\r\n").await;
    first.read_until("<Response/>").await;
    let mut second = site.connect().await;
    second.send(&post("/hooks/pager", "")).await;
    assert!(second.hears_nothing().await);
    drop(first);
    assert_eq!(status(&second.read_to_end().await), 202);
}

#[tokio::test]
async fn who_holds_many_connections_gets_no_more() {
    let mut setting = Setting::default();
    setting.bounds.share = 1;
    let site = Site::new(setting).await;
    let mut first = site.connect().await;
    first.send("POST /hooks/pager HTTP/1.1\r\nHost: v").await;
    let mut second = site.connect().await;
    assert_eq!(second.read_to_end().await, "");
    drop(first);
    let is_held = || async { site.connect().await.hears_nothing().await };
    eventually("the share is free again", is_held).await;
}

#[tokio::test]
async fn a_trusted_proxy_may_hold_them_all() {
    let mut setting = Setting::default();
    setting.bounds.share = 1;
    setting.public.trusted_proxies = Networks::of(&["127.0.0.1"]).unwrap();
    let site = Site::new(setting).await;
    let _first = site.connect().await;
    assert_eq!(status(&site.post("/hooks/pager", "").await), 202);
}

#[tokio::test]
async fn nobody_keeps_a_place() {
    let mut setting = Setting::default();
    setting.bounds.connection = SOON;
    let site = Site::new(setting).await;
    let mut caller = site.connect().await;
    caller.send("GET /hooks/pager HTTP/1.1\r\n\r\n").await;
    assert_eq!(status(&caller.read_to_end().await), 202);
}

#[tokio::test]
async fn the_log_names_neither_callers_nor_what_they_said() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _logging = tracing::subscriber::set_default(subscriber.with_writer(lines.clone()).finish());
    let site = Site::new(Setting::default()).await;
    for path in ["", "forged", "odd", "panic", "sesame"] {
        site.post(&format!("/hooks/pager/{path}?sesame=1"), "sesame").await;
    }
    site.post("/hooks/pager/sesame", &"sesame ".repeat(1_000)).await;
    let written = String::from_utf8(lines.lock().clone()).unwrap();
    assert!(written.contains("a call was refused: not authorised"), "{written}");
    for secret in ["sesame", "127.0.0.1", "/hooks"] {
        assert!(!written.contains(secret), "{secret} is in\n{written}");
    }
}

/// Log lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Self;

    fn make_writer(&'l self) -> Self {
        self.clone()
    }
}
