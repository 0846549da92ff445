//! Resident memory with many open conversations, on real servers.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::time::{Instant, sleep};
use viadukt_testbed::servers::Smsc;
use viadukt_testbed::{Bridge, NUMBER, SMS_BRIDGE, SMS_ROOM, Testbed};

use crate::figures::{Figures, Target};
use crate::memory::{counted, most};

const CONVERSATIONS: u32 = if cfg!(debug_assertions) { 200 } else { 10_000 };
/// How many phones write at the same time.
const IN_FLIGHT: u32 = 16;
/// How long the room may take to show them all; the homeserver sets the pace.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a process holds above what it held idle, when as many citizens have written and what they
/// wrote is in the room.
///
/// # Errors
/// The servers failed.
pub async fn measure(program: &Path, figures: &mut Figures) -> Result<()> {
    let testbed = Testbed::start().await?;
    let centre = testbed.sms_centre().await?;
    let mut bridge = testbed.bridge(program)?;
    testbed.add_sms(&mut bridge, &centre)?;
    bridge.start()?;
    bridge.ready().await?;
    let clerk = testbed.clerk().await?;
    clerk.join(SMS_ROOM).await?;
    // Its own work would slow the homeserver down.
    drop(clerk);
    let idle = most(&bridge).await?;
    let opened = open(&bridge, &centre).await;
    opened.with_context(|| format!("viadukt's log ends:\n{}", bridge.log_end()))?;
    let above = most(&bridge).await? - idle;
    let name = "memory above idle, 10,000 open SMS conversations";
    figures.add(name, (above, "MB"), None, Target::AtMost(20.0));
    Ok(())
}

/// Opens the conversations.
async fn open(bridge: &Bridge, centre: &Smsc) -> Result<()> {
    let to = NUMBER.trim_start_matches('+');
    let flood = centre.flood(to, CONVERSATIONS.into(), IN_FLIGHT, CONVERSATIONS).await?;
    ensure!(flood.refused == 0, "{} messages were refused", flood.refused);
    let deadline = Instant::now() + PATIENCE;
    while shown(bridge).await? < CONVERSATIONS {
        if Instant::now() > deadline {
            bail!("{} of {CONVERSATIONS} conversations are shown", shown(bridge).await?);
        }
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Phones' messages that went into the room.
async fn shown(bridge: &Bridge) -> Result<u32> {
    let count = "viadukt_delivery_seconds_count";
    counted(bridge, &format!("{count}{{direction=\"in\",worker=\"{SMS_BRIDGE}\"}}")).await
}
