//! The third act: monitoring and the room.

use anyhow::{Context, Result};
use viadukt_testbed::servers::Alertmanager;
use viadukt_testbed::servers::alertmanager::{Pairs, Silence};
use viadukt_testbed::{Bridge, Clerk, INTRANET_BRIDGE, Seen, Testbed, until};

use crate::stage::{Side, Stage};

/// What callers prove themselves with.
pub const TOKEN: &str = "geheim-geheim-geheim-geheim";

const DISK: Pairs<'_> =
    &[("alertname", "PlatteVoll"), ("instance", "db1"), ("severity", "critical")];
const WORDS: Pairs<'_> = &[("summary", "Die Platte von db1 ist zu 97 % voll")];

/// The systems that the bridge knows here.
pub struct Intranet {
    /// Monitoring.
    pub alertmanager: Alertmanager,
    /// Where systems call.
    pub hooks: String,
}

impl Intranet {
    /// Starts Alertmanager and tells `bridge` of it.
    ///
    /// # Errors
    /// It is not installed, or did not start.
    pub async fn start(testbed: &Testbed, bridge: &mut Bridge) -> Result<Self> {
        let hooks = format!("{}/{INTRANET_BRIDGE}", bridge.open_hooks()?);
        let alertmanager = Alertmanager::start(&format!("{hooks}/alerts"), TOKEN).await;
        let alertmanager = alertmanager.context("is Alertmanager installed (tests/setup)?")?;
        let token = testbed.secret("hook.token", TOKEN)?;
        let systems = format!(
            "[systems.alerts]
            speaks = 'alertmanager'
            title = 'Alertmanager'
            notice = 'alert'
            token_files = [{token:?}]
            api_url = '{}'
            networks = ['127.0.0.0/8']
            created_by = '{{sender}}'
            [systems.app]
            speaks = 'webhook'
            title = 'Fachverfahren'
            token_files = [{token:?}]",
            alertmanager.url(),
        );
        testbed.add_intranet(bridge, &systems)?;
        Ok(Self { alertmanager, hooks })
    }
}

/// One alert, as each side sees it.
///
/// # Errors
/// It came to nothing.
pub async fn act(stage: &mut Stage, clerk: &Clerk, intranet: &Intranet) -> Result<()> {
    let alertmanager = &intranet.alertmanager;
    stage.step("Monitoring fires an alert");
    alertmanager.fire(DISK, WORDS).await?;
    for (name, value) in DISK.iter().chain(WORDS) {
        stage.line(Side::House, name, value);
    }

    stage.step("It is a message in a third encrypted room");
    let fired = clerk.sees("the alert", |seen| seen.body().contains("97 %")).await?;
    stage.seen(fired.trusted()?);

    stage.step("The clerk silences it in the thread, and monitoring obeys");
    let order = "!silence 2h Ersatz ist bestellt";
    clerk.answer(&fired, order).await?;
    stage.line(Side::Room, "Answer", order);
    let silence = until("the silence", async || {
        Ok(alertmanager.silences().await?.into_iter().find(Silence::is_active))
    })
    .await?;
    stage.line(Side::House, "Silence", silence.comment);
    stage.line(Side::House, "By", silence.created_by);
    let told =
        clerk.sees("word of it", |seen| seen.body().contains("verlangt: ausgeführt")).await?;
    stage.seen(told.trusted()?);

    stage.step("Another alert ends, and its message says so");
    let other = [("alertname", "TuerOffen"), ("instance", "Tor"), ("severity", "warning")];
    let words = [("summary", "Das Tor steht offen")];
    alertmanager.fire(&other, &words).await?;
    let open = clerk.sees("the other alert", |seen| seen.body().contains("steht offen")).await?;
    stage.seen(open.trusted()?);
    alertmanager.resolve(&other, &words).await?;
    let edited = |seen: &Seen| seen.edits() == Some(&open.event_id);
    let edit = clerk.sees("the edit", edited).await?;
    stage.seen(edit.trusted()?);
    let now = edit.content["m.new_content"]["body"].as_str().unwrap_or_default();
    let over = if now.contains("Behoben") { "and says that it is over" } else { "but how?" };
    stage.line(Side::Room, "Edited", format_args!("the same message, {over}"));
    Ok(())
}
