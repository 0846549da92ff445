//! The connection to a gateway: TCP without delay, encrypted from the first byte or, where the
//! configuration says so, in clear. Never a silent fallback.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use viadukt_api::Protection;
use viadukt_api::tls::{self, Trust};

use super::config::ServerSection;

/// How long each step of a connection may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway, ready to be called.
#[derive(Clone)]
pub(super) struct Server {
    host: String,
    port: u16,
    /// `None`: in clear.
    connector: Option<TlsConnector>,
}

/// A connection, and how it is protected.
pub(super) struct Line {
    pub(super) stream: Box<dyn Stream>,
    pub(super) protection: Protection,
}

/// What a connection is made of, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no connection, with what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// DNS or TCP.
    #[error("{host} port {port} cannot be reached ({error}); check `host`, `port`, the firewall")]
    Unreachable {
        /// The gateway's name.
        host: String,
        /// The port called.
        port: u16,
        /// What the system said.
        error: io::Error,
    },
    /// TLS.
    #[error(
        "no encrypted connection to {host} port {port} ({what}); check `tls`, `port`, `ca_file`"
    )]
    Tls {
        /// The gateway's name.
        host: String,
        /// The port called.
        port: u16,
        /// What went wrong.
        what: String,
    },
}

impl Server {
    /// Reads the trusted certificates (those of `ca_file` alone, or else the system's) and our
    /// own one.
    ///
    /// # Errors
    /// A file cannot be read or holds nothing of use; says which.
    pub(super) fn new(section: &ServerSection) -> Result<Self, String> {
        let connector = if section.tls { Some(connector(section)?) } else { None };
        Ok(Self { host: section.host.clone(), port: section.port, connector })
    }

    /// Connects.
    pub(super) async fn connect(&self) -> Result<Line, ConnectError> {
        let tcp = timeout(PATIENCE, TcpStream::connect((self.host.as_str(), self.port)));
        let tcp = tcp.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let tcp = tcp.map_err(|error| self.unreachable(error))?;
        // With a window of one, Nagle's algorithm would wait for the delayed acknowledgement of
        // every answer: some 200 messages a second instead of thousands.
        tcp.set_nodelay(true).map_err(|error| self.unreachable(error))?;
        let Some(connector) = &self.connector else {
            return Ok(Line { stream: Box::new(tcp), protection: Protection::Plain });
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|e| self.not_encrypted(&e))?;
        let tls = timeout(PATIENCE, connector.connect(name, tcp)).await;
        let tls = tls
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|e| self.not_encrypted(&e))?;
        let protection = Protection::of_session(tls.get_ref().1);
        Ok(Line { stream: Box::new(tls), protection })
    }

    fn unreachable(&self, error: io::Error) -> ConnectError {
        ConnectError::Unreachable { host: self.host.clone(), port: self.port, error }
    }

    fn not_encrypted(&self, why: &dyn fmt::Display) -> ConnectError {
        ConnectError::Tls { host: self.host.clone(), port: self.port, what: why.to_string() }
    }
}

fn connector(section: &ServerSection) -> Result<TlsConnector, String> {
    let trust = Trust::Alone(section.ca_file.as_deref());
    tls::client(trust, section.identity.as_ref()).map(|config| TlsConnector::from(Arc::new(config)))
}
