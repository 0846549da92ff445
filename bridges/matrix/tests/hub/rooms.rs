//! Rooms entered and created, and encryption that stays.

use viadukt_api::worker::ROOM_EMPTY;
use viadukt_api::{Act, DeliveryError, Form, Protection, RoomId, RoomSpec};
use viadukt_testservers::synapse::Synapse;

use crate::servers;
use crate::support::clerk::Clerk;
use crate::support::{Remains, outbound, says, spec, until};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_room_is_followed_and_stays_encrypted() {
    let server = Synapse::start().await.unwrap();
    let remains = Remains::new(&server, "allow_unencrypted_rooms = true").await;
    let clerk = Clerk::new(&server, "alice").await;
    let hub = remains.start().await;
    hub.up().await;
    let old = clerk.create_room(&["@post:viadukt.test"]).await;
    let by_id = RoomSpec { existing: Some(old.as_str().to_owned()), ..spec(&clerk) };
    assert_eq!(hub.hub.ensure_room(&by_id).await.unwrap(), old);

    let new = clerk.upgrades(&old).await;
    let moved = Act::Moved(new.clone());
    hub.message("a tombstone", |m| m.act == moved).await;
    // The clerk's client has not invited the hub yet: that is waited for.
    let (join, first) =
        (outbound(1, &new, None, Form::Join), outbound(2, &new, None, says("erste")));
    for early in [&join, &first] {
        let error = hub.hub.deliver(early).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    }
    clerk.invites(&new, "@post:viadukt.test").await;
    hub.hub.deliver(&join).await.unwrap();
    assert_eq!(hub.hub.deliver(&first).await.unwrap().protection, Protection::ROOM);
    clerk.reads(&new, "Anna Muster: erste").await;
    clerk.says(&new, "im neuen Raum").await;
    assert_eq!(hub.hears("im neuen Raum").await.room, Some(new.clone()));
    assert!(remains.durable.keep().contains_key(&format!("enc/{}", new.as_str())));
    hub.stop().await;

    let hub = remains.start().await;
    hub.up().await;
    assert_eq!(hub.hub.ensure_room(&by_id).await.unwrap(), new);
    remains.durable.set_keep("created/mailbox", Some(old.as_str().into()));
    assert_eq!(hub.room(&clerk).await, new, "had the hub created the old one");

    // No way out of encryption, although rooms without it are allowed.
    let plain = clerk.create_plain_room(&["@post:viadukt.test"]).await;
    hub.hub.deliver(&outbound(3, &plain, None, Form::Join)).await.unwrap();
    hub.hub.deliver(&outbound(4, &plain, None, says("erlaubt"))).await.unwrap();
    clerk.buries(&new, &plain).await;
    let moved = Act::Moved(plain.clone());
    hub.message("another tombstone", |m| m.act == moved).await;
    let refused = hub.hub.deliver(&outbound(5, &plain, None, says("geheim"))).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-encryption-removed");
    let refused = hub.hub.ensure_room(&by_id).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-encryption-removed");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stands_for_a_room_of_its_own_also_after_a_crash() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let own = RoomSpec { key: Some("01JD2Z".to_owned()), ..spec(&clerk) };
    let room = hub.hub.ensure_room(&own).await.unwrap();
    assert_ne!(room, hub.room(&clerk).await);
    let tag = hub_tag(&clerk, &room).await;
    hub.kill().await;
    remains.durable.set_keep("created/mailbox/01JD2Z", None);
    remains.durable.set_keep("creating/mailbox/01JD2Z", Some(tag.into_bytes()));
    let hub = remains.start().await;
    hub.up().await;
    assert_eq!(hub.hub.ensure_room(&own).await.unwrap(), room);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_to_nobody() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    // Who is invited may still come.
    hub.hub.deliver(&outbound(1, &room, None, says("eins"))).await.unwrap();
    clerk.join(&room).await;
    hub.hub.deliver(&outbound(2, &room, None, says("zwei"))).await.unwrap();
    clerk.leaves(&room).await;
    let mut number = 2;
    let refused = until("the hub sees that the clerk left", async || {
        number += 1;
        hub.hub.deliver(&outbound(number, &room, None, says("drei"))).await.err()
    });
    let refused = refused.await;
    assert!(matches!(refused, DeliveryError::Refused { .. }), "{refused:?}");
    assert_eq!(refused.reason().key, ROOM_EMPTY);
    hub.stop().await;
}

async fn hub_tag(clerk: &Clerk, room: &RoomId) -> String {
    clerk.join(room).await;
    clerk.creation(room).await["viadukt.creation"].as_str().unwrap().to_owned()
}
