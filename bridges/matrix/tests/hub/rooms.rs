//! Rooms entered and created, and encryption that stays.

use viadukt_api::{Act, Form, RoomId, RoomSpec};

use crate::servers;
use crate::support::clerk::Clerk;
use crate::support::{outbound, says, spec};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_not_bridged_but_what_follows_the_entering_is() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let theirs = clerk.create_room(&["@post:viadukt.test"]).await;
    clerk.says(&theirs, "vor dem Eintritt").await;
    let invited = hub.message("an invitation", |m| m.act == Act::Invite).await;
    assert_eq!(invited.room.as_ref(), Some(&theirs));
    assert_eq!(invited.sender.address.as_str(), clerk.user());
    hub.hub.deliver(&outbound(1, &theirs, None, Form::Join)).await.unwrap();
    clerk.says(&theirs, "nach dem Eintritt").await;
    hub.hears("nach dem Eintritt").await;
    assert!(hub.messages().iter().all(|m| m.content.text != "vor dem Eintritt"));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_in_clear() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let plain = clerk.create_plain_room(&["@post:viadukt.test"]).await;
    hub.message("an invitation", |m| m.act == Act::Invite).await;
    hub.hub.deliver(&outbound(1, &plain, None, Form::Join)).await.unwrap();
    let refused = hub.hub.deliver(&outbound(2, &plain, None, says("geheim"))).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-room-not-encrypted");
    let spec = RoomSpec { existing: Some(plain.as_str().to_owned()), ..spec(&clerk) };
    let refused = hub.hub.ensure_room(&spec).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-room-not-encrypted");
    hub.stop().await;

    // Had the room been encrypted once, no setting would help.
    remains.durable.set_keep(&format!("enc/{}", plain.as_str()), Some(vec![1]));
    let hub = remains.start().await;
    hub.up().await;
    let refused = hub.hub.deliver(&outbound(3, &plain, None, says("geheim"))).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-encryption-removed");
    clerk.says(&plain, "in clear").await;
    hub.tells("matrix-plaintext-ignored").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_creating_a_room_makes_no_second_one() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    let tag = hub_tag(&clerk, &room).await;
    hub.kill().await;
    // As if the answer to the creation had never been seen.
    remains.durable.set_keep("created/mailbox", None);
    remains.durable.set_keep("creating/mailbox", Some(tag.into_bytes()));
    let hub = remains.start().await;
    hub.up().await;
    assert_eq!(hub.room(&clerk).await, room);
    hub.stop().await;
}

async fn hub_tag(clerk: &Clerk, room: &RoomId) -> String {
    clerk.join(room).await;
    clerk.creation(room).await["viadukt.creation"].as_str().unwrap().to_owned()
}
