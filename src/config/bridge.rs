//! `[bridges.NAME]`: what is asked of every bridge, whatever its kind.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;
use viadukt_api::config::{Fields, Findings, FromToml, text};
use viadukt_api::{Kind, RoomSpec, Section, WorkerName};

use super::answers::Answers;
use super::limits::BridgeLimits;
use super::network::{Network, Networks};
use super::rules::{Rules, UserId};

/// One configured far side.
pub struct Bridge {
    /// Its name.
    pub name: WorkerName,
    /// Its room.
    pub room: RoomSpec,
    /// What may leave that room.
    pub rules: Rules,
    /// Who may call it over HTTP.
    pub sources: Networks,
    /// Its kind's own part, ready to be built.
    pub section: Box<dyn Section>,
}

/// Reads the tables below `[bridges]`, in order of their names; `public` says whether there is
/// a public listener.
pub(super) fn read_all(
    root: &Fields<'_>,
    kinds: &[Box<dyn Kind>],
    public: bool,
    findings: &Findings,
) -> Vec<Bridge> {
    if root.table("bridges").is_none() {
        return Vec::new();
    }
    let mut rooms = BTreeMap::new();
    let mut bridges = Vec::new();
    for (name, place, fields) in root.tables("bridges") {
        let room = fields.optional::<Room>("room").map(|room| room.0);
        if let Some(room) = &room
            && let Some(other) = rooms.insert(room.clone(), name.clone())
        {
            let message = format!("bridges.{other} has this room already; a room has one bridge");
            fields.object("room", message);
        }
        bridges.extend(read(&name, place, room, &fields, kinds, public, findings));
    }
    bridges
}

fn read(
    name: &str,
    place: Range<usize>,
    room: Option<String>,
    fields: &Fields<'_>,
    kinds: &[Box<dyn Kind>],
    public: bool,
    findings: &Findings,
) -> Option<Bridge> {
    let name = read_name(name)
        .map_err(|message| findings.add(place.clone(), format!("bridges.{name}"), message))
        .ok();
    let kind = read_kind(fields, kinds);
    let room_name = fields.optional::<String>("room_name");
    let invite: Vec<UserId> = fields.list("invite");
    let senders = fields.required_list("senders");
    let power_level = fields.or("power_level", 0);
    let sources = fields.list_or("sources", Network::ALL.to_vec());
    let called = room_name
        .clone()
        .unwrap_or_else(|| name.as_ref().map_or_else(String::new, WorkerName::to_string));
    let limits = fields.optional_table("limits").map(|f| BridgeLimits::read(&f));
    let answers = fields.optional_table("answers").map(|f| Answers::read(&f, &called));
    // Without a kind every option of the kind would look unknown.
    let (name, kind) = (name?, kind?);
    let section = kind.parse(&name, fields);
    fields.finish();
    if !public && section.as_ref().is_some_and(|section| section.is_called()) {
        let message = "is called over HTTP and nothing listens for it; add a table [public]";
        findings.add(place, format!("bridges.{name}"), message);
    }
    Some(Bridge {
        room: RoomSpec {
            bridge: name.clone(),
            existing: room,
            name: called.clone(),
            invite: invite.into_iter().map(|user| user.0).collect(),
        },
        name,
        sources: Networks::new(sources),
        rules: Rules {
            senders: senders?,
            power_level,
            limits: limits.unwrap_or_default(),
            answers: answers.unwrap_or_else(|| Answers::new(&called)),
        },
        section: section?,
    })
}

fn read_name(text: &str) -> Result<WorkerName, String> {
    let name: WorkerName = text.parse()?;
    if name.is_hub() {
        return Err(format!("\"{name}\" is the hub's own name; choose another"));
    }
    Ok(name)
}

fn read_kind<'k>(fields: &Fields<'_>, kinds: &'k [Box<dyn Kind>]) -> Option<&'k dyn Kind> {
    let wanted: String = fields.required("kind")?;
    let found = kinds.iter().find(|kind| kind.name() == wanted);
    if found.is_none() {
        let known = kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
        fields.object("kind", format!("unknown kind; known kinds: {known}"));
    }
    found.map(AsRef::as_ref)
}

struct Room(String);

impl FromToml for Room {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a room id (\"!…\") or an alias (\"#name:server\")";
        let room = text(value, expected)?;
        let fits = match room.split_at_checked(1) {
            Some(("!", rest)) => !rest.is_empty(),
            Some(("#", rest)) => rest
                .split_once(':')
                .is_some_and(|(alias, server)| !alias.is_empty() && !server.is_empty()),
            _ => false,
        };
        if fits { Ok(Self(room.to_owned())) } else { Err(format!("expected {expected}")) }
    }
}
