//! Levels of protection: what a room may show, and what may leave it.

use std::collections::BTreeMap;

use viadukt_api::{Level, RoomSpec};

use super::bench::*;
use crate::config::{Further, Rooms, Rules};
use crate::ledger::{Place, Way};

fn levelled(level: Level) -> impl FnOnce(&mut Rules) {
    move |rules| rules.level = Some(level)
}

fn high(id: &str, text: &str) -> Message {
    Message { level: Some(Level::High), ..mail(id, text) }
}

#[tokio::test]
async fn what_is_above_the_room_is_not_shown_and_can_be_answered() {
    let bench = Bench::of(Setup::ruled(levelled(Level::Normal))).await;
    let ids = bench.accept(post(), vec![item(&high("m1", "geheim"))]).await;
    let told = bench.told(1).await;
    let text = text_of(&told);
    assert_eq!(
        text,
        "There is a message of the level “high” from “post”; this room may not show it."
    );
    let Form::Say { subject: None, .. } = told.form else { panic!("without its subject") };
    let trail = bench.pipeline.ledger.trail(ids[0].unwrap()).unwrap();
    let said = |way: &Way| matches!(way, Way::Routed { verdict, .. } if verdict == "withheld");
    assert!(trail.iter().any(|step| said(&step.way)), "{trail:?}");
    bench.event(answer("$a1", "$event1", "Bitte anrufen")).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, .. } = &sent[0].target else { panic!("to the far side") };
    assert_eq!(recipient.as_str(), "eva@example.org");
}

#[tokio::test]
async fn a_room_shows_what_it_protects_enough_and_what_nobody_classified() {
    let bench = Bench::of(Setup::ruled(levelled(Level::High))).await;
    bench.mail(high("m1", "eins")).await;
    bench.mail(mail("m2", "zwei")).await;
    let mut shown: Vec<_> =
        bench.shown(2).await.iter().map(|out| text_of(out).to_owned()).collect();
    shown.sort();
    assert_eq!(shown, ["eins", "zwei"]);
}

#[tokio::test]
async fn nothing_leaves_towards_less_protection() {
    let mut post = FakeWorker::default();
    post.level = |to| (to.as_str() == "eva@example.org").then_some(Level::High);
    let bench = Bench::of(Setup { post, ..Setup::ruled(levelled(Level::High)) }).await;
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "ja")).await;
    bench.post.wait_for(1).await;
    bench.told(2).await;
    bench.event(message("$c1", "@clerk:agency", "!send otto@example.org Hallo")).await;
    let told = bench.told(3).await;
    assert!(text_of(&told).contains("more protection than the other side"), "{}", text_of(&told));
    let bench = Bench::of(Setup::ruled(levelled(Level::High))).await;
    bench.begin().await;
    bench.event(answer("$a1", "$event1", "ja")).await;
    assert_eq!(state_of(&bench.told(2).await), Some(State::Failed));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn a_conversation_that_moves_takes_nothing_along_that_the_new_room_may_not_show() {
    let spec = RoomSpec {
        bridge: post(),
        key: Some("intake".to_owned()),
        existing: None,
        name: "Eingang".to_owned(),
        invite: Vec::new(),
    };
    let setup = Setup::ruled(levelled(Level::Normal));
    let senders = setup.rules.senders.clone();
    let intake = Further { spec, senders, via: Vec::new(), level: Some(Level::High) };
    let further = BTreeMap::from([(Place::Intake, intake)]);
    let bench = Bench::of(Setup { rooms: Rooms { further, single: None }, ..setup }).await;
    bench.mail(high("m1", "geheim")).await;
    assert_eq!(text_of(&bench.told(1).await), "geheim");
    let mut approve = answer("$a1", "$event1", "!approve");
    approve.room = Some(RoomId::new("!post.intake"));
    bench.accept(viadukt_api::WorkerName::hub(), vec![item(&approve)]).await;
    let shown = bench.shown(3).await;
    assert!(shown[1..].iter().all(|out| !text_of(out).contains("geheim")), "{shown:?}");
}
