//! One SMTP connection (RFC 5321). lettre speaks the commands and reads the replies; the mail
//! itself is streamed past it, so that it need not lie in memory and so that it is known
//! exactly whether the final dot went out.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use viadukt_api::Protection;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::config::Tls;
use crate::tls::{ConnectError, Line, Server};

/// How long to wait for the reply to a command, a block of the mail, the final dot
/// (RFC 5321 4.5.3.2).
const COMMAND: Duration = Duration::from_secs(300);
const BLOCK: Duration = Duration::from_secs(180);
const FINAL: Duration = Duration::from_secs(600);

/// A connection, greeted and logged in.
pub(crate) struct Session {
    smtp: AsyncSmtpConnection,
    line: SharedLine,
    /// The protocol that protects it.
    pub(crate) protection: Protection,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the SMTP server offers no STARTTLS; use `tls = \"implicit\"` or have it enabled")]
    NoStarttls,
    #[error("the SMTP server offers no login there; check `smtp.port`, or leave `smtp.user` out")]
    NoLogin,
    #[error("the SMTP server refuses the user or password; check `smtp.user` and its password")]
    Login,
    /// The server said no: its code and words.
    #[error("the SMTP server answered {code}")]
    Reply { code: u16, text: String },
    /// The connection broke, or the server fell silent.
    #[error("the SMTP connection broke")]
    Lost,
}

impl Session {
    /// Connects, encrypts as configured, and logs in.
    pub(crate) async fn open(
        server: &Server,
        hello: &str,
        login: Option<&(String, SecretString)>,
    ) -> Result<Self, Trouble> {
        let hello = ClientId::Domain(hello.to_owned());
        let mut session = Self::greet(server.connect().await?, &hello).await?;
        if server.tls() == Tls::Starttls {
            if !session.smtp.can_starttls() {
                return Err(Trouble::NoStarttls);
            }
            reply(session.smtp.command(Starttls)).await?;
            // What was sent in clear behind the reply goes with lettre's buffer (RFC 3207 4.2).
            let Self { smtp, line, .. } = session;
            drop(smtp);
            let line = server.encrypt(line.into_inner().ok_or(Trouble::Lost)?).await?;
            session = Self::greet(line.greeting_with(b"220 encrypted\r\n"), &hello).await?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            if session.smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
                return Err(Trouble::NoLogin);
            }
            reply(session.smtp.auth(&mechanisms, &credentials)).await.map_err(|e| match e {
                Trouble::Reply { code: 500.., .. } => Trouble::Login,
                other => other,
            })?;
        }
        Ok(session)
    }

    async fn greet(line: Line, hello: &ClientId) -> Result<Self, Trouble> {
        let protection = line.protection();
        let line = SharedLine(Arc::new(Mutex::new(line)));
        let stream = Box::new(line.clone());
        let smtp = reply(AsyncSmtpConnection::connect_with_transport(stream, hello)).await?;
        Ok(Self { smtp, line, protection })
    }

    /// Ends a transaction that may have begun; tells whether the connection still works.
    pub(crate) async fn reset(&mut self) -> Result<(), Trouble> {
        reply(self.smtp.command(Rset)).await.map(drop)
    }

    /// MAIL, RCPT and DATA: after this the server waits for the mail. `from` is `None` for
    /// mails that must not be answered.
    pub(crate) async fn begin(
        &mut self,
        from: Option<lettre::Address>,
        recipient: lettre::Address,
    ) -> Result<(), Trouble> {
        let has = |extension| self.smtp.server_info().supports_feature(extension);
        let mut parameters = Vec::new();
        let is_ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        if !is_ascii(&recipient) && has(Extension::SmtpUtfEight) {
            parameters.push(MailParameter::SmtpUtfEight);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        reply(self.smtp.command(Mail::new(from, parameters))).await?;
        reply(self.smtp.command(Rcpt::new(recipient, Vec::new()))).await?;
        reply(self.smtp.command(Data)).await.map(drop)
    }

    /// Sends the mail's pieces. Until [`Self::end`] the server takes nothing.
    pub(crate) async fn send(
        &mut self,
        pieces: &mut mpsc::Receiver<Vec<u8>>,
    ) -> Result<(), Trouble> {
        while let Some(piece) = pieces.recv().await {
            let sent = timeout(BLOCK, self.line.write_all(&piece)).await;
            sent.map_err(|_| Trouble::Lost)?.map_err(|_| Trouble::Lost)?;
        }
        Ok(())
    }

    /// Sends the final dot and waits for the server's word. [`Trouble::Lost`] means that
    /// nobody knows whether it has the mail.
    pub(crate) async fn end(&mut self) -> Result<(), Trouble> {
        let end = async {
            self.line.write_all(b".\r\n").await.map_err(|_| Trouble::Lost)?;
            self.line.flush().await.map_err(|_| Trouble::Lost)?;
            self.smtp.read_response().await.map_err(|e| trouble(&e)).map(drop)
        };
        timeout(FINAL, end).await.unwrap_or(Err(Trouble::Lost))
    }
}

async fn reply<T>(
    command: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Trouble> {
    match timeout(COMMAND, command).await {
        Ok(result) => result.map_err(|e| trouble(&e)),
        Err(_) => Err(Trouble::Lost),
    }
}

fn trouble(error: &lettre::transport::smtp::Error) -> Trouble {
    use std::error::Error as _;
    match error.status() {
        Some(code) => Trouble::Reply {
            code: code.into(),
            text: error.source().map(ToString::to_string).unwrap_or_default(),
        },
        None => Trouble::Lost,
    }
}

/// The connection, held by lettre and by us. The two take turns; nobody waits for the lock.
#[derive(Clone)]
struct SharedLine(Arc<Mutex<Line>>);

impl SharedLine {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line, when nobody else holds it.
    fn into_inner(self) -> Option<Line> {
        Some(Arc::into_inner(self.0)?.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for SharedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedLine")
    }
}

impl AsyncTokioStream for SharedLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl AsyncRead for SharedLine {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.line()).poll_read(cx, buf)
    }
}

impl AsyncWrite for SharedLine {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.line()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.line()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.line()).poll_shutdown(cx)
    }
}
