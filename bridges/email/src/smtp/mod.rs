//! Mail out: one delivery, one attempt, one transaction, and a precise word on what became of
//! it. Before the final dot every failure means that nothing was delivered; after it silence
//! means that nobody knows (RFC 5321 4.5.3.2.6).

pub(crate) mod compose;
pub(crate) mod session;
mod wire;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use viadukt_api::{DeliveryError, Outbound, Protection, Reason, Receipt, Spool, Target, Words};

use self::compose::Letter;
use self::session::{Session, Trouble};
use self::wire::{Pieces, Wire};
use crate::clean;
use crate::config::EmailSection;
use crate::tls::Server;

/// Connections at a time; servers limit them.
pub(crate) const CONNECTIONS: usize = 4;
/// How long a connection is kept for the next mail.
const IDLE: Duration = Duration::from_secs(20);
/// Pieces that may wait between the spool and the network.
const AHEAD: usize = 4;

/// The way out.
pub(crate) struct Outgoing {
    section: EmailSection,
    server: Server,
    login: Option<(String, SecretString)>,
    spool: Arc<dyn Spool>,
    words: Arc<Words>,
    permits: Semaphore,
    idle: Mutex<Vec<(Session, Instant)>>,
}

impl Outgoing {
    pub(crate) fn new(
        section: EmailSection,
        server: Server,
        login: Option<(String, SecretString)>,
        spool: Arc<dyn Spool>,
        words: Arc<Words>,
    ) -> Self {
        let permits = Semaphore::new(CONNECTIONS);
        Self { section, server, login, spool, words, permits, idle: Mutex::default() }
    }

    /// Makes one attempt; see [`viadukt_api::Worker::deliver`].
    pub(crate) async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        let letter = Arc::new(Letter::compose(out, &self.section, &self.words)?);
        let _permit = self.permits.acquire().await;
        let mut session = self.session().await.map_err(|trouble| nothing_sent(&trouble))?;
        self.transmit(&mut session, letter).await?;
        let protection = session.protection.clone();
        self.idle().push((session, Instant::now()));
        let id = match &out.target {
            Target::Remote { message_id, .. } => Some(message_id.clone()),
            Target::Room { .. } => None,
        };
        Ok(Receipt { id, more: Vec::new(), protection })
    }

    /// Logs in and leaves again.
    pub(crate) async fn try_login(&self) -> Result<Protection, Trouble> {
        let session = Session::open(&self.server, &self.section.smtp.hello, self.login.as_ref());
        Ok(session.await?.protection)
    }

    /// A connection at the beginning of a transaction, kept from before or new.
    async fn session(&self) -> Result<Session, Trouble> {
        loop {
            let kept = self.idle().pop();
            let Some((mut session, since)) = kept else {
                let hello = &self.section.smtp.hello;
                return Session::open(&self.server, hello, self.login.as_ref()).await;
            };
            if since.elapsed() < IDLE && session.reset().await.is_ok() {
                return Ok(session);
            }
        }
    }

    /// Sends one mail. After an error the connection is not used again: without the final dot
    /// the server throws away what it got.
    async fn transmit(
        &self,
        session: &mut Session,
        letter: Arc<Letter>,
    ) -> Result<(), DeliveryError> {
        let begun = session.begin(letter.from.clone(), letter.recipient.clone()).await;
        begun.map_err(|trouble| nothing_sent(&trouble))?;

        let (sender, mut pieces) = mpsc::channel(AHEAD);
        let spool = Arc::clone(&self.spool);
        let reading = tokio::task::spawn_blocking(move || {
            let mut wire = Wire::new(Pieces(sender));
            letter.write(&*spool, &mut wire)?;
            wire.finish().map(drop)
        });
        let sent = session.send(&mut pieces).await;
        drop(pieces);
        let read = reading.await.map_err(io::Error::other).and_then(|result| result);
        sent.map_err(|trouble| nothing_sent(&trouble))?;
        read.map_err(|error| unreadable(&error))?;

        session.end().await.map_err(|trouble| match trouble {
            Trouble::Reply { .. } => nothing_sent(&trouble),
            _ => DeliveryError::unknown(Reason::new("mail-unknown")),
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Session, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a failure before the end, or a refusal, means.
fn nothing_sent(trouble: &Trouble) -> DeliveryError {
    match trouble {
        Trouble::Reply { code, text } => {
            let said: String = clean::line(text).chars().take(300).collect();
            let reason = |key| {
                let answer = format!("{code} {said}");
                Reason::new(key).with("code", code_of(*code, &said)).with("answer", answer)
            };
            // 530 and its kin are about our login: for us to mend, not the mail's fault.
            let is_final = *code >= 500 && !matches!(code, 530 | 534 | 535 | 538);
            if is_final {
                DeliveryError::refused(reason("mail-refused"))
            } else {
                DeliveryError::retry(reason("mail-put-off"))
            }
        }
        Trouble::Login | Trouble::NoLogin => {
            DeliveryError::retry(Reason::new("mail-login-refused"))
        }
        Trouble::Connect(_) | Trouble::NoStarttls | Trouble::Lost => {
            DeliveryError::retry(Reason::new("mail-server-away"))
        }
    }
}

/// The codes alone, the enhanced one too if there is one (RFC 3463): `550 5.1.1`.
fn code_of(code: u16, said: &str) -> String {
    let enhanced = said.split(' ').next().unwrap_or_default();
    let is_enhanced = enhanced.len() <= 11
        && enhanced.split('.').count() == 3
        && enhanced.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_enhanced { format!("{code} {enhanced}") } else { code.to_string() }
}

/// What it means that an attachment cannot be read: gone or damaged it stays so.
fn unreadable(error: &io::Error) -> DeliveryError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {
            DeliveryError::refused(Reason::new("mail-attachment-lost"))
        }
        _ => DeliveryError::retry(Reason::new("mail-attachment-unread")),
    }
}
