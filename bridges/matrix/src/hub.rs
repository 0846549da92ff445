//! The hub as the pipeline sees it.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use viadukt_api::message::Message;
use viadukt_api::{
    Address, BlobRef, BuildError, Context, DeliveryError, Edits, Health, Hub, Inbox, Outbound,
    Patience, Probe, Raw, Readings, Reason, Receipt, RoomId, RoomSpec, Unreadable, Worker,
    WorkerError,
};

use crate::backoff::Backoff;
use crate::config::{Login, Settings, build_error};
use crate::http::Http;
use crate::login::{Secret, Session};
use crate::online::Online;
use crate::trouble::Trouble;
use crate::vitals::Vitals;
use crate::{account, event, identity, media, probe, rooms, send, sync, undecryptable};

/// How long a delivery waits for the hub to come online before it is put off.
const PATIENCE: Duration = Duration::from_secs(5);

/// The hub.
pub(crate) struct MatrixHub {
    settings: Settings,
    secret: Secret,
    context: Context,
    data: PathBuf,
    http: Http,
    session: tokio::sync::Mutex<Session>,
    /// Locked for writing while the hub connects, for reading by whoever uses the connection:
    /// two clients must never be open on one crypto store.
    online: RwLock<Option<Online>>,
    health: Mutex<Health>,
    vitals: Vitals,
}

impl MatrixHub {
    /// Reads the secrets and opens the session file in `data`. Connects to nothing.
    pub(crate) fn new(
        settings: Settings,
        context: Context,
        data: &Path,
    ) -> Result<Self, BuildError> {
        let unreadable =
            |e: std::io::Error| build_error(e.to_string(), "make the file readable for viadukt");
        let secret = match &settings.login {
            Login::Password(file) => Secret::Password(file.read().map_err(unreadable)?),
            Login::Token(file) => Secret::Token(file.read().map_err(unreadable)?),
        };
        let http = Http::new(&settings)?;
        let session = std::fs::create_dir_all(data)
            .and_then(|()| Session::open(data, &context.env))
            .map_err(|e| {
                build_error(
                    format!("the hub's data folder {}: {e}", data.display()),
                    "make it writable for viadukt",
                )
            })?;
        Ok(Self {
            settings,
            secret,
            context,
            data: data.to_owned(),
            http,
            session: tokio::sync::Mutex::new(session),
            online: RwLock::new(None),
            health: Mutex::new(Health::Down("not started".to_owned())),
            vitals: Vitals::default(),
        })
    }

    fn heard(&self, news: Result<(), String>) {
        self.set_health(news.map_or_else(Health::Down, |()| Health::Up));
    }

    fn set_health(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// The connection, once there is one.
    async fn online(&self) -> Result<RwLockReadGuard<'_, Online>, DeliveryError> {
        let unreachable = || DeliveryError::retry(Reason::new("matrix-unreachable"));
        let online = timeout(PATIENCE, self.online.read()).await.map_err(|_| unreachable())?;
        RwLockReadGuard::try_map(online, Option::as_ref).map_err(|_| unreachable())
    }

    /// Comes online and stays so until an error that only a person can mend. Whatever else ends
    /// a connection is followed by another one; the pauses grow over the life of the process.
    async fn stay_online(&self, inbox: &Inbox) -> Result<Infallible, Trouble> {
        let mut wait = Backoff::default();
        loop {
            let Err(trouble) = self.stay_connected(inbox).await;
            wait.out(&self.context.env, trouble, |news| self.heard(news)).await?;
        }
    }

    /// Connects, with a client of its own: one whose sync failed must not sync on.
    async fn stay_connected(&self, inbox: &Inbox) -> Result<Infallible, Trouble> {
        let online = &*self.connect().await?;
        let heard = |news: Result<(), String>| {
            if news.is_ok() {
                self.vitals.synced(self.context.env.now());
            }
            let verified = || match identity::is_established(&online.client) {
                true => Ok(()),
                false => Err("device not verified".to_owned()),
            };
            self.heard(news.and_then(|()| verified()));
        };
        tokio::select! {
            ended = sync::run(online, inbox, heard) => ended,
            ended = undecryptable::run(online, inbox) => ended,
            trouble = account::watch(online, &self.vitals) => Err(trouble),
        }
    }

    async fn connect(&self) -> Result<RwLockReadGuard<'_, Online>, Trouble> {
        let mut wait = Backoff::default();
        let mut online = self.online.write().await;
        *online = None;
        loop {
            let mut session = self.session.lock().await;
            let connected = Online::connect(
                &self.settings,
                &self.context,
                &self.http,
                &mut session,
                &self.secret,
                &self.data,
            );
            let trouble = match connected.await {
                Ok(connected) => break *online = Some(connected),
                Err(trouble) => trouble,
            };
            drop(session);
            wait.out(&self.context.env, trouble, |news| self.heard(news)).await?;
        }
        RwLockReadGuard::try_map(RwLockWriteGuard::downgrade(online), Option::as_ref)
            .map_err(|_| Trouble::wait("not connected"))
    }
}

#[async_trait]
impl Worker for MatrixHub {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let ended = tokio::select! {
            ended = self.stay_online(&inbox) => ended.map(drop),
            // The connection stays: deliveries under way are finished over it.
            () = stop.cancelled() => Ok(()),
        };
        self.set_health(Health::Down("stopped".to_owned()));
        ended.map_err(WorkerError::from)
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        event::normalise(raw)
    }

    async fn ready(&self) -> Result<(), DeliveryError> {
        self.online().await.map(drop)
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        send::deliver(&*self.online().await?, out).await
    }

    async fn fetch(&self, handle: &str) -> Result<BlobRef, DeliveryError> {
        media::fetch(&*self.online().await?, handle).await
    }

    async fn probe(&self) -> Vec<Probe> {
        let session = self.session.lock().await;
        let token = session.token(&self.secret).map(str::to_owned);
        drop(session);
        probe::run(&self.http, token.as_deref(), self.context.env.now()).await
    }

    fn health(&self) -> Health {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gauges(&self) -> Readings {
        let online = self.online.try_read();
        self.vitals.gauges(online.as_ref().ok().and_then(|online| online.as_ref()), &self.context)
    }

    /// The homeserver knows a transaction id again for about a day (client-server API 5.3).
    fn idempotent(&self, _: Option<&Address>) -> bool {
        true
    }

    fn parallel(&self) -> usize {
        32
    }

    fn patience(&self) -> Patience {
        let seconds = [1, 2, 4, 8, 16, 32, 60];
        Patience {
            pauses: seconds.map(Duration::from_secs).to_vec(),
            give_up_after: Duration::from_secs(7 * 86_400),
            tell_after: Duration::from_secs(7 * 86_400),
        }
    }

    fn edits(&self) -> Option<&dyn Edits> {
        Some(self)
    }
}

#[async_trait]
impl Edits for MatrixHub {
    async fn edit(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        self.deliver(out).await
    }
}

#[async_trait]
impl Hub for MatrixHub {
    async fn ensure_room(&self, spec: &RoomSpec) -> Result<RoomId, DeliveryError> {
        let room = rooms::ensure(&*self.online().await?, spec).await?;
        Ok(RoomId::new(room.room_id().as_str()))
    }
}
