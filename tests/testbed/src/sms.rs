//! The agency's number: an SMS bridge over SMPP or over Kannel, and the gateways it needs.

use anyhow::{Context, Result};
use viadukt_testservers::{Kannel, Smsc};

use crate::bridge::Bridge;
use crate::testbed::Testbed;

/// The name of the room in which the agency's SMS arrive.
pub const SMS_ROOM: &str = "Bürger-SMS";

/// The agency's number. Like those of the phones it is one of those that the Federal Network
/// Agency keeps free for films (Mitteilung 148/2021).
pub const NUMBER: &str = "+4917604069000";

/// The name of the SMS bridge in the configuration.
pub const SMS_BRIDGE: &str = "buergersms";

impl Testbed {
    /// An SMS centre whose certificate this testbed's bridges trust.
    ///
    /// # Errors
    /// It did not start.
    pub async fn sms_centre(&self) -> Result<Smsc> {
        let centre = Smsc::start(&self.authority).await;
        centre.context("the SMS centre did not start: is Node installed (tests/setup)?")
    }

    /// Gives `bridge` the agency's number over SMPP with TLS to `centre`.
    ///
    /// # Errors
    /// A secret could not be written.
    pub fn add_sms(&self, bridge: &mut Bridge, centre: &Smsc) -> Result<()> {
        let way = format!(
            "[smpp]
            host = 'localhost'
            port = {port}
            tls = 'implicit'
            ca_file = {ca_file:?}
            system_id = 'amt'
            password_file = {password:?}
            reconnect = ['1s']",
            port = centre.tls,
            ca_file = self.authority.ca_file(),
            password = self.secret("sms.password", Smsc::PASSWORD)?,
        );
        self.add_sms_by(bridge, &way)
    }

    /// The same without TLS to the port `smpp`, so that others on this machine can read along.
    ///
    /// # Errors
    /// A secret could not be written.
    pub fn add_plain_sms(&self, bridge: &mut Bridge, smpp: u16) -> Result<()> {
        let password = self.secret("sms.password", Smsc::PASSWORD)?;
        let way = format!(
            "[smpp]
            host = '127.0.0.1'
            port = {smpp}
            tls = 'none'
            system_id = 'amt'
            password_file = {password:?}"
        );
        self.add_sms_by(bridge, &way)
    }

    /// Gives `bridge` the agency's number over HTTP, with a Kannel that calls it back.
    ///
    /// # Errors
    /// Kannel did not start, or a secret could not be written.
    pub async fn add_kannel(&self, bridge: &mut Bridge) -> Result<Kannel> {
        let hooks = format!("{}/{SMS_BRIDGE}", bridge.open_hooks()?);
        // As bridges/sms/presets/kannel.toml says.
        let inbound = format!(
            "{hooks}/message?id=%I&from=%p&to=%P&at=%T&charset=%C&text=%b&token={}",
            Kannel::PASSWORD
        );
        let kannel = Kannel::start(&inbound).await;
        let kannel = kannel.context("Kannel did not start: is it installed (tests/setup)?")?;
        let secret = self.secret("kannel.password", Kannel::PASSWORD)?;
        let way = format!(
            "[http]
            preset = 'kannel'
            url = 'http://127.0.0.1:{port}'
            user = {user:?}
            secret_file = {secret:?}
            hook_secret_file = {secret:?}",
            port = kannel.http,
            user = Kannel::USER,
        );
        self.add_sms_by(bridge, &way)?;
        Ok(kannel)
    }

    fn add_sms_by(&self, bridge: &mut Bridge, way: &str) -> Result<()> {
        let clerk = self.synapse.user_id(self.clerk_account().user);
        let section = format!(
            "kind = 'sms'
            room_name = {SMS_ROOM:?}
            invite = [{clerk:?}]
            senders = [{clerk:?}]
            numbers = [{NUMBER:?}]
            prefixes = ['+49']
            max_parts = 12
            retry = ['1s']
            {way}"
        );
        bridge.add(SMS_BRIDGE, &section).context("the SMS bridge's configuration")
    }
}
