//! What is logged about messages: enough to follow each, and nothing of a person.

use anyhow::{Result, ensure};
use serde_json::Value;
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};

use super::scene::{DELIVERED, ERIKA, MAX, Scene};

#[tokio::test]
async fn the_log_names_every_message_and_nobody_in_it() -> Result<()> {
    let mut scene = Scene::talkative("[smpp]\nresponse_timeout = '2s'").await?;
    let question = scene.question(ERIKA, "Wollgras, Tel. 0171 5550123.").await?;
    let answer = scene.clerk.answer(&question, "Zitronenfalter.").await?;
    scene.marked(&answer, DELIVERED).await?;
    scene.clerk.say(&scene.room, &format!("!sms {MAX} Moorfrosch.")).await?;
    scene.phone(MAX).receives("it", |came| came == "Moorfrosch.").await?;
    let behaviour = Behaviour { lose: 1, receipts: Receipts::Late, ..Behaviour::default() };
    scene.centre.behave(&behaviour).await?;
    scene.clerk.answer(&question, "Feuersalamander.").await?;
    scene.notice("nicht bekannt").await?;
    scene.centre.release().await?;
    scene.centre.behave(&Behaviour { refuse: 1, status: 0x0B, ..Behaviour::default() }).await?;
    scene.clerk.answer(&question, "Sumpfdotter.").await?;
    scene.notice("nicht zugestellt").await?;
    scene.centre.hang_up().await?;
    scene.question(MAX, "Uferschnepfe.").await?;
    scene.bridge.terminate().await?;

    let log = scene.bridge.log();
    for line in log.lines().filter(|line| !line.trim().is_empty()) {
        let line: Value = serde_json::from_str(line)?;
        let message = line["fields"]["message"].as_str().unwrap_or_default();
        let is_about_one = ["judged", "attempted", "dead letter"].contains(&message);
        ensure!(!is_about_one || line["fields"]["item"].is_string(), "which message? {line}");
    }
    for outcome in ["delivered", "unknown", "refused"] {
        ensure!(log.contains(&format!("\"outcome\":\"{outcome}\"")), "nothing was {outcome}");
    }
    let (erika, max) = (ERIKA.trim_start_matches('+'), MAX.trim_start_matches('+'));
    for word in [
        "Wollgras",
        "5550123",
        "Zitronenfalter",
        "Moorfrosch",
        "Feuersalamander",
        "Sumpfdotter",
        "Uferschnepfe",
        // Numbers in every spelling: all end with what follows the country's code.
        &erika[2..],
        &max[2..],
        "agency.test",
        scene.clerk.user.as_str(),
    ] {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word:?} is in the log");
    }
    Ok(())
}
