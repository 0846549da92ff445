//! What far sides report later about what we delivered.

use viadukt_api::MessageId;
use viadukt_api::fake::part;

use super::bench::*;

fn in_parts(parts: u16) -> FakeWorker {
    let mut far = FakeWorker::default();
    far.parts = parts;
    far
}

fn setup(far: FakeWorker) -> Setup {
    Setup { post: far, ..Setup::default() }
}

impl Bench {
    /// The clerk answers a mail; the id that we chose for the answer.
    async fn answered(&self) -> MessageId {
        self.mail(mail("m1", "eins")).await;
        self.shown(1).await;
        self.event(answer("$a1", "$event1", "Antwort")).await;
        message_id(&self.post.wait_for(1).await[0])
    }

    /// The far side reports on `of`, under the item's own id `id`.
    async fn report(&self, id: &str, of: &MessageId, state: State) {
        let act = Act::Report { of: of.clone(), state };
        self.mail(Message { act, ..mail(id, "in words") }).await;
    }

    /// Reports are routed in order: with this mail all before it are.
    async fn reports_are_routed(&self, shown: usize) -> Vec<Outbound> {
        self.mail(mail("the-end", "the end")).await;
        self.shown(shown).await
    }
}

fn message_id(out: &Outbound) -> MessageId {
    let Target::Remote { message_id, .. } = &out.target else { panic!("to the far side") };
    message_id.clone()
}

fn states(shown: &[Outbound]) -> Vec<State> {
    shown.iter().filter_map(state_of).collect()
}

#[tokio::test]
async fn a_message_in_parts_is_told_once() {
    let bench = Bench::of(setup(in_parts(3))).await;
    let sms = bench.answered().await;
    bench.shown(2).await;
    for (n, number) in [3, 1, 1, 2, 2].into_iter().enumerate() {
        bench.report(&format!("r{n}"), &part(&sms, number), State::Delivered).await;
    }
    let shown = bench.reports_are_routed(4).await;
    assert_eq!(states(&shown), [State::Sent, State::Delivered]);
    let told = shown.iter().find(|out| state_of(out) == Some(State::Delivered)).unwrap();
    assert_eq!((text_of(told), thread_of(told)), ("✓ delivered", Some("$event1")));
    let Form::Status { of, .. } = &told.form else { panic!("a status") };
    assert_eq!(of.as_str(), "$a1");
}

#[tokio::test]
async fn a_failure_is_told_in_words_and_a_late_arrival_still_counts() {
    let bench = Bench::of(setup(in_parts(2))).await;
    let sms = bench.answered().await;
    bench.shown(2).await;
    bench.report("r1", &part(&sms, 1), State::Delayed).await;
    bench.report("r2", &part(&sms, 2), State::Delayed).await;
    bench.report("r3", &part(&sms, 2), State::Failed).await;
    bench.report("r4", &part(&sms, 1), State::Delivered).await;
    bench.report("r5", &part(&sms, 1), State::Failed).await;
    bench.report("r6", &part(&sms, 2), State::Delivered).await;
    let shown = bench.reports_are_routed(6).await;
    let expected = [State::Sent, State::Delayed, State::Failed, State::Delivered];
    assert_eq!(states(&shown), expected);
    let failed = shown.iter().find(|out| state_of(out) == Some(State::Failed)).unwrap();
    assert!(text_of(failed).ends_with("was not delivered. in words"), "{}", text_of(failed));
}

#[tokio::test]
async fn our_own_id_handed_back_stands_for_the_whole_message() {
    let bench = Bench::of(setup(in_parts(2))).await;
    let sms = bench.answered().await;
    bench.shown(2).await;
    bench.report("r1", &sms, State::Delivered).await;
    let shown = bench.shown(3).await;
    assert_eq!(states(&shown), [State::Sent, State::Delivered]);
}

#[tokio::test]
async fn a_report_before_the_answer_to_the_attempt_waits_for_it() {
    let bench = Bench::of(setup(in_parts(1))).await;
    bench.post.hold_answers(true);
    let sms = bench.answered().await;
    bench.report("r1", &part(&sms, 1), State::Delivered).await;
    bench.report("r2", &sms, State::Delivered).await;
    bench.reports_are_routed(2).await;
    bench.post.hold_answers(false);
    let shown = bench.shown(4).await;
    assert_eq!(states(&shown), [State::Sent, State::Delivered]);
}

#[tokio::test]
async fn a_waiting_report_outlives_the_process() {
    let bench = Bench::of(setup(in_parts(1))).await;
    bench.post.hold_answers(true);
    let sms = bench.answered().await;
    bench.report("r1", &part(&sms, 1), State::Delivered).await;
    bench.reports_are_routed(2).await;
    // It ends during the attempt, which is made again.
    bench.running.task.abort();
    let again =
        Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..setup(in_parts(1)) };
    let bench = Bench::of(again).await;
    let shown = bench.shown(2).await;
    assert_eq!(states(&shown), [State::Sent, State::Delivered]);
    assert_eq!(bench.pipeline.ledger.journal().unwrap(), []);
}

#[tokio::test]
async fn a_report_that_nobody_asked_for_is_dropped_after_a_day() {
    let bench = Bench::new().await;
    bench.report("r1", &MessageId::new("nobody's"), State::Delivered).await;
    bench.reports_are_routed(1).await;
    let ledger = &bench.pipeline.ledger;
    assert_eq!(ledger.journal().unwrap().len(), 1, "it waits");
    bench.pipeline.drop_unclaimed_reports().await.unwrap();
    assert_eq!(ledger.journal().unwrap(), []);
    let metrics = bench.pipeline.metrics.text().unwrap();
    assert!(metrics.contains("viadukt_unclaimed_reports_total{worker=\"post\"} 1"), "{metrics}");
}

#[tokio::test]
async fn what_arrived_after_all_is_no_dead_letter_any_more() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    bench.post.script([DeliveryError::unknown(Reason::new("delivery-time"))]);
    bench.event(answer("$a1", "$event1", "Antwort")).await;
    assert_eq!(state_of(&bench.shown(2).await[1]), Some(State::Unknown));
    let mut dead = Vec::new();
    let ledger = bench.pipeline.ledger.clone();
    ledger
        .dead(|letter| {
            dead.push(letter);
            Ok(())
        })
        .unwrap();
    let crate::ledger::DeadWhat::Delivery(delivery) = &dead[0].what else { panic!("a delivery") };
    let sent_as = delivery.remote.as_ref().unwrap().message_id.clone();
    bench.report("r1", &sent_as, State::Delivered).await;
    assert_eq!(state_of(&bench.shown(3).await[2]), Some(State::Delivered));
    ledger.dead(|_| panic!("there is a dead letter")).unwrap();
}
