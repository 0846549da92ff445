//! What people ask a far side to do about what goes on there.

use viadukt_api::{Deed, Patience, Protection, Sender, Severity};

use super::bench::*;
use super::matters::{editing, report};
use crate::config::Rules;

const DEEDS: &[Deed] = &[Deed { words: &["silence", "stumm"], marks: &["🔇"] }];

fn far() -> FakeWorker {
    let mut far = FakeWorker::default();
    far.deeds = DEEDS;
    far
}

fn setup(post: FakeWorker, change: impl FnOnce(&mut Rules)) -> Setup {
    Setup { hub: editing(), post, ..Setup::ruled(change) }
}

/// A matter is shown as `$event1`, and has been edited since.
async fn shown(setup: Setup) -> Bench {
    let bench = Bench::of(setup).await;
    bench.mail(report("r1", "disk", "disk 90 %")).await;
    bench.hub.wait_for(1).await;
    bench.mail(report("r2", "disk", "disk 95 %")).await;
    bench.hub.wait_for(2).await;
    bench
}

fn mark(id: &str, mark: &str) -> Message {
    let act = Act::React { to: super::bench::id("$event1"), mark: mark.to_owned() };
    let mut message = Message { act, ..message(id, "@clerk:agency", "") };
    message.sender.name = Some("Anna".to_owned());
    message.protection = Protection::Plain;
    message
}

fn command(id: &str, text: &str) -> Message {
    let mut message = answer(id, "$event1", text);
    let sender = Sender { name: Some("Anna".to_owned()), ..message.sender };
    message.sender = sender;
    message
}

fn asked(out: &Outbound) -> (&str, &str, Option<&str>) {
    match &out.form {
        Form::Deed { word, rest, matter, .. } => (word, rest, matter.handle.as_deref()),
        _ => ("", "", None),
    }
}

#[tokio::test]
async fn a_command_in_an_answer_reaches_the_far_side_with_the_latest_handle() {
    let bench = shown(setup(far(), |_| ())).await;
    bench.event(command("$c1", "!stumm 2h")).await;
    let sent = bench.post.wait_for(1).await;
    assert_eq!(asked(&sent[0]), ("silence", "2h", Some("r2")));
    let told = bench.told(3).await;
    assert_eq!(text_of(&told), "Anna asked for “silence 2h” about “disk 95 %”: done.");
    assert_eq!(thread_of(&told), Some("$event1"));
}

#[tokio::test]
async fn a_mark_asks_once() {
    let bench = shown(setup(far(), |_| ())).await;
    bench.event(mark("$m1", "🔇")).await;
    let sent = bench.post.wait_for(1).await;
    assert_eq!(asked(&sent[0]), ("silence", "", Some("r2")));
    assert!(text_of(&bench.told(3).await).contains("“silence”"));
    // The same again, by whomever, and a mark that means nothing.
    bench.event(mark("$m2", "🔇")).await;
    bench.event(mark("$m3", "👍")).await;
    bench.event(command("$c1", "!silence 1h")).await;
    let sent = bench.post.wait_for(2).await;
    assert_eq!(asked(&sent[1]), ("silence", "1h", Some("r2")));
}

#[tokio::test]
async fn what_calls_somebody_can_be_answered_by_a_command_too() {
    let called = vec![address("@anna:agency")];
    let setup = setup(far(), |rules| {
        rules.notices.mention.insert(Severity::Critical, called);
    });
    let bench = shown(setup).await;
    let critical = Message { severity: Some(Severity::Critical), ..report("r3", "disk", "99 %") };
    bench.mail(critical).await;
    assert!(text_of(&bench.told(4).await).contains("is critical now"));
    bench.event(answer("$c1", "$event4", "!silence")).await;
    assert_eq!(asked(&bench.post.wait_for(1).await[0]), ("silence", "", Some("r3")));
}

#[tokio::test]
async fn who_may_not_write_may_not_ask_either() {
    let bench = shown(setup(far(), |_| ())).await;
    bench
        .event(Message { sender: message("$x", "@eve:agency", "").sender, ..mark("$m1", "🔇") })
        .await;
    let told = bench.told(3).await;
    assert!(text_of(&told).contains("not on the list"), "{}", text_of(&told));
    assert_eq!(thread_of(&told), Some("$event1"));
    let mut clear = command("$c1", "!silence");
    clear.protection = Protection::Plain;
    bench.event(clear).await;
    assert!(text_of(&bench.told(4).await).contains("not encrypted"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn where_marks_count_for_nothing_their_author_hears_so() {
    let bench = shown(setup(far(), |rules| rules.notices.marks = false)).await;
    bench.event(mark("$m1", "🔇")).await;
    let told = bench.told(3).await;
    assert!(text_of(&told).contains("marks ask for nothing"), "{}", text_of(&told));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn what_is_about_nothing_is_answered_plainly() {
    let bench = shown(setup(far(), |_| ())).await;
    bench.event(message("$c1", "@clerk:agency", "!silence")).await;
    let told = bench.told(3).await;
    assert!(text_of(&told).contains("as an answer to the message"), "{}", text_of(&told));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_for_within_minutes_is_given_up_in_words() {
    let mut post = far();
    post.patience = Patience { pauses: vec![MINUTE], give_up_after: 24 * HOUR, tell_after: HOUR };
    post.script(std::iter::repeat_n(DeliveryError::retry(Reason::new("delivery-time")), 20));
    let bench = shown(setup(post, |_| ())).await;
    bench.event(mark("$m1", "🔇")).await;
    pass(20 * MINUTE).await;
    let told = bench.told(3).await;
    let text = text_of(&told);
    assert!(text.starts_with("Anna asked for “silence”"), "{text}");
    assert!(text.contains("It was not done: the other side did not answer in time"), "{text}");
    // A mark that did nothing may be put again.
    bench.event(mark("$m2", "🔇")).await;
    pass(10 * MINUTE).await;
    assert_eq!(bench.post.wait_for(1).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_night_holds_no_deed_and_a_pause_refuses_it() {
    let quiet = |rules: &mut Rules| {
        rules.limits.quiet_hours = crate::config::Span::from_text("20:00-08:00");
    };
    let bench = shown(setup(far(), quiet)).await;
    bench.clock.jump_to("2026-11-23T22:00:00Z");
    bench.event(command("$c1", "!silence")).await;
    bench.post.wait_for(1).await;
    bench.told(3).await;
    bench.event(message("$c2", "@clerk:agency", "!pause")).await;
    bench.told(4).await;
    bench.event(command("$c3", "!silence")).await;
    assert_eq!(state_of(&bench.told(5).await), Some(State::Failed));
}
