//! How the hub gets its device, and its access token over restarts.

use std::io;
use std::path::{Path, PathBuf};

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::{SessionMeta, SessionTokens};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use viadukt_api::Env;

use crate::http::Http;
use crate::secret_file;
use crate::trouble::{Trouble, Verdict};

/// The crypto store's database, as matrix-sdk names it.
const CRYPTO_STORE: &str = "matrix-sdk-crypto.sqlite3";

/// What the hub remembers about its device, in a file that only its owner may read.
///
/// Device id and store key are decided and written before the first login, so that a crash in
/// the middle of it repeats the login of the same device instead of leaving one behind.
pub(crate) struct Session {
    path: PathBuf,
    facts: Facts,
}

#[derive(Clone, Serialize, Deserialize)]
struct Facts {
    /// The device that a login by password makes.
    device: String,
    /// Key of matrix-sdk's stores, in hexadecimal.
    store_key: String,
    /// Key for the opaque ids of far-side parties (MSC4144), in hexadecimal.
    profile_key: String,
    /// Set once logged in by password.
    token: Option<String>,
}

/// How the hub proves who it is, read from its file.
pub(crate) enum Secret {
    /// A password.
    Password(SecretString),
    /// An access token.
    Token(SecretString),
}

impl Session {
    /// Opens the session in `folder`, or begins one.
    ///
    /// A device whose crypto store is gone can never be used again: its keys are on the
    /// homeserver and cannot be replaced. Then a new device is begun.
    pub(crate) fn open(folder: &Path, env: &Env) -> io::Result<Self> {
        let path = folder.join("session.json");
        let known = match std::fs::read_to_string(&path) {
            Ok(text) => Some(serde_json::from_str::<Facts>(&text)?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let store_is_there = folder.join(CRYPTO_STORE).exists();
        let facts = match known {
            Some(facts) if facts.token.is_none() || store_is_there => facts,
            Some(facts) => {
                tracing::warn!("the crypto store is gone; a new device is begun");
                Facts { device: Facts::new(env).device, token: None, ..facts }
            }
            None => Facts::new(env),
        };
        let session = Self { path, facts };
        session.save()?;
        Ok(session)
    }

    /// Key of matrix-sdk's stores.
    pub(crate) fn store_key(&self) -> [u8; 32] {
        derive("viadukt matrix 2026-11 store key", &self.facts.store_key)
    }

    /// Key for the opaque ids of far-side parties.
    pub(crate) fn profile_key(&self) -> [u8; 32] {
        derive("viadukt matrix 2026-11 profile key", &self.facts.profile_key)
    }

    /// The access token: the one given, or that of a login by password in an earlier run.
    pub(crate) fn token<'a>(&'a self, secret: &'a Secret) -> Option<&'a str> {
        match secret {
            Secret::Token(token) => Some(token.expose_secret()),
            Secret::Password(_) => self.facts.token.as_deref(),
        }
    }

    /// Logs in, or finds that the earlier login still holds.
    pub(crate) async fn establish(
        &mut self,
        http: &Http,
        user: &str,
        device_name: &str,
        secret: &Secret,
    ) -> Result<MatrixSession, Trouble> {
        if let (Secret::Password(password), None) = (secret, self.token(secret)) {
            self.log_in(http, user, device_name, password).await?;
        }
        let token = self.token(secret).unwrap_or_default().to_owned();
        let who = http.get("/_matrix/client/v3/account/whoami", Some(&token)).await?;
        let meta = session_meta(&who).ok_or_else(|| {
            Trouble::shut(
                "the access token belongs to no device, so it cannot encrypt",
                "make a token by logging in with a device, or use password_file",
            )
        })?;
        Ok(MatrixSession {
            meta,
            tokens: SessionTokens { access_token: token, refresh_token: None },
        })
    }

    async fn log_in(
        &mut self,
        http: &Http,
        user: &str,
        device_name: &str,
        password: &SecretString,
    ) -> Result<(), Trouble> {
        let request = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": user },
            "password": password.expose_secret(),
            "device_id": self.facts.device,
            "initial_device_display_name": device_name,
        });
        let answer = match http.post("/_matrix/client/v3/login", None, &request).await {
            Ok(answer) => answer,
            Err(Verdict::Refused(code)) => {
                return Err(Trouble::shut(
                    format!("the homeserver refused the login ({code})"),
                    "check matrix.user and the password in password_file",
                ));
            }
            Err(other) => return Err(other.into()),
        };
        self.facts.token = answer["access_token"].as_str().map(str::to_owned);
        self.save().map_err(|error| {
            Trouble::shut(
                format!("the session file cannot be written: {error}"),
                "make the hub's data folder writable and free disk space",
            )
        })
    }

    fn save(&self) -> io::Result<()> {
        secret_file::write(&self.path, &serde_json::to_string(&self.facts)?)
    }
}

impl Facts {
    fn new(env: &Env) -> Self {
        Self {
            device: format!("VIADUKT{}", random_hex::<4>(env).to_uppercase()),
            store_key: random_hex::<32>(env),
            profile_key: random_hex::<32>(env),
            token: None,
        }
    }
}

fn session_meta(who: &Value) -> Option<SessionMeta> {
    Some(SessionMeta {
        user_id: who["user_id"].as_str()?.try_into().ok()?,
        device_id: who["device_id"].as_str()?.into(),
    })
}

fn derive(purpose: &str, secret: &str) -> [u8; 32] {
    blake3::derive_key(purpose, secret.as_bytes())
}

/// `N` random bytes in hexadecimal.
pub(crate) fn random_hex<const N: usize>(env: &Env) -> String {
    let mut bytes = [0; N];
    env.entropy.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_session_stays_until_its_crypto_store_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let mut first = Session::open(folder.path(), &env).unwrap();
        let again = Session::open(folder.path(), &env).unwrap();
        assert_eq!(first.facts.device, again.facts.device, "a crash before the login");

        first.facts.token = Some("token".into());
        first.save().unwrap();
        std::fs::write(folder.path().join(CRYPTO_STORE), "").unwrap();
        let restored = Session::open(folder.path(), &env).unwrap();
        assert_eq!(restored.facts.device, first.facts.device);
        assert_eq!(restored.store_key(), first.store_key());

        std::fs::remove_file(folder.path().join(CRYPTO_STORE)).unwrap();
        let fresh = Session::open(folder.path(), &env).unwrap();
        assert_ne!(fresh.facts.device, first.facts.device);
        assert_eq!(fresh.facts.token, None);
        assert_eq!(fresh.store_key(), first.store_key(), "the other stores are still there");
        assert_eq!(fresh.profile_key(), first.profile_key(), "people keep their opaque ids");
    }
}
