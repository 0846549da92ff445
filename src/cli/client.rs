//! Asking the running process, which alone may open the store.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use percent_encoding::NON_ALPHANUMERIC;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use viadukt_api::WorkerName;

use crate::config::Config;
use crate::http::views::{
    DeadLetterFilter, DeadLetterView, ExplainView, FoundView, OpenedView, ProbeView, Question,
    StatusView, TraceView,
};
use crate::http::{AdminToken, ExportRequest, Reference};
use crate::observe::Direction;

/// Longer than any probe may take: a login over a slow network, several times.
const PATIENCE: Duration = Duration::from_secs(120);

/// The process that runs with a configuration.
pub struct Running {
    address: SocketAddr,
    token: Option<AdminToken>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Ask {
    /// Nothing answers there.
    #[error("nothing answers: {0}")]
    NotRunning(String),
    /// It does not take our token.
    #[error("the token was refused")]
    Refused,
    /// It knows nothing by that reference.
    #[error("unknown reference")]
    Unknown,
    /// It did not work.
    #[error("{0}")]
    Failed(String),
}

impl Running {
    /// The process of `config`.
    pub fn of(config: &Config) -> Result<Self, Ask> {
        let token = AdminToken::read(&config.data_dir).map_err(|e| {
            let file = config.data_dir.join(AdminToken::FILE);
            Ask::NotRunning(format!("{}: {e}", file.display()))
        })?;
        Ok(Self::new(reachable(config.http.listen), token))
    }

    /// The process that listens on `address`.
    pub fn new(address: SocketAddr, token: AdminToken) -> Self {
        Self { address, token: Some(token) }
    }

    /// The same for someone who has no token.
    #[cfg(test)]
    pub(crate) fn stranger(address: SocketAddr) -> Self {
        Self { address, token: None }
    }

    /// What the workers' probes say.
    pub async fn probe(&self) -> Result<Vec<ProbeView>, Ask> {
        self.ask(Method::GET, "/api/probe").await.and_then(|body| read(&body))
    }

    /// How everything does.
    pub async fn status(&self) -> Result<StatusView, Ask> {
        self.ask(Method::GET, "/api/status").await.and_then(|body| read(&body))
    }

    /// The messages that `name` may mean.
    pub async fn find(&self, name: &str) -> Result<Vec<FoundView>, Ask> {
        let path = query("/api/find", &[("name", Some(name))]);
        self.ask(Method::GET, &path).await.and_then(|body| read(&body))
    }

    /// One message's way.
    pub async fn trace(&self, reference: Reference) -> Result<TraceView, Ask> {
        let path = format!("/api/trace/{reference}");
        self.ask(Method::GET, &path).await.and_then(|body| read(&body))
    }

    /// What would happen to a message.
    pub async fn explain(&self, question: &Question) -> Result<ExplainView, Ask> {
        let Question { place, from, to } = question;
        let fields =
            [("place", Some(place.as_str())), ("from", from.as_deref()), ("to", to.as_deref())];
        let path = query("/api/explain", &fields);
        self.ask(Method::GET, &path).await.and_then(|body| read(&body))
    }

    /// What was given up.
    pub async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, Ask> {
        let seconds = filter.older_than.map(|seconds| seconds.to_string());
        let fields = [
            ("bridge", filter.bridge.as_ref().map(WorkerName::as_str)),
            ("direction", filter.direction.map(Direction::as_str)),
            ("reason", filter.reason.as_deref()),
            ("older_than", seconds.as_deref()),
        ];
        let path = query("/api/deadletters", &fields);
        self.ask(Method::GET, &path).await.and_then(|body| read(&body))
    }

    /// One thing that was given up.
    pub async fn dead_letter(&self, reference: Reference) -> Result<DeadLetterView, Ask> {
        let path = format!("/api/deadletters/{reference}");
        self.ask(Method::GET, &path).await.and_then(|body| read(&body))
    }

    /// The same with what somebody wrote.
    pub async fn open(&self, reference: Reference) -> Result<OpenedView, Ask> {
        let path = format!("/api/deadletters/{reference}/open");
        self.ask(Method::POST, &path).await.and_then(|body| read(&body))
    }

    /// Has it tried again.
    pub async fn requeue(&self, reference: Reference) -> Result<(), Ask> {
        let path = format!("/api/deadletters/{reference}/requeue");
        self.ask(Method::POST, &path).await.map(drop)
    }

    /// Has it forgotten.
    pub async fn discard(&self, reference: Reference) -> Result<(), Ask> {
        let path = format!("/api/deadletters/{reference}/discard");
        self.ask(Method::POST, &path).await.map(drop)
    }

    /// Writes an export that `recipients` may read to `out`; gives its length.
    pub async fn export(&self, recipients: Vec<String>, out: &mut dyn Write) -> Result<u64, Ask> {
        let failed = |e: &dyn std::error::Error| Ask::Failed(e.to_string());
        let request = serde_json::to_vec(&ExportRequest { recipients }).map_err(|e| failed(&e))?;
        let request = self.request(Method::POST, "/api/export", request)?;
        let (mut sender, connection) = self.connect().await?;
        let received = async move {
            let answer = sender.send_request(request).await.map_err(|e| failed(&e))?;
            let status = answer.status().as_u16();
            let mut body = answer.into_body();
            if status != 200 {
                let why = body.collect().await.map_err(|e| failed(&e))?.to_bytes();
                return Err(refusal(status, String::from_utf8_lossy(&why).into_owned()));
            }
            let mut length = 0;
            while let Some(frame) =
                timeout(PATIENCE, body.frame()).await.map_err(|_| self.no_answer())?
            {
                let piece = frame.map_err(|e| failed(&e))?.into_data().unwrap_or_default();
                out.write_all(&piece).map_err(|e| failed(&e))?;
                length += piece.len() as u64;
            }
            Ok(length)
        };
        tokio::join!(received, connection).0
    }

    async fn ask(&self, method: Method, path: &str) -> Result<String, Ask> {
        match self.exchange(method, path).await? {
            (200..=299, body) => Ok(body),
            (status, body) => Err(refusal(status, body)),
        }
    }

    async fn exchange(&self, method: Method, path: &str) -> Result<(u16, String), Ask> {
        let failed = |e: &dyn std::error::Error| Ask::Failed(e.to_string());
        let request = self.request(method, path, Vec::new())?;
        let (mut sender, connection) = self.connect().await?;
        // The sender ends with the answer, and the connection with the sender.
        let answer = async move {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        let both = async { tokio::join!(answer, connection).0 };
        timeout(PATIENCE, both)
            .await
            .map_err(|_| self.no_answer())?
            .map_err(|e: hyper::Error| failed(&e))
    }

    /// A connection for one request, straight to the address: a proxy from the environment must
    /// never see the token.
    async fn connect(&self) -> Result<(SendRequest<Body>, impl Future<Output = ()>), Ask> {
        let away = |e| Ask::NotRunning(format!("{}: {e}", self.address));
        let stream = TcpStream::connect(self.address).await.map_err(away)?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| Ask::Failed(e.to_string()))?;
        Ok((sender, connection.map(drop)))
    }

    fn request(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Request<Body>, Ask> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string());
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Body::from(body)).map_err(|e| Ask::Failed(e.to_string()))
    }

    fn no_answer(&self) -> Ask {
        Ask::Failed(format!("{}: no answer in time", self.address))
    }

    #[cfg(test)]
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        self.exchange(Method::GET, path).await.unwrap_or_else(|e| (0, e.to_string()))
    }
}

/// `path` with those `fields` that are there.
fn query(path: &str, fields: &[(&str, Option<&str>)]) -> String {
    let there = fields.iter().filter_map(|(name, value)| {
        let value = percent_encoding::utf8_percent_encode((*value)?, NON_ALPHANUMERIC);
        Some(format!("{name}={value}"))
    });
    format!("{path}?{}", there.collect::<Vec<_>>().join("&"))
}

fn refusal(status: u16, body: String) -> Ask {
    match status {
        401 => Ask::Refused,
        404 => Ask::Unknown,
        _ => Ask::Failed(body),
    }
}

/// A process that listens everywhere is asked on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, Ask> {
    serde_json::from_str(body).map_err(|e| {
        Ask::Failed(format!("the answer is not as expected ({e}); is another version running?"))
    })
}
