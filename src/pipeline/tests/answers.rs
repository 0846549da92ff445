//! What viadukt answers by itself, and when it keeps silent.

use super::bench::*;
use crate::config::{Allowance, OfficeHours, Period, Rules};

fn acknowledges(rules: &mut Rules) {
    rules.answers.first_contact = true;
}

/// Open on weekdays, eight to sixteen.
fn has_office_hours(rules: &mut Rules) {
    acknowledges(rules);
    rules.answers.out_of_hours = true;
    rules.answers.office_hours = vec![OfficeHours::from_text("Mo-Fr 08:00-16:00").unwrap()];
}

async fn sent(bench: &Bench) -> Vec<String> {
    pass(MINUTE).await;
    bench.post.delivered().iter().map(|out| text_of(out).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_first_message_is_acknowledged_once_and_the_room_sees_it() {
    let bench = Bench::of(Setup::ruled(acknowledges)).await;
    bench.mail(mail("m1", "Guten Tag")).await;
    let shown = bench.shown(2).await;
    assert_eq!(thread_of(&shown[1]), Some("$event1"));
    assert!(text_of(&shown[1]).starts_with("Answered automatically: Thank you"));
    let Target::Remote { recipient, message_id, references, .. } =
        &bench.post.wait_for(1).await[0].target.clone()
    else {
        panic!("an answer goes to the far side")
    };
    assert_eq!((recipient.as_str(), references.as_slice()), ("eva@example.org", &[id("m1")][..]));

    // An answer to the answer stays in the thread; another conversation is not greeted again.
    bench.mail(Message { ancestors: vec![message_id.clone()], ..mail("m2", "Gern") }).await;
    bench.mail(mail("m3", "Noch etwas")).await;
    assert_eq!(thread_of(&bench.shown(3).await[2]), Some("$event1"));
    assert_eq!(sent(&bench).await.len(), 1);
    let bench = bench.restart().await;
    pass(7 * 24 * HOUR).await;
    bench.mail(mail("m4", "Guten Tag")).await;
    assert_eq!(sent(&bench).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn outside_office_hours_that_is_the_answer_and_the_only_one() {
    let bench = Bench::of(Setup::ruled(has_office_hours)).await;
    bench.mail(mail("m1", "Guten Tag")).await;
    assert!(sent(&bench).await[0].contains("will be answered"));
    pass(6 * HOUR).await;
    let sender = message("", "ida@example.org", "").sender;
    bench.mail(Message { sender, ..mail("m2", "Guten Abend") }).await;
    let said = sent(&bench).await;
    assert_eq!(said.len(), 2);
    assert!(said[1].contains("office hours"));
}

#[tokio::test(start_paused = true)]
async fn machines_and_people_who_are_blocked_or_stopped_us_are_not_answered() {
    let bench = Bench::of(Setup::ruled(acknowledges)).await;
    bench.mail(Message { automatic: Some(Automatic::Reply), ..mail("m1", "Abwesend") }).await;
    bench.know(|contact| contact.stopped = Some(viadukt_api::Timestamp(1))).await;
    bench.mail(mail("m2", "eins")).await;
    bench.know(|contact| contact.blocked = Some(viadukt_api::Timestamp(1))).await;
    bench.mail(mail("m3", "zwei")).await;
    assert_eq!(sent(&bench).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_is_written_to_first_is_not_greeted() {
    let bench = Bench::of(Setup::ruled(acknowledges)).await;
    bench.event(message("$n1", "@clerk:agency", "!new eva@example.org Antrag\nHallo")).await;
    let sent_first = bench.post.wait_for(1).await;
    let Target::Remote { message_id, .. } = &sent_first[0].target else {
        panic!("to the far side")
    };
    bench.mail(Message { ancestors: vec![message_id.clone()], ..mail("m1", "Hallo") }).await;
    assert_eq!(sent(&bench).await, ["Hallo"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_and_may_be_too_much() {
    let bench = Bench::of(Setup::ruled(|rules| {
        acknowledges(rules);
        rules.limits.per_recipient = Some(Allowance { units: 1, period: Period::Day });
    }))
    .await;
    bench.mail(mail("m1", "Guten Tag")).await;
    assert_eq!(sent(&bench).await.len(), 1);
    bench.event(answer("$a1", "$event1", "Hallo")).await;
    assert_eq!(state_of(&bench.told(3).await), Some(State::Failed));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_shown_hears_of_it() {
    let bench = Bench::of(Setup::ruled(|rules| rules.answers.undeliverable = true)).await;
    let refused = || DeliveryError::refused(Reason::new("delivery-time"));
    bench.hub.script([refused()]);
    bench.mail(mail("m1", "Guten Tag")).await;
    let shown = bench.shown(2).await;
    assert!(shown.iter().any(|out| text_of(out).contains("could not be shown: ")));
    assert!(shown.iter().any(|out| text_of(out).starts_with("Answered automatically")));
    bench.hub.script([refused(), refused()]);
    bench.mail(Message { automatic: Some(Automatic::Bulk), ..mail("m2", "Angebote") }).await;
    bench.mail(mail("m3", "Hallo?")).await;
    let said = sent(&bench).await;
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("could not be shown"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_is_told() {
    let bench = Bench::of(Setup::ruled(acknowledges)).await;
    bench.post.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    bench.mail(mail("m1", "Guten Tag")).await;
    let told = bench.told(3).await;
    assert!(text_of(&told).starts_with("The automatic answer was not delivered"));
    assert_eq!(thread_of(&told), Some("$event1"));
}
