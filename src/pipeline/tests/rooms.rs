//! Several rooms of one bridge: teams, the intake room, rooms of single conversations.

use std::collections::BTreeMap;

use viadukt_api::RoomSpec;
use viadukt_api::fake::exchange;
use viadukt_api::worker::ROOM_EMPTY;

use super::bench::*;
use super::conversations::{EVA, network, sms};
use crate::config::{Further, Rooms, Senders};
use crate::ledger::Place;

fn further(key: &str, via: &[&str]) -> Further {
    Further {
        spec: spec(key),
        senders: Senders { patterns: vec!["*:agency".parse().unwrap()], power_level: 0 },
        via: via.iter().copied().map(address).collect(),
        level: None,
    }
}

fn spec(key: &str) -> RoomSpec {
    let key = Some(key.to_owned()).filter(|key| !key.is_empty());
    RoomSpec { bridge: post(), key, existing: None, name: "Post".to_owned(), invite: Vec::new() }
}

fn team() -> (Place, Further) {
    (Place::Team("bauamt".to_owned()), further("rooms.bauamt", &["+4930555"]))
}

fn intake() -> (Place, Further) {
    (Place::Intake, further("intake", &[]))
}

fn setup(further: impl IntoIterator<Item = (Place, Further)>) -> Setup {
    let rooms = Rooms { further: further.into_iter().collect(), single: None };
    Setup { post: network(), rooms, ..Setup::default() }
}

fn single() -> Setup {
    let rooms = Rooms { further: BTreeMap::new(), single: Some(spec("")) };
    Setup { post: network(), rooms, ..Setup::default() }
}

fn room_of(out: &Outbound) -> &str {
    match &out.target {
        Target::Room { room, .. } => room.as_str(),
        Target::Remote { .. } => "",
    }
}

/// Where something was shown: the room and its thread.
fn place_of(out: &Outbound) -> (&str, Option<&str>) {
    (room_of(out), thread_of(out))
}

fn saying<'o>(shown: &'o [Outbound], part: &str) -> &'o Outbound {
    let found = shown.iter().find(|out| text_of(out).contains(part));
    found.unwrap_or_else(|| {
        panic!("{part:?} among {:?}", shown.iter().map(text_of).collect::<Vec<_>>())
    })
}

impl Bench {
    async fn event_in(&self, room: &str, mut event: Message) {
        event.room = Some(RoomId::new(room));
        self.accept(viadukt_api::WorkerName::hub(), vec![item(&event)]).await;
    }
}

#[tokio::test]
async fn what_comes_in_on_a_teams_number_begins_in_its_room_and_leaves_from_it() {
    let bench = Bench::of(setup([team()])).await;
    let via = Some(address("+4930555"));
    let other = Some(exchange(via.as_ref(), &address(EVA)));
    bench.mail(Message { via: via.clone(), exchange: other, ..sms("s1", "eins") }).await;
    let shown = bench.shown(1).await;
    assert_eq!(place_of(&shown[0]), ("!post.rooms.bauamt", None));
    // The team's senders are other people than the bridge's.
    let clerk = Message {
        sender: message("", "@bert:agency", "").sender,
        ..answer("$a1", "$event1", "zwei")
    };
    bench.event_in("!post.rooms.bauamt", clerk).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { via: from, .. } = &sent[0].target else { panic!("to the far side") };
    assert_eq!((text_of(&sent[0]), from), ("zwei", &via));
    bench.event_in("!post.rooms.bauamt", message("$c1", "@bert:agency", "!sms 0171 drei")).await;
    let sent = bench.post.wait_for(2).await;
    let Target::Remote { via: from, .. } = &sent[1].target else { panic!("to the far side") };
    assert_eq!((text_of(&sent[1]), from), ("drei", &via));
}

#[tokio::test]
async fn two_rooms_of_one_exchange_are_told_apart_by_number() {
    let bench =
        Bench::of(setup([(Place::Team("amt".to_owned()), further("rooms.amt", &[]))])).await;
    bench.event(message("$c1", "@clerk:agency", &format!("!sms {EVA} eins"))).await;
    bench.post.wait_for(1).await;
    bench
        .event_in("!post.rooms.amt", message("$c2", "@clerk:agency", &format!("!sms {EVA} zwei")))
        .await;
    let sent = bench.post.wait_for(2).await;
    assert_eq!(sent.iter().map(text_of).collect::<Vec<_>>(), ["eins", "zwei #2"]);
    bench.shown(2).await;

    bench.mail(sms("s1", "#1 ja")).await;
    bench.shown(3).await;
    bench.mail(sms("s2", "gern #2")).await;
    bench.shown(4).await;
    bench.mail(sms("s3", "und nun? #3")).await;
    let shown = bench.shown(6).await;
    let shown: Vec<_> =
        shown[2..].iter().map(|out| (text_of(out), room_of(out), thread_of(out))).collect();
    assert_eq!(shown[0], ("ja", "!post", Some("$c1")));
    assert_eq!(shown[1], ("gern", "!post.rooms.amt", Some("$c2")));
    assert_eq!(shown[2], ("und nun? #3", "!post.rooms.amt", Some("$c2")));
    assert!(shown[3].0.contains("also in contact with another room"));

    bench.event(answer("$a1", "$c1", "Gut")).await;
    assert_eq!(text_of(&bench.post.wait_for(3).await[2]), "Gut #1");
    // A month later nobody remembers the other one.
    bench.clock.jump_to("2027-01-15T12:00:00Z");
    bench.event(answer("$a2", "$c1", "Noch da?")).await;
    assert_eq!(text_of(&bench.post.wait_for(4).await[3]), "Noch da?");
}

#[tokio::test]
async fn a_known_exchange_goes_on_after_a_restart_with_its_numbers() {
    let amt = || [(Place::Team("amt".to_owned()), further("rooms.amt", &[]))];
    let bench = Bench::of(setup(amt())).await;
    bench.event(message("$c1", "@clerk:agency", &format!("!sms {EVA} eins"))).await;
    bench
        .event_in("!post.rooms.amt", message("$c2", "@clerk:agency", &format!("!sms {EVA} zwei")))
        .await;
    bench.post.wait_for(2).await;
    bench.shown(2).await;
    let again = Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..setup(amt()) };
    let bench = bench.restart_as(again).await;
    bench.mail(sms("s1", "#1 ja")).await;
    let shown = bench.shown(1).await;
    assert_eq!((text_of(&shown[0]), place_of(&shown[0])), ("ja", ("!post", Some("$c1"))));
}

#[tokio::test]
async fn an_unknown_party_waits_in_the_intake_room_until_somebody_approves_it() {
    let bench = Bench::of(setup([intake(), team()])).await;
    bench.mail(sms("s1", "Hallo?")).await;
    let shown = bench.shown(1).await;
    assert_eq!(place_of(&shown[0]), ("!post.intake", None));
    bench.event_in("!post.intake", answer("$a1", "$event1", "Wer sind Sie?")).await;
    let shown = bench.shown(2).await;
    assert!(text_of(&shown[1]).contains("!approve"), "{}", text_of(&shown[1]));
    assert_eq!(place_of(&shown[1]), ("!post.intake", Some("$event1")));

    bench.event_in("!post.intake", answer("$a2", "$event1", "!approve nirgends")).await;
    assert!(text_of(&bench.shown(3).await[2]).contains("no room \"nirgends\""));
    bench.event_in("!post.intake", answer("$a3", "$event1", "!approve Bauamt")).await;
    let shown = bench.shown(5).await;
    let farewell = saying(&shown, "goes on in the room \"bauamt\"");
    assert_eq!(place_of(farewell), ("!post.intake", Some("$event1")));
    let again = shown.iter().rfind(|out| text_of(out) == "Hallo?").unwrap();
    assert_eq!(place_of(again), ("!post.rooms.bauamt", None));

    let Some(root) = bench.root("!post.rooms.bauamt").await else { panic!("it has a thread") };
    bench.mail(sms("s2", "Noch da?")).await;
    let shown = bench.shown(6).await;
    assert_eq!(place_of(&shown[5]), ("!post.rooms.bauamt", Some(root.as_str())));
    // In the old thread nothing leaves any more, in the new one it does.
    bench.event_in("!post.intake", answer("$a4", "$event1", "Ja")).await;
    let shown = bench.shown(7).await;
    assert!(text_of(&shown[6]).contains("another room"), "{}", text_of(&shown[6]));
    assert_eq!(room_of(&shown[6]), "!post.intake");
    bench.event_in("!post.rooms.bauamt", answer("$a5", &root, "Ja")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Ja");
}

impl Bench {
    /// The root of the one conversation's thread, once it lives in `room`.
    async fn root(&self, room: &str) -> Option<String> {
        let shown = self.hub.delivered();
        let n = shown.iter().position(|out| room_of(out) == room)?;
        Some(format!("$event{}", n + 1))
    }
}

#[tokio::test]
async fn whom_we_wrote_to_is_known() {
    let bench = Bench::of(setup([intake()])).await;
    bench.mail(sms("s1", "Hallo?")).await;
    bench.shown(1).await;
    bench.event(message("$c1", "@clerk:agency", &format!("!sms {EVA} Ja bitte?"))).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "Ja bitte?");
    bench.shown(3).await;
    bench.mail(sms("s2", "Danke")).await;
    let shown = bench.shown(4).await;
    assert_eq!((text_of(&shown[3]), room_of(&shown[3])), ("Danke", "!post"));
}

#[tokio::test]
async fn each_conversation_has_a_room_of_its_own_whose_name_tells_nothing() {
    let bench = Bench::of(single()).await;
    bench.mail(sms("s1", "eins")).await;
    let shown = bench.shown(1).await;
    let room = room_of(&shown[0]).to_owned();
    assert!(room.starts_with("!post.") && !room.contains("4917"), "{room}");
    assert_eq!(thread_of(&shown[0]), None);
    // What is written there without a thread goes to the conversation.
    bench.event_in(&room, message("$a1", "@clerk:agency", "zwei")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "zwei");
    bench.shown(2).await;

    let again = Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..single() };
    let bench = bench.restart_as(again).await;
    bench.mail(sms("s2", "drei")).await;
    let shown = bench.shown(1).await;
    assert_eq!(place_of(&shown[0]), (room.as_str(), None));
    bench.event_in(&room, message("$a2", "@eve:elsewhere", "vier")).await;
    assert_eq!(state_of(&bench.shown(2).await[1]), Some(State::Failed));
}

#[tokio::test]
async fn an_end_between_the_room_and_its_record_makes_no_second_room() {
    let bench = Bench::of(single()).await;
    bench.hub.hang();
    bench.mail(sms("s1", "eins")).await;
    bench.hub.wait_until_hanging().await;
    bench.running.task.abort();
    let again = Setup { disk: bench.disk.clone(), clock: bench.clock.clone(), ..single() };
    let bench = Bench::of(again).await;
    bench.shown(1).await;
    bench.mail(sms("s2", "zwei")).await;
    let shown = bench.shown(2).await;
    assert_eq!(room_of(&shown[0]), room_of(&shown[1]));
}

#[tokio::test]
async fn when_everyone_has_left_the_conversation_goes_on_elsewhere() {
    let bench = Bench::of(single()).await;
    bench.mail(sms("s1", "eins")).await;
    bench.shown(1).await;
    bench.hub.script([DeliveryError::refused(Reason::new(ROOM_EMPTY))]);
    bench.mail(sms("s2", "zwei")).await;
    let shown = bench.shown(3).await;
    assert_eq!((text_of(&shown[1]), place_of(&shown[1])), ("zwei", ("!post", None)));
    assert!(text_of(&shown[2]).contains("Everyone has left"));
    assert_eq!(place_of(&shown[2]), ("!post", Some("$event2")));
    bench.event(answer("$a1", "$event2", "drei")).await;
    assert_eq!(text_of(&bench.post.wait_for(1).await[0]), "drei");
    // Nobody is left in the bridge's room either: a person has to decide.
    bench.shown(4).await;
    bench.hub.script([DeliveryError::refused(Reason::new(ROOM_EMPTY))]);
    bench.mail(sms("s3", "vier")).await;
    assert!(text_of(&bench.shown(5).await[4]).contains("could not be shown"));
}
