//! What sending costs, what it may cost, and who is not listened to.

use viadukt_api::Cost;

use super::bench::*;
use crate::config::{Allowance, Period, Rules, Zone};
use crate::ledger::Account;

fn allowance(units: u32, period: Period) -> Option<Allowance> {
    Some(Allowance { units, period })
}

/// A far side that counts words, and knows nobody called Otto.
fn counting_words() -> FakeWorker {
    let mut post = FakeWorker::default();
    post.measure = |to, content| {
        if to.as_str().starts_with("otto") {
            return Err(Reason::new("Otto cannot be reached"));
        }
        let words = content.text.split_whitespace().count();
        let shown = (words > 1).then(|| Reason::new(&format!("{words} words")));
        Ok(Cost { units: u32::try_from(words).unwrap(), shown })
    };
    post
}

async fn bench(change: impl FnOnce(&mut Rules)) -> Bench {
    let bench = Bench::of(Setup { post: counting_words(), ..Setup::ruled(change) }).await;
    bench.begin().await;
    bench
}

#[tokio::test(start_paused = true)]
async fn the_author_sees_what_it_cost_and_why_it_is_not_possible() {
    let bench = bench(|_| {}).await;
    bench.event(answer("$a1", "$event1", "eins zwei drei")).await;
    assert_eq!(text_of(&bench.told(2).await), "✓ sent (3 words)");
    bench.event(answer("$a2", "$event1", "eins")).await;
    assert_eq!(text_of(&bench.told(3).await), "✓ sent");
    bench.event(message("$n1", "@clerk:agency", "!new otto@example.org Antrag\nHallo")).await;
    let told = bench.told(4).await;
    assert_eq!(state_of(&told), Some(State::Failed));
    assert!(text_of(&told).contains("Otto cannot be reached"));
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_free_again_at_midnight_by_the_zones_clocks() {
    let bench = bench(|rules| rules.limits.per_user = allowance(4, Period::Day)).await;
    // The longest night of the year: clocks go back an hour.
    bench.clock.jump_to("2026-10-24T21:59:00Z");
    let said = async |id: &str, text: &str, count| {
        bench.event(answer(id, "$event1", text)).await;
        let told = bench.told(count).await;
        (state_of(&told).unwrap(), text_of(&told).to_owned())
    };
    assert_eq!(said("$a1", "eins zwei drei", 2).await.0, State::Sent);
    let (state, text) = said("$a2", "vier fünf", 3).await;
    assert_eq!(state, State::Failed);
    assert!(text.contains("you have sent") && text.contains("tomorrow at 00:00"), "{text}");
    assert_eq!(said("$a3", "vier", 4).await.0, State::Sent);
    pass(2 * MINUTE).await;
    assert_eq!(said("$a4", "eins zwei drei vier", 5).await.0, State::Sent);
    pass(24 * HOUR).await;
    assert_eq!(said("$a5", "fünf", 6).await.0, State::Failed);
    pass(HOUR).await;
    assert_eq!(said("$a6", "eins", 7).await.0, State::Sent);
    let (_, text) = said("$a7", "eins zwei drei vier fünf", 8).await;
    assert!(text.contains("at most 4"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_was_spent_outlasts_a_restart() {
    let bench = bench(|rules| rules.limits.per_recipient = allowance(2, Period::Hour)).await;
    bench.event(answer("$a1", "$event1", "eins zwei")).await;
    bench.told(2).await;
    let bench = bench.restart().await;
    bench.event(answer("$a2", "$event1", "drei")).await;
    let told = bench.told(1).await;
    assert!(text_of(&told).contains("at 11:00"), "{}", text_of(&told));
    bench.event(message("$n1", "@clerk:agency", "!new ida@example.org Antrag\nHallo")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Sent));
}

#[tokio::test(start_paused = true)]
async fn what_was_spent_is_forgotten_a_day_after_its_period() {
    let bench = bench(|rules| rules.limits.per_bridge = allowance(9, Period::Hour)).await;
    bench.event(answer("$a1", "$event1", "eins zwei")).await;
    bench.told(2).await;
    let ledger = &bench.pipeline.ledger;
    let until = bench.rules.limits.per_bridge.unwrap().period;
    let until = until.end(bench.pipeline.env.now(), &Zone::default());
    for (hours, left) in [(0, 2), (24, 2), (2, 0)] {
        pass(hours * HOUR).await;
        ledger.sweep(bench.pipeline.env.now(), 999 * HOUR, 999 * HOUR, 999 * HOUR).await.unwrap();
        assert_eq!(ledger.draft().spent(&post(), &Account::Bridge, until).unwrap(), left);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_costs_again() {
    let bench = bench(|rules| rules.limits.per_user = allowance(3, Period::Hour)).await;
    bench.post.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "eins zwei")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Failed));
    bench.event(answer("$a2", "$event1", "!resend")).await;
    let told = bench.told(3).await;
    assert_eq!(state_of(&told), Some(State::Failed));
    assert!(text_of(&told).contains("you have sent"), "{}", text_of(&told));
    pass(HOUR).await;
    bench.event(answer("$a3", "$event1", "!resend")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "eins zwei");
}

#[tokio::test(start_paused = true)]
async fn each_bound_counts_for_itself() {
    type Bound = fn(&mut Rules);
    let bounds: [(Bound, &str); 3] = [
        (|rules| rules.limits.per_room = allowance(1, Period::Day), "from this room"),
        (|rules| rules.limits.per_bridge = allowance(1, Period::Day), "over this bridge"),
        (|rules| rules.limits.per_recipient = allowance(1, Period::Day), "to this recipient"),
    ];
    for (bound, expected) in bounds {
        let bench = bench(bound).await;
        bench.event(answer("$a1", "$event1", "eins")).await;
        assert_eq!(state_of(&bench.told(2).await), Some(State::Sent));
        bench.event(answer("$a2", "$event1", "zwei")).await;
        let told = bench.told(3).await;
        assert!(text_of(&told).contains(expected), "{}", text_of(&told));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_is_not_shown_until_unblocked() {
    let bench = bench(|_| {}).await;
    bench.event(message("$c1", "@clerk:agency", "!block")).await;
    assert!(text_of(&bench.told(2).await).contains("in the thread"));
    bench.event(answer("$c2", "$event1", "!block")).await;
    assert!(text_of(&bench.told(3).await).starts_with("Nothing that this sender"));
    bench.mail(mail("m2", "Hallo?")).await;
    bench.event(answer("$a1", "$event1", "Hallo")).await;
    assert_eq!(state_of(&bench.told(4).await), Some(State::Sent));
    let Target::Remote { message_id, .. } = bench.post.delivered().remove(0).target else {
        panic!("to the far side")
    };
    let act = Act::Report { of: message_id, state: State::Failed };
    bench.mail(Message { act, ..mail("r1", "") }).await;
    assert_eq!(state_of(&bench.told(5).await), Some(State::Failed), "what we sent is our affair");
    bench.event(message("$c3", "@clerk:agency", "!unblock eva@example.org")).await;
    assert!(text_of(&bench.told(6).await).contains("shown again"));
    bench.mail(mail("m3", "Hallo!")).await;
    assert_eq!(text_of(&bench.told(7).await), "Hallo!");
    bench.event(message("$c4", "@clerk:agency", "!unblock eva@example.org")).await;
    assert!(text_of(&bench.told(8).await).contains("not blocked"));
}
