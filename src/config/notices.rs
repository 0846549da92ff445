//! `[bridges.NAME.notices]`: how what machines write is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Address, Severity};

use super::rules::UserId;

/// How a bridge shows what machines write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// What a conversation may bring before it counts as a flood.
    pub flood: Flood,
    /// Who is called by a message of which severity.
    pub mention: BTreeMap<Severity, Vec<Address>>,
    /// Whether a mark put to a message asks the far side for what it stands for.
    pub marks: bool,
}

/// So many messages in such a time, written `30/5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// How many.
    pub most: u32,
    /// In what time.
    pub span: Duration,
}

impl Default for Notices {
    fn default() -> Self {
        let flood = Flood { most: 30, span: Duration::from_secs(300) };
        Self { flood, mention: BTreeMap::new(), marks: true }
    }
}

impl Notices {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let default = Self::default();
        let mention = fields.optional_table("mention").map(|fields| {
            let users = |key: &str| -> Vec<Address> {
                fields.list::<UserId>(key).into_iter().map(|user| user.0).collect()
            };
            let mention = BTreeMap::from([
                (Severity::Critical, users("critical")),
                (Severity::Warning, users("warning")),
                (Severity::Info, users("info")),
            ]);
            fields.finish();
            mention
        });
        let notices = Self {
            flood: fields.or("flood", default.flood),
            mention: mention.unwrap_or_default(),
            marks: fields.or("marks", default.marks),
        };
        fields.finish();
        notices
    }

    /// Who is called by a message of `severity`.
    pub fn called_by(&self, severity: Option<Severity>) -> &[Address] {
        let users = severity.and_then(|severity| self.mention.get(&severity));
        users.map_or(&[], Vec::as_slice)
    }
}

impl FromToml for Flood {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a number of messages and a time such as \"30/5m\"";
        let (most, span) = text(value, expected)?.split_once('/').unwrap_or_default();
        let span = Duration::from_toml(&DeValue::String(span.trim().into())).ok();
        let read = most.trim().parse().ok().zip(span);
        let read = read.filter(|(most, span)| *most > 0 && !span.is_zero());
        read.map(|(most, span)| Self { most, span }).ok_or_else(|| format!("expected {expected}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_number_and_a_time() {
        let read = |written: &str| Flood::from_toml(&DeValue::String(written.into()));
        let span = Duration::from_secs(120);
        assert_eq!(read("20/2m").unwrap(), Flood { most: 20, span });
        for written in ["", "20", "20/", "/5m", "0/5m", "20/0s", "20/day", "x/5m"] {
            assert!(read(written).is_err(), "{written:?} was taken");
        }
    }
}
