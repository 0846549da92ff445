//! The agency's intranet: one bridge to all systems that call it or are called.

use anyhow::{Context, Result};
use viadukt_testservers::Mosquitto;

use crate::bridge::Bridge;
use crate::testbed::Testbed;

/// The name of the room in which the intranet speaks.
pub const INTRANET_ROOM: &str = "Hausmeldungen";

/// The name of the intranet's bridge in the configuration.
pub const INTRANET_BRIDGE: &str = "intranet";

impl Testbed {
    /// An MQTT broker with a certificate of this testbed.
    ///
    /// # Errors
    /// It did not start.
    pub async fn broker(&self) -> Result<Mosquitto> {
        let broker = Mosquitto::start(&self.authority).await;
        broker.context("Mosquitto did not start: is it installed (tests/setup)?")
    }

    /// Gives `bridge` the intranet with `options`, a TOML text with a table `[systems.NAME]` for
    /// each system. Systems that call need [`Bridge::open_hooks`].
    ///
    /// # Errors
    /// The options are no TOML.
    pub fn add_intranet(&self, bridge: &mut Bridge, options: &str) -> Result<()> {
        let clerk = self.synapse.user_id(self.clerk_account().user);
        let section = format!(
            "kind = 'intranet'
            room_name = {INTRANET_ROOM:?}
            invite = [{clerk:?}]
            senders = [{clerk:?}]
            retry = ['1s']
            {options}"
        );
        bridge.add(INTRANET_BRIDGE, &section).context("the intranet's configuration")
    }
}
