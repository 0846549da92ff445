//! MQTT 5.0 and 3.1.1 (OASIS standards): doors, displays, sensors, building technology.
//!
//! The client is our own. Both versions share one wire, of which a subscriber and publisher
//! with QoS 1 needs seven packets; and what must not go wrong lies in how they are used, not in
//! their bytes: acknowledgements after the commit and many at once, an answer for each message
//! that we publish, a session that outlives the process, a message that is too large passed
//! over instead of asked for again and again.
//!
//! In reading order: topics ([`topic`]) and options ([`config`]); packets in ([`wire`]) and out
//! ([`compose`]); the line ([`line`]) and the connection over it ([`connection`]); what we are
//! subscribed to ([`session`]), what is taken together ([`batch`]), what may be a repetition
//! ([`recent`]); listening ([`listen`]), what is made of a message ([`read`]), and publishing
//! ([`publish`]).

mod batch;
mod compose;
mod config;
mod connection;
mod line;
mod listen;
mod publish;
mod read;
mod recent;
mod session;
mod topic;
pub(crate) mod wire;

use secrecy::{ExposeSecret, SecretString};
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{BuildError, Context};

use self::config::MqttSection;
use self::line::Broker;
pub(crate) use self::read::Topics;
use crate::client;
use crate::listening::Standing;
use crate::reader::Reader;
use crate::system::{Declared, Listens, System, SystemKind, Takes};

/// The line in the list of systems.
pub(crate) const MQTT: SystemKind = SystemKind { name: "mqtt", parse };

fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    MqttSection::parse(fields).map(|section| Box::new(section) as Box<dyn Declared>)
}

/// A broker that we listen to, publish at, or both.
pub(crate) struct Mqtt {
    /// The system's name.
    name: String,
    section: MqttSection,
    broker: Broker,
    client_id: String,
    password: Option<SecretString>,
    reader: Reader,
    standing: Standing,
    context: Context,
}

impl Declared for MqttSection {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        let read = |file: &SecretFile| client::secret(file, context);
        let password = self.login.as_ref().map(|(_, file)| read(file)).transpose()?;
        let remedy = "name files in PEM that viadukt's user can read";
        let failed = |what| client::error(context, format!("system {name}: {what}"), remedy);
        let usual = || format!("viadukt-{}-{name}", context.name);
        Ok(Box::new(Mqtt {
            name: name.to_owned(),
            broker: Broker::new(&self.broker).map_err(failed)?,
            client_id: self.client_id.clone().unwrap_or_else(usual),
            password,
            reader: self.reader.build(name, context)?,
            section: self.clone(),
            standing: Standing::not_yet("not connected yet"),
            context: context.clone(),
        }))
    }
}

impl System for Mqtt {
    fn reader(&self) -> Option<&Reader> {
        Some(&self.reader)
    }

    fn listens(&self) -> Option<&dyn Listens> {
        (!self.section.topics.filters.is_empty()).then_some(self)
    }

    fn takes(&self) -> Option<&dyn Takes> {
        (!self.section.publish.is_empty()).then_some(self)
    }
}

impl Mqtt {
    /// The key under which `what` is kept of our session, which is known by the client id.
    fn key(&self, what: &str) -> String {
        format!("{}/mqtt/{}/{what}", self.name, self.client_id)
    }

    fn login(&self) -> Option<(&str, &str)> {
        let (user, _) = self.section.login.as_ref()?;
        Some((user, self.password.as_ref()?.expose_secret()))
    }

    fn random(&self) -> String {
        let mut bytes = [0; 8];
        self.context.env.entropy.fill(&mut bytes);
        format!("{:016x}", u64::from_be_bytes(bytes))
    }
}
