//! A worker in memory, for tests and benches of what stands above the workers. It can stand for
//! a far side or for the hub: raw input is a [`Message`] as JSON, deliveries are remembered, and
//! the next answers can be scripted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::env::Timestamp;
use crate::gauge::Readings;
use crate::ids::{Address, MessageId, RoomId};
use crate::inbox::{Inbox, Item, Raw, SourceKey};
use crate::message::{Act, Content, Level, Message, Sender};
use crate::outbound::{DeliveryError, Outbound, Receipt, Target};
use crate::protection::Protection;
use crate::spool::BlobRef;
use crate::words::Reason;
use crate::worker::{
    Cost, Deed, Edits, Health, Hub, Patience, Probe, RoomSpec, Unreadable, Worker, WorkerError,
};

/// A worker in memory.
pub struct FakeWorker {
    delivered: Mutex<Vec<Outbound>>,
    script: Mutex<VecDeque<DeliveryError>>,
    hanging: watch::Sender<Hanging>,
    holding: watch::Sender<bool>,
    ids: AtomicU64,
    count: watch::Sender<u64>,
    remember: bool,
    /// Which deliveries count for [`Self::wait_for`] and [`Self::made`]; all of them by default.
    pub counts: fn(&Outbound) -> bool,
    /// How its deliveries are retried.
    pub patience: Patience,
    /// Whether it says that repetition is harmless.
    pub idempotent: bool,
    /// How many deliveries it makes at the same time.
    pub parallel: usize,
    /// Its own word for `!send`.
    pub verb: &'static str,
    /// What sending costs, or why it is not possible.
    pub measure: fn(&Address, &Content) -> Result<Cost, Reason>,
    /// How it reads a recipient.
    pub recipient: fn(&str) -> Result<Address, Reason>,
    /// How many parts its far side takes a message in, each under an id of its own
    /// ([`part`]); with 0 it takes a message whole, under the id that we chose.
    pub parts: u16,
    /// Whether its network has one exchange with each party instead of threads.
    pub exchanges: bool,
    /// How much protection it says is given to whom.
    pub level: fn(&Address) -> Option<Level>,
    /// What it can be asked to do.
    pub deeds: &'static [Deed],
    /// Whether it can edit; else an edit is a new message.
    pub edits: bool,
    /// What it measures of itself.
    pub gauges: Readings,
}

#[derive(Clone, Copy, PartialEq)]
enum Hanging {
    No,
    Asked,
    Yes,
}

impl Default for FakeWorker {
    fn default() -> Self {
        Self {
            delivered: Mutex::default(),
            script: Mutex::default(),
            hanging: watch::Sender::new(Hanging::No),
            holding: watch::Sender::new(false),
            ids: AtomicU64::new(1),
            count: watch::Sender::new(0),
            remember: true,
            counts: |_| true,
            patience: Patience {
                pauses: vec![Duration::from_secs(1)],
                give_up_after: Duration::from_secs(3_600),
                tell_after: Duration::from_secs(600),
            },
            idempotent: true,
            parallel: 64,
            verb: "send",
            measure: |_, _| Ok(Cost::default()),
            recipient: |written| Ok(Address::new(written)),
            exchanges: false,
            level: |_| None,
            deeds: &[],
            edits: false,
            gauges: Readings::new(),
            parts: 0,
        }
    }
}

impl FakeWorker {
    /// One that counts deliveries without remembering them.
    pub fn counting() -> Self {
        Self { remember: false, ..Self::default() }
    }

    /// The next deliveries end as `errors`, one each; after that they succeed again.
    pub fn script(&self, errors: impl IntoIterator<Item = DeliveryError>) {
        lock(&self.script).extend(errors);
    }

    /// Deliveries from now on do not end, as if the process died during them.
    pub fn hang(&self) {
        self.hanging.send_replace(Hanging::Asked);
    }

    /// Waits until a delivery hangs.
    pub async fn wait_until_hanging(&self) {
        // The sender is in `self`, so this ends only with what it waits for.
        let _ = self.hanging.subscribe().wait_for(|now| *now == Hanging::Yes).await;
    }

    /// Whether answers to deliveries are held back from now on: made, they do not end.
    pub fn hold_answers(&self, hold: bool) {
        self.holding.send_replace(hold);
    }

    /// What was delivered so far, in order.
    pub fn delivered(&self) -> Vec<Outbound> {
        lock(&self.delivered).clone()
    }

    /// How many deliveries were made so far, as it grows.
    pub fn made(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// Waits until `count` deliveries were made, and gives them.
    ///
    /// # Panics
    /// After ten seconds without.
    pub async fn wait_for(&self, count: u64) -> Vec<Outbound> {
        let mut seen = self.count.subscribe();
        let enough = seen.wait_for(|made| *made >= count);
        let waited = tokio::time::timeout(Duration::from_secs(10), enough).await;
        assert!(waited.is_ok(), "{} of {count} deliveries were made", *self.count.borrow());
        self.delivered()
    }
}

/// The id of the exchange between `via` and `party` in a [`FakeWorker`] that has exchanges.
pub fn exchange(via: Option<&Address>, party: &Address) -> MessageId {
    let via = via.map_or("usual", Address::as_str);
    MessageId::new(format!("{via} with {}", party.as_str()))
}

/// The id of the part `number`, from 1, of the message that we called `message`.
pub fn part(message: &MessageId, number: u16) -> MessageId {
    MessageId::new(format!("{}/{number}", message.as_str()))
}

/// A message for [`item`]: said by `sender`, with the id `id`.
pub fn message(id: &str, sender: &str, text: &str) -> Message {
    Message {
        id: MessageId::new(id),
        sent_at: Timestamp(0),
        sender: Sender { address: Address::new(sender), name: None, power: Some(0) },
        room: None,
        answer_to: None,
        via: None,
        exchange: None,
        recipients: Vec::new(),
        ancestors: Vec::new(),
        subject: None,
        act: Act::Say,
        content: Content { text: text.to_owned(), ..Content::default() },
        automatic: None,
        matter: None,
        severity: None,
        level: None,
        hops: 0,
        protection: Protection::ROOM,
    }
}

/// `message` as an item of a [`FakeWorker`].
pub fn item(message: &Message) -> Item {
    let bytes = serde_json::to_vec(message).unwrap_or_default();
    Item {
        keys: vec![SourceKey::new(&[message.id.as_str()])],
        received_at: Timestamp(0),
        protection: message.protection.clone(),
        raw: Raw { bytes: bytes.into(), lifted: Vec::new() },
    }
}

#[async_trait]
impl Worker for FakeWorker {
    async fn run(&self, _inbox: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        stop.cancelled().await;
        Ok(())
    }

    fn normalise(&self, raw: &Raw) -> Result<Message, Unreadable> {
        assert!(raw.bytes.as_ref() != b"panic", "asked to panic");
        serde_json::from_slice(&raw.bytes)
            .map_err(|_| Unreadable { reason: Reason::new("unreadable-panic") })
    }

    async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        if *self.hanging.borrow() != Hanging::No {
            self.hanging.send_replace(Hanging::Yes);
            std::future::pending::<()>().await;
        }
        if let Some(error) = lock(&self.script).pop_front() {
            return Err(error);
        }
        let ids: Vec<_> = match &out.target {
            Target::Room { .. } => {
                let n = self.ids.fetch_add(1, Ordering::Relaxed);
                vec![MessageId::new(format!("$event{n}"))]
            }
            Target::Remote { message_id, .. } if self.parts == 0 => vec![message_id.clone()],
            Target::Remote { message_id, .. } => {
                (1..=self.parts).map(|number| part(message_id, number)).collect()
            }
        };
        if self.remember {
            lock(&self.delivered).push(out.clone());
        }
        if (self.counts)(out) {
            self.count.send_modify(|made| *made += 1);
        }
        // The sender is in `self`, so this ends only with what it waits for.
        let _ = self.holding.subscribe().wait_for(|held| !held).await;
        let mut ids = ids.into_iter();
        Ok(Receipt { id: ids.next(), more: ids.collect(), protection: Protection::TLS })
    }

    async fn fetch(&self, _handle: &str) -> Result<BlobRef, DeliveryError> {
        Err(DeliveryError::refused(Reason::new("unreadable-panic")))
    }

    async fn probe(&self) -> Vec<Probe> {
        Vec::new()
    }

    fn health(&self) -> Health {
        Health::Up
    }

    fn gauges(&self) -> Readings {
        self.gauges.clone()
    }

    fn recipient(&self, written: &str) -> Result<Address, Reason> {
        (self.recipient)(written)
    }

    fn exchange(&self, via: Option<&Address>, party: &Address) -> Option<MessageId> {
        self.exchanges.then(|| exchange(via, party))
    }

    fn measure(&self, to: &Address, content: &Content) -> Result<Cost, Reason> {
        (self.measure)(to, content)
    }

    fn verb(&self) -> &'static str {
        self.verb
    }

    fn level(&self, to: &Address) -> Option<Level> {
        (self.level)(to)
    }

    fn deeds(&self) -> &[Deed] {
        self.deeds
    }

    fn edits(&self) -> Option<&dyn Edits> {
        self.edits.then_some(self as _)
    }

    fn idempotent(&self, _: Option<&Address>) -> bool {
        self.idempotent
    }

    fn parallel(&self) -> usize {
        self.parallel
    }

    fn patience(&self) -> Patience {
        self.patience.clone()
    }
}

#[async_trait]
impl Edits for FakeWorker {
    async fn edit(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        self.deliver(out).await
    }
}

#[async_trait]
impl Hub for FakeWorker {
    async fn ensure_room(&self, spec: &RoomSpec) -> Result<RoomId, DeliveryError> {
        let key = spec.key.as_deref().map_or_else(String::new, |key| format!(".{key}"));
        Ok(RoomId::new(format!("!{}{key}", spec.bridge)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
