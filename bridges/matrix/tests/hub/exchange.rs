//! What the hub and a clerk say to each other.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use viadukt_api::{
    Act, Attachment, Content, Edits, Form, Media, MessageId, Protection, State, Trust,
};

use crate::servers;
use crate::support::{anna, outbound, says};

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
    assert_eq!(receipt.protection, Protection::ROOM);
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
    assert_eq!(heard.ancestors, std::slice::from_ref(&root));
    assert_eq!(heard.sender.address.as_str(), clerk.user());
    assert_eq!(heard.sender.power, Some(0));
    assert!(heard.protection.is_end_to_end());
    assert_eq!(heard.protection, Protection::Megolm { trust: Some(Trust::CrossSigned) });

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
    let text = "✓ zugestellt".into();
    let arrived = Form::Status { of: answer.clone(), state: State::Delivered, text };
    hub.hub.deliver(&outbound(5, &room, Some(&root), arrived)).await.unwrap();
    let is_mark = |event: &Value| event["content"]["m.relates_to"]["key"] == "✓ zugestellt";
    clerk.event(&room, "a second mark", is_mark).await;
    let failed = Form::Status { of: answer, state: State::Failed, text: "nicht zugestellt".into() };
    hub.hub.deliver(&outbound(3, &room, Some(&root), failed)).await.unwrap();
    let notice = clerk.reads(&room, "nicht zugestellt").await;
    assert_eq!(notice["content"]["m.relates_to"]["event_id"], root.as_str());

    let new = Content { text: "Guten Abend".into(), ..Content::default() };
    let edits: &dyn Edits = hub.hub.edits().unwrap();
    let form = Form::Edit { of: root.clone(), sender: anna(), content: new, automatic: false };
    edits.edit(&outbound(4, &room, None, form)).await.unwrap();
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
        mentions: Vec::new(),
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
