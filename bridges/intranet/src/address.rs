//! How a system, and whoever is behind it, is called: `alerts`, `nextcloud/anna`, `mqtt/door/1`.

use viadukt_api::Address;

/// A system by its name in the configuration, and a party behind it: a user, a channel, a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party<'a> {
    pub(crate) system: &'a str,
    /// Not empty.
    pub(crate) behind: Option<&'a str>,
}

impl<'a> Party<'a> {
    /// Reads what a person wrote, or an address of ours.
    pub(crate) fn read(written: &'a str) -> Self {
        let written = written.trim();
        let (system, behind) = written.split_once('/').unwrap_or((written, ""));
        Self { system, behind: Some(behind).filter(|behind| !behind.is_empty()) }
    }

    /// The address.
    pub(crate) fn address(self) -> Address {
        match self.behind {
            Some(behind) => Address::new(format!("{}/{behind}", self.system)),
            None => Address::new(self.system),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_a_system_and_perhaps_somebody_behind_it() {
        for (written, system, behind) in [
            ("alerts", "alerts", None),
            (" nextcloud/anna ", "nextcloud", Some("anna")),
            ("mqtt/door/1", "mqtt", Some("door/1")),
            ("alerts/", "alerts", None),
        ] {
            assert_eq!(Party::read(written), Party { system, behind }, "{written}");
        }
        let party = Party::read("mqtt/door/1");
        assert_eq!(Party::read(party.address().as_str()), party);
    }
}
