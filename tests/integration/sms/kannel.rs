//! The same over HTTP, with Kannel in between and its own fake SMS centre behind it.

use anyhow::{Context, Result};
use viadukt_testbed::{NUMBER, SMS_ROOM, Seen, Testbed, until};

use super::scene::{DELIVERED, ERIKA, keep_only_sms};
use crate::scene::program;

#[tokio::test]
async fn phones_behind_kannel_talk_to_the_room_with_receipts() -> Result<()> {
    let testbed = Testbed::start().await?;
    let mut bridge = testbed.bridge(program())?;
    let mut kannel = testbed.add_kannel(&mut bridge).await?;
    keep_only_sms(&mut bridge, "")?;
    bridge.start()?;
    bridge.ready().await?;
    let clerk = testbed.clerk().await?;
    clerk.join(SMS_ROOM).await?;

    let long = "Grüße für 3 € [x], bitte. ".repeat(20);
    for text in ["Kostet es 3 € [ja]?", "Danke  👩‍💻 🎉", long.trim_end()] {
        // A long one leaves only: Kannel's phones send single parts.
        let shown = if text.len() > 160 { "Kostet es" } else { text };
        if shown == text {
            kannel.inject(ERIKA, NUMBER, text).await?;
        }
        let question = clerk.sees(text, |seen| seen.body().contains(shown)).await?;
        let answer = clerk.answer(question.trusted()?, text).await?;
        until("the answer at the phone", async || {
            Ok(kannel.sent().iter().any(|sms| sms.to == ERIKA && sms.text == text).then_some(()))
        })
        .await
        .with_context(|| kannel.log())?;
        let received = |seen: &Seen| seen.reaction_to(&answer) == Some(DELIVERED);
        clerk.sees("the receipt", received).await.with_context(|| kannel.log())?;
    }

    // Kannel asks again until it is heard.
    bridge.terminate().await?;
    kannel.inject(ERIKA, NUMBER, "Ist jemand da?").await?;
    bridge.start()?;
    bridge.ready().await?;
    let late = clerk.sees("the text", |seen| seen.body().contains("Ist jemand da?")).await?;
    late.trusted()?;
    Ok(())
}
