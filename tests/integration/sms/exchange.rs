//! Phones and the room, when everybody is well.

use anyhow::Result;
use viadukt_testbed::servers::smsc::{Behaviour, Form, Ids, Join, Receipts, Sms};

use super::scene::{DELIVERED, ERIKA, MAX, SENT, Scene};

#[tokio::test]
async fn a_phone_and_the_room_talk_with_umlauts_the_euro_and_emoji() -> Result<()> {
    let scene = Scene::begin().await?;
    let texts = ["Grüße: Kostet es 3 € [ja/nein]?", "Danke 👩‍💻, „gern“ 🎉"];
    for text in texts {
        let question = scene.question(ERIKA, text).await?;
        let answer = scene.clerk.answer(&question, text).await?;
        scene.phone(ERIKA).receives(text, |came| came == text).await?;
        scene.marked(&answer, SENT).await?;
        scene.marked(&answer, DELIVERED).await?;
    }
    let first = scene.shown(texts[0]).await?;
    let second = scene.shown(texts[1]).await?;
    assert_eq!(second.thread(), Some(&*first.event_id), "one number, one conversation");
    let other = scene.question(MAX, "Ich bin jemand anderes.").await?;
    assert_ne!(other.thread(), Some(&*first.event_id));
    Ok(())
}

#[tokio::test]
async fn ten_parts_pass_both_ways_in_any_order_and_over_any_bind() -> Result<()> {
    let scene = Scene::with("[smpp]\nbinds = 3").await?;
    scene.counted("sessions", 3).await?;
    // Ten parts each.
    let gsm = "Grüße für 3 € [x], bitte. ".repeat(51);
    let ucs2 = "Grüße 😀👩‍💻, „Ja“. ".repeat(30);
    let sar = gsm.replace("bitte", "danke");
    for (how, text) in [(Join::Udh8, gsm), (Join::Udh16, ucs2), (Join::Sar, sar)] {
        let text = text.trim_end();
        let places = Some(&[7, 2, 10, 1, 5, 9, 3, 4, 4, 8, 6][..]);
        scene.phone(ERIKA).send(Sms { text, how, places, spread: true, ..Sms::default() }).await?;
        let question = scene.shown(text).await?;
        let answer = scene.clerk.answer(&question, text).await?;
        let came = scene.phone(ERIKA).receives("the answer", |came| came == text).await?;
        assert_eq!((came.of, came.sessions.len()), (10, 1), "ten parts over one bind");
        scene.marked(&answer, DELIVERED).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_command_writes_to_a_number_and_the_answer_comes_back() -> Result<()> {
    let scene = Scene::begin().await?;
    let begun = scene.clerk.say(&scene.room, "!sms 01713920001 Ihr Ausweis ist da.").await?;
    scene.phone(ERIKA).receives("the text", |came| came == "Ihr Ausweis ist da.").await?;
    scene.marked(&begun, DELIVERED).await?;
    let reply = scene.question(ERIKA, "Ich komme morgen.").await?;
    assert_eq!(reply.thread(), Some(&*begun));
    Ok(())
}

#[tokio::test]
async fn who_says_stop_is_written_to_no_more_until_they_say_start() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question(ERIKA, "Wann?").await?;
    scene.phone(ERIKA).write("Stopp").await?;
    scene.phone(ERIKA).receives("the confirmation", |came| came.contains("START")).await?;
    scene.clerk.answer(&question, "Das kommt nicht an.").await?;
    scene.notice("wurde nicht gesendet").await?;
    scene.phone(ERIKA).write("START").await?;
    scene.notice("möchte wieder Nachrichten bekommen").await?;
    let answer = scene.clerk.answer(&question, "Das kommt an.").await?;
    scene.phone(ERIKA).receives("the answer", |came| came == "Das kommt an.").await?;
    scene.marked(&answer, SENT).await?;
    assert_eq!(scene.times_received(ERIKA, "Das kommt nicht an.").await?, 0);
    Ok(())
}

#[tokio::test]
async fn receipts_meet_their_message_whatever_their_form_and_time() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question(ERIKA, "Hallo?").await?;
    let mut answers = Vec::new();
    for (receipts, form) in
        [(Receipts::Early, Form::Both), (Receipts::Twice, Form::Text), (Receipts::Late, Form::Tlv)]
    {
        let usual = Behaviour::default();
        scene.centre.behave(&Behaviour { receipts, form, ids: Ids::Same, ..usual }).await?;
        let text = format!("Antwort mit Quittung {receipts:?}.");
        let answer = scene.clerk.answer(&question, &text).await?;
        scene.marked(&answer, SENT).await?;
        scene.centre.release().await?;
        scene.marked(&answer, DELIVERED).await?;
        scene.quiet().await?;
        answers.push((answer, receipts));
    }
    let failed = Behaviour { receipts: Receipts::Now, state: "UNDELIV", ..Behaviour::default() };
    scene.centre.behave(&failed).await?;
    scene.clerk.answer(&question, "Antwort ohne Empfänger.").await?;
    scene.notice("nicht zugestellt wurde").await?;
    for (answer, receipts) in answers {
        let seen = scene.clerk.seen();
        let marks = seen.iter().filter(|seen| seen.reaction_to(&answer) == Some(DELIVERED));
        assert_eq!(marks.count(), 1, "{receipts:?}: told once");
    }
    Ok(())
}
