//! Quiet hours, a message with a time of its own, and the pause of a bridge.

use viadukt_api::{ConversationId, DeliveryId, ItemId, Patience, WorkerName};

use super::bench::*;
use crate::config::{Rules, Span};
use crate::ledger::{Delivery, Lane, Origin, Remote, Role};

/// Eight in the evening to eight in the morning.
fn quiet(rules: &mut Rules) {
    rules.limits.quiet_hours = Span::from_text("20:00-08:00");
}

/// A bench with quiet hours, at nine in the evening.
async fn at_night(post: FakeWorker) -> Bench {
    let bench = Bench::of(Setup { post, ..Setup::ruled(quiet) }).await;
    bench.clock.jump_to("2026-11-23T20:00:00Z");
    bench.begin().await;
    bench
}

#[tokio::test(start_paused = true)]
async fn what_is_written_at_night_leaves_in_the_morning_and_each_author_is_told() {
    let bench = at_night(FakeWorker::default()).await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    let told = bench.told(2).await;
    assert_eq!(state_of(&told), Some(State::Held));
    assert!(text_of(&told).contains("tomorrow at 08:00"), "{}", text_of(&told));
    bench.event(answer("$a2", "$event1", "zwei")).await;
    assert_eq!(state_of(&bench.told(3).await), Some(State::Held));
    pass(11 * HOUR - MINUTE).await;
    assert!(bench.post.delivered().is_empty());
    pass(MINUTE).await;
    let sent = bench.post.wait_for(2).await;
    assert_eq!(sent.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei"]);
    let told = bench.shown(5).await;
    assert!(told[3..].iter().all(|out| state_of(out) == Some(State::Sent)));
}

#[tokio::test(start_paused = true)]
async fn the_time_is_told_in_words_by_the_zones_clocks() {
    let bench = Bench::of(Setup { language: Language::De, ..Setup::default() }).await;
    let now = bench.pipeline.env.now();
    let when = |hours| bench.pipeline.when(now.plus(hours * HOUR));
    let said = [when(1), when(14), when(38)];
    assert_eq!(said, ["um 11:00 Uhr", "morgen um 00:00 Uhr", "am 25.11.2026 um 00:00 Uhr"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_night_changes_nothing() {
    let bench = at_night(FakeWorker::default()).await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    bench.told(2).await;
    let bench = bench.restart().await;
    pass(10 * HOUR).await;
    let bench = bench.restart().await;
    assert!(bench.post.delivered().is_empty());
    pass(HOUR).await;
    bench.post.wait_for(1).await;
    assert_eq!(state_of(&bench.told(1).await), Some(State::Sent));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_is_noticed_within_the_hour() {
    let bench = at_night(FakeWorker::default()).await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    bench.told(2).await;
    bench.clock.jump_to("2026-11-24T09:00:00Z");
    pass(HOUR).await;
    bench.post.wait_for(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_night_costs_no_patience() {
    let mut post = FakeWorker::default();
    post.patience =
        Patience { pauses: vec![15 * MINUTE], give_up_after: HOUR, tell_after: 50 * MINUTE };
    post.script([
        DeliveryError::retry(Reason::new("delivery-time")),
        DeliveryError::retry(Reason::new("delivery-time")),
    ]);
    let bench = Bench::of(Setup { post, ..Setup::ruled(quiet) }).await;
    bench.clock.jump_to("2026-11-23T18:50:00Z");
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    pass(20 * MINUTE).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Held));
    pass(13 * HOUR).await;
    bench.post.wait_for(1).await;
    assert_eq!(state_of(&bench.told(3).await), Some(State::Sent));
}

#[tokio::test(start_paused = true)]
async fn a_message_with_a_time_holds_up_nothing() {
    let bench = Bench::new().await;
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    bench.post.wait_for(1).await;
    bench.told(2).await;
    let (later, ledger) = (scheduled(&bench), &bench.pipeline.ledger);
    let mut draft = ledger.draft();
    draft.set_delivery(&later);
    ledger.commit(draft).await.unwrap();
    bench.pipeline.lanes.add([later]);
    let told = bench.told(3).await;
    assert_eq!(state_of(&told), Some(State::Held));
    assert!(text_of(&told).contains("at 12:00"), "{}", text_of(&told));
    bench.event(answer("$a2", "$event1", "zwei")).await;
    bench.post.wait_for(2).await;
    let bench = bench.restart().await;
    pass(2 * HOUR).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "drei");
}

/// A delivery for noon.
fn scheduled(bench: &Bench) -> Delivery {
    let item = ItemId(7.into());
    let id = DeliveryId { item, part: 0 };
    let form = Form::Say {
        sender: message("", "@clerk:agency", "").sender,
        content: message("", "", "drei").content,
        subject: None,
        correction: false,
        automatic: false,
        mentions: Vec::new(),
    };
    Delivery {
        id,
        lane: Lane::scheduled(id),
        to: post(),
        bridge: post(),
        conversation: Some(ConversationId(item.0)),
        room: None,
        root: None,
        remote: Some(Remote {
            recipient: address("eva@example.org"),
            to: vec![address("eva@example.org")],
            cc: Vec::new(),
            via: None,
            subject: None,
            message_id: super::bench::id("s1"),
            references: Vec::new(),
        }),
        origin: Some(Origin {
            worker: WorkerName::hub(),
            message: super::bench::id("$s1"),
            room: None,
            apart: false,
            cost: None,
        }),
        answers: None,
        accepted_at: bench.pipeline.env.now(),
        role: Role::default(),
        level: None,
        not_before: Some(bench.pipeline.env.now().plus(2 * HOUR)),
        form: bench.pipeline.ledger.payload(&form).unwrap(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_keeps_what_waits_and_refuses_what_comes() {
    let bench = at_night(FakeWorker::default()).await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    bench.told(2).await;
    bench.event(message("$c1", "@clerk:agency", "!pause")).await;
    assert!(text_of(&bench.told(3).await).contains("One message waits"));
    bench.event(message("$c2", "@clerk:agency", "!pause")).await;
    assert!(text_of(&bench.told(4).await).contains("already"));
    bench.event(message("$c5", "@clerk:agency", "!status")).await;
    assert!(text_of(&bench.told(5).await).contains("post: paused, 1 waiting"));
    let bench = bench.restart().await;
    pass(11 * HOUR).await;
    bench.event(answer("$a2", "$event1", "zwei")).await;
    let told = bench.told(1).await;
    assert_eq!(state_of(&told), Some(State::Failed));
    assert!(text_of(&told).contains("!continue"));
    assert!(bench.post.delivered().is_empty());
    bench.event(message("$c3", "@clerk:agency", "!continue")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "eins");
    let told = bench.shown(3).await;
    assert!(told.iter().any(|out| text_of(out).contains("leave this bridge again")));
    bench.event(message("$c4", "@clerk:agency", "!continue")).await;
    assert!(text_of(&bench.told(4).await).contains("not paused"));
}

#[tokio::test(start_paused = true)]
async fn a_pause_by_configuration_ends_in_the_configuration() {
    let bench = Bench::of(Setup::ruled(|rules| rules.limits.paused = true)).await;
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "eins")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Failed));
    bench.event(message("$c1", "@clerk:agency", "!continue")).await;
    assert!(text_of(&bench.told(3).await).contains("configuration"));
}
