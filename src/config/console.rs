//! `[http.console]`: the pages on the internal listener.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use toml::de::DeValue;
use url::Url;
use viadukt_api::config::{Fields, FromToml, SecretFile, text};

/// `[http.console]`: pages for people who keep viadukt running, at `/console`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Its address as browsers know it, where that is not the listener's own; without a path.
    pub base_url: Option<Url>,
    /// What people log in with; without it the admin token in the data folder.
    pub token_file: Option<SecretFile>,
    /// How long somebody may do nothing before they have to log in again.
    pub idle: Duration,
    /// After how long they have to in any case.
    pub longest: Duration,
    /// `[http.console.oidc]`; without it people log in with the token alone.
    pub oidc: Option<Oidc>,
}

/// `[http.console.oidc]`: the identity provider (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// The provider, as it calls itself.
    pub issuer: Url,
    /// What it calls us.
    pub client_id: String,
    /// What we show it.
    pub client_secret_file: SecretFile,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where it says which groups somebody is in.
    pub groups_claim: String,
    /// Who may operate viadukt: everybody in one of these.
    pub groups: Vec<String>,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

impl Oidc {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let issuer: Option<Issuer> = fields.required("issuer");
        let client_id = fields.required("client_id");
        let client_secret_file = fields.required("client_secret_file");
        let scopes = fields.optional_list("scopes");
        let groups_claim = fields.or("groups_claim", "groups".to_owned());
        let groups: Option<Vec<String>> = fields.required_list("groups");
        let ca_file = fields.optional("ca_file");
        fields.finish();
        Some(Self {
            issuer: issuer?.0,
            client_id: client_id?,
            client_secret_file: client_secret_file?,
            scopes: scopes.unwrap_or_else(|| ["openid", "profile"].map(str::to_owned).into()),
            groups_claim,
            groups: groups?,
            ca_file,
        })
    }
}

impl Console {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let base_url = fields.optional("base_url").map(|BaseUrl(url)| url);
        let token_file: Option<SecretFile> = fields.optional("token_file");
        if let Some(file) = token_file.clone() {
            fields.later("token_file", move || long_enough(&file));
        }
        let idle = fields.or("idle", Duration::from_secs(30 * 60));
        let longest = fields.or("longest", Duration::from_secs(12 * 3_600));
        if idle > longest {
            fields.object("idle", "expected no more than `longest`");
        }
        let oidc = fields.optional_table("oidc").and_then(|fields| Oidc::read(&fields));
        if oidc.is_some() && base_url.is_none() {
            fields.object("oidc", "needs `base_url`, where people come back to");
        }
        fields.finish();
        Self { base_url, token_file, idle, longest, oidc }
    }

    /// Whether browsers reach it over TLS, so that they must never show the cookie elsewhere.
    pub fn is_behind_tls(&self) -> bool {
        self.base_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// The least length of a token that people choose: nobody guesses 128 bits.
pub const TOKEN_LENGTH: usize = 32;

/// Whether nobody can guess what `file` holds.
fn long_enough(file: &SecretFile) -> Result<(), String> {
    // A file that cannot be read is a finding of its own.
    let Ok(token) = file.read() else { return Ok(()) };
    match token.expose_secret().trim().len() {
        TOKEN_LENGTH.. => Ok(()),
        _ => Err(format!(
            "{}: expected at least {TOKEN_LENGTH} characters; \
             \"openssl rand -hex 32\" makes a good token",
            file.path().display()
        )),
    }
}

/// A provider's address, over TLS unless it is on this machine.
struct Issuer(Url);

impl FromToml for Issuer {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "the provider's address such as \"https://login.amt.example/realms/amt\"";
        let url: Url =
            text(value, expected)?.parse().map_err(|_| format!("expected {expected}"))?;
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let fits = url.scheme() == "https" || (url.scheme() == "http" && here);
        let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if fits && bare { Ok(Self(url)) } else { Err(format!("expected {expected}")) }
    }
}

/// The origin that pages are under.
struct BaseUrl(Url);

impl FromToml for BaseUrl {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "the address as browsers know it, without a path, such as \"https://viadukt.amt.example\"";
        let url: Url =
            text(value, expected)?.parse().map_err(|_| format!("expected {expected}"))?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let fits = matches!(url.scheme(), "https" | "http") && url.host().is_some();
        if bare && anonymous && fits { Ok(Self(url)) } else { Err(format!("expected {expected}")) }
    }
}
