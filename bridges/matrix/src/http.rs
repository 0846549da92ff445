//! Requests that the hub makes itself: the login, media in streams, and the doctor's questions.

use std::time::Duration;

use matrix_sdk::reqwest::{self, Certificate, Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use url::Url;
use viadukt_api::BuildError;

use crate::config::{Settings, build_error};
use crate::trouble::{Verdict, of_status};

/// How long an ordinary answer may take; the outbox tries again.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// A connection pool to the homeserver, shared with matrix-sdk.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    base: Url,
}

impl Http {
    /// A pool as `settings` describe it. Connects to nothing yet.
    pub(crate) fn new(settings: &Settings) -> Result<Self, BuildError> {
        let mut builder = Client::builder()
            .user_agent(concat!("viadukt/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // A redirect would carry the access token to a server that nobody configured.
            .redirect(redirect::Policy::none());
        if let Some(path) = &settings.ca_file {
            let said = |e: &dyn std::fmt::Display| {
                build_error(
                    format!("ca_file {}: {e}", path.display()),
                    "name a file of certificates in PEM",
                )
            };
            let pem = std::fs::read(path).map_err(|e| said(&e))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|e| said(&e))?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|e| {
            build_error(format!("TLS cannot be set up: {e}"), "check the system's certificates")
        })?;
        Ok(Self { client, base: settings.homeserver.clone() })
    }

    /// The pool, for matrix-sdk.
    pub(crate) fn pool(&self) -> Client {
        self.client.clone()
    }

    /// A request to `path` (which begins with `/`), not sent yet.
    pub(crate) fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        token: Option<&str>,
    ) -> RequestBuilder {
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let request = self.client.request(method, address);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The JSON at `path`.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Result<Value, Verdict> {
        let request = self.request(reqwest::Method::GET, path, token).timeout(ANSWER_DEADLINE);
        json(answer(request).await?).await
    }

    /// The JSON answer to `body`.
    pub(crate) async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Value, Verdict> {
        let request = self
            .request(reqwest::Method::POST, path, token)
            .timeout(ANSWER_DEADLINE)
            .header("Content-Type", "application/json")
            .body(body.to_string());
        json(answer(request).await?).await
    }
}

/// Sends `request`; an answer other than 2xx becomes its verdict.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Response, Verdict> {
    let response = request.send().await.map_err(|_| Verdict::Away)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let error = json(response).await.unwrap_or_default();
    if let Some(wait) = error["retry_after_ms"].as_u64() {
        return Err(Verdict::Busy(Some(Duration::from_millis(wait))));
    }
    Err(of_status(status.as_u16(), error["errcode"].as_str()))
}

/// The JSON body of `response`.
pub(crate) async fn json(response: Response) -> Result<Value, Verdict> {
    let body = response.bytes().await.map_err(|_| Verdict::Away)?;
    serde_json::from_slice(&body).map_err(|_| Verdict::Away)
}
