//! The options of a system with `speaks = "mqtt"`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{ByteSize, Fields, FromToml, SecretFile, text};
use viadukt_api::network::is_loopback;
use viadukt_api::tls::{self, Identity};

use super::compose::Said;
use super::read::{Filter, Topics};
use super::topic::{is_topic, overlap};
use super::wire::Version;
use crate::reader::ReaderTable;

/// A system's options, valid as far as they can be checked without the network.
#[derive(Clone)]
pub(crate) struct MqttSection {
    pub(crate) broker: BrokerSection,
    pub(crate) version: Version,
    /// `None`: made from the names of the bridge and the system.
    pub(crate) client_id: Option<String>,
    pub(crate) login: Option<(String, SecretFile)>,
    pub(crate) keep_alive: Duration,
    pub(crate) session_expiry: Duration,
    /// The largest packet that is read whole.
    pub(crate) max_message: usize,
    /// What is listened to.
    pub(crate) topics: Topics,
    pub(crate) retained: bool,
    pub(crate) reader: ReaderTable,
    /// What may be published to.
    pub(crate) publish: Vec<String>,
    pub(crate) retain: bool,
    pub(crate) payload: PayloadForm,
    pub(crate) birth: Option<Said>,
    pub(crate) will: Option<Said>,
}

/// Where the broker is.
#[derive(Clone, Debug)]
pub(crate) struct BrokerSection {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) identity: Option<Identity>,
}

/// What a message of ours looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadForm {
    Text,
    Json,
}

impl MqttSection {
    /// Reads the table; `None` when something needed is missing or unfit. The caller calls
    /// `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let broker = BrokerSection::parse(fields);
        let version = fields.or("version", VersionName(Version::V5)).0;
        let login = login(fields);
        let topics = Topics::parse(fields);
        let publish: Vec<_> = fields.list::<Filter>("publish").into_iter().map(|f| f.0).collect();
        if topics.filters.is_empty() && publish.is_empty() {
            fields.object("subscribe", "missing: filters to subscribe to, or `publish`");
        }
        if publish.iter().any(|filter| filter.starts_with("$share/")) {
            fields.object("publish", "expected filters without $share");
        }
        let echo = |filter: &String| publish.iter().any(|own| overlap(filter, own));
        if version == Version::V311 && topics.filters.iter().any(echo) {
            let message = "overlaps `subscribe`: what is published would come back, and only \
                           MQTT 5 can tell it from what others publish";
            fields.object("publish", message);
        }
        let client_id = fields.optional::<String>("client_id");
        if client_id.as_deref().is_some_and(|id| id.is_empty() || id.len() > 60) {
            fields.object("client_id", "expected a name of up to 60 bytes");
        }
        let keep_alive = fields.or("keep_alive", Duration::from_secs(30));
        if !(5..=3_600).contains(&keep_alive.as_secs()) {
            fields.object("keep_alive", "expected a time from \"5s\" to \"60m\"");
        }
        let ByteSize(max_message) = fields.or("max_message", ByteSize(256 << 10));
        if !(1 << 10..=16 << 20).contains(&max_message) {
            fields.object("max_message", "expected a size from \"1 KiB\" to \"16 MiB\"");
        }
        // What is missing comes last: an option that was not asked for would be unknown.
        let section = Self {
            version,
            client_id,
            keep_alive,
            session_expiry: fields.or("session_expiry", Duration::from_secs(7 * 86_400)),
            retained: fields.or("retained", true),
            reader: ReaderTable::parse(fields, Arc::new(topics.clone())),
            topics,
            publish,
            retain: fields.or("retain", false),
            payload: fields.or("payload", PayloadForm::Text),
            birth: said(fields, "birth"),
            will: said(fields, "will"),
            max_message: usize::try_from(max_message).ok()?,
            broker: broker?,
            login: login?,
        };
        Some(section)
    }
}

impl BrokerSection {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let url = fields.required::<String>("url");
        let ca_file = tls::read_ca_file(fields);
        let identity = Identity::read(fields);
        let expected = "expected an address such as \"mqtts://broker.amt.example:8883\"";
        let unfit = |what: &str| fields.object("url", what);
        let Ok(url) = url?.parse::<url::Url>() else {
            unfit(expected);
            return None;
        };
        let tls = match url.scheme() {
            "mqtts" => true,
            "mqtt" => false,
            _ => {
                unfit(expected);
                return None;
            }
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let bare = url.username().is_empty() && url.password().is_none();
        if host.is_empty() || !bare || !matches!(url.path(), "" | "/") || url.query().is_some() {
            unfit(expected);
            return None;
        }
        if !tls && !is_loopback(&host) {
            unfit(
                "mqtt:// sends in clear, also passwords, and is for this machine only; use mqtts://",
            );
        }
        // An IPv6 address stands in brackets in an address, and without them elsewhere.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port().unwrap_or(if tls { 8883 } else { 1883 });
        Some(Self { host, port, tls, ca_file, identity })
    }
}

/// The outer `None`: half of it is missing.
#[allow(clippy::option_option, reason = "no login is a valid login, and half of one is not")]
fn login(fields: &Fields<'_>) -> Option<Option<(String, SecretFile)>> {
    match (fields.optional::<String>("user"), fields.optional("password_file")) {
        (Some(user), Some(password)) => Some(Some((user, password))),
        (None, None) => Some(None),
        (Some(_), None) => {
            fields.object("user", "only goes with `password_file`");
            None
        }
        (None, Some(_)) => {
            fields.object("password_file", "only goes with `user`");
            None
        }
    }
}

/// A message that is written in the configuration, retained as a rule: it says how we are.
fn said(fields: &Fields<'_>, key: &str) -> Option<Said> {
    let table = fields.optional_table(key)?;
    let topic = table.required::<String>("topic");
    if topic.as_deref().is_some_and(|topic| !is_topic(topic)) {
        table.object("topic", "expected a topic without wildcards");
    }
    let text = table.required::<String>("text");
    let retain = table.or("retain", true);
    table.finish();
    Some(Said { topic: topic?, payload: text?.into(), retain })
}

struct VersionName(Version);

impl FromToml for VersionName {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match text(value, "\"5\" or \"3.1.1\"")? {
            "5" => Ok(Self(Version::V5)),
            "3.1.1" => Ok(Self(Version::V311)),
            _ => Err("expected \"5\" or \"3.1.1\"".to_owned()),
        }
    }
}

impl FromToml for PayloadForm {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match text(value, "\"text\" or \"json\"")? {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected \"text\" or \"json\"".to_owned()),
        }
    }
}
