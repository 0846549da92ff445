//! What the SMS centre does wrong costs nobody a message, and the clerk hears what they must
//! know.

use anyhow::Result;
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};

use super::scene::{DELIVERED, ERIKA, SENT, Scene};

fn usual() -> Behaviour {
    Behaviour { receipts: Receipts::Now, ..Behaviour::default() }
}

#[tokio::test]
async fn throttled_dropped_and_doubled_each_message_arrives_once_and_in_order() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question(ERIKA, "Hallo?").await?;
    for (name, behaviour) in [
        ("gedrosselt", Behaviour { refuse: 5, ..usual() }),
        ("abgewiesen, da voll", Behaviour { refuse: 5, status: 0x14, ..usual() }),
        ("doppelt beantwortet", Behaviour { double: 10, ..usual() }),
        ("langsam", Behaviour { delay: 300, ..usual() }),
    ] {
        scene.centre.behave(&behaviour).await?;
        let texts: Vec<_> = (1..=6).map(|number| format!("{name}, Nr. {number}")).collect();
        let mut last = None;
        for text in &texts {
            last = Some(scene.clerk.answer(&question, text).await?);
        }
        for text in &texts {
            scene.phone(ERIKA).receives(text, |came| came == text).await?;
        }
        scene.marked(&last.unwrap_or(question.event_id.clone()), SENT).await?;
        let came = scene.phone(ERIKA).messages().await?;
        let came: Vec<_> = came.iter().filter_map(|sms| sms.text()).collect();
        assert_eq!(came[came.len() - texts.len()..], texts, "{name}: once and in order");
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_told_as_unknown_and_its_late_receipt_settles_it() -> Result<()> {
    let scene = Scene::with("[smpp]\nresponse_timeout = '2s'").await?;
    let question = scene.question(ERIKA, "Hallo?").await?;
    let behaviour = Behaviour { lose: 1, receipts: Receipts::Late, ..Behaviour::default() };
    scene.centre.behave(&behaviour).await?;
    let doubtful = scene.clerk.answer(&question, "Ist das angekommen?").await?;
    scene.notice("nicht bekannt").await?;
    assert_eq!(scene.times_received(ERIKA, "Ist das angekommen?").await?, 1, "not sent again");
    assert_eq!(scene.bridge.dead_letters().await?.len(), 1, "a person may decide");

    scene.centre.release().await?;
    scene.marked(&doubtful, DELIVERED).await?;
    assert_eq!(scene.bridge.dead_letters().await?, [""; 0], "nothing is left to decide");
    scene.centre.behave(&usual()).await?;
    let next = scene.clerk.answer(&question, "Und das?").await?;
    scene.marked(&next, DELIVERED).await?;
    Ok(())
}

#[tokio::test]
async fn sessions_that_break_lose_nothing_in_either_direction() -> Result<()> {
    let scene = Scene::begin().await?;
    let question = scene.question(ERIKA, "Hallo?").await?;
    for number in 1..=5 {
        scene.centre.hang_up().await?;
        let (there, back) = (format!("Hin {number}."), format!("Her {number}."));
        let answer = scene.clerk.answer(&question, &there).await?;
        scene.question(ERIKA, &back).await?;
        scene.phone(ERIKA).receives(&there, |came| came == there).await?;
        scene.marked(&answer, DELIVERED).await?;
        assert_eq!((scene.times_shown(&back), scene.times_received(ERIKA, &there).await?), (1, 1));
    }
    Ok(())
}

#[tokio::test]
async fn both_directions_wait_while_the_centre_is_away() -> Result<()> {
    let scene = Scene::with("tell_after = '1s'").await?;
    let question = scene.question(ERIKA, "Vorher.").await?;
    scene.centre.pause().await?;
    let texts: Vec<_> = (1..=3).map(|number| format!("Mitten im Ausfall {number}.")).collect();
    let mut answers = Vec::new();
    for text in &texts {
        answers.push(scene.clerk.answer(&question, text).await?);
    }
    scene.phone(ERIKA).write("Auch ich warte.").await?;
    scene.notice("konnte noch nicht zugestellt werden").await?;
    scene.centre.resume().await?;
    scene.shown("Auch ich warte.").await?;
    for (text, answer) in texts.iter().zip(&answers) {
        scene.phone(ERIKA).receives(text, |came| came == text).await?;
        scene.marked(answer, DELIVERED).await?;
        assert_eq!(scene.times_received(ERIKA, text).await?, 1);
    }
    let came = scene.phone(ERIKA).messages().await?;
    let came: Vec<_> = came.iter().filter_map(|sms| sms.text()).collect();
    assert_eq!(came[came.len() - 3..], texts, "in order");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_made_durable_stays_with_the_network() -> Result<()> {
    let mut scene = Scene::begin().await?;
    scene.question(ERIKA, "Vorher.").await?;
    scene.bridge.kill9().await?;
    scene.phone(ERIKA).write("Niemand ist da.").await?;
    scene.bridge.set_env("VIADUKT_FAILPOINT", Some("accept.before-commit:1"));
    scene.bridge.start()?;
    scene.bridge.set_env("VIADUKT_FAILPOINT", None);
    scene.bridge.ended().await?;
    assert_eq!(scene.times_shown("Niemand ist da."), 0);
    scene.bridge.start()?;
    scene.bridge.ready().await?;
    scene.shown("Niemand ist da.").await?;
    scene.quiet().await?;
    assert_eq!(scene.times_shown("Niemand ist da."), 1);
    Ok(())
}
