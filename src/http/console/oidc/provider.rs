//! The identity provider: what it says of itself, where people go to log in, and what it says of
//! whoever comes back.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use viadukt_api::Timestamp;
use viadukt_api::client::{Client, Request};
use viadukt_api::egress::Egress;
use viadukt_api::tls::{self, Trust};

use super::Refusal;
use super::id_token::{Claims, Keys, verify};
use crate::config::Oidc;

/// Nobody waits longer for the provider.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The identity provider.
pub(in super::super) struct Provider {
    settings: Oidc,
    /// Where people come back to.
    back: Url,
    secret: SecretString,
    client: Client,
    described: OnceCell<Description>,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, 3).
#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
}

/// What it gives for a code (Core 3.1.3.3).
#[derive(Deserialize)]
struct Given {
    id_token: String,
}

impl Provider {
    /// The provider of `settings`, from which people come back to `base`. It is not asked yet.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn open(settings: Oidc, base: &Url) -> Result<Self, String> {
        let tls = tls::client(Trust::Besides(settings.ca_file.as_deref()), None)?;
        Ok(Self {
            back: base.join("/console/oidc/callback").map_err(|e| e.to_string())?,
            secret: settings.client_secret_file.read().map_err(|e| e.to_string())?,
            // The configuration names the provider; it usually is in a network of our own.
            client: Client::new(tls, Egress::anywhere(), PATIENCE)?,
            described: OnceCell::new(),
            settings,
        })
    }

    /// Where somebody logs in (Core 3.1.2.1).
    pub async fn door(
        &self,
        state: &str,
        nonce: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Url, Refusal> {
        let mut door = self.described(now).await?.authorization_endpoint.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        door.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.back.as_str())
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(door)
    }

    /// The name of whoever brought `code`, if they may operate viadukt (Core 3.1.3).
    pub async fn identify(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let described = self.described(now).await?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", self.back.as_str())
            .append_pair("code_verifier", verifier)
            .finish();
        let request = Request::post(
            described.token_endpoint.clone(),
            "application/x-www-form-urlencoded",
            form.into_bytes(),
        )
        .with(AUTHORIZATION, self.credentials()?);
        let given: Given = self.ask(request, now).await?;
        // Fetched at each login, so that a key that was withdrawn opens nothing.
        let keys: Keys = self.ask(Request::get(described.jwks_uri.clone()), now).await?;
        let claims = verify(&given.id_token, &keys)?;
        claims.are_for(&described.issuer, &self.settings.client_id, nonce, now)?;
        self.admit(&claims)
    }

    fn admit(&self, claims: &Claims) -> Result<String, Refusal> {
        let groups = claims.groups(&self.settings.groups_claim);
        if !groups.iter().any(|group| self.settings.groups.contains(group)) {
            return Err(Refusal::NotInvited);
        }
        Ok(claims.name().to_owned())
    }

    /// `client_secret_basic` (RFC 6749 2.3.1).
    fn credentials(&self) -> Result<HeaderValue, Refusal> {
        let coded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let id = coded(&self.settings.client_id);
        let both = format!("{id}:{}", coded(self.secret.expose_secret()));
        let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(both)))
            .map_err(|e| Refusal::Failed(e.to_string()))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// What the provider says of itself; asked once it is needed.
    async fn described(&self, now: Timestamp) -> Result<&Description, Refusal> {
        self.described
            .get_or_try_init(async || {
                // Discovery 4.1: below the issuer, whatever its path.
                let issuer = self.settings.issuer.as_str().trim_end_matches('/');
                let place = format!("{issuer}/.well-known/openid-configuration");
                let place = place.parse().map_err(|_| failed("has an address that is none"))?;
                let described: Description = self.ask(Request::get(place), now).await?;
                // Discovery 4.3: it must be the one that was asked.
                if described.issuer.trim_end_matches('/') != issuer {
                    return Err(failed(
                        "calls itself by another name than http.console.oidc.issuer",
                    ));
                }
                Ok(described)
            })
            .await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: Request,
        now: Timestamp,
    ) -> Result<T, Refusal> {
        let request = request.with(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.client.call(request, now).await;
        let answer = answer.map_err(|_| failed("does not answer"))?;
        if !answer.status.is_success() {
            return Err(Refusal::Failed(format!("the provider answers {}", answer.status)));
        }
        let body = answer.body.ok_or_else(|| failed("says too much"))?;
        serde_json::from_slice(&body)
            .map_err(|_| failed("answers otherwise than OpenID Connect says"))
    }
}

fn failed(what: &str) -> Refusal {
    Refusal::Failed(format!("the provider {what}"))
}
