//! The line to a broker: encrypted with TLS, or in clear on loopback only. Never a silent
//! fallback.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

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
    /// The protocol in use: `TLSv1.3`, `TLSv1.2`, or `none`.
    pub(crate) protection: &'static str,
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Broker {
    /// Reads the trusted certificates (those of `ca_file` alone, or else the system's) and our
    /// own.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it must, or the host's name cannot be one.
    pub(crate) fn new(section: &BrokerSection) -> io::Result<Self> {
        let name = || ServerName::try_from(section.host.clone()).map_err(io::Error::other);
        let tls = match section.tls {
            true => Some((TlsConnector::from(Arc::new(tls(section)?)), name()?)),
            false => None,
        };
        Ok(Self { host: section.host.clone(), port: section.port, tls })
    }

    /// Connects. The error says what happened, without names.
    pub(crate) async fn connect(&self) -> Result<Line, String> {
        let address = (self.host.as_str(), self.port);
        let stream = within("no connection", TcpStream::connect(address)).await?;
        let _ = stream.set_nodelay(true);
        let Some((connector, name)) = &self.tls else {
            return Ok(Line { stream: Box::new(stream), protection: "none" });
        };
        let shake = connector.connect(name.clone(), stream);
        let stream = within("no encrypted connection", shake).await?;
        let protection = match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLS",
        };
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

fn tls(section: &BrokerSection) -> io::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    match &section.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| unfit(path, &e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let Some((path, key_file)) = &section.certificate else {
        return Ok(config.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_slice(key_file.read()?.expose_secret().as_bytes())
        .map_err(|_| unfit(&key_file.path(), &"holds no private key in PEM"))?;
    config.with_client_auth_cert(certificates(path)?, key).map_err(|e| unfit(path, &e))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).map_err(|e| unfit(path, &e))?;
    let certificates = read.collect::<Result<Vec<_>, _>>().map_err(|e| unfit(path, &e))?;
    if certificates.is_empty() {
        return Err(unfit(path, &"holds no certificate"));
    }
    Ok(certificates)
}

fn unfit(path: &Path, what: &dyn Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()))
}
