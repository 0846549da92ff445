//! The restore drill: the data folder is lost, and an export made while messages flowed brings
//! back what was known, as a new device of the same identity.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use viadukt_testbed::servers::Stage;
use viadukt_testbed::{Bridge, Testbed};

use crate::scene::{Scene, program};

const LATER: &str = "450 4.3.0 Come back later";

#[tokio::test]
async fn a_lost_data_folder_comes_back_from_an_export_made_while_it_ran() -> Result<()> {
    let mut scene = Scene::prepared(patient).await?;
    let keys = AgeKeys::make(scene.testbed.folder()).await?;
    let question = scene.question("Antrag", "Wo liegt mein Antrag?").await?;
    let answered = scene.answer(&question, "Auf dem Tisch.").await?;

    // While messages flow: whatever moment it is, it is of one piece.
    let busy = scene.testbed.folder().join("busy.age");
    let export = export(&scene.bridge, &busy, &keys);
    let (exported, flowed) = tokio::join!(export, flow(&scene));
    exported?;
    flowed?;
    let verified = verify(&scene.bridge, &busy, &keys).await?;
    ensure!(verified.contains("Alles ist, wie es sein soll"), "{verified}");

    // What waits: an answer that the mail server puts off, and a mail that has no room yet. The
    // old device brings the mail into the room later, which the export cannot know.
    scene.testbed.postfix.answer(Stage::Recipient, Some(LATER));
    scene.clerk.answer(&question, "Diese Antwort wartet.").await?;
    scene.notice("konnte noch nicht zugestellt werden").await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);
    scene.testbed.synapse.stop().await?;
    scene.citizen.write("Wartend", "Dieser Brief wartet.").await?;
    scene.counted("viadukt_accepted_items_total{worker=\"buergerpost\"} 5").await?;
    let file = scene.testbed.folder().join("viadukt.age");
    self::export(&scene.bridge, &file, &keys).await?;
    scene.testbed.synapse.resume().await?;
    scene.clerk.sees("the letter", |seen| seen.body().contains("Brief wartet")).await?;

    scene.bridge.kill9().await?;
    let data = scene.testbed.folder().join("data");
    let old_device = device(&data)?;
    let refused = import(&scene.bridge, &file, &keys).await.err().context("imported over it")?;
    ensure!(refused.to_string().contains("is not empty"), "{refused}");
    fs::remove_dir_all(&data)?;
    let told = import(&scene.bridge, &file, &keys).await?;
    ensure!(told.contains("1 wartende Zustellungen"), "{told}");
    scene.bridge.start()?;
    scene.bridge.ready().await?;

    let waiting = |mail: &viadukt_testbed::Mail| mail.text().contains("Diese Antwort wartet.");
    scene.citizen.receives("the answer that waited", waiting).await?;
    // The old conversation goes on in its thread, both ways, and clients trust the new device.
    scene.citizen.reply(&answered, "Und wann ist er fertig?").await?;
    let further = scene.clerk.sees("the reply", |seen| seen.body().contains("wann ist")).await?;
    assert_eq!(further.trusted()?.thread(), Some(&*question.event_id));
    scene.answer(&question, "Am Montag.").await?;
    scene.question("Neu", "Ein neuer Antrag.").await?;
    assert_ne!(device(&data)?, old_device);

    for text in texts().iter().map(String::as_str).chain(["Dieser Brief wartet.", "Wo liegt"]) {
        assert_eq!(scene.times_shown(text), 1, "{text}");
    }
    let mails = scene.citizen.mailbox.mails().await?;
    for text in ["Auf dem Tisch.", "Diese Antwort wartet.", "Am Montag."] {
        let times = mails.iter().filter(|mail| mail.text().contains(text)).count();
        assert_eq!(times, 1, "{text}");
    }
    Ok(())
}

/// What the mail server puts off is told at the second attempt (its pause varies by a fifth, and must
/// not be shorter than `tell_after`), and then waits.
fn patient(_: &Testbed, bridge: &mut Bridge) -> Result<()> {
    let smtp = bridge.mail_config()?.get_mut("smtp").and_then(toml::Value::as_table_mut);
    let smtp = smtp.context("no [bridges.buergerpost.smtp]")?;
    smtp.insert("retry".to_owned(), vec!["2s", "1h"].into());
    smtp.insert("tell_after".to_owned(), "1s".into());
    Ok(())
}

fn texts() -> Vec<String> {
    (1..=3).map(|number| format!("Mitten im Export {number}.")).collect()
}

/// The citizen writes, and the clerk sees it.
async fn flow(scene: &Scene) -> Result<()> {
    for text in texts() {
        scene.citizen.write("Export", &text).await?;
    }
    for text in texts() {
        scene.clerk.sees(&text, |seen| seen.body().contains(&text)).await?;
    }
    Ok(())
}

/// The keys of somebody who keeps the exports.
struct AgeKeys {
    public: String,
    file: PathBuf,
}

impl AgeKeys {
    async fn make(folder: &Path) -> Result<Self> {
        let file = folder.join("age.key");
        let made = Command::new("age-keygen").arg("-o").arg(&file).output().await;
        ensure!(made.context("age-keygen (tests/setup)")?.status.success());
        let text = fs::read_to_string(&file)?;
        let public = text.lines().find_map(|line| line.strip_prefix("# public key: "));
        Ok(Self { public: public.context("no public key")?.to_owned(), file })
    }
}

async fn export(bridge: &Bridge, file: &Path, keys: &AgeKeys) -> Result<String> {
    viadukt(bridge, |command| command.arg("export").arg(file).args(["-r", &keys.public])).await
}

async fn import(bridge: &Bridge, file: &Path, keys: &AgeKeys) -> Result<String> {
    viadukt(bridge, |command| command.arg("import").arg(file).arg("-i").arg(&keys.file)).await
}

async fn verify(bridge: &Bridge, file: &Path, keys: &AgeKeys) -> Result<String> {
    viadukt(bridge, |command| command.arg("verify").arg(file).arg("-i").arg(&keys.file)).await
}

/// Runs a command of the operator; gives what it says.
async fn viadukt(
    bridge: &Bridge,
    words: impl FnOnce(&mut Command) -> &mut Command,
) -> Result<String> {
    let mut command = Command::new(program());
    command.arg("--config").arg(bridge.config_file());
    let output = words(&mut command).output().await?;
    let (said, complained) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(output.status.success(), "{}: {said}{complained}", output.status);
    Ok(said)
}

/// The hub's device.
fn device(data: &Path) -> Result<String> {
    let session = fs::read_to_string(data.join("matrix/session.json"))?;
    let session: serde_json::Value = serde_json::from_str(&session)?;
    Ok(session["device"].as_str().context("no device")?.to_owned())
}
