//! What is odd, hostile or out of place ends as it should, and what comes after it goes on.

use std::fs;

use anyhow::{Context, Result};
use matrix_sdk::reqwest::Method;
use serde_json::json;
use viadukt_testbed::ruma::{EventId, OwnedRoomId};
use viadukt_testbed::{AGENCY, CITIZEN, ROOM, Seen};

use crate::scene::{Api, Scene};

#[tokio::test]
async fn a_mail_that_cannot_be_parsed_is_put_aside_or_shown_as_it_is() -> Result<()> {
    let scene = Scene::begin().await?;
    scene.question("Vorher", "Eine gewöhnliche Mail.").await?;

    let mut rubbish: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    rubbish.extend_from_slice(b"\r\nhier steht etwas lesbares\r\n");
    put_into_mailbox(&scene, "rubbish", &rubbish)?;
    put_into_mailbox(&scene, "empty", b"")?;
    scene.question("Nachher", "Noch eine gewöhnliche Mail.").await?;

    let what = "the rubbish as text";
    let readable = |seen: &Seen| seen.body().contains("hier steht etwas lesbares");
    scene.clerk.sees(what, readable).await?.trusted()?;
    let told = scene.notice("das nicht gelesen werden konnte und beiseitegelegt wurde").await?;
    assert!(told.body().contains("leer"), "{}", told.body());
    assert!(told.body().contains("Kennung"), "{}", told.body());
    Ok(())
}

#[tokio::test]
async fn a_mail_with_ten_thousand_parts_is_shown_up_to_the_limit_and_says_so() -> Result<()> {
    let scene = Scene::begin().await?;
    let part = |number| format!("--grenze\r\nContent-Type: text/plain\r\n\r\nTeil {number}.\r\n");
    let parts: String = (1..=10_000).map(part).collect();
    let mail = format!(
        "From: <{}>\r\nSubject: Viele Teile\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=grenze\r\n\r\n{parts}--grenze--\r\n",
        CITIZEN.user
    );
    scene.citizen.send_raw(mail.as_bytes()).await?;
    let what = "the sentence about the parts";
    let cut = scene.clerk.sees(what, |seen| seen.body().contains("aus zu vielen Teilen")).await?;
    assert!(cut.trusted()?.body().contains("Teil 1."), "{}", cut.body());
    assert!(!cut.body().contains("Teil 9999."), "{}", cut.body());
    scene.question("Nachher", "Eine gewöhnliche Mail.").await?;
    Ok(())
}

#[tokio::test]
async fn mailing_lists_and_auto_replies_are_shown_compactly_and_never_answered() -> Result<()> {
    let scene = Scene::begin().await?;
    for (text, header) in [
        ("Neues vom Verein.", "List-Id: <verein.citizen.test>\r\nPrecedence: list"),
        ("Ich bin im Urlaub.", "Auto-Submitted: auto-replied\r\nX-Autoreply: yes"),
    ] {
        let mail = format!(
            "From: <{}>\r\nSubject: {text}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             {header}\r\n\r\n{text}\r\n",
            CITIZEN.user
        );
        scene.citizen.send_raw(mail.as_bytes()).await?;
        let shown = scene.notice(text).await?;
        assert!(shown.body().contains("Automatische Nachricht:"), "{}", shown.body());
    }
    // Had either been answered, the answer would be there before this one.
    let question = scene.question("Nachher", "Eine Frage.").await?;
    scene.answer(&question, "Eine Antwort.").await?;
    assert_eq!(scene.citizen.mailbox.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn our_own_mail_coming_back_is_not_shown() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question("Antrag", "Eine Frage.").await?;
    let answer = scene.answer(&question, "Unsere eigenen Worte.").await?;
    scene.citizen.send_raw(&answer.raw).await?;
    let ignored = "viadukt_judged_messages_total{outcome=\"ignore\",worker=\"buergerpost\"} 1";
    scene.counted(ignored).await?;
    scene.question("Nachher", "Noch eine Frage.").await?;
    assert_eq!(scene.times_shown("Unsere eigenen Worte."), 0);
    Ok(())
}

#[tokio::test]
async fn a_bounce_of_our_mail_is_told_in_its_thread() -> Result<()> {
    let scene = Scene::begin().await?;
    let Scene { clerk, room, .. } = &scene;
    let begun = clerk.say(room, "!new niemand@citizen.test Bescheid\nAnbei Ihr Bescheid.").await?;
    let words = "meldet, dass diese Nachricht nicht zugestellt wurde";
    let told = scene.notice(words).await?;
    assert_eq!(told.thread(), Some(&*begun));
    Ok(())
}

#[tokio::test]
async fn hostile_headers_reach_neither_the_room_nor_the_answer() -> Result<()> {
    let scene = Scene::begin().await?;
    let references: String = (0..500).map(|n| format!(" <{n}@a.test>\r\n")).collect();
    let mail = format!(
        "From: =?utf-8?Q?Amt=0D=0ABcc=3A_opfer=40citizen.test?= <{citizen}>\r\n\
         Subject: =?utf-8?Q?Gewinn=0D=0ABcc=3A_opfer=40citizen.test=E2=80=AEfdp.exe?=\r\n\
         Message-ID: <a\"b><c@evil.test>\r\n\
         In-Reply-To: <x@evil.test>>\r\n Bcc: opfer@citizen.test\r\n\
         References:{references}\
         Reply-To: <{agency}>\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n\
         <h1 onclick=\"x()\">Sie haben gewonnen</h1><form action=\"https://evil.test\">\
         <a href=\"javascript:x()\">hier</a></form>\r\n",
        citizen = CITIZEN.user,
        agency = AGENCY.user,
    );
    scene.citizen.send_raw(mail.as_bytes()).await?;
    let what = "the hostile mail";
    let question =
        scene.clerk.sees(what, |seen| seen.body().contains("Sie haben gewonnen")).await?;
    let html = question.trusted()?.html().context("no HTML")?;
    for forbidden in ["onclick", "javascript:", "<form"] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
    assert!(!question.body().contains('\u{202e}'), "{:?}", question.body());
    let name = question.speaker().context("no speaker")?;
    assert!(!name.contains(['\r', '\n']), "{name:?}");

    let answer = scene.answer(&question, "Nein, danke.").await?;
    assert_eq!(answer.header("Bcc"), None);
    assert!(!answer.subject().contains(['\r', '\n', '\u{202e}']), "{:?}", answer.subject());
    let count = |name: &str| answer.parsed.headers().iter().filter(|h| h.name() == name).count();
    assert_eq!(["Subject", "From", "To", "Message-ID"].map(count), [1; 4]);
    Ok(())
}

#[tokio::test]
async fn an_unencrypted_event_in_the_room_is_refused_and_told() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question("Antrag", "Eine Frage.").await?;
    let clerk = clerk_api(&scene).await?;
    let content = in_thread(&question.event_id, "Offen über die Leitung.");
    let path = format!("rooms/{}/send/m.room.message/1", scene.room);
    clerk.ask(Method::PUT, &path, &content).await?;
    let told = scene.notice("Eine unverschlüsselte Nachricht von").await?;
    assert!(told.body().contains(scene.clerk.user.as_str()), "{}", told.body());
    scene.answer(&question, "Verschlüsselt.").await?;
    assert_eq!(scene.citizen.mailbox.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_member_who_is_not_among_the_senders_sends_nothing_out_and_is_told() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question("Antrag", "Eine Frage.").await?;
    let stranger = scene.testbed.stranger().await?;
    let path = format!("rooms/{}/invite", scene.room);
    let invited = json!({ "user_id": stranger.user });
    clerk_api(&scene).await?.ask(Method::POST, &path, &invited).await?;
    stranger.join(ROOM).await?;
    let content = in_thread(&question.event_id, "Das sage ich Ihnen.");
    let refused = stranger.send(&scene.room, content).await?;
    let told = scene.notice("Sie stehen nicht auf der Liste").await?;
    assert_eq!(told.thread(), Some(&*question.event_id));
    let answered = &told.content["m.relates_to"]["m.in_reply_to"]["event_id"];
    assert_eq!(*answered, refused.as_str());
    scene.answer(&question, "Das sage ich Ihnen wirklich.").await?;
    assert_eq!(scene.citizen.mailbox.mails().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_invitation_from_someone_who_is_not_on_the_list_is_ignored() -> Result<()> {
    let scene = Scene::prepared(|testbed, bridge| {
        let clerk = testbed.synapse.user_id(testbed.clerk_account().user);
        let matrix = bridge.config.get_mut("matrix").and_then(toml::Value::as_table_mut);
        matrix.context("no [matrix]")?.insert("invites".to_owned(), vec![clerk].into());
        Ok(())
    })
    .await?;
    let stranger = scene.testbed.stranger().await?;
    let bot = [scene.testbed.bot().try_into()?];
    let foreign = stranger.open_room("Fremd", &bot, true).await?;
    scene.counted("viadukt_judged_messages_total{outcome=\"ignore\",worker=\"matrix\"} 1").await?;

    let own = scene.clerk.open_room("Eigen", &bot, true).await?;
    let joined = |room: OwnedRoomId| {
        let bot = scene.testbed.bot();
        move |seen: &Seen| {
            seen.room == room && seen.sender == bot && seen.content["membership"] == "join"
        }
    };
    scene.clerk.sees("viadukt in the clerk's room", joined(own)).await?;
    let history = stranger.history(&foreign).await?;
    assert!(!history.iter().any(joined(foreign)), "it joined");
    Ok(())
}

/// Puts a mail into the agency's mailbox past any mail server, which would mend it.
fn put_into_mailbox(scene: &Scene, name: &str, mail: &[u8]) -> Result<()> {
    let new = scene.testbed.dovecot.mailbox(AGENCY.user).join("new");
    fs::write(new.join(name), mail).map_err(Into::into)
}

/// What a client that knows nothing of encryption would send in the thread of `root`.
fn in_thread(root: &EventId, text: &str) -> serde_json::Value {
    json!({
        "msgtype": "m.text",
        "body": text,
        "m.relates_to": { "rel_type": "m.thread", "event_id": root },
    })
}

async fn clerk_api(scene: &Scene) -> Result<Api> {
    let account = scene.testbed.clerk_account();
    Api::login(&scene.testbed.synapse, account.user, account.password).await
}
