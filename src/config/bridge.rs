//! `[bridges.NAME]`: what is asked of every bridge, whatever its kind.

use std::ops::Range;

use viadukt_api::config::{Fields, Findings};
use viadukt_api::network::{Network, Networks};
use viadukt_api::{Kind, RoomSpec, Section, WorkerName};

use super::answers::Answers;
use super::limits::BridgeLimits;
use super::notices::Notices;
use super::rooms::{Owners, Rooms, Usual};
use super::rules::{LevelWord, Rules, Senders, UserId};

/// One configured far side.
pub struct Bridge {
    /// Its name.
    pub name: WorkerName,
    /// Its kind's word.
    pub kind: &'static str,
    /// Its room.
    pub room: RoomSpec,
    /// Its further rooms.
    pub rooms: Rooms,
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
    let mut owners = Owners::default();
    let tables = root.tables("bridges");
    let read = |(name, place, fields): &(String, Range<usize>, Fields<'_>)| {
        read(name, place.clone(), fields, &mut owners, kinds, public, findings)
    };
    tables.iter().filter_map(read).collect()
}

fn read(
    name: &str,
    place: Range<usize>,
    fields: &Fields<'_>,
    owners: &mut Owners,
    kinds: &[Box<dyn Kind>],
    public: bool,
    findings: &Findings,
) -> Option<Bridge> {
    let room = owners.read(fields, &format!("bridges.{name}"));
    let name = read_name(name)
        .map_err(|message| findings.add(place.clone(), format!("bridges.{name}"), message))
        .ok();
    let kind = read_kind(fields, kinds);
    let room_name = fields.optional::<String>("room_name");
    let invite: Vec<UserId> = fields.list("invite");
    let patterns = fields.required_list("senders");
    let power_level = fields.or("power_level", 0);
    let sources = fields.optional_list("sources").unwrap_or_else(|| Network::ALL.to_vec());
    let called = room_name
        .clone()
        .unwrap_or_else(|| name.as_ref().map_or_else(String::new, WorkerName::to_string));
    let limits = fields.optional_table("limits").map(|f| BridgeLimits::read(&f));
    let answers = fields.optional_table("answers").map(|f| Answers::read(&f, &called));
    let notices = fields.optional_table("notices").map(|f| Notices::read(&f));
    let level = fields.optional::<LevelWord>("level").map(|word| word.0);
    let spec = RoomSpec {
        bridge: name.clone().unwrap_or_else(WorkerName::hub),
        key: None,
        existing: room,
        name: called.clone(),
        invite: invite.into_iter().map(|user| user.0).collect(),
    };
    let senders = Senders { patterns: patterns.clone().unwrap_or_default(), power_level };
    let usual = Usual { bridge: spec.bridge.clone(), spec, senders, level };
    let rooms = Rooms::read(fields, &usual, owners, findings);
    // Without a kind every option of the kind would look unknown.
    let (name, kind) = (name?, kind?);
    let section = kind.parse(&name, fields);
    fields.finish();
    if !public && section.as_ref().is_some_and(|section| section.is_called()) {
        let message = "is called over HTTP and nothing listens for it; add a table [public]";
        findings.add(place, format!("bridges.{name}"), message);
    }
    Some(Bridge {
        kind: kind.name(),
        room: usual.spec,
        rooms,
        name,
        sources: Networks::new(sources),
        rules: Rules {
            senders: Senders { patterns: patterns?, power_level },
            limits: limits.unwrap_or_default(),
            answers: answers.unwrap_or_else(|| Answers::new(&called)),
            notices: notices.unwrap_or_default(),
            level,
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
