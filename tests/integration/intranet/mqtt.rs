//! Doors and the room: what a door says is shown once, and what the clerk answers reaches it.

use anyhow::{Context, Result};
use viadukt_testbed::until;

use super::scene::{SENT, Scene};

impl Scene {
    /// Waits until somebody else hears `text` under `topic`.
    async fn heard(&self, topic: &str, text: &str) -> Result<()> {
        let is_it = |(at, said): &(String, String)| at == topic && said.contains(text);
        until(format!("{text:?} under {topic}"), async || {
            Ok(self.doors.heard().iter().any(is_it).then_some(()))
        })
        .await
    }
}

#[tokio::test]
async fn a_door_and_the_room_talk() -> Result<()> {
    let scene = Scene::begin().await?;
    scene.broker.publish("door/tor", &["Jemand klingelt. Grüße 👩‍💻"]).await?;
    let rung = scene.shown("Jemand klingelt. Grüße 👩‍💻").await?;
    let answer = scene.clerk.answer(&rung, "Bitte „öffnen“ 🎉").await?;
    scene.heard("door/tor", "Bitte „öffnen“ 🎉").await?;
    scene.marked(&answer, SENT).await?;

    scene.broker.publish("door/tor", &["Offen."]).await?;
    let opened = scene.shown("Offen.").await?;
    assert_eq!(opened.thread(), Some(rung.thread().unwrap_or(&rung.event_id)));
    scene.broker.publish("door/keller", &["Auch offen."]).await?;
    let other = scene.shown("Auch offen.").await?;
    assert_ne!(other.thread(), Some(&*rung.event_id), "another door, another conversation");
    assert_eq!(scene.times_shown("Bitte „öffnen“"), 0, "our own words do not come back");
    Ok(())
}

#[tokio::test]
async fn both_wait_while_the_other_is_away() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.broker.publish("door/tor", &["Jemand klingelt."]).await?;
    let rung = scene.shown("Jemand klingelt.").await?;

    scene.bridge.terminate().await?;
    let texts: Vec<_> = (1..=20).map(|number| format!("Niemand ist da, {number}.")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    scene.broker.publish("door/tor", &texts).await?;
    scene.bridge.start()?;
    scene.bridge.ready().await?;
    for text in &texts {
        scene.shown(text).await?;
    }
    let seen = scene.clerk.seen();
    let place = |text: &&str| seen.iter().position(|seen| seen.body().contains(*text));
    let places: Vec<_> =
        texts.iter().map(place).collect::<Option<_>>().context("one is missing")?;
    assert!(places.is_sorted(), "in order: {places:?}");

    scene.broker.pause();
    let answer = scene.clerk.answer(&rung, "Ich komme.").await?;
    scene.broker.resume().await?;
    scene.heard("door/tor", "Ich komme.").await?;
    scene.marked(&answer, SENT).await?;
    Ok(())
}
