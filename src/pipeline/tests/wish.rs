//! Who wants no messages gets none, and is told so once.

use viadukt_api::Wish;

use super::bench::*;
use crate::config::{Allowance, Period, Span};

fn wish(id: &str, wish: Wish) -> Message {
    let ancestors = vec![super::bench::id("m1")];
    Message { act: Act::Wish(wish), ancestors, ..mail(id, &format!("{wish:?}")) }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_confirmed_shown_and_kept_until_a_start() {
    let bench = Bench::new().await;
    bench.begin().await;
    bench.mail(wish("m2", Wish::Stop)).await;
    let shown = bench.shown(4).await;
    assert_eq!(text_of(&shown[1]), "Stop");
    assert!(text_of(&shown[2]).contains("no further messages"));
    assert!(text_of(&shown[3]).starts_with("Answered automatically: You will get no further"));
    let sent = bench.post.wait_for(1).await;
    assert!(matches!(&sent[0].form, Form::Say { automatic: true, .. }));

    bench.event(answer("$a1", "$event1", "Aber …")).await;
    let told = bench.told(5).await;
    assert_eq!(state_of(&told), Some(State::Failed));
    assert!(text_of(&told).contains("asked for no further messages"));
    bench.mail(Message { ancestors: vec![id("m1")], ..mail("m3", "Noch etwas") }).await;
    assert_eq!(text_of(&bench.told(6).await), "Noch etwas");
    let bench = bench.restart().await;
    bench.event(message("$n1", "@clerk:agency", "!new EVA@example.org Antrag\nHallo")).await;
    assert_eq!(state_of(&bench.told(1).await), Some(State::Failed));

    bench.mail(wish("m4", Wish::Start)).await;
    assert!(text_of(&bench.post.wait_for(1).await[0]).contains("again"));
    bench.told(4).await;
    bench.event(answer("$a2", "$event1", "Danke")).await;
    assert_eq!(text_of(&bench.post.wait_for(2).await[1]), "Danke");
}

#[tokio::test(start_paused = true)]
async fn a_wish_is_confirmed_once_a_day_and_never_to_a_machine() {
    let bench = Bench::new().await;
    bench.begin().await;
    for n in 2..5 {
        bench.mail(wish(&format!("m{n}"), Wish::Help)).await;
    }
    let automatic = Some(Automatic::Generated);
    bench.mail(Message { automatic, ..wish("m5", Wish::Stop) }).await;
    pass(MINUTE).await;
    assert_eq!(bench.post.delivered().len(), 1);
    bench.event(answer("$a1", "$event1", "Hallo")).await;
    pass(MINUTE).await;
    assert_eq!(bench.post.delivered().len(), 1, "a machine's wish counts");
    pass(24 * HOUR).await;
    bench.mail(wish("m6", Wish::Help)).await;
    let sent = bench.post.wait_for(2).await;
    assert!(text_of(&sent[1]).contains("Bürgerbüro"));
}

#[tokio::test(start_paused = true)]
async fn the_wish_of_somebody_blocked_holds_unseen() {
    let bench = Bench::new().await;
    bench.begin().await;
    bench.know(|contact| contact.blocked = Some(viadukt_api::Timestamp(1))).await;
    bench.mail(wish("m2", Wish::Stop)).await;
    bench.event(answer("$a1", "$event1", "Hallo")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Failed));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_waits_for_no_morning_and_no_budget() {
    let bench = Bench::of(Setup::ruled(|rules| {
        rules.limits.quiet_hours = Span::from_text("20:00-08:00");
        rules.limits.per_recipient = Some(Allowance { units: 1, period: Period::Day });
        rules.answers.stop_text = Some("Ende.".to_owned());
    }))
    .await;
    bench.clock.jump_to("2026-11-23T20:00:00Z");
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "Wir melden uns")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Held));
    bench.mail(wish("m2", Wish::Stop)).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Ende.");
    // What waits has its turn within the hour, and its end.
    pass(HOUR).await;
    let told = bench.shown(6).await;
    let failed = told.iter().find(|out| state_of(out) == Some(State::Failed)).unwrap();
    assert!(text_of(failed).contains("asked for no further messages"), "{}", text_of(failed));
    pass(24 * HOUR).await;
    assert_eq!(bench.post.delivered().len(), 1);
}
