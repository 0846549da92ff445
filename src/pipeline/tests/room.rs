//! What people do in a room besides answering: commands, invites, a new room.

use viadukt_api::{Protection, WorkerName};

use super::bench::*;

#[tokio::test]
async fn who_may_not_write_to_the_outside_is_told_why() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    let stranger = Message {
        sender: message("", "@eve:agency", "").sender,
        ..answer("$a1", "$event1", "Ich auch")
    };
    bench.event(stranger).await;
    let shown = bench.shown(2).await;
    assert_eq!(state_of(&shown[1]), Some(State::Failed));
    assert!(text_of(&shown[1]).contains("you are not on the list"));

    let mut plain = answer("$a2", "$event1", "unverschlüsselt");
    plain.protection = Protection::Plain;
    bench.event(plain).await;
    assert!(text_of(&bench.shown(3).await[2]).contains("not encrypted"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn a_new_conversation_grows_from_its_command() {
    let bench = Bench::new().await;
    let command = "!new eva@example.org Ihr Antrag\nGuten Tag";
    bench.event(message("$n1", "@clerk:agency", command)).await;
    let sent = bench.post.wait_for(1).await;
    let Target::Remote { recipient, subject, message_id, .. } = &sent[0].target else {
        panic!("it goes to the far side")
    };
    assert_eq!((recipient.as_str(), subject.as_deref()), ("eva@example.org", Some("Ihr Antrag")));
    assert_eq!(text_of(&sent[0]), "Guten Tag");
    let ancestors = vec![message_id.clone()];
    bench.mail(Message { ancestors, ..mail("m1", "Danke") }).await;
    let shown = bench.shown(2).await;
    assert_eq!((text_of(&shown[1]), thread_of(&shown[1])), ("Danke", Some("$n1")));
}

#[tokio::test]
async fn talk_outside_any_conversation_stays_inside() {
    let bench = Bench::new().await;
    bench.event(message("$t1", "@clerk:agency", "Wer übernimmt das?")).await;
    bench.event(message("$t2", "@clerk:agency", "!help")).await;
    let shown = bench.shown(1).await;
    assert!(text_of(&shown[0]).contains("!resend"));
    assert!(bench.post.delivered().is_empty());
}

#[tokio::test]
async fn an_invite_is_followed_only_from_the_list() {
    let bench = Bench::new().await;
    for (id, from) in [("$i1", "@eve:elsewhere"), ("$i2", "@clerk:agency")] {
        let mut invite = message(id, from, "");
        invite.act = Act::Invite;
        invite.room = Some(RoomId::new(format!("!room-of-{id}")));
        bench.accept(WorkerName::hub(), vec![item(&invite)]).await;
    }
    let made = bench.shown(1).await;
    let Target::Room { room, .. } = &made[0].target else { panic!("a room is entered") };
    assert_eq!((room.as_str(), &made[0].form), ("!room-of-$i2", &Form::Join));
}

#[tokio::test]
async fn a_replaced_room_is_followed_with_a_new_thread() {
    let bench = Bench::new().await;
    bench.mail(mail("m1", "eins")).await;
    bench.shown(1).await;
    let mut moved = message("$t1", "@clerk:agency", "");
    moved.act = Act::Moved(RoomId::new("!new"));
    bench.event(moved).await;
    bench.shown(2).await;
    let next = Message { ancestors: vec![id("m1")], ..mail("m2", "zwei") };
    bench.mail(next).await;
    let shown = bench.shown(3).await;
    let Target::Room { room, thread, .. } = &shown[2].target else { panic!("into a room") };
    assert_eq!((room.as_str(), thread), ("!new", &None));
}
