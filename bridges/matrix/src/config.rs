//! The `[matrix]` table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use toml::de::DeValue;
use url::Url;
use viadukt_api::config::{ByteSize, Fields, FromToml, SecretFile, text};
use viadukt_api::network::is_loopback;
use viadukt_api::{BuildError, Context, Hub, HubKind, HubSection, WorkerName};

use crate::hub::MatrixHub;

/// The hub's line in the registry.
pub struct Matrix;

/// A valid `[matrix]` table.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The homeserver's base address.
    pub homeserver: Url,
    /// The bot's user id, or its part before the colon.
    pub user: String,
    /// How it proves who it is.
    pub login: Login,
    /// Where the recovery key is written to, or taken from.
    pub recovery_key_file: PathBuf,
    /// What people see in their list of the bot's devices.
    pub device_name: String,
    /// Whose events are read.
    pub trust: Trust,
    /// Who is given the keys to what the bot writes.
    pub share_with: ShareWith,
    /// Certificates to trust besides the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether rooms without encryption are served.
    pub allow_unencrypted_rooms: bool,
    /// The largest attachment that is fetched from a room.
    pub media_limit: ByteSize,
}

/// How the bot proves who it is.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// By password; the hub makes a device of its own.
    Password(SecretFile),
    /// By the access token of a device made for it elsewhere, which nothing else may use.
    Token(SecretFile),
}

/// Whose events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Everybody's.
    Anyone,
    /// Only those from devices that their owner has cross-signed; what is left unread is
    /// announced in the room.
    CrossSigned,
}

/// Who is given the keys to what the bot writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShareWith {
    /// Devices that their owner has cross-signed (MSC4153), so that a device smuggled in by a
    /// homeserver reads nothing.
    VerifiedIdentities,
    /// Every device of every member.
    AllDevices,
}

impl HubKind for Matrix {
    fn parse(&self, fields: &Fields<'_>) -> Option<Box<dyn HubSection>> {
        let homeserver = homeserver(fields);
        let user = fields.required("user");
        let login = login(fields);
        let recovery_key_file = fields.required("recovery_key_file");
        let device_name = fields.or("device_name", "viadukt".to_owned());
        let trust = fields.or("trust", Trust::Anyone);
        let share_with = fields.or("share_with", ShareWith::VerifiedIdentities);
        let ca_file = fields.optional("ca_file");
        let allow_unencrypted_rooms = fields.or("allow_unencrypted_rooms", false);
        let media_limit = fields.or("media_limit", ByteSize(100_000_000));
        fields.finish();
        Some(Box::new(Settings {
            homeserver: homeserver?,
            user: user?,
            login: login?,
            recovery_key_file: recovery_key_file?,
            device_name,
            trust,
            share_with,
            ca_file,
            allow_unencrypted_rooms,
            media_limit,
        }))
    }
}

fn homeserver(fields: &Fields<'_>) -> Option<Url> {
    let written: String = fields.required("homeserver")?;
    let problem = match Url::parse(&written) {
        Ok(url) if url.scheme() == "https" && url.has_host() => return Some(url),
        Ok(url) if url.scheme() == "http" && url.host_str().is_some_and(is_loopback) => {
            return Some(url);
        }
        Ok(url) if url.scheme() == "http" => {
            "plain http would send the access token in clear; only a loopback host may have it"
        }
        _ => "expected an address such as \"https://matrix.example.org\"",
    };
    fields.object("homeserver", problem);
    None
}

fn login(fields: &Fields<'_>) -> Option<Login> {
    let password = fields.optional("password_file").map(Login::Password);
    let token = fields.optional("token_file").map(Login::Token);
    match (password, token) {
        (Some(login), None) | (None, Some(login)) => Some(login),
        (Some(_), Some(_)) => {
            fields.object("token_file", "expected either password_file or token_file, not both");
            None
        }
        (None, None) => {
            fields.object("password_file", "expected password_file or token_file");
            None
        }
    }
}

impl FromToml for Trust {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"anyone\" or \"cross-signed\"";
        match text(value, expected)? {
            "anyone" => Ok(Self::Anyone),
            "cross-signed" => Ok(Self::CrossSigned),
            _ => Err(format!("expected {expected}")),
        }
    }
}

impl FromToml for ShareWith {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"verified-identities\" or \"all-devices\"";
        match text(value, expected)? {
            "verified-identities" => Ok(Self::VerifiedIdentities),
            "all-devices" => Ok(Self::AllDevices),
            _ => Err(format!("expected {expected}")),
        }
    }
}

#[async_trait]
impl HubSection for Settings {
    async fn build(&self, context: Context, data: &Path) -> Result<Arc<dyn Hub>, BuildError> {
        Ok(Arc::new(MatrixHub::new(self.clone(), context, data)?))
    }
}

/// A [`BuildError`] of the hub.
pub(crate) fn build_error(what: impl Into<String>, remedy: impl Into<String>) -> BuildError {
    BuildError { worker: WorkerName::hub(), what: what.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use viadukt_api::contract::parse;

    use super::*;

    fn findings(toml: &str) -> Vec<String> {
        parse(toml, "matrix", |fields| Matrix.parse(fields)).1
    }

    #[test]
    fn a_minimal_table_is_valid() {
        let minimal = r#"
            homeserver = "https://matrix.example.org"
            user = "post"
            password_file = "password"
            recovery_key_file = "recovery"
        "#;
        assert_eq!(findings(minimal), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_found() {
        let wrong = r#"
            homeserver = "http://matrix.example.org"
            password_file = "password"
            token_file = "token"
            trust = "everyone"
            colour = "blue"
        "#;
        let found = findings(wrong).join("\n");
        for part in [
            "homeserver: plain http",
            "user: missing",
            "not both",
            "trust: expected",
            "recovery_key_file: missing",
            "colour: unknown option",
        ] {
            assert!(found.contains(part), "{part} not in:\n{found}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (address, fits) in [
            ("http://localhost:8008", true),
            ("http://127.0.0.1:8008", true),
            ("http://[::1]:8008", true),
            ("http://localhost.example.org", false),
            ("ftp://localhost", false),
        ] {
            let text = format!(
                "homeserver = \"{address}\"\nuser = \"u\"\ntoken_file = \"t\"\n\
                 recovery_key_file = \"r\""
            );
            assert_eq!(findings(&text).is_empty(), fits, "{address}");
        }
    }
}
