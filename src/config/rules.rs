//! Who may do what: patterns of Matrix users, and the rules made of them. Deny by default: who
//! matches no pattern may not.

use std::fmt;
use std::str::FromStr;

use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};
use viadukt_api::{Address, Level};

use super::{Answers, BridgeLimits, Notices};

/// Matrix users: one (`@anna:example.org`), or all of a homeserver (`*:example.org`).
///
/// User ids are compared as they are, since the Matrix specification gives them no other form
/// (appendices, "User Identifiers"). `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct UserPattern {
    /// `None` stands for everyone of the server.
    user: Option<String>,
    server: String,
}

impl UserPattern {
    /// As it stands in the configuration: for whoever runs it, and never for the log.
    pub fn written(&self) -> String {
        match &self.user {
            Some(user) => format!("@{user}:{}", self.server),
            None => format!("*:{}", self.server),
        }
    }

    /// A user that it covers.
    pub fn somebody(&self) -> Address {
        Address::new(format!("@{}:{}", self.user.as_deref().unwrap_or("somebody"), self.server))
    }

    /// Whether it covers `user`.
    pub fn matches(&self, user: &Address) -> bool {
        let Some((name, server)) = user.as_str().split_once(':') else { return false };
        server == self.server
            && name.strip_prefix('@').is_some_and(|n| self.user.as_deref().is_none_or(|u| u == n))
    }
}

impl FromStr for UserPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected \"@user:server\" or \"*:server\"".to_owned();
        let (name, server) = text.split_once(':').ok_or_else(expected)?;
        let user = match name {
            "*" => None,
            _ => Some(
                name.strip_prefix('@').filter(|user| is_localpart(user)).ok_or_else(expected)?,
            ),
        };
        if !is_server_name(server) {
            return Err(expected());
        }
        Ok(Self { user: user.map(str::to_owned), server: server.to_owned() })
    }
}

impl FromToml for UserPattern {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "\"@user:server\" or \"*:server\"")?.parse()
    }
}

impl fmt::Debug for UserPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserPattern(…)")
    }
}

/// One user's id, as configured.
pub(super) struct UserId(pub Address);

impl FromToml for UserId {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"@user:server\"";
        let id = text(value, expected)?;
        id.strip_prefix('@')
            .and_then(|rest| rest.split_once(':'))
            .filter(|(user, server)| is_localpart(user) && is_server_name(server))
            .map(|_| Self(Address::new(id)))
            .ok_or_else(|| format!("expected {expected}"))
    }
}

/// A level of protection as it stands in the configuration.
pub(super) struct LevelWord(pub Level);

impl FromToml for LevelWord {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("normal") => Ok(Self(Level::Normal)),
            Some("high") => Ok(Self(Level::High)),
            Some("very-high") => Ok(Self(Level::VeryHigh)),
            _ => Err("expected \"normal\", \"high\" or \"very-high\"".to_owned()),
        }
    }
}

/// Who may send out of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Senders {
    /// Them; never empty.
    pub patterns: Vec<UserPattern>,
    /// The least power level that a sender must have in the room.
    pub power_level: i64,
}

/// Whom answers go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// To the sender alone.
    #[default]
    Sender,
    /// Also to everybody whom the sender named.
    All,
}

impl FromToml for Reply {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("sender") => Ok(Self::Sender),
            Some("all") => Ok(Self::All),
            _ => Err("expected \"sender\" or \"all\"".to_owned()),
        }
    }
}

/// What may leave the room of one bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who may send out.
    pub senders: Senders,
    /// How much, and when.
    pub limits: BridgeLimits,
    /// What leaves it without anybody writing.
    pub answers: Answers,
    /// Whom answers go to.
    pub reply: Reply,
    /// How what machines write is shown.
    pub notices: Notices,
    /// How much protection what is said in the room is given; `None` sets no limit.
    pub level: Option<Level>,
}

/// Why a user may not send out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No pattern of `senders` covers the user.
    NotListed,
    /// The user's power level is below the least one, or not known.
    TooLittlePower,
}

impl Rules {
    /// `senders` may send, without further bounds; `name` answers what must be answered.
    pub fn new(senders: Vec<UserPattern>, name: &str) -> Self {
        let (limits, answers) = (BridgeLimits::default(), Answers::new(name));
        let (notices, level) = (Notices::default(), None);
        let senders = Senders { patterns: senders, power_level: 0 };
        Self { senders, limits, answers, reply: Reply::default(), notices, level }
    }
}

impl Senders {
    /// Whether `user`, with power level `power` in the room, is one.
    pub fn may_send(&self, user: &Address, power: Option<i64>) -> Result<(), Denied> {
        if !self.patterns.iter().any(|pattern| pattern.matches(user)) {
            return Err(Denied::NotListed);
        }
        if power.is_none_or(|level| level < self.power_level) {
            return Err(Denied::TooLittlePower);
        }
        Ok(())
    }
}

/// Who may invite the hub into rooms. Empty: nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invites(pub Vec<UserPattern>);

impl Invites {
    /// Whether an invite from `user` is accepted.
    pub fn may_invite(&self, user: &Address) -> bool {
        self.0.iter().any(|pattern| pattern.matches(user))
    }
}

fn is_localpart(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != ':' && c != '*')
}

/// A host name or address with an optional port, in lower case; close to the specification's
/// grammar (appendices, "Server Name"), which a homeserver checks anyway.
fn is_server_name(text: &str) -> bool {
    let of_server = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | ':' | '[' | ']');
    !text.is_empty() && text.chars().all(of_server)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn pattern(text: &str) -> UserPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_covers_one_user_or_a_whole_server() {
        for (text, user, covered) in [
            ("@anna:amt.example", "@anna:amt.example", true),
            ("@anna:amt.example", "@bert:amt.example", false),
            ("@anna:amt.example", "@anna:evil.example", false),
            ("*:amt.example", "@bert:amt.example", true),
            ("*:amt.example", "@bert:x.amt.example", false),
            ("*:amt.example", "@bert:amt.example:8448", false),
            ("*:amt.example:8448", "@bert:amt.example:8448", true),
            ("*:amt.example", "bert:amt.example", false),
            ("*:amt.example", "@bert", false),
        ] {
            assert_eq!(pattern(text).matches(&Address::new(user)), covered, "{text} on {user}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "*", "@anna", "anna:amt.example", "@*:amt.example", "@:x", "@a:", "@a:X"] {
            assert!(text.parse::<UserPattern>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn sending_needs_a_pattern_and_a_known_power_level() {
        let senders = Senders { patterns: vec![pattern("*:amt.example")], power_level: 50 };
        let (anna, stranger) = (Address::new("@anna:amt.example"), Address::new("@eve:x.example"));
        assert_eq!(senders.may_send(&anna, Some(50)), Ok(()));
        assert_eq!(senders.may_send(&anna, Some(49)), Err(Denied::TooLittlePower));
        assert_eq!(senders.may_send(&anna, None), Err(Denied::TooLittlePower));
        assert_eq!(senders.may_send(&stranger, Some(100)), Err(Denied::NotListed));
    }

    #[test]
    fn no_pattern_means_nobody() {
        assert!(!Invites::default().may_invite(&Address::new("@anna:amt.example")));
    }

    #[test]
    fn debug_output_names_nobody() {
        assert_eq!(format!("{:?}", pattern("@anna:amt.example")), "UserPattern(…)");
    }
}
