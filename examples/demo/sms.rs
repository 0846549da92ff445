//! The second act: a phone and the room.

use anyhow::Result;
use viadukt_testbed::servers::smsc::Submitted;
use viadukt_testbed::{Clerk, NUMBER, Phone};

use crate::stage::{Side, Stage};

/// The citizen's number, one of those that are kept free for films (see [`NUMBER`]).
pub const CITIZEN: &str = "+491713920001";

/// The mark at what has reached the phone.
const ARRIVED: &str = "✓ zugestellt";

/// One conversation, as each side sees it.
///
/// # Errors
/// It came to nothing.
pub async fn act(stage: &mut Stage, clerk: &Clerk, phone: &Phone<'_>) -> Result<()> {
    stage.step("Another citizen writes an SMS");
    let text = "Grüß Gott, ist mein neuer Reisepass schon da?";
    phone.write(text).await?;
    stage.line(Side::Phone, "From", phone.number);
    stage.line(Side::Phone, "To", NUMBER);
    stage.line(Side::Phone, "Text", text);

    stage.step("It begins a thread in another encrypted room");
    let question = clerk.sees("the SMS", |seen| seen.body().contains("Reisepass")).await?;
    stage.seen(question.trusted()?);

    stage.step("The clerk answers in the thread");
    let answer = "Ja, Sie können ihn ab morgen abholen. Die Gebühr von 70 € zahlen Sie vor Ort.";
    let sent = clerk.answer(&question, answer).await?;
    stage.line(Side::Room, "Answer", answer);

    stage.step("The phone gets it, and the clerk sees that it did");
    let reply = phone.receives("the answer", |text| text.contains("abholen")).await?;
    show(stage, &reply);
    let arrived = |sign: &str| sign.starts_with(ARRIVED);
    let mark = clerk.sees("the mark", |seen| seen.reaction_to(&sent).is_some_and(arrived)).await?;
    let sign = mark.reaction_to(&sent).unwrap_or_default();
    stage.line(Side::Room, "Delivery", format_args!("{sign} at the clerk's answer"));
    Ok(())
}

/// Shows an SMS that the phone received.
pub fn show(stage: &Stage, sms: &Submitted) {
    stage.line(Side::Phone, "From", &sms.from);
    stage.line(Side::Phone, "Text", sms.text().unwrap_or_default());
    stage.line(Side::Phone, "Parts", sms.of);
}
