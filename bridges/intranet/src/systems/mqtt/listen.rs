//! Listening to a broker with nothing lost.
//!
//! The broker keeps a session for us, under our client id, while we are away. What it sends is
//! acknowledged after it has become durable; what is here together is made durable together.
//! While the store has no room nothing is read, so that the broker, whose window is limited,
//! keeps the rest.

use std::pin::pin;

use tokio::select;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use viadukt_api::{AcceptError, Health, Inbox, Intake, WorkerError, async_trait};

use super::Mqtt;
use super::batch::{Batch, Origin};
use super::compose::{self, Connect};
use super::connection::{Connection, Trouble};
use super::recent::{Recent, WINDOW};
use super::session::{BIRTH, Begun};
use super::wire::{Packet, Publish};
use crate::listening::pause;
use crate::received::Received;
use crate::system::Listens;

/// Why a connection is not gone on with.
pub(super) enum End {
    Trouble(Trouble),
    Accept(AcceptError),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<AcceptError> for End {
    fn from(error: AcceptError) -> Self {
        Self::Accept(error)
    }
}

#[async_trait]
impl Listens for Mqtt {
    async fn run(&self, inbox: &Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        let mut failures = 0;
        loop {
            let trouble = match self.listen(inbox, &stop, &mut failures).await {
                Ok(()) => return Ok(()),
                Err(End::Accept(AcceptError::Full(why))) => Trouble::Away(why),
                Err(End::Accept(error)) => return Err(error.into()),
                Err(End::Trouble(trouble)) => trouble,
            };
            self.standing.set(Health::Down(trouble.to_string()));
            tracing::warn!(worker = %self.context.name, system = self.name, %trouble, "mqtt");
            if let Trouble::Refused(what) = trouble {
                return Err(WorkerError::Shut {
                    worker: self.context.name.clone(),
                    what: format!("system {}: {what}", self.name),
                    remedy: "set `user`, `password_file`, `client_id` and `version` as the \
                             broker wants them, and restart"
                        .to_owned(),
                });
            }
            if !pause(&self.context.env, failures, None, &stop).await {
                return Ok(());
            }
            failures += 1;
        }
    }

    fn health(&self) -> Health {
        self.standing.health()
    }
}

impl Mqtt {
    /// Connects and takes in what comes, until `stop` fires.
    async fn listen(
        &self,
        inbox: &Inbox,
        stop: &CancellationToken,
        failures: &mut usize,
    ) -> Result<(), End> {
        let opened = async {
            let mut connection = self.open().await?;
            let begun = self.subscribe(&mut connection, inbox).await?;
            Ok::<_, End>((connection, begun))
        };
        let (mut connection, begun) = select! {
            () = stop.cancelled() => return Ok(()),
            opened = opened => opened?,
        };
        if let Some(birth) = &self.section.birth {
            let version = self.section.version;
            connection.write(&compose::publish(version, BIRTH, &self.client_id, birth)).await?;
        }
        if let Some(seconds) = self.shortened(&connection) {
            tracing::warn!(worker = %self.context.name, system = self.name, seconds,
                "the broker keeps our session for less than `session_expiry`");
        }
        *failures = 0;
        self.standing.set(begun.refused.clone().map_or(Health::Up, Health::Down));
        self.take_in(&mut connection, begun, inbox, stop).await?;
        connection.end(self.section.will.is_some()).await;
        Ok(())
    }

    async fn open(&self) -> Result<Connection, Trouble> {
        let with = Connect {
            client_id: &self.client_id,
            clean: false,
            session_expiry: self.section.session_expiry,
            keep_alive: self.section.keep_alive,
            receive_maximum: WINDOW,
            login: self.login(),
            will: self.section.will.as_ref(),
        };
        let (version, limit) = (self.section.version, self.section.max_message);
        Connection::open(&self.broker, version, &with, limit).await
    }

    async fn take_in(
        &self,
        connection: &mut Connection,
        begun: Begun,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<(), End> {
        let mut recent = begun.recent;
        let mut numbers = Numbers::new(self);
        let mut pulse = interval(connection.keep_alive / 2);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let first = select! {
                () = stop.cancelled() => return Ok(()),
                _ = pulse.tick() => {
                    connection.check()?;
                    connection.ping().await?;
                    continue;
                }
                packet = connection.read() => packet?,
            };
            let batch = self.collect(first, connection, &mut recent, &mut numbers)?;
            let mut offering = pin!(self.offer(&batch, &recent, inbox, stop));
            let offered = loop {
                select! {
                    offered = &mut offering => break offered?,
                    _ = pulse.tick() => connection.ping().await?,
                }
            };
            if !offered {
                return Ok(());
            }
            connection.listen_again();
            connection.write(batch.acks()).await?;
        }
    }

    /// What has come already, from `first` on.
    fn collect(
        &self,
        first: Packet,
        connection: &mut Connection,
        recent: &mut Recent,
        numbers: &mut Numbers,
    ) -> Result<Batch, Trouble> {
        let protection = connection.protection().clone();
        let origin = Origin {
            system: &self.name,
            reading: &self.section.reading,
            protection: &protection,
            at: self.context.env.now(),
        };
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(packet) = next {
            // Other packets are answers to what nobody waits for: pings, the birth message.
            if let Packet::Publish(publish) = packet {
                if self.is_for_us(&publish) {
                    batch.take(publish, &numbers.next(), &origin, recent);
                } else {
                    batch.pass(&publish);
                }
            }
            next = if batch.count() < WINDOW.into() { connection.here()? } else { None };
        }
        Ok(batch)
    }

    fn is_for_us(&self, publish: &Publish) -> bool {
        let own = publish.origin.as_ref() == Some(&self.client_id);
        !own && (self.section.retained || !publish.retained)
    }

    /// Offers a batch until it is accepted; false when `stop` fired before.
    async fn offer(
        &self,
        batch: &Batch,
        recent: &Recent,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<bool, AcceptError> {
        let items: Vec<_> = batch.received.iter().cloned().map(Received::into_item).collect();
        if items.is_empty() {
            return Ok(true);
        }
        let intake = Intake { items, keep: vec![(self.key("recent"), Some(recent.bytes()))] };
        let mut refused = 0;
        loop {
            match inbox.accept(intake.clone()).await {
                Ok(_) => break,
                Err(AcceptError::Full(why)) => self.standing.set(Health::Down(why)),
                Err(error) => return Err(error),
            }
            if !pause(&self.context.env, refused, None, stop).await {
                return Ok(false);
            }
            refused += 1;
        }
        if refused > 0 {
            self.standing.set(Health::Up);
        }
        Ok(true)
    }
}

/// Numbers that no other message of the system has: those of MQTT repeat themselves.
struct Numbers {
    prefix: String,
    count: u64,
}

impl Numbers {
    fn new(mqtt: &Mqtt) -> Self {
        Self { prefix: mqtt.random(), count: 0 }
    }

    fn next(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.prefix, self.count)
    }
}
