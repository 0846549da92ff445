//! The clerk's answers: what each costs the homeserver, its status included.

use anyhow::Result;

use crate::figures::{Figures, Target};
use crate::inward::bot_requests;
use crate::world::World;

const ANSWERS: u32 = 40;

/// Requests for each answer, sent one after the other: the dearest case, since answers that
/// come together share a sync.
///
/// # Errors
/// The servers failed.
pub async fn measure(world: &mut World, figures: &mut Figures) -> Result<()> {
    world.mails.arrive(1)?;
    let clerk = world.clerk().await?;
    let mail = clerk.sees("a mail", |seen| seen.speaker().is_some()).await?;
    let before = bot_requests(world);
    let clerk = world.clerk().await?;
    for number in 0..ANSWERS {
        let answer = clerk.answer(&mail, &format!("Antwort {number}")).await?;
        clerk.sees("the status", |seen| seen.reaction_to(&answer).is_some()).await?;
    }
    let each = f64::from(bot_requests(world) - before) / f64::from(ANSWERS);
    let name = "requests to the homeserver for an answer and its status";
    figures.add(name, (each, ""), None, Target::AtMost(2.2));
    Ok(())
}
