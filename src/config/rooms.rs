//! The rooms of a bridge besides its own: `[bridges.NAME.rooms.TEAM]`, `[bridges.NAME.intake]`,
//! and rooms for single conversations.

use std::collections::BTreeMap;

use toml::de::DeValue;
use viadukt_api::config::{Fields, Findings, FromToml, text};
use viadukt_api::{Address, Level, RoomSpec, WorkerName};

use super::rules::{LevelWord, Senders, UserId, UserPattern};
use crate::ledger::Place;

/// The rooms that conversations of a bridge live in, besides the bridge's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rooms {
    /// Further rooms, and the intake room.
    pub further: BTreeMap<Place, Further>,
    /// What the rooms of single conversations are like (`conversations = "room"`); `None`: each
    /// conversation is a thread.
    pub single: Option<RoomSpec>,
}

/// A further room of a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Further {
    /// The room.
    pub spec: RoomSpec,
    /// Who may send out of it.
    pub senders: Senders,
    /// Our own addresses whose conversations begin there.
    pub via: Vec<Address>,
    /// How much protection what is said there is given; `None` sets no limit.
    pub level: Option<Level>,
}

impl Rooms {
    /// Where a conversation begins that came in on our own address `via`: in the room that has
    /// this address, or the part of it before a slash, or else all that end as it does.
    pub fn birthplace(&self, via: Option<&Address>) -> Place {
        let mut names = std::iter::successors(via.map(Address::as_str), |name| {
            name.rsplit_once('/').map(|(before, _)| before)
        });
        let named = names.find_map(|name| self.team_of(name));
        let named = named.or_else(|| self.team_of_part(via?.as_str()));
        match (named, &self.single) {
            (Some(place), _) => place.clone(),
            (None, Some(_)) => Place::Own,
            (None, None) => Place::Main,
        }
    }

    fn team_of(&self, via: &str) -> Option<&Place> {
        let has = |further: &Further| further.via.iter().any(|own| own.as_str() == via);
        self.further.iter().find(|(_, further)| has(further)).map(|(place, _)| place)
    }

    /// The room that has all addresses which end as `via` does.
    fn team_of_part(&self, via: &str) -> Option<&Place> {
        let ends = |own: &Address| own.as_str().strip_prefix('*').is_some_and(|e| via.ends_with(e));
        let has = |further: &Further| further.via.iter().any(ends);
        self.further.iter().find(|(_, further)| has(further)).map(|(place, _)| place)
    }

    /// Our own address that conversations leave from that begin at `place`; `None`: the usual.
    pub fn via(&self, place: &Place) -> Option<&Address> {
        self.further.get(place)?.via.first().filter(|own| !own.as_str().starts_with('*'))
    }

    /// Whether parties begin in an intake room until somebody approves them.
    pub fn has_intake(&self) -> bool {
        self.further.contains_key(&Place::Intake)
    }

    /// The further room that a person calls `name`.
    pub fn team(&self, name: &str) -> Option<Place> {
        let is_called = |place: &&Place| match place {
            Place::Team(team) => team.eq_ignore_ascii_case(name),
            _ => false,
        };
        self.further.keys().find(is_called).cloned()
    }
}

/// What the rooms of a bridge have in common unless they say otherwise.
pub(super) struct Usual {
    pub bridge: WorkerName,
    pub spec: RoomSpec,
    pub senders: Senders,
    pub level: Option<Level>,
}

/// The rooms named so far, so that none has two owners.
#[derive(Default)]
pub(super) struct Owners(BTreeMap<String, String>);

impl Owners {
    /// Reads `room` of the table called `owner`.
    pub(super) fn read(&mut self, fields: &Fields<'_>, owner: &str) -> Option<String> {
        let room = fields.optional::<Room>("room")?.0;
        if let Some(other) = self.0.insert(room.clone(), owner.to_owned()) {
            fields.object("room", format!("{other} has this room already; a room has one owner"));
        }
        Some(room)
    }
}

impl Rooms {
    /// Reads what a bridge's table says about further rooms.
    pub(super) fn read(
        fields: &Fields<'_>,
        usual: &Usual,
        owners: &mut Owners,
        findings: &Findings,
    ) -> Self {
        let mut further = BTreeMap::new();
        for (name, place, table) in fields.tables("rooms") {
            if let Err(message) = team_name(&name) {
                let path = format!("bridges.{}.rooms.{name}", usual.bridge);
                findings.add(place, path, message);
            }
            let place = Place::Team(name.clone());
            let room = Further::read(&table, usual, owners, &format!("rooms.{name}"), true);
            further.insert(place, room);
        }
        if let Some(table) = fields.optional_table("intake") {
            let room = Further::read(&table, usual, owners, "intake", false);
            further.insert(Place::Intake, room);
        }
        let single = match fields.or("conversations", Conversations::Thread) {
            Conversations::Thread => None,
            Conversations::Room => Some(RoomSpec { existing: None, ..usual.spec.clone() }),
        };
        Self { further, single }
    }
}

impl Further {
    fn read(
        fields: &Fields<'_>,
        usual: &Usual,
        owners: &mut Owners,
        key: &str,
        has_addresses: bool,
    ) -> Self {
        let existing = owners.read(fields, &format!("bridges.{}.{key}", usual.bridge));
        let name = fields.optional("room_name");
        let invite = fields.optional_list::<UserId>("invite");
        let patterns = fields.optional_list::<UserPattern>("senders");
        let power_level = fields.or("power_level", usual.senders.power_level);
        let level = fields.optional::<LevelWord>("level").map(|word| word.0);
        let via: Vec<String> = if has_addresses { fields.list("via") } else { Vec::new() };
        fields.finish();
        let invite = invite.map(|users| users.into_iter().map(|user| user.0).collect());
        let label = key.rsplit('.').next().unwrap_or(key);
        Self {
            spec: RoomSpec {
                bridge: usual.bridge.clone(),
                key: Some(key.to_owned()),
                existing,
                name: name.unwrap_or_else(|| format!("{} – {label}", usual.spec.name)),
                invite: invite.unwrap_or_else(|| usual.spec.invite.clone()),
            },
            senders: Senders {
                patterns: patterns.unwrap_or_else(|| usual.senders.patterns.clone()),
                power_level,
            },
            via: via.into_iter().map(Address::new).collect(),
            level: level.or(usual.level),
        }
    }
}

/// How conversations are shown.
enum Conversations {
    Thread,
    Room,
}

impl FromToml for Conversations {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("thread") => Ok(Self::Thread),
            Some("room") => Ok(Self::Room),
            _ => Err("expected \"thread\" or \"room\"".to_owned()),
        }
    }
}

/// People type it behind `!approve`.
fn team_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let is_word = !name.is_empty() && name.len() <= 32 && name.chars().all(fits);
    is_word.then_some(()).ok_or_else(|| {
        "expected a name of letters, digits, hyphens and underscores, at most 32 bytes".to_owned()
    })
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
