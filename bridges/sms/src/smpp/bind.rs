//! One bind, kept: connect, bind, carry, and again after a pause (SMPP 3.4 2.2, 4.1).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use rusmpp::pdus::{BindReceiver, BindTransceiver, BindTransmitter};
use rusmpp::types::COctetString;
use rusmpp::values::InterfaceVersion;
use rusmpp::{CommandStatus, Pdu};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use viadukt_api::Env;

use super::config::SmppSection;
use super::inbound::Inbound;
use super::line::{ConnectError, Server};
use super::pace::Window;
use super::session::{self, Connection, End, Session, Taker, Timing};
use super::ways::{Way, Ways};

/// How long submissions that are under way may still take when we take leave.
const LAST_ANSWERS: Duration = Duration::from_millis(1_500);
/// How long the gateway may take to answer that we take leave.
const UNBIND: Duration = Duration::from_millis(500);
/// A connection that held this long was a good one: the pauses begin anew.
const HELD: Duration = Duration::from_secs(60);

/// What a bind is for (SMPP 3.4 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Transceiver,
    Transmitter,
    Receiver,
}

impl Role {
    pub(super) fn sends(self) -> bool {
        self != Self::Receiver
    }
}

/// A gateway and what it knows us by.
pub(super) struct Gateway {
    server: Server,
    system_id: COctetString<1, 16>,
    password: SecretString,
    system_type: COctetString<1, 13>,
    pub(super) timing: Timing,
    reconnect: Vec<Duration>,
    window: u32,
    env: Env,
}

/// Why there is no bind.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unbound {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The gateway does not know us.
    #[error("the gateway refuses the login ({0:?}); check `system_id` and `password_file`")]
    Credentials(CommandStatus),
    /// The gateway does not let us in now.
    #[error(
        "the gateway refuses the bind ({0:?}); if that stays so, ask the provider how many \
             binds it allows and of which kind"
    )]
    Refused(CommandStatus),
    /// It did not answer.
    #[error("the gateway does not answer the bind")]
    Silent,
}

impl Unbound {
    /// Whether waiting does not help.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Credentials(_))
    }
}

impl Gateway {
    /// A gateway; nothing is connected yet.
    ///
    /// # Errors
    /// In words: a value is longer than SMPP 3.4 4.1.1 allows.
    pub(super) fn new(
        section: &SmppSection,
        server: Server,
        password: SecretString,
        env: Env,
    ) -> Result<Self, String> {
        bounded::<9>(password.expose_secret())
            .ok_or("the password is longer than the 8 characters of SMPP, or not ASCII")?;
        let timing =
            Timing { enquire_link: section.enquire_link, response: section.response_timeout };
        Ok(Self {
            server,
            system_id: bounded(&section.system_id).ok_or("`system_id` is too long")?,
            password,
            system_type: bounded(&section.system_type).ok_or("`system_type` is too long")?,
            timing,
            reconnect: section.reconnect.clone(),
            window: section.window,
            env,
        })
    }

    /// Holds a bind until `stop` fires. `up` hears whether it stands.
    ///
    /// # Errors
    /// The gateway refuses us for good.
    pub(super) async fn hold(
        &self,
        role: Role,
        inbound: Option<&Arc<Inbound>>,
        ways: &Ways,
        up: impl Fn(bool),
        stop: &CancellationToken,
    ) -> Result<(), Unbound> {
        let window = Arc::new(Window::new(self.window));
        let mut failures = 0;
        loop {
            let since = self.env.now();
            let held = self.once(role, inbound, ways, &window, &up, stop).await;
            up(false);
            match held {
                Ok(End::Left) => return Ok(()),
                Ok(end) => tracing::info!(?role, ?end, "the bind ended; binding anew"),
                Err(why) if why.is_final() => return Err(why),
                Err(why) => tracing::warn!(?role, %why, "no bind; waiting to try again"),
            }
            failures = if self.env.now().since(since) >= HELD { 0 } else { failures + 1 };
            let pause = self.pause(failures);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Binds once and carries until the connection ends.
    async fn once(
        &self,
        role: Role,
        inbound: Option<&Arc<Inbound>>,
        ways: &Ways,
        window: &Arc<Window>,
        up: &impl Fn(bool),
        stop: &CancellationToken,
    ) -> Result<End, Unbound> {
        let (session, connection) = tokio::select! {
            () = stop.cancelled() => return Ok(End::Left),
            opened = self.connect() => opened?,
        };
        let taker = inbound.map(|inbound| inbound.visit(session.protection()) as Arc<dyn Taker>);
        let carrying = std::pin::pin!(connection.carry(taker));
        let bound = std::pin::pin!(self.bind(role, &session));
        let carrying = match futures_util::future::select(carrying, bound).await {
            Either::Left(_) => return Err(Unbound::Silent),
            Either::Right((bound, carrying)) => {
                bound?;
                carrying
            }
        };
        up(true);
        let open = role
            .sends()
            .then(|| ways.open(Way { session: session.clone(), window: Arc::clone(window) }));
        let stopped = std::pin::pin!(stop.cancelled());
        match futures_util::future::select(carrying, stopped).await {
            Either::Left((end, _)) => Ok(end),
            Either::Right(((), carrying)) => {
                drop(open);
                let leaving = leave(&session);
                Ok(futures_util::future::join(carrying, leaving).await.0)
            }
        }
    }

    /// Binds for what `with` does, apart from the binds that are held.
    pub(super) async fn briefly<T>(
        &self,
        role: Role,
        with: impl AsyncFnOnce(&Session) -> T,
    ) -> Result<T, Unbound> {
        let (session, connection) = self.connect().await?;
        let doing = async {
            let done = match self.bind(role, &session).await {
                Ok(()) => Ok(with(&session).await),
                Err(why) => Err(why),
            };
            leave(&session).await;
            done
        };
        futures_util::future::join(connection.carry(None), doing).await.1
    }

    async fn connect(&self) -> Result<(Session, Connection), ConnectError> {
        Ok(session::over(self.server.connect().await?, self.timing))
    }

    async fn bind(&self, role: Role, session: &Session) -> Result<(), Unbound> {
        let answer = session.ask(self.request(role), self.timing.response).await;
        match answer.map_err(|_| Unbound::Silent)?.status {
            CommandStatus::EsmeRok => Ok(()),
            status @ (CommandStatus::EsmeRinvpaswd | CommandStatus::EsmeRinvsysid) => {
                Err(Unbound::Credentials(status))
            }
            status => Err(Unbound::Refused(status)),
        }
    }

    fn request(&self, role: Role) -> Pdu {
        let system_id = self.system_id.clone();
        // Checked in `new`.
        let password = bounded::<9>(self.password.expose_secret()).unwrap_or_default();
        let system_type = self.system_type.clone();
        let version = InterfaceVersion::Smpp3_4;
        macro_rules! request {
            ($kind:ident) => {
                $kind::builder()
                    .system_id(system_id)
                    .password(password)
                    .system_type(system_type)
                    .interface_version(version)
                    .build()
                    .into()
            };
        }
        match role {
            Role::Transceiver => request!(BindTransceiver),
            Role::Transmitter => request!(BindTransmitter),
            Role::Receiver => request!(BindReceiver),
        }
    }

    fn pause(&self, failures: usize) -> Duration {
        let listed = self.reconnect.get(failures.saturating_sub(1)).or(self.reconnect.last());
        self.env.jitter(listed.copied().unwrap_or(HELD))
    }
}

/// Takes leave: waits a little for what is under way, then says so (SMPP 3.4 4.2).
async fn leave(session: &Session) {
    let answered = async {
        while session.waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(LAST_ANSWERS, answered).await;
    let _ = session.ask(Pdu::Unbind, UNBIND).await;
    session.leave();
}

/// A C-Octet String of at most `N` octets with its NUL.
pub(super) fn bounded<const N: usize>(text: &str) -> Option<COctetString<1, N>> {
    COctetString::from_string(text.to_owned()).ok()
}
