//! What fails around viadukt costs nobody a message, and the clerk hears what they must know.

use std::fs;

use anyhow::{Context, Result};
use matrix_sdk::reqwest::Method;
use serde_json::json;
use viadukt_testbed::servers::Stage;
use viadukt_testbed::{AGENCY, SmallDisk, until};

use crate::scene::{Api, Scene, impatient};

const LATER: &str = "450 4.3.0 Come back later";
const NEVER: &str = "550 5.7.1 Not from you";

#[tokio::test]
async fn mails_and_answers_wait_while_the_homeserver_is_away() -> Result<()> {
    let mut scene = Scene::prepared(impatient).await?;
    let question = scene.question("Vorher", "Noch ist alles gut.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, Some(LATER));
    let waiting = scene.clerk.answer(&question, "Ich warte im Ausgang.").await?;
    scene.notice("konnte noch nicht zugestellt werden").await?;

    scene.testbed.synapse.stop().await?;
    scene.readiness((503, "matrix")).await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);
    // The way out needs no homeserver.
    scene.citizen.receives("the answer", |mail| mail.text().contains("im Ausgang")).await?;
    let texts: Vec<_> = (1..=5).map(|number| format!("Mitten im Ausfall {number}.")).collect();
    for text in &texts {
        scene.citizen.write("Ausfall", text).await?;
    }
    scene.counted("viadukt_accepted_items_total{worker=\"buergerpost\"} 6").await?;

    scene.testbed.synapse.resume().await?;
    for text in &texts {
        let shown = scene.clerk.sees(text, |seen| seen.body().contains(text)).await?;
        shown.trusted()?;
    }
    scene.sent(&waiting).await?;
    scene.readiness((200, "")).await?;
    scene.answer(&question, "Und weiter geht es.").await?;
    for text in &texts {
        assert_eq!(scene.times_shown(text), 1, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn mails_come_in_again_after_dovecot_was_restarted() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.question("Vorher", "Vor dem Neustart.").await?;
    scene.testbed.dovecot.pause();
    scene.readiness((503, "buergerpost")).await?;
    // Postfix keeps it until Dovecot is back.
    scene.citizen.write("Dazwischen", "Während des Neustarts.").await?;
    scene.testbed.dovecot.resume().await?;
    scene.clerk.sees("the mail", |seen| seen.body().contains("Während des Neustarts.")).await?;
    scene.question("Nachher", "Nach dem Neustart.").await?;
    scene.readiness((200, "")).await?;
    for text in ["Vor dem Neustart.", "Während des Neustarts.", "Nach dem Neustart."] {
        assert_eq!(scene.times_shown(text), 1, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_renumbered_mailbox_brings_no_mail_twice_and_loses_none() -> Result<()> {
    let mut scene = Scene::begin().await?;
    for number in 1..=3 {
        scene.question("Vorher", &format!("Alte Nummer {number}.")).await?;
    }
    scene.testbed.dovecot.renumber(AGENCY.user).await?;
    scene.question("Nachher", "Neue Nummer.").await?;
    scene.counted("viadukt_duplicate_items_total{worker=\"buergerpost\"} 3").await?;
    for text in ["Alte Nummer 1.", "Alte Nummer 2.", "Alte Nummer 3.", "Neue Nummer."] {
        assert_eq!(scene.times_shown(text), 1, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn postfix_putting_off_then_refusing_is_told_and_resend_repairs_it() -> Result<()> {
    let scene = Scene::prepared(impatient).await?;
    let Scene { clerk, citizen, testbed, .. } = &scene;
    let question = scene.question("Antrag", "Ist er angekommen?").await?;

    testbed.postfix.answer(Stage::Recipient, Some(LATER));
    let put_off = clerk.answer(&question, "Ja, am Montag.").await?;
    let told = scene.notice("konnte noch nicht zugestellt werden").await?;
    let answer = told.body().contains("450 4.3.0") && told.body().contains("Come back later");
    assert!(answer, "{}", told.body());
    assert_eq!(told.thread(), Some(&*question.event_id));
    testbed.postfix.answer(Stage::Recipient, None);
    citizen.receives("the answer", |mail| mail.text().contains("Ja, am Montag.")).await?;
    scene.sent(&put_off).await?;

    for stage in [Stage::Recipient, Stage::Data] {
        testbed.postfix.answer(stage, Some(NEVER));
        let text = format!("Abgelehnt bei {stage:?}.");
        let refused = clerk.answer(&question, &text).await?;
        let is_told = |told: &&viadukt_testbed::Seen| {
            told.body().contains("wurde nicht zugestellt")
                && told.content["m.relates_to"]["m.in_reply_to"]["event_id"] == refused.as_str()
        };
        let told = clerk.sees("the refusal", |seen| is_told(&seen)).await?;
        assert!(told.trusted()?.body().contains("550 5.7.1"), "{}", told.body());
        assert!(told.body().contains("!resend"), "{}", told.body());
        testbed.postfix.answer(stage, None);
        clerk.answer(&question, "!resend").await?;
        citizen.receives("the second try", |mail| mail.text().contains(&text)).await?;
        scene.sent(&refused).await?;
    }
    assert_eq!(citizen.mailbox.mails().await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_nearly_full_disk_takes_nothing_in_and_goes_on_when_space_is_freed() -> Result<()> {
    let mut disk = None;
    let scene = Scene::prepared(|testbed, bridge| {
        disk = Some(SmallDisk::mount(testbed, bridge)?);
        impatient(testbed, bridge)
    })
    .await?;
    let disk = disk.context("no disk")?;
    let question = scene.question("Vorher", "Noch ist Platz.").await?;

    // Less than `min_free_space`, and enough to finish what was taken in.
    disk.fill(24 << 20)?;
    scene.citizen.write("Voll", "Kein Platz für mich.").await?;
    let answer = scene.clerk.answer(&question, "Auch für mich nicht.").await?;
    scene.readiness((503, "no room")).await?;
    let stopped = scene.bridge.log().contains("no room for new input");
    assert!(stopped || scene.bridge.log().contains("no room"), "the log says nothing");
    assert_eq!(scene.times_shown("Kein Platz für mich."), 0);

    disk.free()?;
    let what = "the mail that waited";
    let shown = scene.clerk.sees(what, |seen| seen.body().contains("Kein Platz")).await?;
    shown.trusted()?;
    scene.sent(&answer).await?;
    scene.readiness((200, "")).await?;
    let mails = scene.citizen.mailbox.mails().await?;
    assert_eq!(mails.iter().filter(|mail| mail.text().contains("Auch für mich")).count(), 1);
    assert_eq!(scene.times_shown("Kein Platz für mich."), 1);
    Ok(())
}

#[tokio::test]
async fn a_disk_without_a_free_byte_loses_nothing() -> Result<()> {
    let mut disk = None;
    let mut scene = Scene::prepared(|testbed, bridge| {
        disk = Some(SmallDisk::mount(testbed, bridge)?);
        impatient(testbed, bridge)
    })
    .await?;
    let disk = disk.context("no disk")?;
    let question = scene.question("Vorher", "Noch ist Platz.").await?;

    disk.fill(0)?;
    scene.citizen.write("Voll", "Kein Byte für mich.").await?;
    let answer = scene.clerk.answer(&question, "Auch keines für mich.").await?;
    // It may wait, or end and leave it to its supervisor: both must be said.
    until("a word about the full disk", async || {
        let log = scene.bridge.log();
        Ok((log.contains("no room") || log.contains("space")).then_some(()))
    })
    .await?;

    disk.free()?;
    if scene.bridge.get("/health/live").await.is_err() {
        scene.bridge.ended().await?;
        scene.bridge.start()?;
        scene.bridge.ready().await?;
    }
    let what = "the mail that waited";
    let shown = scene.clerk.sees(what, |seen| seen.body().contains("Kein Byte")).await?;
    shown.trusted()?;
    scene.sent(&answer).await?;
    let mails = scene.citizen.mailbox.mails().await?;
    assert_eq!(mails.iter().filter(|mail| mail.text().contains("Auch keines")).count(), 1);
    assert_eq!(scene.times_shown("Kein Byte für mich."), 1);
    Ok(())
}

#[tokio::test]
async fn a_refused_token_ends_the_process_with_a_clear_error_and_no_loop() -> Result<()> {
    let mut scene = Scene::begin().await?;
    let password = fs::read_to_string(scene.testbed.folder().join("matrix.password"))?;
    let bot = Api::login(&scene.testbed.synapse, &scene.testbed.bot(), &password).await?;
    bot.ask(Method::POST, "logout/all", &json!({})).await?;

    let complaint = "the homeserver does not accept the access token";
    for starts in 1..=2 {
        assert_eq!(scene.bridge.ended().await?.code(), Some(69));
        let log = scene.bridge.log();
        assert_eq!(log.matches(complaint).count(), starts, "{log}");
        assert!(log.contains("find out who removed the bot's device"), "{log}");
        if starts == 1 {
            scene.bridge.start()?;
        }
    }
    Ok(())
}
