//! The worker: the pieces put together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use viadukt_api::{
    Address, BlobRef, BuildError, Context, DeliveryError, Gauge, Health, Inbox, Message, MessageId,
    Outbound, Patience, Probe, Raw, Readings, Reason, Receipt, Section, Unreadable, Worker,
    WorkerError, async_trait,
};

use crate::authentication::Checker;
use crate::config::EmailSection;
use crate::fetch::Handle;
use crate::imap::Ingest;
use crate::imap::session::Session;
use crate::own::Own;
use crate::read::Reader;
use crate::smime::Authorities;
use crate::smtp::Outgoing;
use crate::tls::Server;

/// One mailbox at work.
pub(crate) struct EmailWorker {
    section: EmailSection,
    context: Context,
    imap: Server,
    smtp: Server,
    password: SecretString,
    outgoing: Outgoing,
    reader: Reader,
    checker: Option<Arc<Checker>>,
    authorities: Arc<Authorities>,
    health: Arc<Mutex<Health>>,
}

#[async_trait]
impl Section for EmailSection {
    async fn build(&self, context: Context) -> Result<Arc<dyn Worker>, BuildError> {
        let failed = |what: std::io::Error, remedy: &str| BuildError {
            worker: context.name.clone(),
            what: what.to_string(),
            remedy: remedy.to_owned(),
        };
        let readable = "make sure that the file exists and that viadukt may read it";
        let certificates = "name a PEM file with the authority's certificate as `ca_file`";
        let password = self.imap.password_file.read().map_err(|e| failed(e, readable))?;
        let login = match &self.smtp.login {
            Some((user, file)) => {
                Some((user.clone(), file.read().map_err(|e| failed(e, readable))?))
            }
            None => None,
        };
        let imap = Server::new(&self.imap.server).map_err(|e| failed(e, certificates))?;
        let smtp = Server::new(&self.smtp.server).map_err(|e| failed(e, certificates))?;
        let (spool, words) = (Arc::clone(&context.spool), Arc::clone(&context.words));
        let reader = Reader {
            worker: context.name.clone(),
            own: Own::new(&self.address, &self.aliases),
            authserv_id: self.imap.authserv_id.clone(),
            forbidden: self.forbidden_files.clone(),
            words: Arc::clone(&words),
        };
        let checker = self.check.as_ref().map(Checker::new).transpose();
        let resolver = "name a resolver in `authentication.resolvers`";
        let checker = checker.map_err(|e| failed(e, resolver))?.map(Arc::new);
        let authorities = self.smime_ca_file.as_deref().map(Authorities::read).transpose();
        let authorities = authorities.map_err(|e| {
            failed(e, "name a PEM file with the authorities' certificates as `smime.ca_file`")
        })?;
        Ok(Arc::new(EmailWorker {
            checker,
            authorities: Arc::new(authorities.unwrap_or_default()),
            outgoing: Outgoing::new(self.clone(), smtp.clone(), login, spool, words),
            health: Arc::new(Mutex::new(Health::Down("starting".to_owned()))),
            section: self.clone(),
            context,
            imap,
            smtp,
            password,
            reader,
        }))
    }
}

#[async_trait]
impl Worker for EmailWorker {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let ingest = Ingest {
            worker: self.context.name.clone(),
            section: self.section.imap.clone(),
            server: self.imap.clone(),
            password: self.password.clone(),
            env: self.context.env.clone(),
            spool: Arc::clone(&self.context.spool),
            keep: self.context.keep.clone(),
            checker: self.checker.clone(),
            authorities: Arc::clone(&self.authorities),
            health: Arc::clone(&self.health),
            inbox,
            failures: std::collections::HashMap::new(),
        };
        ingest.run(stop).await
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        self.reader.read(raw)
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        self.outgoing.deliver(out).await
    }

    async fn fetch(&self, handle: &str) -> Result<BlobRef, DeliveryError> {
        let lost = || DeliveryError::refused(Reason::new("mail-attachment-lost"));
        let handle = Handle::parse(handle).ok_or_else(lost)?;
        let spool = Arc::clone(&self.context.spool);
        let fetched = tokio::task::spawn_blocking(move || handle.fetch(&*spool)).await;
        fetched.map_err(|_| lost())?.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData => lost(),
            _ => DeliveryError::retry(Reason::new("mail-attachment-unread")),
        })
    }

    async fn probe(&self) -> Vec<Probe> {
        let said = |what: &str, result| Probe { what: what.to_owned(), result };
        let smtp = self.outgoing.try_login().await;
        let smtp =
            smtp.map(|protection| protection.to_string()).map_err(|trouble| trouble.to_string());
        vec![said("imap", self.probe_imap().await), said("smtp", smtp)]
    }

    /// RFC 5322 3.6.4: unique by its left side, and ours by its right.
    fn message_id(&self, token: &str) -> MessageId {
        MessageId::new(format!("{token}@{}", self.section.address.domain()))
    }

    fn recipient(&self, written: &str) -> Result<Address, Reason> {
        let address: lettre::Address =
            written.trim().parse().map_err(|_| Reason::new("mail-bad-recipient"))?;
        Ok(Address::new(address.to_string()))
    }

    fn parallel(&self) -> usize {
        crate::smtp::CONNECTIONS
    }

    fn patience(&self) -> Patience {
        self.section.smtp.patience.clone()
    }

    fn health(&self) -> Health {
        let health = self.health.lock().map(|health| health.clone());
        health.unwrap_or_else(|_| Health::Down("broken".to_owned()))
    }

    fn gauges(&self) -> Readings {
        let ends = [&self.imap, &self.smtp].into_iter().filter_map(Server::certificate_ends_at);
        let first = ends.min().map(|at| Duration::from_millis(at.0).as_secs_f64());
        first.map(|at| (Gauge::CertificateExpiry, at)).into_iter().collect()
    }
}

impl EmailWorker {
    async fn probe_imap(&self) -> Result<String, String> {
        use crate::imap::session::Trouble;
        let section = &self.section.imap;
        let in_words = |trouble: Trouble| match trouble {
            Trouble::Login => format!(
                "the server refuses the user or password; check `imap.user` and {}",
                section.password_file
            ),
            Trouble::Folder => {
                format!("there is no folder {:?}; check `imap.folder`", section.folder)
            }
            other => other.to_string(),
        };
        let mut session =
            Session::open(&self.imap, &section.user, &self.password).await.map_err(in_words)?;
        session.select(&section.folder).await.map_err(in_words)?;
        if let crate::config::After::Move(folder) = &section.after {
            session.select(folder).await.map_err(|_| {
                format!("there is no folder {folder:?}; create it or check `imap.move_to`")
            })?;
        }
        Ok(session.protection().to_string())
    }
}
