//! Where requests may go: a far side's address leads into the public network, and into networks
//! of our own only where the configuration lists them. The name is resolved once and what was
//! found is what is connected to, at each attempt anew, so that a name that changes its meaning
//! (DNS rebinding) leads nowhere else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::{Ipv4Net, Ipv6Net};

use crate::network::Networks;

/// Which addresses may be connected to, and who finds them.
#[derive(Clone)]
pub struct Egress {
    /// `None`: all of them.
    listed: Option<Networks>,
    lookup: Arc<dyn Lookup>,
}

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of `host`.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// Why a host cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub enum NoWay {
    /// Its name has no address.
    #[error("the name has no address")]
    NoAddress(#[from] io::Error),
    /// It leads into a network that is not listed.
    #[error("the name leads into a network that is not listed")]
    NotListed,
}

impl Egress {
    /// Everywhere.
    pub fn anywhere() -> Self {
        Self { listed: None, lookup: Arc::new(System) }
    }

    /// Into the public network, and into those `listed`.
    pub fn public_and(listed: Networks) -> Self {
        Self { listed: Some(listed), lookup: Arc::new(System) }
    }

    /// The same with another way to find addresses.
    #[must_use]
    pub fn with_lookup(self, lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, ..self }
    }

    /// Whether `address` may be connected to.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.listed.as_ref().is_none_or(|listed| listed.contain(address) || is_public(address))
    }

    /// The addresses behind `host`, a name or an address, that may be connected to; at least one.
    ///
    /// # Errors
    /// There is none.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, NoWay> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let found = match bare.unwrap_or(host).parse() {
            Ok(address) => vec![address],
            Err(_) => self.lookup.addresses(host).await?,
        };
        if found.is_empty() {
            return Err(NoWay::NoAddress(io::ErrorKind::NotFound.into()));
        }
        let admitted: Vec<_> = found.into_iter().filter(|address| self.admits(*address)).collect();
        if admitted.is_empty() { Err(NoWay::NotListed) } else { Ok(admitted) }
    }
}

/// The operating system's.
struct System;

#[async_trait]
impl Lookup for System {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Whether an address belongs to the public network: neither to one of the special ranges of
/// IANA's registries (RFC 6890), nor, embedded in an IPv6 address, to such a range of IPv4.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => {
                GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|r| r.contains(&address))
            }
        },
    }
}

/// The IPv4 address that a translator (RFC 6052 2.1) or a 6to4 relay (RFC 3056 2) takes out.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let at = if TRANSLATED.contains(&address) {
        12
    } else if SIX_TO_FOUR.contains(&address) {
        2
    } else {
        return None;
    };
    let inner: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(inner))
}

const SPECIAL_V4: [Ipv4Net; 17] = [
    v4([0, 0, 0, 0], 8),        // this network, and the unspecified address: RFC 791
    v4([10, 0, 0, 0], 8),       // private: RFC 1918
    v4([100, 64, 0, 0], 10),    // shared by carriers, and clouds' metadata: RFC 6598
    v4([127, 0, 0, 0], 8),      // loopback: RFC 1122
    v4([168, 63, 129, 16], 32), // Azure's metadata and agents, in the midst of public addresses
    v4([169, 254, 0, 0], 16),   // link-local, and most clouds' metadata: RFC 3927
    v4([172, 16, 0, 0], 12),    // private: RFC 1918
    v4([192, 0, 0, 0], 24),     // protocol assignments: RFC 6890
    v4([192, 0, 2, 0], 24),     // documentation: RFC 5737
    v4([192, 88, 99, 0], 24),   // relays of 6to4: RFC 7526
    v4([192, 168, 0, 0], 16),   // private: RFC 1918
    v4([198, 18, 0, 0], 15),    // measurements: RFC 2544
    v4([198, 51, 100, 0], 24),  // documentation: RFC 5737
    v4([203, 0, 113, 0], 24),   // documentation: RFC 5737
    v4([224, 0, 0, 0], 4),      // multicast: RFC 5771
    v4([240, 0, 0, 0], 4),      // reserved: RFC 1112
    v4([255, 255, 255, 255], 32), // broadcast: RFC 919
];

/// All that is assigned as global unicast; what is outside (loopback, link-local, unique local,
/// multicast, translators of one's own) is not public: RFC 4291 2.4.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

const SPECIAL_V6: [Ipv6Net; 3] = [
    v6([0x2001, 0], 23),     // protocol assignments, among them Teredo: RFC 2928
    v6([0x2001, 0xdb8], 32), // documentation: RFC 3849
    v6([0x3fff, 0], 20),     // documentation: RFC 9637
];

const TRANSLATED: Ipv6Net = v6([0x64, 0xff9b], 96);
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0], 16);

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b]: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "8.8.8.8",
            "100.63.255.255",
            "172.32.0.1",
            "2620:fe::9",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public} is public");
        }
        for own in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.8.9.10",
            "168.63.129.16",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "3fff::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own} is not public");
        }
    }

    /// Answers with one list after the other, the last one again and again.
    struct Turning(Mutex<Vec<Vec<IpAddr>>>);

    #[async_trait]
    impl Lookup for Turning {
        async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            let mut answers = self.0.lock().unwrap();
            Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
        }
    }

    fn turning(listed: &[&str], answers: &[&[&str]]) -> Egress {
        let parsed = |list: &&[&str]| list.iter().map(|a| a.parse().unwrap()).collect();
        let answers = answers.iter().map(parsed).collect();
        let egress = Egress::public_and(Networks::of(listed).unwrap());
        egress.with_lookup(Arc::new(Turning(Mutex::new(answers))))
    }

    #[tokio::test]
    async fn a_name_that_turns_to_a_private_address_leads_nowhere() {
        let egress = turning(&[], &[&["8.8.8.8"], &["10.0.0.1"]]);
        assert_eq!(
            egress.resolve("amt.example").await.unwrap(),
            ["8.8.8.8".parse::<IpAddr>().unwrap()]
        );
        let turned = egress.resolve("amt.example").await;
        assert!(matches!(turned, Err(NoWay::NotListed)), "{turned:?}");
    }

    #[tokio::test]
    async fn of_several_addresses_only_those_admitted_are_used() {
        let egress = turning(&["10.1.0.0/16"], &[&["10.0.0.1", "10.1.0.1", "127.0.0.1"]]);
        let found = egress.resolve("amt.example").await.unwrap();
        assert_eq!(found, ["10.1.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[tokio::test]
    async fn an_address_in_place_of_a_name_is_looked_at_as_well() {
        let egress = turning(&["::1"], &[&[]]);
        for (host, admitted) in [("127.0.0.1", false), ("[::1]", true), ("8.8.8.8", true)] {
            assert_eq!(egress.resolve(host).await.is_ok(), admitted, "{host}");
        }
        let nobody = egress.resolve("amt.example").await;
        assert!(matches!(nobody, Err(NoWay::NoAddress(_))), "{nobody:?}");
        assert!(Egress::anywhere().admits("127.0.0.1".parse().unwrap()));
    }
}
