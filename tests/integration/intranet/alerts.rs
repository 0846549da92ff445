//! Alertmanager and the room: one message for each alert, from its beginning to its end; and the
//! room silences what it has seen.

use anyhow::{Context, Result, ensure};
use viadukt_testbed::servers::alertmanager::{Pairs, Silence};
use viadukt_testbed::{Seen, until};

use super::scene::Scene;

const DISK: Pairs<'_> =
    &[("alertname", "PlatteVoll"), ("instance", "db1"), ("severity", "critical")];
const WORDS: Pairs<'_> = &[("summary", "Die Platte von db1 ist zu 97 % voll")];

impl Scene {
    /// An alert fires, and the clerk sees it.
    async fn fires(&self) -> Result<Seen> {
        self.alertmanager.fire(DISK, WORDS).await?;
        self.shown("zu 97 % voll").await
    }

    /// Waits until Alertmanager has a silence.
    async fn silenced(&self) -> Result<Silence> {
        until("a silence", async || {
            let silences = self.alertmanager.silences().await?;
            Ok(silences.into_iter().find(Silence::is_active))
        })
        .await
    }
}

#[tokio::test]
async fn an_alert_is_one_message_and_its_end_is_written_into_it() -> Result<()> {
    let scene = Scene::begin().await?;
    let fired = scene.fires().await?;
    scene.alertmanager.resolve(DISK, WORDS).await?;
    scene.edited(&fired, "Behoben").await?;
    assert_eq!(scene.times_shown("zu 97 % voll"), 1);

    // The next time it is a new message: the old one has ended.
    scene.alertmanager.fire(DISK, WORDS).await?;
    let again = |seen: &Seen| {
        seen.body().contains("zu 97 % voll")
            && seen.edits().is_none()
            && seen.event_id != fired.event_id
    };
    scene.clerk.sees("the alert again", again).await?.trusted()?;
    Ok(())
}

#[tokio::test]
async fn a_reply_silences_the_alert_and_the_room_is_told() -> Result<()> {
    let scene = Scene::begin().await?;
    let fired = scene.fires().await?;
    scene.clerk.answer(&fired, "!silence 2h").await?;
    let silence = scene.silenced().await?;
    let mut matched: Vec<_> =
        silence.matchers.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    matched.sort_unstable();
    assert_eq!(matched, DISK);
    let hours = silence.ends_at.duration_since(silence.starts_at).as_secs_f64() / 3_600.0;
    ensure!((1.9..=2.1).contains(&hours), "{silence:?}");
    scene.shown("ausgeführt").await?;
    Ok(())
}

#[tokio::test]
async fn a_mark_silences_the_alert_and_the_room_is_told() -> Result<()> {
    let scene = Scene::begin().await?;
    let fired = scene.fires().await?;
    scene.clerk.react(&fired, "🔕").await?;
    let silence = scene.silenced().await?;
    ensure!(silence.created_by.contains("clerk"), "{silence:?}");
    scene.shown("ausgeführt").await?;
    Ok(())
}

#[tokio::test]
async fn what_fires_and_is_silenced_while_the_other_is_away_comes_after_all() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.bridge.terminate().await?;
    scene.alertmanager.fire(DISK, WORDS).await?;
    scene.bridge.start()?;
    scene.bridge.ready().await?;
    let fired = scene.shown("zu 97 % voll").await?;

    scene.alertmanager.pause();
    scene.clerk.answer(&fired, "!silence 2h").await?;
    until("a vain attempt", async || Ok(scene.bridge.log().contains("intranet-").then_some(())))
        .await
        .context("nothing was tried")?;
    scene.alertmanager.resume().await?;
    scene.silenced().await?;
    scene.shown("ausgeführt").await?;
    Ok(())
}
