//! Connections to mail servers: encrypted from the first byte (RFC 8314), after STARTTLS
//! (RFC 3207, RFC 3501 6.2.1), or in clear on loopback only. Never a silent fallback.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use viadukt_api::Protection;
use viadukt_api::tls::{self, Trust};
use viadukt_api::{Timestamp, certificate};

use crate::config::{ServerSection, Tls};

/// How long each step of a connection may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server, ready to be called.
#[derive(Clone)]
pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    connector: TlsConnector,
    /// When the certificate ends that was shown last, in milliseconds since 1970; 0: not known.
    ends_at: Arc<AtomicU64>,
}

impl Server {
    /// Reads the trusted certificates, those of `ca_file` alone or else the system's, and our own
    /// certificate, where there is one.
    ///
    /// # Errors
    /// The file cannot be read, holds no certificate, or the host's name cannot be one.
    pub(crate) fn new(section: &ServerSection) -> io::Result<Self> {
        let config =
            tls::client(Trust::Alone(section.ca_file.as_deref()), section.identity.as_ref())
                .map_err(|what| io::Error::new(io::ErrorKind::InvalidData, what))?;
        Ok(Self {
            host: section.host.clone(),
            port: section.port,
            tls: section.tls,
            connector: TlsConnector::from(Arc::new(config)),
            ends_at: Arc::default(),
        })
    }

    /// How this server is protected.
    pub(crate) fn tls(&self) -> Tls {
        self.tls
    }

    /// When the certificate ends that the server showed last.
    pub(crate) fn certificate_ends_at(&self) -> Option<Timestamp> {
        Some(Timestamp(self.ends_at.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }

    /// Connects; with implicit TLS the line comes back encrypted.
    pub(crate) async fn connect(&self) -> Result<Line, ConnectError> {
        let Self { host, port, .. } = self;
        let addresses = timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), *port)))
            .await
            .map_err(|_| self.name_unknown("the name server did not answer"))?
            .map_err(|e| self.name_unknown(e))?
            .collect::<Vec<_>>();
        let stream = timeout(PATIENCE, TcpStream::connect(addresses.as_slice()))
            .await
            .map_err(|_| self.unreachable(io::ErrorKind::TimedOut.into()))?
            .map_err(|e| self.unreachable(e))?;
        let _ = stream.set_nodelay(true);
        let line = Line { stream: Stream::Plain(stream), greeting: &[] };
        match self.tls {
            Tls::Implicit => self.encrypt(line).await,
            Tls::Starttls | Tls::None => Ok(line),
        }
    }

    /// Encrypts a line; the server has been asked to begin, if it must be asked.
    pub(crate) async fn encrypt(&self, line: Line) -> Result<Line, ConnectError> {
        let Stream::Plain(stream) = line.stream else { return Ok(line) };
        let failed = |what: String| ConnectError::Tls { host: self.host.clone(), what };
        let name = ServerName::try_from(self.host.clone()).map_err(|e| failed(e.to_string()))?;
        let stream = timeout(PATIENCE, self.connector.connect(name, stream))
            .await
            .map_err(|_| failed("the server stayed silent".to_owned()))?
            .map_err(|e| failed(in_words(&e)))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let ends_at = shown.and_then(|shown| certificate::ends_at(shown)).unwrap_or(Timestamp(0));
        self.ends_at.store(ends_at.0, Ordering::Relaxed);
        Ok(Line { stream: Stream::Tls(Box::new(stream)), greeting: &[] })
    }

    fn name_unknown(&self, why: impl ToString) -> ConnectError {
        ConnectError::Name { host: self.host.clone(), why: why.to_string() }
    }

    fn unreachable(&self, error: io::Error) -> ConnectError {
        ConnectError::Unreachable { host: self.host.clone(), port: self.port, error }
    }
}

/// Why there is no connection, with what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// DNS.
    #[error("the name {host} cannot be resolved ({why}); check `host` and the name server")]
    Name {
        /// The server's name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// TCP.
    #[error("{host} port {port} cannot be reached ({error}); check `port` and the firewall")]
    Unreachable {
        /// The server's name.
        host: String,
        /// The port called.
        port: u16,
        /// What the system said.
        error: io::Error,
    },
    /// TLS.
    #[error("no encrypted connection to {host}: {what}")]
    Tls {
        /// The server's name.
        host: String,
        /// What went wrong and what to do.
        what: String,
    },
}

/// What a failed handshake means and what to do about it.
fn in_words(error: &io::Error) -> String {
    use rustls::CertificateError as Bad;
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(bad)) => match bad {
            Bad::UnknownIssuer => "its certificate comes from an authority that is not trusted \
                                   here; name the authority's certificate as `ca_file`"
                .to_owned(),
            Bad::Expired | Bad::ExpiredContext { .. } => {
                "its certificate has expired; have it renewed, or check the clock here".to_owned()
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "its certificate is not valid yet; check the clock here".to_owned()
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "its certificate is for another name; use that name as `host`".to_owned()
            }
            other => format!("its certificate is not accepted: {other}"),
        },
        Some(rustls::Error::InvalidMessage(_)) => {
            "it does not speak TLS there; `tls` or `port` does not fit".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A connection, encrypted or not.
pub(crate) struct Line {
    stream: Stream,
    /// Read before anything from the network: after STARTTLS a server does not greet again
    /// (RFC 3207 4.2), while lettre waits for a greeting on every new connection.
    greeting: &'static [u8],
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    /// The same line, on which `greeting` is read first.
    pub(crate) fn greeting_with(self, greeting: &'static [u8]) -> Self {
        Self { greeting, ..self }
    }

    /// How it is protected.
    pub(crate) fn protection(&self) -> Protection {
        match &self.stream {
            Stream::Plain(_) => Protection::Plain,
            Stream::Tls(tls) => Protection::of_session(tls.get_ref().1),
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.protection())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let (now, later) = self.greeting.split_at(self.greeting.len().min(buf.remaining()));
            buf.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
