//! Everything that people talk through: the servers, the lines to them, and viadukt with a bridge
//! of every kind.

use std::path::Path;

use anyhow::{Context, Result};
use viadukt_testbed::ruma::OwnedRoomId;
use viadukt_testbed::servers::mosquitto::{Listener, Publisher};
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};
use viadukt_testbed::servers::{Mosquitto, Smsc, StandIn, Trouble, Wire};
use viadukt_testbed::talk::intranet::{APPLICATIONS, FarEnds, TOKEN, application};
use viadukt_testbed::{
    Bridge, Clerk, INTRANET_BRIDGE, INTRANET_ROOM, ROOM, SMS_ROOM, SmallDisk, Testbed,
};

/// What viadukt signs with towards applications.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What is broken.
pub struct World {
    /// viadukt.
    pub bridge: Bridge,
    /// The doors' broker.
    pub broker: Mosquitto,
    /// Where viadukt's data lies.
    pub disk: SmallDisk,
    /// viadukt's way to the homeserver.
    pub homeserver: Wire,
    /// viadukt's way to its mailbox.
    pub imap: Wire,
    /// viadukt's way to the mail server.
    pub smtp: Wire,
    /// The applications' way to viadukt.
    pub hooks: Wire,
    /// The servers.
    pub testbed: Testbed,
}

/// Those who talk, and what they talk with.
pub struct People {
    /// The clerk, in all rooms.
    pub clerk: Clerk,
    /// The SMS centre.
    pub centre: Smsc,
    /// What applications are called with.
    pub application: StandIn,
    /// What doors are told.
    pub doors: Listener,
    /// The rooms of mail, SMS and intranet.
    pub rooms: [OwnedRoomId; 3],
    hooks: String,
    publisher: Publisher,
}

impl World {
    /// Starts everything, viadukt from `program`; it is ready, and the clerk is in its rooms.
    ///
    /// # Errors
    /// Something did not start.
    pub async fn start(program: &Path) -> Result<(Self, People)> {
        let testbed = Testbed::start().await?;
        let (centre, broker) = tokio::try_join!(testbed.sms_centre(), testbed.broker())?;
        centre.behave(&usual()).await?;
        let application = StandIn::start().await?;
        let doors = broker.listener("door/#").await?;

        let homeserver = Wire::to(testbed.synapse.port()).await?;
        let imap = Wire::to(testbed.dovecot.imaps).await?;
        let smtp = Wire::to(testbed.postfix.smtp).await?;
        let mut bridge = testbed.bridge(program)?;
        let public = bridge.open_hooks()?;
        let (address, path) = public.rsplit_once('/').context("no path")?;
        let port = address.rsplit(':').next().context("no port")?.parse()?;
        let hooks = Wire::to(port).await?;
        let disk = SmallDisk::mount(&testbed, &mut bridge)?;
        testbed.add_sms(&mut bridge, &centre)?;
        testbed.add_intranet(&mut bridge, &systems(&testbed, &broker, &application)?)?;
        reroute(&mut bridge, &homeserver, &imap, &smtp)?;
        bridge.start()?;
        bridge.ready().await?;

        let clerk = testbed.clerk().await?;
        let rooms = [
            clerk.join(ROOM).await?,
            clerk.join(SMS_ROOM).await?,
            clerk.join(INTRANET_ROOM).await?,
        ];
        let publisher = broker.publisher();
        let hooks_url = format!("http://127.0.0.1:{}/{path}/{INTRANET_BRIDGE}", hooks.port);
        let people =
            People { clerk, centre, application, doors, rooms, hooks: hooks_url, publisher };
        Ok((Self { bridge, broker, disk, homeserver, imap, smtp, hooks, testbed }, people))
    }

    /// Cuts viadukt off from everybody, or lets it reach them again. The broker stays: nothing
    /// comes from it that it does not bring again.
    ///
    /// # Errors
    /// The SMS centre died.
    pub async fn cut_off(&self, centre: &Smsc, off: bool) -> Result<()> {
        let trouble = if off { Trouble::Away } else { Trouble::None };
        for wire in [&self.homeserver, &self.imap, &self.smtp, &self.hooks] {
            wire.trouble(trouble.clone());
        }
        if off { centre.pause().await } else { centre.resume().await }.map_err(Into::into)
    }
}

impl People {
    /// The far ends of the intranet.
    pub fn far_ends(&self) -> FarEnds<'_> {
        let Self { hooks, application, publisher, doors, .. } = self;
        FarEnds { hooks, application, publisher: *publisher, doors }
    }
}

/// How the SMS centre behaves when nothing is wrong.
pub fn usual() -> Behaviour {
    Behaviour { receipts: Receipts::Now, ..Behaviour::default() }
}

fn systems(testbed: &Testbed, broker: &Mosquitto, application_: &StandIn) -> Result<String> {
    let token = testbed.secret("hook.token", TOKEN)?;
    let key = testbed.secret("app.key", KEY)?;
    let mut systems = format!(
        "notices = {{ flood = '1000000/1s' }}
        [systems.house]
        speaks = 'mqtt'
        url = 'mqtt://127.0.0.1:{}'
        user = {:?}
        password_file = {:?}
        subscribe = ['door/#']
        publish = ['door/#']
        ",
        broker.port,
        Mosquitto::USER,
        testbed.secret("mqtt.password", Mosquitto::PASSWORD)?,
    );
    for number in 0..APPLICATIONS {
        systems += &*format!(
            "[systems.{}]
            speaks = 'standard-webhooks'
            title = 'Fachverfahren'
            token_files = [{token:?}]
            url = '{}/eingang'
            networks = ['127.0.0.0/8']
            signing_key_files = [{key:?}]
            ",
            application(number),
            application_.url(),
        );
    }
    Ok(systems)
}

/// Leads viadukt to its servers over the lines that can be troubled.
fn reroute(bridge: &mut Bridge, homeserver: &Wire, imap: &Wire, smtp: &Wire) -> Result<()> {
    let mail = bridge.mail_config()?;
    for (protocol, wire) in [("imap", imap), ("smtp", smtp)] {
        let table = mail.get_mut(protocol).and_then(toml::Value::as_table_mut);
        let table = table.with_context(|| format!("no {protocol}"))?;
        table.insert("port".to_owned(), i64::from(wire.port).into());
        if protocol == "smtp" {
            table.insert("retry".to_owned(), vec!["1s"].into());
        }
    }
    let matrix = bridge.config.get_mut("matrix").and_then(toml::Value::as_table_mut);
    let url = format!("http://127.0.0.1:{}", homeserver.port);
    matrix.context("no [matrix]")?.insert("homeserver".to_owned(), url.into());
    Ok(())
}
