//! The hub as the pipeline sees it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use viadukt_api::message::{Content, Message, Sender};
use viadukt_api::{
    BlobRef, BuildError, Context, DeliveryError, Edits, Form, Health, Hub, Inbox, MessageId,
    Outbound, Patience, Probe, Raw, Reason, Receipt, RoomId, RoomSpec, Target, Unreadable, Worker,
    WorkerError,
};

use crate::backoff::Backoff;
use crate::config::{Login, Settings, build_error};
use crate::http::Http;
use crate::login::{Secret, Session};
use crate::online::Online;
use crate::trouble::Trouble;
use crate::{event, identity, media, probe, rooms, send, sync, undecryptable};

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
    online: watch::Sender<Option<Arc<Online>>>,
    health: Mutex<Health>,
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
            online: watch::Sender::new(None),
            health: Mutex::new(Health::Down("not started".to_owned())),
        })
    }

    fn set_health(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// The connection, once there is one.
    async fn online(&self) -> Result<Arc<Online>, DeliveryError> {
        let mut watched = self.online.subscribe();
        let online = timeout(PATIENCE, watched.wait_for(Option::is_some)).await;
        match online {
            Ok(Ok(online)) => online.clone(),
            _ => None,
        }
        .ok_or_else(|| DeliveryError::retry(Reason::new("matrix-unreachable")))
    }

    /// Comes online and stays so until an error that only a person can mend.
    async fn stay_online(&self, inbox: &Inbox) -> Result<(), Trouble> {
        let online = Arc::new(self.connect().await?);
        self.online.send_replace(Some(Arc::clone(&online)));
        let heard = |news| {
            self.set_health(match news {
                Ok(()) if identity::is_established(&online.client) => Health::Up,
                Ok(()) => Health::Down("device not verified".to_owned()),
                Err(why) => Health::Down(why),
            });
        };
        tokio::select! {
            ended = sync::run(&online, inbox, heard) => ended,
            ended = undecryptable::run(&online, inbox) => ended,
            () = key_reuse(&online) => Err(Trouble::shut(
                "the homeserver holds other keys of this device: the hub's data folder was \
                 restored from a backup or is used twice",
                "move the data folder away and start again; the recovery key gives the \
                 identity back",
            )),
        }
    }

    async fn connect(&self) -> Result<Online, Trouble> {
        let mut wait = Backoff::default();
        let heard = |news: Result<(), String>| {
            if let Err(why) = news {
                self.set_health(Health::Down(why));
            }
        };
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
                Ok(online) => return Ok(online),
                Err(trouble) => trouble,
            };
            drop(session);
            wait.out(&self.context.env, trouble, heard).await?;
        }
    }
}

/// Returns once the homeserver says that it has other one-time keys of this device.
async fn key_reuse(online: &Online) {
    let mut reports = online.client.subscribe_to_duplicate_key_upload_errors();
    loop {
        match reports.recv().await {
            Ok(_) => return,
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending::<()>().await,
        }
    }
}

#[async_trait]
impl Worker for MatrixHub {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        // Each run has a client of its own: one whose sync was cut short must not sync on.
        let ended = tokio::select! {
            ended = self.stay_online(&inbox) => ended,
            () = stop.cancelled() => Ok(()),
        };
        self.online.send_replace(None);
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

    /// The homeserver knows a transaction id again for about a day (client-server API 5.3).
    fn idempotent(&self) -> bool {
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
    async fn edit(
        &self,
        out: &Outbound,
        target: &Target,
        of: &MessageId,
        sender: &Sender,
        content: &Content,
    ) -> Result<Receipt, DeliveryError> {
        let (of, sender, content) = (of.clone(), sender.clone(), content.clone());
        let form = Form::Edit { of, sender, content };
        let edit = Outbound { target: target.clone(), form, ..out.clone() };
        self.deliver(&edit).await
    }
}

#[async_trait]
impl Hub for MatrixHub {
    async fn ensure_room(&self, spec: &RoomSpec) -> Result<RoomId, DeliveryError> {
        let room = rooms::ensure(&*self.online().await?, spec).await?;
        Ok(RoomId::new(room.room_id().as_str()))
    }
}
