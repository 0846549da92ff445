//! The options about who wrote a mail.

use std::net::{IpAddr, SocketAddr};

use viadukt_api::config::Fields;
use viadukt_api::network::Networks;

/// How senders are checked by ourselves; see [`crate::authentication`].
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckSection {
    /// Our mail servers: whose word about the client before them counts.
    pub(crate) trusted_relays: Networks,
    /// Domains that may pass changed mails on (RFC 8617).
    pub(crate) trusted_sealers: Vec<String>,
    /// Whom to ask; empty: whom the system asks.
    pub(crate) resolvers: Vec<SocketAddr>,
}

impl CheckSection {
    /// Reads the table; `None` when nothing is to be checked.
    pub(super) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let written: Vec<String> = fields.list("resolvers");
        let resolvers: Vec<_> = written.iter().filter_map(|text| resolver(text)).collect();
        if resolvers.len() < written.len() {
            fields.object("resolvers", "expected addresses such as \"192.0.2.53\"");
        }
        let section = Self {
            trusted_relays: Networks::new(fields.list("trusted_relays")),
            trusted_sealers: fields.list("trusted_sealers"),
            resolvers,
        };
        let check = fields.or("check", false);
        fields.finish();
        check.then_some(section)
    }
}

/// An address, with a port or without.
fn resolver(written: &str) -> Option<SocketAddr> {
    let alone = || written.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
    written.parse().or_else(|_| alone()).ok()
}
