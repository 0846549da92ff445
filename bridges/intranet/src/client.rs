//! The options of every system that is reached over HTTP: where it is, whom it must prove to
//! be, how long it is waited for, and into which networks of our own its name may lead.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};
use viadukt_api::client::Client;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::egress::Egress;
use viadukt_api::network::{Networks, is_loopback};
use viadukt_api::tls::{self, Identity, Trust};
use viadukt_api::{BuildError, Context};

/// How a system is reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    networks: Networks,
    ca_file: Option<PathBuf>,
    identity: Option<Identity>,
    timeout: Duration,
}

impl Reach {
    /// Reads `networks`, `ca_file`, `certificate_file` with `key_file`, and `timeout`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        let reach = Self {
            networks: Networks::new(fields.list("networks")),
            ca_file: tls::read_ca_file(fields),
            identity: Identity::read(fields),
            timeout: fields.or("timeout", Duration::from_secs(30)),
        };
        if reach.timeout.is_zero() {
            fields.object("timeout", "expected a time of at least \"1s\"");
        }
        reach
    }

    /// Reads the address `key`, which is needed.
    pub(crate) fn url(&self, fields: &Fields<'_>, key: &str) -> Option<Url> {
        let written = fields.required::<String>(key)?;
        let url = self.address(&written).map_err(|why| fields.object(key, why));
        url.ok()
    }

    /// Reads the option `url_file`, which is needed: the address is a secret.
    pub(crate) fn url_file(&self, fields: &Fields<'_>) -> Option<SecretFile> {
        let file = fields.required::<SecretFile>("url_file")?;
        let reach = self.clone();
        fields.fits_later("url_file", &file, move |url| {
            reach.address(url).map(drop).map_err(str::to_owned)
        });
        Some(file)
    }

    /// Reads the address in the secret `file`: of some systems, who knows it may write.
    pub(crate) fn secret_url(&self, file: &SecretFile, to: &Context) -> Result<Url, BuildError> {
        let url = secret(file, to)?;
        self.address(url.expose_secret()).map_err(|why| {
            error(to, format!("{file}: {why}"), "put the address there, as the system shows it")
        })
    }

    /// The connections to the system.
    pub(crate) fn client(&self, to: &Context) -> Result<Client, BuildError> {
        tls::client(Trust::Besides(self.ca_file.as_deref()), self.identity.as_ref())
            .and_then(|tls| Client::new(tls, self.egress(), self.timeout))
            .map_err(|what| error(to, what, "name files in PEM that viadukt's user can read"))
    }

    /// Where the system's name may lead.
    pub(crate) fn egress(&self) -> Egress {
        Egress::public_and(self.networks.clone())
    }

    /// In clear on this machine only, and an address only where it is admitted. The error does
    /// not repeat what is written: it may be a secret.
    fn address(&self, written: &str) -> Result<Url, &'static str> {
        let expected = "expected https://…, or http:// for 127.0.0.1, ::1 and localhost only";
        let url = Url::parse(written.trim()).map_err(|_| expected)?;
        let host = url.host_str().unwrap_or_default();
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => is_loopback(host),
            _ => false,
        };
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ if is_loopback(host) => Some(Ipv4Addr::LOCALHOST.into()),
            _ => None,
        };
        match address {
            _ if !is_safe => Err(expected),
            _ if !url.username().is_empty() || url.password().is_some() => {
                Err("a login does not stand in an address; there are options for it")
            }
            Some(address) if !self.egress().admits(address) => {
                Err("this address is not public: list it, or its network, in `networks`")
            }
            _ => Ok(url),
        }
    }
}

/// The address of `segments` below `base`.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Only an address that is no https:// has no path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Reads the secret in `file`.
pub(crate) fn secret(file: &SecretFile, to: &Context) -> Result<SecretString, BuildError> {
    file.read().map_err(|e| error(to, e.to_string(), "put the system's secret there"))
}

/// What keeps a system of the bridge from being built.
pub(crate) fn error(to: &Context, what: String, remedy: &str) -> BuildError {
    BuildError { worker: to.name.clone(), what, remedy: remedy.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::contract::parse;

    use super::*;

    fn findings(toml: &str) -> Vec<String> {
        parse(toml, "", |fields| Reach::parse(fields).url(fields, "url")).1
    }

    #[test]
    fn an_address_is_encrypted_and_public_or_listed() {
        for fits in [
            "url = 'https://amt.example/hooks?key=1'",
            "url = 'https://8.8.8.8'",
            "url = 'http://127.0.0.1:8065'\nnetworks = ['127.0.0.1']",
            "url = 'http://localhost'\nnetworks = ['127.0.0.0/8', '::1']",
            "url = 'https://10.1.2.3'\nnetworks = ['10.1.0.0/16']",
        ] {
            assert_eq!(findings(fits), [""; 0], "{fits}");
        }
        let clear = "url: expected https://…, or http:// for 127.0.0.1, ::1 and localhost only";
        let login = "url: a login does not stand in an address; there are options for it";
        let own = "url: this address is not public: list it, or its network, in `networks`";
        for (unfit, why) in [
            ("url = 'http://amt.example'", clear),
            ("url = 'http://10.1.2.3'\nnetworks = ['10.1.0.0/16']", clear),
            ("url = 'ftp://amt.example'", clear),
            ("url = 'amt.example'", clear),
            ("url = 'https://10.1.2.3'", own),
            ("url = 'https://[::ffff:169.254.169.254]'", own),
            ("url = 'http://localhost'", own),
            ("url = 'https://anna@amt.example'", login),
            ("networks = []", "url: missing"),
        ] {
            assert_eq!(findings(unfit), [why], "{unfit}");
        }
    }
}
