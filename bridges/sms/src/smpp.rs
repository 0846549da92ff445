//! The way to a gateway over SMPP 3.4.
//!
//! In reading order: the options ([`config`]); the connection ([`line`]), what travels on it
//! ([`pdu`]), one session on it from both ends ([`session`], [`connection`]), and a bind that is
//! kept ([`bind`]). Out: a text as
//! submissions ([`compose`]), one attempt at them ([`send`]) over one of the open [`ways`], at the
//! gateway's [`pace`]; what its answers mean ([`status`]) and what is known of a text of which it
//! took some parts only ([`progress`]) or that had no answer ([`nameless`]). In: what is brought
//! ([`inbound`]), its alphabets ([`coding`]), texts that come a second time ([`recent`]), receipts
//! ([`receipt`]) and the ids that they name ([`ids`]).

mod bind;
mod coding;
mod compose;
mod config;
mod connection;
mod ids;
mod inbound;
#[cfg(test)]
mod inbound_tests;
mod line;
mod nameless;
mod pace;
mod pdu;
mod progress;
mod receipt;
mod recent;
mod send;
#[cfg(test)]
mod send_tests;
mod session;
#[cfg(test)]
mod session_tests;
mod status;
mod ways;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use viadukt_api::{
    BuildError, Context, DeliveryError, Health, Inbox, Probe, Receipt, WorkerError, async_trait,
};

use self::bind::{Gateway, Role, Unbound};
use self::config::Bind;
pub(crate) use self::config::SmppSection;
use self::inbound::Inbound;
use self::line::Server;
use self::nameless::Nameless;
use self::send::Sender;
use crate::outgoing::Outgoing;
use crate::transport::Transport;

/// How often what has waited too long is looked for, at least.
const SWEEP: Duration = Duration::from_secs(60);

/// A gateway over SMPP.
struct Smpp {
    section: SmppSection,
    context: Context,
    gateway: Arc<Gateway>,
    sender: Sender,
    nameless: Arc<Nameless>,
    /// How many binds stand.
    standing: AtomicUsize,
}

impl SmppSection {
    /// Reads the password and the certificates; connects to nothing.
    ///
    /// # Errors
    /// A file cannot be read, or holds nothing of use.
    pub(crate) fn build(&self, context: Context) -> Result<Arc<dyn Transport>, BuildError> {
        let failed = |what: String, remedy: &str| BuildError {
            worker: context.name.clone(),
            what,
            remedy: remedy.to_owned(),
        };
        let readable = "make sure that the file exists and that viadukt may read it";
        let password = self.password_file.read().map_err(|e| failed(e.to_string(), readable))?;
        let pem = "name PEM files as `ca_file`, `certificate_file` and `key_file`";
        let server = Server::new(&self.server).map_err(|what| failed(what, pem))?;
        let shorter = "ask the provider for one that fits SMPP 3.4 (4.1.1)";
        let gateway = Gateway::new(self, server, password, context.env.clone());
        let gateway = Arc::new(gateway.map_err(|what| failed(what, shorter))?);
        let Context { keep, env, .. } = context.clone();
        let nameless = Arc::new(Nameless::load(keep.clone(), env.clone()));
        let (own, called) = (Arc::clone(&nameless), Arc::clone(&gateway));
        let sender = Sender::new(self.clone(), called, keep, own, env);
        let standing = AtomicUsize::new(0);
        let section = self.clone();
        Ok(Arc::new(Smpp { section, context, gateway, sender, nameless, standing }))
    }
}

impl Smpp {
    /// The binds to hold.
    fn roles(&self) -> Vec<Role> {
        let one: &[Role] = match self.section.bind {
            Bind::Transceiver => &[Role::Transceiver],
            Bind::Pair => &[Role::Transmitter, Role::Receiver],
        };
        let binds = usize::try_from(self.section.binds).unwrap_or(1);
        one.repeat(binds)
    }

    /// Holds all binds until `stop` fires or one is refused for good.
    async fn hold(&self, inbound: &Arc<Inbound>, stop: &CancellationToken) -> Result<(), Unbound> {
        let holding = self.roles().into_iter().map(|role| async move {
            let up = Standing::new(&self.standing);
            self.gateway.hold(role, Some(inbound), &self.sender.ways, |is| up.set(is), stop).await
        });
        let mut holding: FuturesUnordered<_> = holding.collect();
        let mut outcome = Ok(());
        while let Some(ended) = holding.next().await {
            if ended.is_err() {
                outcome = ended;
                stop.cancel();
            }
        }
        outcome
    }
}

#[async_trait]
impl Transport for Smpp {
    async fn run(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let Context { name, keep, env, .. } = &self.context;
        let nameless = Arc::clone(&self.nameless);
        let inbound = Inbound::new(self.section.clone(), inbox, keep, nameless, env.clone());
        let inbound = Arc::new(inbound);
        let stop = stop.child_token();
        self.sender.running.store(true, Ordering::Relaxed);
        let every = SWEEP.min(self.section.parts_timeout);
        let sweeping = async {
            loop {
                inbound.sweep().await;
                self.sender.progress.sweep().await;
                tokio::time::sleep(every).await;
            }
        };
        let held = tokio::select! {
            held = self.hold(&inbound, &stop) => held.map_err(|why| WorkerError::Shut {
                worker: name.clone(),
                what: why.to_string(),
                remedy: "correct them and start again".to_owned(),
            }),
            failure = inbound.failure() => Err(failure.into()),
            () = sweeping => Ok(()),
        };
        self.sender.running.store(false, Ordering::Relaxed);
        held
    }

    async fn ready(&self) -> Result<(), DeliveryError> {
        self.sender.ready().await
    }

    async fn send(&self, sms: &Outgoing) -> Result<Receipt, DeliveryError> {
        self.sender.send(sms).await
    }

    async fn probe(&self) -> Vec<Probe> {
        // Many gateways allow no bind beside those that are held.
        let standing = self.standing.load(Ordering::Relaxed);
        let result = if standing > 0 {
            Ok(format!("{standing} of {} binds stand", self.roles().len()))
        } else {
            let role = self.roles().first().copied().unwrap_or(Role::Transceiver);
            let tried = self.gateway.briefly(role, async |session| session.protection()).await;
            tried.map(|protection| protection.to_string()).map_err(|why| why.to_string())
        };
        vec![Probe { what: "smpp bind".to_owned(), result }]
    }

    fn health(&self) -> Health {
        let (standing, all) = (self.standing.load(Ordering::Relaxed), self.roles().len());
        if standing == all {
            Health::Up
        } else {
            Health::Down(format!("{standing} of {all} binds stand"))
        }
    }

    fn parallel(&self) -> usize {
        self.section.submissions()
    }
}

/// Reads whatever a gateway may send.
#[cfg(feature = "fuzz")]
pub(crate) fn read_anything(octets: &[u8]) {
    inbound::read_anything(octets);
}

/// One bind's share in how many stand; given back when it is dropped.
struct Standing<'a> {
    count: &'a AtomicUsize,
    counted: std::sync::atomic::AtomicBool,
}

impl<'a> Standing<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        Self { count, counted: false.into() }
    }

    fn set(&self, stands: bool) {
        match (self.counted.swap(stands, Ordering::Relaxed), stands) {
            (false, true) => drop(self.count.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.count.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}
