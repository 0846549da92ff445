//! HTTP to the gateway: one pool of connections, bounded answers, and a precise word on whether
//! a request that failed may have been heard.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::{Response, redirect};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use viadukt_api::Timestamp;

use super::request::Request;

/// More than any answer to one message.
const LARGEST_ANSWER: usize = 256 << 10;
/// How long a connection may take to come about, with TLS.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next message. Gateways close idle ones, and a message
/// that meets the closing may have been heard or not: better not to be there then.
const IDLE: Duration = Duration::from_secs(10);
/// No gateway is waited for longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Connections to one gateway.
pub(crate) struct Client {
    pool: reqwest::Client,
}

/// What a gateway answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The pause that it asks for (RFC 9110 10.2.3).
    pub(crate) retry_after: Option<Duration>,
    /// `None` when it is too long to be an answer.
    pub(crate) body: Option<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// There was no connection: nothing was said.
    NotHeard,
    /// The request was on its way, or all of it was there.
    NoAnswer,
}

impl Client {
    /// A pool that trusts the system's certificates and those of `ca_file` besides.
    pub(crate) fn new(ca_file: Option<&Path>, timeout: Duration) -> Result<Self, String> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            let said = |e: &dyn fmt::Display| format!("ca_file {}: {e}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| said(&e))? {
                roots.add(certificate.map_err(|e| said(&e))?).map_err(|e| said(&e))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let pool = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("viadukt/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT.min(timeout / 2))
            .timeout(timeout)
            .pool_idle_timeout(IDLE)
            // A redirect would carry message and secret to a server that nobody configured.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { pool })
    }

    /// Makes one request.
    pub(crate) async fn call(&self, request: Request, now: Timestamp) -> Result<Answer, Silence> {
        let Request { method, url, headers, body } = request;
        let request = self.pool.request(method, url).headers(headers.into_iter().collect());
        let sent = request.body(body).send().await;
        let response = sent.map_err(|error| match error.is_connect() || error.is_builder() {
            true => Silence::NotHeard,
            false => Silence::NoAnswer,
        })?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|said| said.to_str().ok());
        let retry_after = retry_after.and_then(|said| pause(said, now));
        let body = read(response).await?;
        Ok(Answer { status, retry_after, body })
    }
}

/// The body; `None` when it does not end in time.
async fn read(mut response: Response) -> Result<Option<Vec<u8>>, Silence> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| Silence::NoAnswer)? {
        if body.len() + piece.len() > LARGEST_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

/// Seconds, or a date.
fn pause(said: &str, now: Timestamp) -> Option<Duration> {
    let pause = match said.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(said.trim()).ok()?;
            let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
            since_1970.saturating_sub(Duration::from_millis(now.0))
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        let now = Timestamp(1_445_412_420_000); // Wed, 21 Oct 2015 07:27:00 GMT
        assert_eq!(pause("120", now), Some(Duration::from_secs(120)));
        let date = pause("Wed, 21 Oct 2015 07:28:00 GMT", now);
        assert_eq!(date, Some(Duration::from_secs(60)), "the example of RFC 9110 10.2.3");
        assert_eq!(pause("99999999", now), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon", now), None);
    }
}
