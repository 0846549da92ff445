#![allow(clippy::unwrap_used, clippy::expect_used)]

use viadukt_api::words::Language;

use super::*;

fn anna() -> Sender {
    Sender {
        address: Address::new("anna@example.org"),
        name: Some("Anna <Muster>".into()),
        power: None,
    }
}

fn said(content: &Content, manner: Manner<'_>, place: Place<'_>) -> (Value, Option<String>) {
    let speaker = Speaker::new(&anna(), &[7; 32]);
    let words = Words::new(Language::En);
    let (event, rest) = say(&speaker, &anna().address, content, manner, place, &words);
    (event, rest.map(str::to_owned))
}

fn text(text: &str) -> Content {
    Content { text: text.into(), ..Content::default() }
}

#[test]
fn the_speaker_is_shown_by_every_client_and_not_guessable() {
    let (event, _) = said(&text("a < b\nzwei"), Manner::default(), Place::default());
    assert_eq!(event["body"], "Anna <Muster>: a < b\nzwei");
    assert_eq!(
        event["formatted_body"],
        "<strong data-mx-profile-fallback>Anna &lt;Muster&gt;: </strong>a &lt; b<br>zwei"
    );
    let profile = &event["com.beeper.per_message_profile"];
    assert_eq!(profile["displayname"], "Anna <Muster>");
    assert_eq!(profile["has_fallback"], true);
    let id = profile["id"].as_str().unwrap();
    assert!(id.len() == 32 && !id.contains("anna"));
    assert_ne!(id, Speaker::new(&anna(), &[8; 32]).id, "the id depends on our key");
    assert!(event.get("m.relates_to").is_none());
}

#[test]
fn a_subject_stands_above_with_the_address() {
    let manner = Manner { subject: Some("Ihr Antrag"), ..Manner::default() };
    let (event, _) = said(&text("Hallo"), manner, Place::default());
    assert_eq!(event["body"], "Anna <Muster>: Ihr Antrag\n<anna@example.org>\nHallo");
}

#[test]
fn machines_speak_in_notices() {
    let manner = Manner { automatic: true, ..Manner::default() };
    assert_eq!(said(&text("Abwesend"), manner, Place::default()).0["msgtype"], "m.notice");
}

#[test]
fn who_is_called_is_named_and_rings() {
    let users = [Address::new("@anna:amt.example"), Address::new("@bert:amt.example")];
    let manner = Manner { automatic: true, mentions: &users, ..Manner::default() };
    let (event, _) = said(&text("Disk full, @eve:x"), manner, Place::default());
    assert_eq!(event["msgtype"], "m.text", "a notice rings nowhere");
    assert_eq!(
        event["m.mentions"],
        json!({ "user_ids": ["@anna:amt.example", "@bert:amt.example"] })
    );
    let body = event["body"].as_str().unwrap();
    assert!(body.starts_with("Anna <Muster>: @anna:amt.example @bert:amt.example "), "{body}");
    let html = event["formatted_body"].as_str().unwrap();
    assert!(html.contains("<a href=\"https://matrix.to/#/@bert:amt.example\">"), "{html}");
}

#[test]
fn threads_and_replies_are_related() {
    let (root, answered) = (MessageId::new("$root"), MessageId::new("$answered"));
    let in_thread = Place { thread: Some(&root), reply_to: None };
    assert_eq!(
        notice("x", in_thread)["m.relates_to"],
        json!({ "rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
                "m.in_reply_to": { "event_id": "$root" } })
    );
    let answer = Place { thread: Some(&root), reply_to: Some(&answered) };
    assert_eq!(notice("x", answer)["m.relates_to"]["is_falling_back"], false);
    let reply = Place { thread: None, reply_to: Some(&answered) };
    assert_eq!(
        notice("x", reply)["m.relates_to"],
        json!({ "m.in_reply_to": { "event_id": "$answered" } })
    );
}

#[test]
fn an_edit_repeats_the_profile() {
    let speaker = Speaker::new(&anna(), &[7; 32]);
    let of = MessageId::new("$old");
    let words = Words::new(Language::De);
    let new = text("neu");
    let (event, _) = edit(&speaker, &anna().address, &new, &of, Manner::default(), &words);
    assert_eq!(event["body"], "* Anna <Muster>: neu");
    assert_eq!(event["m.new_content"]["body"], "Anna <Muster>: neu");
    assert!(event["m.new_content"]["com.beeper.per_message_profile"].is_object());
    assert_eq!(event["m.relates_to"]["event_id"], "$old");

    let machine = Manner { automatic: true, ..Manner::default() };
    let (event, _) = edit(&speaker, &anna().address, &new, &of, machine, &words);
    let body = event["m.new_content"]["body"].as_str().unwrap();
    assert_eq!(body, "Anna <Muster>: Automatische Nachricht:\nneu");
    assert_eq!(event["m.new_content"]["msgtype"], "m.notice");

    let long = text(&"ä".repeat(20_000));
    let (event, rest) = edit(&speaker, &anna().address, &long, &of, Manner::default(), &words);
    assert!(event.to_string().len() < LARGEST + 1000);
    assert_eq!(rest, Some(long.text.as_str()));
}

#[test]
fn long_html_gives_way_to_the_text() {
    let content = Content { html: Some("<p>x</p>".repeat(9000)), ..text("kurz") };
    let (event, rest) = said(&content, Manner::default(), Place::default());
    assert!(event["formatted_body"].as_str().unwrap().ends_with("kurz"));
    assert_eq!(rest, None);
}

#[test]
fn a_text_that_does_not_fit_is_cut_and_attached() {
    let long = "ä".repeat(60_000);
    let (event, rest) = said(&text(&long), Manner::default(), Place::default());
    assert!(event.to_string().len() < LARGEST);
    assert_eq!(rest.as_deref(), Some(long.as_str()));
}

#[test]
fn attachments_are_typed_by_their_mime() {
    let speaker = Speaker::new(&anna(), &[7; 32]);
    for (mime, msgtype) in [
        ("image/png", "m.image"),
        ("audio/ogg", "m.audio"),
        ("video/mp4", "m.video"),
        ("application/pdf", "m.file"),
    ] {
        let what = Attachment {
            name: "a".into(),
            mime: mime.into(),
            size: None,
            media: viadukt_api::Media::With {
                worker: viadukt_api::WorkerName::hub(),
                blobs: Vec::new(),
                handle: String::new(),
            },
        };
        let place = ("url", Value::from("mxc://x/y"));
        let event = attachment(&speaker, &what, 3, place, Place::default());
        assert_eq!(event["msgtype"], msgtype);
        assert_eq!(event["filename"], "a");
        assert_eq!(event["info"]["size"], 3);
    }
}
