//! `[public]`: the listener that far sides call.

use std::net::{Ipv4Addr, SocketAddr};

use http::Uri;
use toml::de::DeValue;
use viadukt_api::config::{ByteSize, Fields, FromToml, text};
use viadukt_api::network::Networks;

use super::settings::Listen;

/// `[public]`: the listener that far sides call at `/hooks/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its address as it is known outside, without a slash at the end, otherwise as it was
    /// written: far sides make signatures over it byte by byte.
    pub base_url: String,
    /// Who is believed about the address of a caller.
    pub trusted_proxies: Networks,
    /// Where they write it.
    pub proxy_header: ProxyHeader,
    /// The largest body of a call.
    pub max_body: ByteSize,
    /// How many calls a second one address may make at one bridge, in the long run.
    pub rate: u32,
    /// How many calls it may make at once after a rest.
    pub burst: u32,
}

/// Where a proxy writes the address of its caller. One and not both: a proxy rewrites the one
/// that it knows and lets the other one through as its caller wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, which most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Public {
    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        let listen = fields.or("listen", Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 8085))));
        let base_url = fields.required("base_url");
        let trusted_proxies = Networks::new(fields.list("trusted_proxies"));
        let proxy_header = fields.or("proxy_header", ProxyHeader::default());
        let max_body = fields.or("max_body", ByteSize(1_000_000));
        let rate = read_count(fields, "rate", 50);
        let burst = read_count(fields, "burst", 200);
        fields.finish();
        let (listen, BaseUrl(base_url)) = (listen.0, base_url?);
        Some(Self { listen, base_url, trusted_proxies, proxy_header, max_body, rate, burst })
    }
}

fn read_count(fields: &Fields<'_>, key: &str, default: u32) -> u32 {
    let count = fields.or(key, default);
    if count == 0 {
        fields.object(key, "expected at least 1");
    }
    count
}

struct BaseUrl(String);

impl FromToml for BaseUrl {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected =
            "the address as it is known outside, such as \"https://viadukt.amt.example\"";
        let written = text(value, expected)?;
        let fits = written.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("https" | "http"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
                && !written.contains(['?', '#'])
        });
        if !fits {
            return Err(format!("expected {expected}"));
        }
        Ok(Self(written.trim_end_matches('/').to_owned()))
    }
}

impl FromToml for ProxyHeader {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("x-forwarded-for") => Ok(Self::XForwardedFor),
            Some("forwarded") => Ok(Self::Forwarded),
            _ => Err("expected \"x-forwarded-for\" or \"forwarded\"".to_owned()),
        }
    }
}
