//! An application and the room: what it tells is shown once, and what the clerk answers reaches
//! it, signed.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use tokio::time::sleep;
use viadukt_testbed::servers::Reply;
use viadukt_testbed::servers::packages::{apprise, verify};
use viadukt_testbed::talk::intranet::tell;

use super::scene::{KEY, SENT, Scene, TOKEN};

#[tokio::test]
async fn what_is_told_is_shown_and_the_answer_is_signed() -> Result<()> {
    let scene = Scene::begin().await?;
    let told = scene.told("msg_1", "Ein Antrag für 3 € ist da. Grüße 👩‍💻").await?;
    let answer = scene.clerk.answer(&told, "Bitte bis „Freitag“ warten. 🎉").await?;
    let call = scene.called("Bitte bis „Freitag“ warten. 🎉").await?;
    assert_eq!(verify(KEY, &call).await?, None);
    assert_eq!(call.target, "/eingang");
    scene.marked(&answer, SENT).await?;

    // The application again, in the same conversation, and the same once more.
    let next = scene.told("msg_2", "Der Antrag wartet.").await?;
    assert_eq!(next.thread(), Some(told.thread().unwrap_or(&told.event_id)));
    ensure!(scene.tell("msg_2", "Der Antrag wartet.").await? / 100 == 2);
    scene.told("msg_3", "Der Antrag ist fertig.").await?;
    assert_eq!(scene.times_shown("Der Antrag wartet."), 1);
    Ok(())
}

#[tokio::test]
async fn apprise_reaches_the_room_and_a_stranger_does_not() -> Result<()> {
    let scene = Scene::begin().await?;
    let place = scene.hooks.trim_start_matches("http://").to_owned();
    let stranger = format!("json://{place}/app/{}", TOKEN.replace('g', "x"));
    ensure!(apprise(&stranger, "Störung", "Ich bin niemand.").await.is_err());
    apprise(&format!("json://{place}/app/{TOKEN}"), "Störung", "Der Aufzug steht.").await?;
    scene.shown("Der Aufzug steht.").await?;
    assert_eq!(scene.times_shown("Ich bin niemand."), 0);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_not_taken() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.bridge.kill9().await?;
    scene.bridge.set_env("VIADUKT_FAILPOINT", Some("accept.before-commit:1"));
    scene.bridge.start()?;
    scene.bridge.set_env("VIADUKT_FAILPOINT", None);
    let hooks = scene.hooks.clone();
    // It calls as long as the bridge lives, and is answered nothing.
    let calls = async {
        loop {
            if let Ok(status) = tell(&hooks, "app", "msg_1", "Niemand ist da.").await {
                break status;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = scene.bridge.ended() => drop(ended?),
        status = calls => bail!("{status} was said before it was durable"),
    }
    assert_eq!(scene.times_shown("Niemand ist da."), 0);
    scene.bridge.start()?;
    scene.bridge.ready().await?;
    scene.told("msg_1", "Niemand ist da.").await?;
    scene.told("msg_2", "Jemand ist da.").await?;
    assert_eq!(scene.times_shown("Niemand ist da."), 1);
    Ok(())
}

#[tokio::test]
async fn answers_wait_while_the_application_is_away_and_keep_their_order() -> Result<()> {
    let scene = Scene::with("tell_after = '1s'").await?;
    let told = scene.told("msg_1", "Wer hat Zeit?").await?;
    scene.application.pause().await;
    let texts: Vec<_> = (1..=3).map(|number| format!("Mitten im Ausfall {number}.")).collect();
    let mut answers = Vec::new();
    for text in &texts {
        answers.push(scene.clerk.answer(&told, text).await?);
    }
    scene.shown("konnte noch nicht zugestellt werden").await?;
    scene.application.resume().await?;
    for (text, answer) in texts.iter().zip(&answers) {
        scene.called(text).await?;
        scene.marked(answer, SENT).await?;
    }
    let calls = scene.application.requests();
    let place = |text: &String| calls.iter().position(|call| call.text().contains(text.as_str()));
    let places: Vec<_> = texts.iter().map(place).collect();
    assert_eq!(places, [Some(0), Some(1), Some(2)], "once and in order");
    Ok(())
}

#[tokio::test]
async fn who_says_gone_is_called_no_more_and_the_room_is_told() -> Result<()> {
    let scene = Scene::begin().await?;
    let told = scene.told("msg_1", "Wer hat Zeit?").await?;
    scene.application.answer(Reply::status(410));
    scene.clerk.answer(&told, "Ich.").await?;
    scene.shown("möchte keine Nachrichten mehr").await?;
    assert_eq!(scene.application.requests().len(), 1);
    Ok(())
}
