//! The hub and a clerk on a real homeserver.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use serde_json::json;
use support::clerk::Clerk;
use support::{Remains, anna, long_ago, outbound, says, spec, until};
use viadukt_api::{
    Act, Attachment, Content, DeliveryError, Edits, Form, Media, MessageId, RoomId, RoomSpec,
    State, Target,
};
use viadukt_testservers::synapse::Synapse;

async fn servers() -> (Synapse, Remains, Clerk) {
    let server = Synapse::start().await.unwrap();
    let remains = Remains::new(&server, "").await;
    let clerk = Clerk::new(&server, "alice").await;
    (server, remains, clerk)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_in_an_encrypted_room() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let mode = std::fs::metadata(remains.recovery_key()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let room = hub.room(&clerk).await;
    assert_eq!(hub.room(&clerk).await, room, "the same description, the same room");
    // Sent before the clerk comes in, and readable all the same.
    let first = outbound(1, &room, None, says("Guten Tag 🌍"));
    let receipt = hub.hub.deliver(&first).await.unwrap();
    assert_eq!(receipt.protection, "megolm");
    let root = receipt.id.unwrap();
    assert_eq!(hub.hub.deliver(&first).await.unwrap().id.unwrap(), root, "a repetition");
    clerk.join(&room).await;
    let event = clerk.reads(&room, "Anna Muster: Guten Tag 🌍").await;
    assert!(clerk.is_secure(&event["event_id"]));

    let in_thread = |body: &str| {
        json!({ "msgtype": "m.text", "body": body, "m.relates_to": {
            "rel_type": "m.thread", "event_id": root.as_str(), "is_falling_back": true,
            "m.in_reply_to": { "event_id": root.as_str() } } })
    };
    let answer = clerk.sends(&room, in_thread("Antwort mit ß")).await;
    let heard = hub.hears("Antwort mit ß").await;
    assert_eq!(heard.id, answer);
    assert_eq!(heard.ancestors, [root.clone()]);
    assert_eq!(heard.sender.address.as_str(), clerk.user());
    assert_eq!(heard.sender.power, Some(0));
    assert!(heard.protection.encrypted);
    assert_eq!(heard.protection.detail, "cross-signed");

    let edit = json!({ "msgtype": "m.text", "body": "* besser",
        "m.new_content": { "msgtype": "m.text", "body": "besser" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": answer.as_str() } });
    clerk.sends(&room, edit).await;
    assert_eq!(hub.hears("besser").await.act, Act::Edit(answer.clone()));
    clerk.redacts(&room, &answer).await;
    let redaction = Act::Redact(answer.clone());
    hub.message("a redaction", |message| message.act == redaction).await;

    let sent = Form::Status { of: answer.clone(), state: State::Sent, text: "✓ gesendet".into() };
    hub.hub.deliver(&outbound(2, &room, Some(&root), sent)).await.unwrap();
    clerk.event(&room, "a mark", |event| event["type"] == "m.reaction").await;
    let failed = Form::Status { of: answer, state: State::Failed, text: "nicht zugestellt".into() };
    hub.hub.deliver(&outbound(3, &room, Some(&root), failed)).await.unwrap();
    let notice = clerk.reads(&room, "nicht zugestellt").await;
    assert_eq!(notice["content"]["m.relates_to"]["event_id"], root.as_str());

    let target = Target::Room { room: room.clone(), thread: None, reply_to: None };
    let new = Content { text: "Guten Abend".into(), ..Content::default() };
    let edits: &dyn Edits = hub.hub.edits().unwrap();
    let form = Form::Edit { of: root.clone(), sender: anna(), content: new.clone() };
    let out = outbound(4, &room, None, form);
    edits.edit(&out, &target, &root, &anna(), &new).await.unwrap();
    let edited = clerk.reads(&room, "* Anna Muster: Guten Abend").await;
    assert_eq!(edited["content"]["m.new_content"]["body"], "Anna Muster: Guten Abend");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_go_both_ways() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;

    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let spool: &dyn viadukt_api::Spool = &*remains.spool;
    let spooled = |name: &str, mime: &str, bytes: &[u8]| {
        let blob = spool.put(bytes).unwrap();
        Attachment {
            name: name.into(),
            mime: mime.into(),
            size: Some(blob.size),
            media: Media::Spooled(blob),
        }
    };
    let form = Form::Say {
        sender: anna(),
        content: Content {
            text: "anbei".into(),
            html: None,
            attachments: vec![
                spooled("Loch.jpg", "image/jpeg", &bytes),
                spooled("zu groß.bin", "application/octet-stream", &vec![0; 51 * 1024 * 1024]),
            ],
        },
        subject: Some("Straßenschaden".into()),
        correction: false,
        automatic: false,
    };
    let receipt = hub.hub.deliver(&outbound(1, &room, None, form)).await.unwrap();
    assert_eq!(receipt.more.len(), 2);
    let image =
        clerk.event(&room, "an image", |event| event["content"]["msgtype"] == "m.image").await;
    assert!(clerk.is_secure(&image["event_id"]));
    assert_eq!(image["event_id"], receipt.more[0].as_str());
    assert_eq!(image["content"]["filename"], "Loch.jpg");
    let root = receipt.id.unwrap();
    assert_eq!(image["content"]["m.relates_to"]["event_id"], root.as_str());
    assert_eq!(clerk.downloads(&image).await, bytes);
    clerk
        .event(&room, "a sentence about the missing one", |event| {
            event["content"]["body"].as_str().is_some_and(|body| body.contains("zu groß.bin"))
        })
        .await;

    clerk.sends_file(&room, "Bescheid.pdf", bytes.clone()).await;
    let heard = hub.message("a file", |m| !m.content.attachments.is_empty()).await;
    let file = &heard.content.attachments[0];
    assert_eq!((file.name.as_str(), file.mime.as_str()), ("Bescheid.pdf", "application/pdf"));
    let Media::With { handle, .. } = &file.media else { panic!("not a handle") };
    let blob = hub.hub.fetch(handle).await.unwrap();
    assert_eq!(spool.get(&blob, u64::MAX).unwrap(), bytes);

    // Another file's bytes under this file's keys: the hash does not fit.
    let mut wrong: serde_json::Value = serde_json::from_str(handle).unwrap();
    wrong["file"]["url"] = image["content"]["file"]["url"].clone();
    let refused = hub.hub.fetch(&wrong.to_string()).await.unwrap_err();
    assert_eq!(refused.reason().key, "matrix-media-damaged");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_the_commit_loses_nothing() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "eins").await;
    hub.hears("eins").await;

    // matrix-sdk has stored its own token by the time that accept is asked.
    remains.durable.stuck.store(true, Ordering::SeqCst);
    let before = remains.durable.offered.load(Ordering::SeqCst);
    clerk.says(&room, "zwei").await;
    until("the event is offered", async || {
        (remains.durable.offered.load(Ordering::SeqCst) > before).then_some(())
    })
    .await;
    hub.kill().await;
    remains.durable.stuck.store(false, Ordering::SeqCst);

    let hub = remains.start().await;
    hub.hears("zwei").await;
    clerk.says(&room, "drei").await;
    hub.hears("drei").await;
    hub.kill().await;

    // A position of the past: everything comes again and is recognised.
    let mut position: serde_json::Value =
        serde_json::from_slice(&remains.durable.keep()["sync"]).unwrap();
    let latest = position["token"].clone();
    let hub = remains.start().await;
    clerk.says(&room, "vier").await;
    hub.hears("vier").await;
    hub.stop().await;
    position["token"] = latest;
    remains.durable.set_keep("sync", Some(position.to_string().into_bytes()));
    let repeated = remains.durable.repeated.load(Ordering::SeqCst);
    let hub = remains.start().await;
    until("the repetition is recognised", async || {
        (remains.durable.repeated.load(Ordering::SeqCst) > repeated).then_some(())
    })
    .await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    assert_eq!(texts, ["eins", "zwei", "drei", "vier"]);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_filled_in_order() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "0").await;
    hub.hears("0").await;
    hub.stop().await;

    // More than one sync brings (100) and more than one page (100) after that.
    for number in 1..=230 {
        clerk.says(&room, &number.to_string()).await;
    }
    let hub = remains.start().await;
    hub.hears("230").await;
    let texts: Vec<_> = hub.messages().into_iter().map(|m| m.content.text).collect();
    let expected: Vec<_> = (0..=230).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
    hub.stop().await;
}

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
async fn an_event_without_its_key_waits_for_it() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    clerk.says(&room, "lesbar").await;
    hub.hears("lesbar").await;
    hub.stop().await;

    // The key goes to the first device. A second one takes its place and reads on from where it
    // stood, without the key.
    let lost = remains.folder.path().join("lost");
    std::fs::rename(remains.data(), &lost).unwrap();
    clerk.room(&room).discard_room_key().await.unwrap();
    clerk.says(&room, "wartet").await;
    let second = remains.start().await;
    let waiting = until("the event is kept", async || {
        remains.durable.keep().into_iter().find(|(key, _)| key.starts_with("utd/"))
    })
    .await;
    second.stop().await;

    // After ten minutes the room is told, once.
    let mut aged: serde_json::Value = serde_json::from_slice(&waiting.1).unwrap();
    aged["since"] = json!(aged["since"].as_u64().unwrap() - 11 * 60 * 1000);
    remains.durable.set_keep(&waiting.0, Some(aged.to_string().into_bytes()));
    let second = remains.start().await;
    second.tells("matrix-undecryptable").await;
    second.stop().await;

    // The first device is found again and puts the key into the backup.
    let found = Remains::beside(&remains, &lost);
    let first = found.start().await;
    first.hears("wartet").await;
    let second = remains.start().await;
    second.hears("wartet").await;
    until("the event waits no more", async || {
        remains.durable.keep().keys().all(|key| !key.starts_with("utd/")).then_some(())
    })
    .await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_waited_out() {
    let (mut server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;

    server.stop().await.unwrap();
    let out = outbound(1, &room, None, says("kommt später"));
    let error = hub.hub.deliver(&out).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { .. }), "{error:?}");
    server.resume().await.unwrap();
    until("delivered after the outage", async || hub.hub.deliver(&out).await.ok()).await;
    clerk.reads(&room, "Anna Muster: kommt später").await;
    clerk.says(&room, "ich bin wieder da").await;
    hub.hears("ich bin wieder da").await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_of_long_ago_is_looked_for_before_it_is_sent_again() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    let mut out = outbound(1, &room, None, says("einmal"));
    out.accepted_at = long_ago();
    let id = hub.hub.deliver(&out).await.unwrap().id;
    out.repeated = true;
    // The homeserver would remember today's transaction id as well; the answer comes from the
    // search, so a room that forbids sending changes nothing.
    assert_eq!(hub.hub.deliver(&out).await.unwrap().id, id);
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
async fn a_member_without_verified_device_blocks_nobody_and_is_told() {
    let (server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    let bob = Clerk::unverified(&server, "bob").await;
    clerk.invites(&room, bob.user()).await;
    bob.join(&room).await;
    hub.hub.deliver(&outbound(1, &room, None, says("für Geprüfte"))).await.unwrap();
    clerk.reads(&room, "Anna Muster: für Geprüfte").await;
    bob.says(&room, "hallo").await;
    assert_eq!(hub.hears("hallo").await.protection.detail, "unsigned-device");
    hub.tells("matrix-device-not-verified").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_device_is_followed_by_a_new_one_with_the_same_identity() {
    let (_server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    hub.stop().await;
    std::fs::remove_dir_all(remains.data()).unwrap();

    let hub = remains.start().await;
    hub.up().await;
    hub.hub.deliver(&outbound(1, &room, None, says("neues Gerät"))).await.unwrap();
    let event = clerk.reads(&room, "Anna Muster: neues Gerät").await;
    assert!(clerk.is_secure(&event["event_id"]));
    for probe in hub.hub.probe().await {
        assert!(probe.result.is_ok(), "{probe:?}");
    }
    hub.stop().await;

    // Without the recovery key there is no way back into the identity.
    std::fs::remove_dir_all(remains.data()).unwrap();
    std::fs::remove_file(remains.recovery_key()).unwrap();
    let ended = remains.start().await.ended().await.to_string();
    assert!(ended.contains("recovery_key_file"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_credentials_end_the_hub() {
    let server = Synapse::start().await.unwrap();
    let remains = Remains::new(&server, "").await;
    std::fs::write(remains.folder.path().join("password"), "wrong").unwrap();
    let ended = remains.start().await.ended().await.to_string();
    assert!(ended.contains("M_FORBIDDEN") && ended.contains("password_file"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_costs_the_homeserver_little() {
    let (server, remains, clerk) = servers().await;
    let hub = remains.start().await;
    hub.up().await;
    let room = hub.room(&clerk).await;
    clerk.join(&room).await;
    hub.hub.deliver(&outbound(1, &room, None, says("warm"))).await.unwrap();
    let warm = clerk.reads(&room, "Anna Muster: warm").await;
    let root = MessageId::new(warm["event_id"].as_str().unwrap());

    clerk.deaf().await;
    let total = async || server.requests().await.unwrap().values().sum::<u64>();

    // Inwards: a far side's message is one request, and does not wake the sync.
    let before = total().await;
    for number in 0..50 {
        let out = outbound(100 + number, &room, Some(&root), says("Nachricht"));
        hub.hub.deliver(&out).await.unwrap();
    }
    let cost = total().await - before;
    assert!(cost <= 60, "{cost} requests for 50 messages");

    // Outwards: what a clerk says is one sync, and one request for the mark.
    let before = total().await;
    for number in 0..50 {
        let text = format!("Antwort {number}");
        let of = clerk.says(&room, &text).await;
        hub.hears(&text).await;
        let sent = Form::Status { of, state: State::Sent, text: "✓ gesendet".into() };
        hub.hub.deliver(&outbound(200 + number, &room, Some(&root), sent)).await.unwrap();
    }
    let cost = total().await - before - 50;
    assert!(cost <= 110, "{cost} requests of the hub for 50 messages");
    hub.stop().await;
}
