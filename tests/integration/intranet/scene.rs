//! Where every play with the intranet begins: Alertmanager, an application and a broker for doors
//! run beside the usual servers, viadukt has the intranet and nothing else, the clerk is in its
//! room.

use anyhow::{Context, Result, ensure};
use viadukt_testbed::ruma::{EventId, OwnedRoomId};
use viadukt_testbed::servers::mosquitto::Listener;
use viadukt_testbed::servers::{Alertmanager, Mosquitto, Request, StandIn};
pub use viadukt_testbed::talk::intranet::TOKEN;
use viadukt_testbed::talk::intranet::{APPLICATIONS, application, tell};
use viadukt_testbed::{Bridge, Clerk, INTRANET_BRIDGE, INTRANET_ROOM, Seen, Testbed, until};

use crate::scene::program;

/// What we sign with towards the application.
pub const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The mark on a message that the system took.
pub const SENT: &str = "✓ gesendet";

/// The small world with the program in it.
pub struct Scene {
    pub bridge: Bridge,
    pub clerk: Clerk,
    pub room: OwnedRoomId,
    pub alertmanager: Alertmanager,
    /// What the application is called with.
    pub application: StandIn,
    /// The doors' broker.
    pub broker: Mosquitto,
    /// What is published under `door/`.
    pub doors: Listener,
    /// Where the intranet's systems call.
    pub hooks: String,
    pub testbed: Testbed,
}

impl Scene {
    /// The usual scene.
    pub async fn begin() -> Result<Self> {
        Self::with("").await
    }

    /// The scene with more options of the bridge, a TOML text.
    pub async fn with(options: &str) -> Result<Self> {
        Self::prepare(options, &["app".to_owned()]).await
    }

    /// The scene with all applications of an [`IntranetTalk`], which have much to say.
    ///
    /// [`IntranetTalk`]: viadukt_testbed::talk::IntranetTalk
    pub async fn with_applications() -> Result<Self> {
        let names: Vec<_> = (0..APPLICATIONS).map(application).collect();
        Self::prepare("notices = { flood = '1000000/1s' }", &names).await
    }

    async fn prepare(options: &str, applications: &[String]) -> Result<Self> {
        let testbed = Testbed::start().await?;
        let mut bridge = testbed.bridge(program())?;
        let hooks = format!("{}/{INTRANET_BRIDGE}", bridge.open_hooks()?);
        let alertmanager = Alertmanager::start(&format!("{hooks}/alerts"), TOKEN).await;
        let alertmanager = alertmanager.context("is Alertmanager installed (tests/setup)?")?;
        let application = StandIn::start().await?;
        let token = testbed.secret("hook.token", TOKEN)?;
        let mut systems = format!(
            "{options}
            [systems.alerts]
            speaks = 'alertmanager'
            notice = 'alert'
            token_files = [{token:?}]
            api_url = '{}'
            networks = ['127.0.0.0/8']
            created_by = '{{sender}}'
            ",
            alertmanager.url(),
        );
        let broker = testbed.broker().await?;
        let doors = broker.listener("door/#").await?;
        systems += &*format!(
            "[systems.house]
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
        let key = testbed.secret("app.key", KEY)?;
        for name in applications {
            systems += &*format!(
                "[systems.{name}]
                speaks = 'standard-webhooks'
                title = 'Fachverfahren'
                token_files = [{token:?}]
                url = '{}/eingang'
                networks = ['127.0.0.0/8']
                signing_key_files = [{key:?}]
                ",
                application.url(),
            );
        }
        testbed.add_intranet(&mut bridge, &systems)?;
        only_intranet(&mut bridge)?;
        bridge.start()?;
        bridge.ready().await?;
        let clerk = testbed.clerk().await?;
        let room = clerk.join(INTRANET_ROOM).await?;
        Ok(Self { bridge, clerk, room, alertmanager, application, broker, doors, hooks, testbed })
    }

    /// The application tells of something, under an id of its own; gives the status that it got.
    pub async fn tell(&self, id: &str, text: &str) -> Result<u16> {
        Ok(tell(&self.hooks, "app", id, text).await?)
    }

    /// The same, taken, and seen by the clerk.
    pub async fn told(&self, id: &str, text: &str) -> Result<Seen> {
        let status = self.tell(id, text).await?;
        ensure!(status / 100 == 2, "{id}: {status}");
        self.shown(text).await
    }

    /// Waits until the clerk sees `text` in the room, encrypted as it must be.
    pub async fn shown(&self, text: &str) -> Result<Seen> {
        let shown = self.clerk.sees(text, |seen| self.says(seen, text)).await?;
        shown.trusted()?;
        Ok(shown)
    }

    /// Waits until `first` is edited and then says `text`.
    pub async fn edited(&self, first: &Seen, text: &str) -> Result<Seen> {
        let is_it = |seen: &Seen| {
            let new = seen.content["m.new_content"]["body"].as_str();
            seen.edits() == Some(&first.event_id) && new.is_some_and(|new| new.contains(text))
        };
        let edit = self.clerk.sees(format_args!("the edit {text:?}"), is_it).await?;
        edit.trusted()?;
        Ok(edit)
    }

    /// Waits for `mark` on the clerk's message.
    pub async fn marked(&self, message: &EventId, mark: &str) -> Result<()> {
        let marked = |seen: &Seen| seen.reaction_to(message) == Some(mark);
        self.clerk.sees(format_args!("the mark {mark}"), marked).await.map(drop)
    }

    /// Waits until the application was called with `text`.
    pub async fn called(&self, text: &str) -> Result<Request> {
        until(format!("a call with {text:?}"), async || {
            Ok(self.application.requests().into_iter().find(|call| call.text().contains(text)))
        })
        .await
    }

    /// How often viadukt wrote `text` into the room, edits not counted.
    pub fn times_shown(&self, text: &str) -> usize {
        let is_it = |seen: &&Seen| self.says(seen, text) && seen.edits().is_none();
        self.clerk.seen().iter().filter(is_it).count()
    }

    fn says(&self, seen: &Seen, words: &str) -> bool {
        seen.sender == self.testbed.bot() && seen.body().contains(words)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        eprintln!("viadukt's log ends:\n{}", self.bridge.log_end());
    }
}

/// Takes all other bridges away.
pub fn only_intranet(bridge: &mut Bridge) -> Result<()> {
    let bridges = bridge.config.get_mut("bridges").and_then(toml::Value::as_table_mut);
    bridges.context("no [bridges]")?.retain(|name, _| name == INTRANET_BRIDGE);
    Ok(())
}
