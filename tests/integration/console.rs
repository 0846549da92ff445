//! The console in a real browser, on the real program.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use viadukt_testbed::servers::{Stage, browse};

use crate::operations::refused;
use crate::scene::Scene;

/// With `CONSOLE_SHOTS` set to a folder, pictures of every page are left there.
#[tokio::test]
async fn a_person_walks_through_the_console_in_a_browser() -> Result<()> {
    let scene = Scene::prepared(|_, bridge| {
        let http = bridge.config.get_mut("http").and_then(toml::Value::as_table_mut);
        http.context("no [http]")?.insert("console".to_owned(), toml::Table::new().into());
        Ok(())
    })
    .await?;
    let question = scene.question("Antrag", "Eine Frage nach Wollgras.").await?;
    scene.answer(&question, "Eine Antwort.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, Some("550 5.7.1 No"));
    let requeue = refused(&scene, &question, "Zum Wiederholen.").await?;
    let discard = refused(&scene, &question, "Zum Verwerfen.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);

    let token = fs::read_to_string(scene.testbed.folder().join("data/admin.token"))?;
    let places = [
        "/console".to_owned(),
        "/console/conversations".to_owned(),
        "/console/trace".to_owned(),
        format!("/console/trace/{requeue}"),
        "/console/trace/01JD2Z5Y3V0Q8R6T4W2X1Z9B7C".to_owned(),
        "/console/deadletters".to_owned(),
        format!("/console/deadletters/{discard}/discard"),
        "/console/contacts".to_owned(),
        "/console/test".to_owned(),
        "/console/record".to_owned(),
    ];
    let task = json!({
        "base": scene.bridge.url(),
        "token": token,
        "places": places,
        "requeue": requeue,
        "discard": discard,
        "bridge": "buergerpost",
        "shots": std::env::var("CONSOLE_SHOTS").ok(),
    });
    let found = browse(include_str!("console/walk.js"), task).await?;
    for what in ["accessibility", "policy", "scripts", "wide", "languages"] {
        let none = found[what].as_array().is_some_and(Vec::is_empty);
        ensure!(none, "{what}: {:#}", found[what]);
    }
    assert_eq!(found["left"], "/console/login");

    scene.citizen.receives("it", |mail| mail.text().contains("Zum Wiederholen.")).await?;
    scene.notice("Dies ist eine Probe aus der Konsole.").await?;
    scene.counted("viadukt_dead_letters{worker=\"buergerpost\"} 0").await?;
    said(&found, &[&requeue, &discard, "Anna", "IMAP"])
}

/// What the pages said holds every one of `words`, and nothing that anybody wrote.
fn said(found: &Value, words: &[&str]) -> Result<()> {
    let notes = found["notes"].to_string();
    for word in words {
        ensure!(notes.to_lowercase().contains(&word.to_lowercase()), "{word} is not in {notes}");
    }
    for word in ["Wollgras", "@", "erika"] {
        ensure!(!notes.contains(word), "{word} is in {notes}");
    }
    Ok(())
}
