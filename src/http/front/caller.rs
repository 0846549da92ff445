//! Who calls, where proxies stand between: their word counts as far as they are trusted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

use viadukt_api::network::Networks;

use crate::config::ProxyHeader;

/// Stands for a caller whose address a proxy did not write readably: in no network but that of
/// everyone.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The proxies before the listener.
pub(super) struct Proxies {
    trusted: Networks,
    header: ProxyHeader,
}

impl Proxies {
    /// Proxies in the networks `trusted` that write into `header`.
    pub fn new(trusted: Networks, header: ProxyHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether `peer` is one of them.
    pub fn trust(&self, peer: IpAddr) -> bool {
        self.trusted.contain(peer)
    }

    /// The address of the caller, when `peer` is connected and sent `headers`: the first one,
    /// seen from here, that is no trusted proxy. Each proxy appends the one it sees, so what
    /// stands left of that is the caller's own claim.
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer;
        let mut hops = self.hops(headers).into_iter().rev();
        while self.trusted.contain(caller)
            && let Some(hop) = hops.next()
        {
            caller = address(hop).unwrap_or(NOBODY);
        }
        caller
    }

    /// What the proxies wrote, the last one's line at the end.
    fn hops<'h>(&self, headers: &'h HeaderMap) -> Vec<&'h str> {
        let name = match self.header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => FORWARDED.as_str(),
        };
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
        match self.header {
            ProxyHeader::XForwardedFor => lines.flat_map(|line| line.split(',')).collect(),
            ProxyHeader::Forwarded => {
                lines.flat_map(|line| split(line, ',')).map(forwarded_for).collect()
            }
        }
    }
}

/// The value of `for` in one element of a `Forwarded` line (RFC 7239 4); empty without.
fn forwarded_for(element: &str) -> &str {
    split(element, ';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("for"))
        .map_or("", |(_, value)| value.trim_matches('"'))
}

/// The parts of `line` between the separators that stand outside quotes.
fn split(line: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`,
/// `[2001:db8::1]`, `[2001:db8::1]:443` (RFC 7239 6 and what proxies write besides).
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse();
    address.or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// Who calls when 10.0.0.1 is connected and sent `lines` of `name`; 10.0.0.0/8 is trusted.
    fn caller(header: ProxyHeader, name: &'static str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(line).unwrap());
        }
        let proxies = Proxies::new(Networks::of(&["10.0.0.0/8", "fd00::/8"]).unwrap(), header);
        proxies.caller("10.0.0.1".parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_calls() {
        let cases: [(&[&str], &str); 10] = [
            (&[], "10.0.0.1"),
            (&["192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            (&["198.51.100.9,192.0.2.1 , 10.0.0.2"], "192.0.2.1"),
            (&["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1:50123, fd00::1"], "192.0.2.1"),
            (&["[2001:db8::1]:443, [fd00::1]"], "2001:db8::1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["192.0.2.1, unknown"], "0.0.0.0"),
            (&["192.0.2.1, "], "0.0.0.0"),
        ];
        for (lines, expected) in cases {
            let found = caller(ProxyHeader::XForwardedFor, "x-forwarded-for", lines);
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        let cases: [(&[&str], &str); 8] = [
            (&["for=192.0.2.1"], "192.0.2.1"),
            (&["for=198.51.100.9;proto=https, For=\"192.0.2.1:47011\";by=10.0.0.1"], "192.0.2.1"),
            (&["for=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&["proto=https; for=192.0.2.1"], "192.0.2.1"),
            (&["for=192.0.2.1;ext=\"a,for=198.51.100.9\""], "192.0.2.1"),
            (&["for=192.0.2.1, for=_hidden"], "0.0.0.0"),
            (&["for=192.0.2.1, proto=https"], "0.0.0.0"),
            (&["x=\", for=192.0.2.1"], "0.0.0.0"),
        ];
        for (lines, expected) in cases {
            let found = caller(ProxyHeader::Forwarded, "forwarded", lines);
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn the_header_that_the_proxies_do_not_write_says_nothing() {
        let lines = &["for=192.0.2.1"];
        assert_eq!(caller(ProxyHeader::XForwardedFor, "forwarded", lines), "10.0.0.1");
        let lines = &["192.0.2.1"];
        assert_eq!(caller(ProxyHeader::Forwarded, "x-forwarded-for", lines), "10.0.0.1");
    }
}
