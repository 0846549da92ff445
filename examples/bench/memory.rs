//! Resident memory, idle and with much to do.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

use viadukt_testbed::Bridge;

use crate::figures::{Figures, Target};
use crate::process::resident_megabytes;
use crate::world::World;

/// How long a process is watched.
const WATCH: Duration = Duration::from_secs(10);
const DELIVERIES: u32 = 10_000;
/// How long it may take to take them in.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process with one mailbox and nothing to do.
///
/// # Errors
/// It ended.
pub async fn idle(world: &World, figures: &mut Figures) -> Result<()> {
    let memory = most(&world.bridge).await?;
    figures.add("memory, idle with one mailbox", (memory, "MB"), None, Target::AtMost(45.0));
    Ok(())
}

/// A process whose homeserver is down, with deliveries that wait for it.
///
/// # Errors
/// The servers failed.
pub async fn waiting(world: &mut World, figures: &mut Figures) -> Result<()> {
    world.close_clerk();
    world.testbed.synapse.stop().await?;
    let wanted = accepted(world).await? + DELIVERIES;
    world.mails.arrive(DELIVERIES)?;
    let deadline = Instant::now() + PATIENCE;
    while accepted(world).await? < wanted {
        if Instant::now() > deadline {
            bail!("{} mails are missing", wanted - accepted(world).await?);
        }
        sleep(Duration::from_millis(500)).await;
    }
    let memory = most(&world.bridge).await?;
    let name = "memory, 10,000 deliveries waiting";
    figures.add(name, (memory, "MB"), None, Target::AtMost(80.0));
    Ok(())
}

/// The most memory that the process holds while it is watched.
pub async fn most(bridge: &Bridge) -> Result<f64> {
    let end = Instant::now() + WATCH;
    let mut most = 0.0_f64;
    while Instant::now() < end {
        let pid = bridge.pid().context("viadukt does not run")?;
        most = most.max(resident_megabytes(pid)?);
        sleep(Duration::from_millis(200)).await;
    }
    Ok(most)
}

/// Mails that were taken in; each becomes one delivery.
async fn accepted(world: &World) -> Result<u32> {
    let name = "viadukt_accepted_items_total{worker=\"buergerpost\"}";
    counted(&world.bridge, name).await
}

/// The value of the counter `name`, its labels included.
pub async fn counted(bridge: &Bridge, name: &str) -> Result<u32> {
    let (_, metrics) = bridge.get("/metrics").await?;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.context("no such metric")?.parse()?)
}
