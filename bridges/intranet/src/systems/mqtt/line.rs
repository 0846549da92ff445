//! The line to a broker: encrypted with TLS, or in clear on loopback only. Never a silent
//! fallback.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use viadukt_api::Protection;
use viadukt_api::tls::{self, Trust};

use super::config::BrokerSection;

/// How long each step of a connection may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A broker, ready to be called.
pub(crate) struct Broker {
    host: String,
    port: u16,
    /// With the name that its certificate must bear.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection, encrypted or not.
pub(crate) struct Line {
    pub(crate) stream: Box<dyn Stream>,
    /// How it is protected.
    pub(crate) protection: Protection,
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Broker {
    /// Reads the certificates that are trusted, and our own.
    ///
    /// # Errors
    /// A file cannot be read, or the host's name cannot be one.
    pub(crate) fn new(section: &BrokerSection) -> Result<Self, String> {
        let BrokerSection { host, port, tls: encrypted, ca_file, identity } = section;
        let tls = match encrypted {
            true => {
                let config = tls::client(Trust::Besides(ca_file.as_deref()), identity.as_ref())?;
                let name = ServerName::try_from(host.clone()).map_err(|e| format!("url: {e}"))?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
            false => None,
        };
        Ok(Self { host: host.clone(), port: *port, tls })
    }

    /// Connects. The error says what happened, without names.
    pub(crate) async fn connect(&self) -> Result<Line, String> {
        let address = (self.host.as_str(), self.port);
        let stream = within("no connection", TcpStream::connect(address)).await?;
        let _ = stream.set_nodelay(true);
        let Some((connector, name)) = &self.tls else {
            return Ok(Line { stream: Box::new(stream), protection: Protection::Plain });
        };
        let shake = connector.connect(name.clone(), stream);
        let stream = within("no encrypted connection", shake).await?;
        let protection = Protection::of_session(stream.get_ref().1);
        Ok(Line { stream: Box::new(stream), protection })
    }
}

/// What `doing` gives within [`PATIENCE`], or what went wrong.
pub(crate) async fn within<T>(
    what: &str,
    doing: impl Future<Output = io::Result<T>>,
) -> Result<T, String> {
    let done = timeout(PATIENCE, doing).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
    done.map_err(|e| format!("{what}: {e}"))
}
