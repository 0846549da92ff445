//! Mail to encrypted room: how fast against a raw send loop, and at what cost.

use anyhow::Result;

use crate::figures::{Figures, Target, median};
use crate::process::cpu_seconds;
use crate::world::World;

/// As many as viadukt itself sends at the same time.
const IN_FLIGHT: usize = 32;
const ROUNDS: usize = 3;
const MAILS: u32 = 400;

/// Throughput, processor time and requests of mails that begin conversations.
///
/// # Errors
/// The servers failed.
pub async fn measure(world: &mut World, figures: &mut Figures) -> Result<()> {
    world.close_clerk();
    let (mut raw, mut rates, mut cpu, mut requests) = (vec![], vec![], vec![], vec![]);
    // Alternating, so that the homeserver's growing database weighs on both alike.
    for _ in 0..ROUNDS {
        raw.push(world.raw.rate(MAILS, IN_FLIGHT).await?);
        let before = (cpu_seconds(world.pid()?)?, bot_requests(world));
        let mut log = world.log();
        world.mails.arrive(MAILS)?;
        let sent = log.events(MAILS).await?;
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else { continue };
        rates.push(f64::from(MAILS - 1) / last.since(*first));
        cpu.push((cpu_seconds(world.pid()?)? - before.0) * 100.0 / f64::from(MAILS));
        requests.push(f64::from(bot_requests(world) - before.1) / f64::from(MAILS));
    }
    let rate = (median(rates), "events/s");
    let name = "mail to encrypted room (baseline: raw send loop)";
    figures.add(name, rate, Some(median(raw)), Target::PartOfBaseline(0.9));
    let name = "processor time for 100 encrypted messages";
    figures.add(name, (median(cpu), "s"), None, Target::AtMost(0.2));
    let name = "requests to the homeserver for a message inwards";
    figures.add(name, (median(requests), ""), None, Target::AtMost(1.2));
    Ok(())
}

/// Requests that viadukt's user has made so far.
pub fn bot_requests(world: &World) -> u32 {
    world.testbed.synapse.requests_of(&world.testbed.bot()).values().sum()
}
