//! What goes wrong on the way: a far side away, a refusal, a process that dies.

use viadukt_api::Patience;

use super::bench::*;
use crate::ledger::Parsing;

#[tokio::test]
async fn a_far_side_that_cannot_take_it_yet_is_tried_again_in_order() {
    let bench = Bench::new().await;
    bench.hub.script([DeliveryError::Retry {
        reason: Reason::new("delivery-time"),
        after: Some(Duration::from_millis(1)),
    }]);
    bench.mail(mail("m1", "eins")).await;
    let next = Message { ancestors: vec![id("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let shown = bench.shown(2).await;
    assert_eq!(shown.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei"]);
}

#[tokio::test(start_paused = true)]
async fn a_far_side_away_for_an_hour_gets_what_waited_in_order_and_its_author_is_told() {
    let mut setup = Setup::default();
    setup.post.patience = Patience {
        pauses: vec![5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR],
        give_up_after: 75 * HOUR,
        tell_after: 15 * MINUTE,
    };
    let away = DeliveryError::retry(Reason::new("delivery-time"));
    setup.post.script(std::iter::repeat_n(away, 4));
    let bench = Bench::of(setup).await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.event(answer("$a1", "$event1", "erste")).await;
    bench.event(answer("$a2", "$event1", "zweite")).await;
    pass(HOUR).await;
    assert_eq!(state_of(&bench.shown(2).await[1]), Some(State::Delayed));
    assert!(bench.post.delivered().is_empty());
    pass(2 * HOUR).await;
    let taken = bench.post.wait_for(2).await;
    assert_eq!(taken.iter().map(text_of).collect::<Vec<_>>(), ["erste", "zweite"]);
}

#[tokio::test]
async fn a_refusal_is_told_and_can_be_sent_again() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.post.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    let shown = bench.shown(2).await;
    assert_eq!(state_of(&shown[1]), Some(State::Failed));
    assert_eq!(thread_of(&shown[1]), Some("$event1"));

    bench.event(answer("$a2", "$event1", "!resend")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Antwort");
    let shown = bench.shown(4).await;
    assert!(shown.iter().any(|out| text_of(out).starts_with("One message is tried again")));
    assert!(shown.iter().any(|out| state_of(out) == Some(State::Sent)));
    let mut ids: Vec<_> = shown.iter().map(|out| out.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), shown.len(), "every sentence has an id of its own");
}

#[tokio::test]
async fn an_answer_that_never_came_is_told_as_unknown() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.post.script([DeliveryError::unknown(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    assert_eq!(state_of(&bench.shown(2).await[1]), Some(State::Unknown));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_put_aside_and_the_rest_goes_on() {
    let bench = Bench::new().await;
    let raw = |bytes: &'static [u8]| Item {
        raw: Raw { bytes: bytes.into(), lifted: Vec::new() },
        ..item(&mail(std::str::from_utf8(bytes).unwrap(), ""))
    };
    let items = vec![raw(b"panic"), raw(b"not a message"), item(&mail("m1", "eins"))];
    bench.accept(post(), items).await;
    let shown = bench.shown(3).await;
    let aside = shown.iter().filter(|out| text_of(out).contains("put aside")).count();
    assert_eq!(aside, 2);
    assert!(shown.iter().any(|out| text_of(out) == "eins"));
}

#[tokio::test]
async fn a_restart_goes_on_where_the_process_ended() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.hub.script(std::iter::repeat_n(DeliveryError::retry(Reason::new("delivery-time")), 1));
    let next = Message { ancestors: vec![id("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let bench = bench.restart().await;
    let shown = bench.shown(1).await;
    assert_eq!((text_of(&shown[0]), thread_of(&shown[0])), ("zwei", Some("$event1")));
    assert_eq!(bench.accept(post(), vec![item(&mail("m2", "zwei"))]).await, [None]);
}

/// An attempt at the answer was cut short by the end of the process; after `errors` it succeeds
/// or is given up. What the clerk is told at last.
async fn told_after_death_and(errors: impl IntoIterator<Item = DeliveryError>) -> Outbound {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    let (disk, clock) = (bench.disk.clone(), bench.clock.clone());
    bench.post.hang();
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    bench.post.wait_until_hanging().await;
    bench.running.task.abort();
    let mut post = FakeWorker::default();
    post.idempotent = false;
    post.script(errors);
    let bench = Bench::of(Setup { disk, clock, post, ..Setup::default() }).await;
    bench.shown(1).await.remove(0)
}

#[tokio::test]
async fn the_doubt_that_an_interruption_leaves_outlasts_further_attempts() {
    let reason = || Reason::new("delivery-time");
    let soon = || DeliveryError::Retry { reason: reason(), after: Some(Duration::ZERO) };
    let told = told_after_death_and([soon(), soon()]).await;
    assert_eq!(state_of(&told), Some(State::Unknown), "{}", text_of(&told));
    let told = told_after_death_and([soon(), DeliveryError::refused(reason())]).await;
    assert_eq!(state_of(&told), Some(State::Unknown), "{}", text_of(&told));
}

/// Lets the process die during an attempt to show something, and gives what its successor finds.
async fn die_showing(bench: Bench) -> Setup {
    bench.hub.wait_until_hanging().await;
    bench.running.task.abort();
    let _ = bench.running.task.await;
    Setup { disk: bench.disk, clock: bench.clock, ..Setup::default() }
}

#[tokio::test]
async fn what_a_start_finds_was_perhaps_shown_before() {
    let bench = Bench::new().await;
    bench.hub.hang();
    bench.mail(mail("m1", "eins")).await;
    let bench = Bench::of(die_showing(bench).await).await;
    bench.mail(mail("m2", "zwei")).await;
    let shown = bench.shown(2).await;
    let repeated = |text| shown.iter().find(|out| text_of(out) == text).unwrap().repeated;
    assert!(repeated("eins"));
    assert!(!repeated("zwei"));
}

#[tokio::test]
async fn a_delivery_that_takes_the_process_down_comes_to_an_end() {
    let bench = Bench::new().await;
    bench.hub.hang();
    bench.mail(mail("m1", "eins")).await;
    let mut left = die_showing(bench).await;
    for _ in 0..10 {
        left.hub.hang();
        left = die_showing(Bench::of(left).await).await;
    }
    let told = Bench::of(left).await.told(1).await;
    assert!(text_of(&told).contains("could not be shown"), "{}", text_of(&told));
}

/// What the room sees of an item that was being taken up when the process died so often, and of
/// one that came in later.
async fn shown_after_deaths(deaths: u8) -> Vec<String> {
    let bench = Bench::new().await;
    bench.running.task.abort();
    let item_of = |id: &str| item(&mail(id, id));
    let ids = bench.accept(post(), vec![item_of("m1"), item_of("m2")]).await;
    let mut draft = bench.pipeline.ledger.draft();
    draft.set_parsing(&Parsing { items: vec![(ids[0].unwrap(), deaths)] });
    bench.pipeline.ledger.commit(draft).await.unwrap();
    let setup = Setup { disk: bench.disk, clock: bench.clock, ..Setup::default() };
    let bench = Bench::of(setup).await;
    let shown = bench.shown(2).await;
    let parsing = bench.pipeline.ledger.draft().parsing().unwrap();
    assert!(parsing.items.is_empty(), "what a start has parsed is suspected no longer");
    shown.iter().map(|out| text_of(out).to_owned()).collect()
}

#[tokio::test]
async fn an_item_that_takes_the_process_down_is_put_aside_at_its_third_death() {
    let shown = shown_after_deaths(1).await;
    assert!(shown.iter().all(|text| !text.contains("put aside")), "{shown:?}");
    let shown = shown_after_deaths(2).await;
    assert!(shown.iter().any(|text| text.contains("put aside")), "{shown:?}");
    assert!(shown.iter().any(|text| text == "m2"), "{shown:?}");
}
