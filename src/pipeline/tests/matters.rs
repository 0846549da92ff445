//! What goes on at a far side, shown by one message that is kept up to date.

use viadukt_api::{Address, Matter, Severity};

use super::bench::*;
use crate::config::Rules;

/// A hub that can edit.
pub fn editing() -> FakeWorker {
    let mut hub = FakeWorker::default();
    hub.edits = true;
    hub
}

pub fn setup(change: impl FnOnce(&mut Rules)) -> Setup {
    Setup { hub: editing(), ..Setup::ruled(change) }
}

async fn bench() -> Bench {
    Bench::of(setup(|_| ())).await
}

/// A report on the matter `matter`, in the stream of a monitoring system.
pub fn report(id: &str, matter: &str, text: &str) -> Message {
    let matter = Matter { id: super::bench::id(matter), ends: false, handle: Some(id.to_owned()) };
    Message {
        matter: Some(matter),
        automatic: Some(Automatic::Generated),
        ancestors: vec![super::bench::id("stream")],
        ..message(id, "monitoring", text)
    }
}

pub fn over(report: Message) -> Message {
    let matter = report.matter.map(|matter| Matter { ends: true, ..matter });
    Message { matter, ..report }
}

fn edited(out: &Outbound) -> Option<&str> {
    match &out.form {
        Form::Edit { of, .. } => Some(of.as_str()),
        _ => None,
    }
}

fn shown(out: &Outbound) -> (&str, Option<&str>) {
    (text_of(out), edited(out))
}

fn mentioned(out: &Outbound) -> Vec<&str> {
    match &out.form {
        Form::Say { mentions, .. } => mentions.iter().map(Address::as_str).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn each_report_edits_the_message_of_the_first_until_the_last_word() {
    let bench = bench().await;
    for (n, text) in ["disk 90 %", "disk 90 %", "disk 95 %"].iter().enumerate() {
        bench.mail(report(&format!("r{n}"), "disk", text)).await;
        bench.hub.wait_for([1, 1, 2][n]).await;
    }
    bench.mail(over(report("r3", "disk", "disk 40 %"))).await;
    bench.hub.wait_for(3).await;
    // The end comes twice, and then it begins anew.
    bench.mail(over(report("r4", "disk", "disk 40 %"))).await;
    bench.mail(report("r5", "disk", "disk 91 %")).await;
    let made = bench.hub.wait_for(4).await;
    let made: Vec<_> = made.iter().map(shown).collect();
    assert_eq!(
        made,
        [
            ("disk 90 %", None),
            ("disk 95 %", Some("$event1")),
            ("Resolved:\ndisk 40 %", Some("$event1")),
            ("disk 91 %", None),
        ]
    );
}

#[tokio::test]
async fn its_subject_is_part_of_every_word() {
    let bench = bench().await;
    let subject = Some("HighLoad".to_owned());
    bench.mail(Message { subject: subject.clone(), ..report("r1", "load", "8.0") }).await;
    bench.hub.wait_for(1).await;
    bench.mail(over(Message { subject, ..report("r2", "load", "0.1") })).await;
    let made = bench.hub.wait_for(2).await;
    let made: Vec<_> = made.iter().map(text_of).collect();
    assert_eq!(made, ["HighLoad\n8.0", "Resolved: HighLoad\n0.1"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_room_is_out_of_reach_only_the_latest_word_waits() {
    let mut hub = editing();
    hub.patience.pauses = vec![HOUR];
    hub.patience.give_up_after = 24 * HOUR;
    hub.script([DeliveryError::retry(Reason::new("delivery-time"))]);
    let bench = Bench::of(Setup { hub, ..Setup::default() }).await;
    for n in 0..20 {
        bench.mail(report(&format!("r{n}"), "disk", &format!("disk {n} %"))).await;
    }
    bench.mail(report("other", "load", "load 8")).await;
    pass(2 * HOUR).await;
    let made = bench.hub.wait_for(3).await;
    let mut made: Vec<_> = made.iter().map(shown).collect();
    made.sort_unstable();
    assert_eq!(made, [("disk 0 %", None), ("disk 19 %", Some("$event1")), ("load 8", None)]);
}

#[tokio::test(start_paused = true)]
async fn when_the_first_never_arrives_the_next_stands_for_it() {
    let hub = editing();
    hub.script([DeliveryError::refused(Reason::new("delivery-time"))]);
    let bench = Bench::of(Setup { hub, ..Setup::default() }).await;
    bench.mail(report("r1", "disk", "eins")).await;
    assert!(text_of(&bench.told(1).await).contains("could not be shown"));
    bench.mail(report("r2", "disk", "zwei")).await;
    bench.told(2).await;
    bench.mail(report("r3", "disk", "drei")).await;
    let made = bench.hub.wait_for(3).await;
    assert_eq!(shown(&made[1]), ("zwei", None));
    assert_eq!(shown(&made[2]), ("drei", Some("$event2")));
}

#[tokio::test]
async fn a_death_between_two_words_does_not_lose_the_latest() {
    let bench = bench().await;
    bench.mail(report("r1", "disk", "eins")).await;
    bench.hub.wait_for(1).await;
    bench.hub.hang();
    bench.mail(report("r2", "disk", "zwei")).await;
    bench.hub.wait_until_hanging().await;
    bench.mail(report("r3", "disk", "drei")).await;
    let setup = Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..setup(|_| ()) };
    bench.running.task.abort();
    let bench = Bench::of(setup).await;
    // What was interrupted is made again, or overtaken by what came meanwhile.
    let mut made = bench.hub.wait_for(1).await;
    if shown(&made[0]) == ("zwei", Some("$event1")) {
        made = bench.hub.wait_for(2).await;
    }
    assert_eq!(made.last().map(shown), Some(("drei", Some("$event1"))));
}

#[tokio::test]
async fn a_room_that_was_replaced_gets_a_message_of_its_own() {
    let bench = bench().await;
    bench.mail(report("r1", "disk", "eins")).await;
    bench.hub.wait_for(1).await;
    let moved = Act::Moved(RoomId::new("!new"));
    bench.event(Message { act: moved, ..message("$t", "@clerk:agency", "") }).await;
    bench.hub.wait_for(2).await;
    bench.mail(report("r2", "disk", "zwei")).await;
    assert_eq!(shown(&bench.hub.wait_for(3).await[2]), ("zwei", None));
    bench.mail(report("r3", "disk", "drei")).await;
    assert_eq!(shown(&bench.hub.wait_for(4).await[3]), ("drei", Some("$event3")));
}

#[tokio::test]
async fn who_is_to_know_is_called_when_it_becomes_pressing_and_once() {
    let anna = Address::new("@anna:agency");
    let rules = |rules: &mut Rules| {
        rules.notices.mention.insert(Severity::Critical, vec![anna]);
    };
    let bench = Bench::of(setup(rules)).await;
    let pressing = |id: &str, text: &str, severity| Message {
        severity: Some(severity),
        subject: Some("Disk".to_owned()),
        ..report(id, "disk", text)
    };
    bench.mail(pressing("r1", "90 %", Severity::Warning)).await;
    bench.hub.wait_for(1).await;
    bench.mail(pressing("r2", "95 %", Severity::Critical)).await;
    bench.hub.wait_for(3).await;
    for (n, severity) in [Severity::Warning, Severity::Critical].into_iter().enumerate() {
        bench.mail(pressing(&format!("s{n}"), &format!("{n} %"), severity)).await;
        bench.hub.wait_for(u64::try_from(4 + n).unwrap()).await;
    }
    let made = bench.hub.wait_for(5).await;
    assert_eq!(edited(&made[1]), Some("$event1"));
    assert_eq!(text_of(&made[2]), "“Disk” is critical now.");
    let called: Vec<_> = made.iter().map(mentioned).collect();
    assert_eq!(called, [vec![], vec![], vec!["@anna:agency"], vec![], vec![]]);
    // What is critical from the start calls by itself.
    let bench2 = Message { severity: Some(Severity::Critical), ..report("t1", "load", "9") };
    bench.mail(bench2).await;
    assert_eq!(mentioned(&bench.hub.wait_for(6).await[5]), ["@anna:agency"]);
}
