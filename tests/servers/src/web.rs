//! An HTTP/1.1 server on loopback, whose answers are made by whoever starts it.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::authority::Authority;
use crate::ports::free_port;

/// A request, byte for byte but for the names of its headers, which are in lower case.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST`, …
    pub method: String,
    /// The path with the query.
    pub target: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header called `name`, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answer {
        /// 200, …
        status: u16,
        /// Further headers than the length.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
        /// How long it takes.
        after: Duration,
    },
    /// None; the connection stays.
    Silence,
    /// None; the connection is closed.
    Close,
}

impl Reply {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self::with(status, &[], "")
    }

    /// An answer at once.
    pub fn with(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        Self::Answer { status, headers, body: body.into(), after: Duration::ZERO }
    }

    /// The same after a while.
    #[must_use]
    pub fn late(mut self, by: Duration) -> Self {
        if let Self::Answer { after, .. } = &mut self {
            *after = by;
        }
        self
    }
}

/// What makes the replies.
pub type Handler =
    Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

/// A server at work.
pub struct Web {
    port: u16,
    tls: Option<TlsAcceptor>,
    handler: Handler,
    listening: Mutex<Option<JoinHandle<()>>>,
}

impl Web {
    /// Starts it, in clear or with the certificate of `authority`.
    ///
    /// # Errors
    /// There is no free port, or the certificate could not be read.
    pub async fn start(authority: Option<&Authority>, handler: Handler) -> io::Result<Self> {
        let tls = authority.map(acceptor).transpose()?;
        let web = Self { port: free_port()?, tls, handler, listening: Mutex::default() };
        web.resume().await?;
        Ok(web)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> String {
        match self.tls {
            None => format!("http://127.0.0.1:{}", self.port),
            Some(_) => format!("https://localhost:{}", self.port),
        }
    }

    /// Goes away: connections break, and new ones are refused.
    pub async fn pause(&self) {
        let listening = self.slot().take();
        if let Some(task) = listening {
            task.abort();
            let _aborted = task.await;
        }
    }

    /// Comes back on the same port.
    ///
    /// # Errors
    /// Somebody else has the port by now.
    pub async fn resume(&self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let task = tokio::spawn(accept(listener, self.tls.clone(), Arc::clone(&self.handler)));
        *self.slot() = Some(task);
        Ok(())
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        if let Some(task) = self.slot().take() {
            task.abort();
        }
    }
}

fn acceptor(authority: &Authority) -> io::Result<TlsAcceptor> {
    let certificate =
        CertificateDer::from_pem_file(authority.certificate()).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(authority.key()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Its connections end with it.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, handler: Handler) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, handler) = (tls.clone(), Arc::clone(&handler));
        connections.spawn(async move {
            let _gone = connection(stream, tls, &handler).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    handler: &Handler,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => converse(stream, handler).await,
        Some(tls) => converse(tls.accept(stream).await?, handler).await,
    }
}

/// Answers one request after the other.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    handler: &Handler,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let closes =
            request.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        match handler(request).await {
            Reply::Answer { status, headers, body, after } => {
                tokio::time::sleep(after).await;
                let mut head = format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    head += &format!("{name}: {value}\r\n");
                }
                stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
                stream.flush().await?;
            }
            Reply::Silence => std::future::pending().await,
            Reply::Close => return Ok(()),
        }
        if closes {
            break;
        }
    }
    stream.shutdown().await
}

/// Reads a request; `None` when the client has no more. Its body must have a declared length.
async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines.first().map_or("", String::as_str).split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.iter().skip(1).filter_map(header).collect();
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or_default()];
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}
