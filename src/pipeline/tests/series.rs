//! However many people write, the metrics do not grow.

use std::collections::BTreeSet;

use viadukt_api::WorkerName;

use super::bench::*;
use crate::observe::Metrics;

const SENDERS: u64 = 10_000;

/// What identifies each line of the metrics.
fn series(metrics: &Metrics) -> BTreeSet<String> {
    let text = metrics.text().unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_senders_make_no_series_of_their_own() {
    let bench = Bench::of(Setup { hub: FakeWorker::counting(), ..Setup::ruled(|_| {}) }).await;
    let metrics = &bench.pipeline.metrics;
    bench.mail(message("first", "first@example.org", "Guten Tag")).await;
    bench.event(message("$first", "@first:agency", "Nicht dafür")).await;
    bench.event(message("$new", "@clerk:agency", "!new eva@example.org Antrag\nHallo")).await;
    bench.post.wait_for(1).await;
    bench.pipeline.measure().unwrap();
    let before = series(metrics);
    for sender in 0..SENDERS {
        let mail = message(&format!("m{sender}"), &format!("s{sender}@example.org"), "Guten Tag");
        bench.mail(mail).await;
        // Nobody who may send, in a room that is none of ours.
        let mut event = message(&format!("$e{sender}"), &format!("@u{sender}:agency"), "Hallo");
        event.room = Some(RoomId::new(format!("!r{sender}")));
        bench.accept(WorkerName::hub(), vec![item(&event)]).await;
        // As many as may wait at once, and fewer.
        if sender % 256 == 0 {
            bench.hub.wait_for(sender).await;
        }
    }
    bench.hub.wait_for(SENDERS).await;
    bench.pipeline.measure().unwrap();
    let after = series(metrics);
    assert!(after.len() < 400, "{} series", after.len());
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_chat_is_counted_once_for_each_conversation() {
    let bench = Bench::new().await;
    bench.begin().await;
    pass(5 * MINUTE).await;
    bench.event(answer("$a1", "$event1", "Guten Tag")).await;
    bench.event(answer("$a2", "$event1", "Noch etwas")).await;
    bench.event(message("$n1", "@clerk:agency", "!new ida@example.org Antrag\nHallo")).await;
    bench.post.wait_for(3).await;
    let all = bench.pipeline.metrics.text().unwrap();
    for line in [
        "viadukt_conversations_total{direction=\"in\",worker=\"post\"} 1",
        "viadukt_conversations_total{direction=\"out\",worker=\"post\"} 1",
        "viadukt_first_answer_seconds_count{worker=\"post\"} 1",
    ] {
        assert!(all.contains(line), "{line} is not in\n{all}");
    }
}
