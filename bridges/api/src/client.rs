//! HTTP to a far side: one pool of connections, bounded answers, and a precise word on whether
//! a request that failed may have been heard.

use std::error::Error as _;
use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, redirect};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use crate::egress::{Egress, NoWay};
use crate::env::Timestamp;

/// More than any answer to one message.
const LARGEST_ANSWER: usize = 256 << 10;
/// How long a connection may take to come about, with TLS.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next message. Servers close idle ones, and a message
/// that meets the closing may have been heard or not: better not to be there then.
const IDLE: Duration = Duration::from_secs(10);
/// No far side is waited for longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Connections to one far side.
pub struct Client {
    pool: reqwest::Client,
    egress: Egress,
    patience: Duration,
}

/// A request, complete. It has no `Debug`: its address may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Header fields besides those that HTTP itself needs.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A bare question.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), body: Vec::new() }
    }

    /// Something brought there.
    pub fn post(url: Url, media_type: &'static str, body: Vec<u8>) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static(media_type))];
        Self { method: Method::POST, url, headers, body }
    }

    /// The same with a header field besides.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What a far side answered.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// The pause that it asks for (RFC 9110 10.2.3).
    pub retry_after: Option<Duration>,
    /// `None` when it is too long to be an answer.
    pub body: Option<Vec<u8>>,
}

/// An answer whose body is still coming, perhaps without end.
pub struct Stream {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    response: Response,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There was no connection: nothing was said.
    NotHeard,
    /// The address leads where requests may not go ([`Egress`]): nothing was said.
    NotListed,
    /// The request was on its way, or all of it was there.
    NoAnswer,
}

impl Client {
    /// A pool that goes where `egress` admits, and waits for `patience` for an answer.
    ///
    /// # Errors
    /// The settings do not go together.
    pub fn new(tls: ClientConfig, egress: Egress, patience: Duration) -> Result<Self, String> {
        let pool = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Admitting(egress.clone()))
            .user_agent(concat!("viadukt/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT.min(patience / 2))
            .pool_idle_timeout(IDLE)
            // A redirect would carry message and secret to a server that nobody configured.
            .redirect(redirect::Policy::none())
            .no_proxy()
            // Answers are short; what is packed could unpack into more than was bargained for.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { pool, egress, patience })
    }

    /// Makes one request; `now` is the time.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn call(&self, request: Request, now: Timestamp) -> Result<Answer, Silence> {
        self.fetch(request, LARGEST_ANSWER, now).await
    }

    /// Makes one request whose answer may have up to `largest` bytes.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn fetch(
        &self,
        request: Request,
        largest: usize,
        now: Timestamp,
    ) -> Result<Answer, Silence> {
        let request = self.request(request)?.timeout(self.patience);
        let response = request.send().await.map_err(|error| silence(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, largest).await?;
        let retry_after = retry_after(&headers, now);
        Ok(Answer { status, headers, retry_after, body })
    }

    /// Makes one request whose answer goes on.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn open(&self, request: Request) -> Result<Stream, Silence> {
        let sent = timeout(self.patience, self.request(request)?.send()).await;
        let response = sent.map_err(|_| Silence::NoAnswer)?.map_err(|error| silence(&error))?;
        Ok(Stream { status: response.status(), headers: response.headers().clone(), response })
    }

    /// A name is looked at when it is resolved; an address is never resolved.
    fn request(&self, request: Request) -> Result<reqwest::RequestBuilder, Silence> {
        let Request { method, url, headers, body } = request;
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            Some(url::Host::Domain(_)) | None => None,
        };
        if address.is_some_and(|address| !self.egress.admits(address)) {
            return Err(Silence::NotListed);
        }
        let headers = headers.into_iter().collect();
        Ok(self.pool.request(method, url).headers(headers).body(body))
    }
}

impl Stream {
    /// The next piece of the body, for which it waits at most `patience`; `None` at its end.
    ///
    /// # Errors
    /// Nothing came in time, or the connection broke.
    pub async fn piece(&mut self, patience: Duration) -> Result<Option<Bytes>, Silence> {
        let piece = timeout(patience, self.response.chunk()).await;
        piece.map_err(|_| Silence::NoAnswer)?.map_err(|_| Silence::NoAnswer)
    }
}

/// The pause that an answer asks for (RFC 9110 10.2.3): seconds, or a date.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match said.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(said).ok()?;
            let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
            since_1970.saturating_sub(Duration::from_millis(now.0))
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// The body; `None` when it does not end in time.
async fn read(mut response: Response, largest: usize) -> Result<Option<Vec<u8>>, Silence> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| Silence::NoAnswer)? {
        if body.len() + piece.len() > largest {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

fn silence(error: &reqwest::Error) -> Silence {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut no_ways = causes.filter_map(|cause| cause.downcast_ref::<NoWay>());
    if no_ways.any(|no_way| matches!(no_way, NoWay::NotListed)) {
        Silence::NotListed
    } else if error.is_connect() || error.is_builder() {
        Silence::NotHeard
    } else {
        Silence::NoAnswer
    }
}

/// Gives the pool no address but those that are admitted; it connects to what it was given.
struct Admitting(Egress);

impl Resolve for Admitting {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.0.clone();
        Box::pin(async move {
            let found = egress.resolve(name.as_str()).await?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
mod tests;
