//! `[bridges.NAME.limits]`: how much may leave a bridge, and when.

use toml::de::DeValue;
use viadukt_api::Timestamp;
use viadukt_api::config::{Fields, FromToml, text};

use super::hours::{Span, Zone};

/// What bounds a bridge's way out. Nothing is bounded by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgeLimits {
    /// When nobody is to be disturbed: what a person sends then waits for their end.
    pub quiet_hours: Option<Span>,
    /// For everybody who is written to.
    pub per_recipient: Option<Allowance>,
    /// For every user who writes.
    pub per_user: Option<Allowance>,
    /// For every room that is written from.
    pub per_room: Option<Allowance>,
    /// For the bridge as a whole.
    pub per_bridge: Option<Allowance>,
    /// Nothing leaves at all.
    pub paused: bool,
}

impl BridgeLimits {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let limits = Self {
            quiet_hours: fields.optional("quiet_hours"),
            per_recipient: fields.optional("per_recipient"),
            per_user: fields.optional("per_user"),
            per_room: fields.optional("per_room"),
            per_bridge: fields.optional("per_bridge"),
            paused: fields.or("paused", false),
        };
        fields.finish();
        limits
    }
}

/// So many units in each period, written `20/day` or `5/hour`. A unit is what the network
/// charges for ([`viadukt_api::Cost`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many.
    pub units: u32,
    /// In what time.
    pub period: Period,
}

/// A period by the clocks of the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
}

impl Period {
    /// When the period that `now` is in ends.
    pub fn end(self, now: Timestamp, zone: &Zone) -> Timestamp {
        match self {
            Self::Hour => zone.end_of_hour(now),
            Self::Day => zone.end_of_day(now),
        }
    }
}

impl FromToml for Allowance {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a number and a period such as \"20/day\" or \"5/hour\"";
        let (units, period) = text(value, expected)?.split_once('/').unwrap_or_default();
        let period = match period.trim() {
            "hour" => Some(Period::Hour),
            "day" => Some(Period::Day),
            _ => None,
        };
        let read = units.trim().parse().ok().zip(period);
        read.map(|(units, period)| Self { units, period })
            .ok_or_else(|| format!("expected {expected}"))
    }
}
