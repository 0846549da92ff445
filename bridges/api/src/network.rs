//! Networks in CIDR notation (RFC 4632 3.1, RFC 4291 2.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::config::{FromToml, text};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use toml::de::DeValue;

/// A set of addresses; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// The addresses of all `networks`.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks.into_iter().map(|network| network.0).collect())
    }

    /// The networks that are written as in the configuration.
    pub fn of(written: &[&str]) -> Result<Self, String> {
        written.iter().map(|network| network.parse()).collect::<Result<_, _>>().map(Self::new)
    }

    /// Whether `address` is in one of them. An IPv4 address written as an IPv6 one, as a
    /// listener for both shows it (RFC 4291 2.5.5.2), is the IPv4 address.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// One network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Every address there is.
    pub const ALL: [Self; 2] = [
        Self(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0))),
        Self(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0))),
    ];
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| {
            "expected a network such as \"192.0.2.0/24\" or \"2001:db8::/32\", or an address"
                .to_owned()
        })
    }
}

impl FromToml for Network {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "a network such as \"192.0.2.0/24\"")?.parse()
    }
}

/// Whether a host, as it stands in an address, is this machine: what is said to it needs no
/// encryption.
pub fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn networks(text: &str) -> Networks {
        Networks::of(&text.split_whitespace().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_network_contains_its_addresses() {
        let everyone = Networks::new(Network::ALL.to_vec());
        for (of, address, inside) in [
            (networks("192.0.2.0/24"), "192.0.2.255", true),
            (networks("192.0.2.0/24"), "192.0.3.0", false),
            (networks("192.0.2.7/24"), "192.0.2.9", true),
            (networks("192.0.2.7"), "192.0.2.7", true),
            (networks("192.0.2.7"), "192.0.2.8", false),
            (networks("192.0.2.0/24"), "::ffff:192.0.2.1", true),
            (networks("2001:db8::/32 192.0.2.7"), "2001:db8:1::1", true),
            (networks("2001:db8::/32"), "2001:db9::1", false),
            (Networks::default(), "127.0.0.1", false),
            (everyone.clone(), "203.0.113.9", true),
            (everyone, "2001:db8::1", true),
        ] {
            assert_eq!(of.contain(address.parse().unwrap()), inside, "{address} in {of:?}");
        }
    }

    #[test]
    fn this_machine_is_known_by_name_and_by_address() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.amt.example", "192.0.2.1", "::", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "amt.example", "192.0.2.0/33", "192.0.2", "2001:db8::/129", "/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong:?} was taken");
        }
    }
}
