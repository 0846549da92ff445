//! The way of a message, the same in both directions:
//!
//! ```text
//! worker or hub ─► accept ─► normalise ─► judge ─► route ─► deliver ─► record
//!                 journal    neutral      policy   mapping   outbox     mapping, receipt,
//!                 fsync      message                         retries    status to the sender
//! ```
//!
//! One type per stage: [`Accepted`] → [`Message`](viadukt_api::Message) → [`Judged`] →
//! [`Delivery`](crate::ledger::Delivery) → [`Outcome`]. Only `judge` makes a [`Judged`], and
//! `route` takes nothing else, so what was not judged cannot be routed.
//!
//! Durable points: *accept* commits before the source is acknowledged; *route* commits all
//! deliveries of an item at once; *deliver* commits each attempt before it starts, unless a
//! repetition does no harm; *record* commits the outcome together with what the sender is told.
//! A crash between any two repeats at most the step that was under way. Lest it be repeated for
//! ever, *normalise* and *deliver* commit what a start has found before they touch it.

mod accept;
mod at;
mod commands;
mod console;
mod deeds;
mod deliver;
mod gather;
mod hold;
mod judge;
mod lanes;
mod normalise;
mod notices;
mod operations;
mod record;
mod replace;
mod reports;
mod rooms;
mod route;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use viadukt_api::{Env, Hub, ItemId, Words, Worker, WorkerName};

use crate::failpoint;
use crate::ledger::{Accepted, Ledger};
use crate::observe::Metrics;
use crate::store::StoreError;

use gather::Floods;
use hold::Pauses;
use lanes::{Lanes, Pause};
use normalise::Read;
use notices::Told;
use operations::Standing;
use rooms::Rooms;

pub use accept::Journal;
pub use deliver::Outcome;
pub use judge::{Judged, Policy, Verdict};

/// No pause that the wall clock decides is longer than this, for it may jump.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How many items are normalised and routed with one commit.
const BATCH: usize = 64;

/// What a pipeline is made of.
pub struct Parts {
    /// What viadukt remembers.
    pub ledger: Ledger,
    /// Clock and randomness.
    pub env: Env,
    /// The sentences people read.
    pub words: Arc<Words>,
    /// What operators see.
    pub metrics: Arc<Metrics>,
    /// Who may do what.
    pub policy: Policy,
    /// The Matrix side.
    pub hub: Arc<dyn Hub>,
    /// The far sides.
    pub bridges: BTreeMap<WorkerName, Arc<dyn Worker>>,
    /// What kind each far side is of, as the configuration calls it.
    pub kinds: BTreeMap<WorkerName, &'static str>,
    /// Where the store and the spool lie, if on the disk.
    pub data_dir: Option<PathBuf>,
    /// Where items go that are to be routed again; what [`Pipeline::run`] receives from.
    pub again: mpsc::UnboundedSender<ItemId>,
    /// Follows the number of deliveries that wait.
    pub waiting: Arc<AtomicU64>,
}

/// Everything that a message meets on its way.
pub struct Pipeline {
    ledger: Ledger,
    env: Env,
    words: Arc<Words>,
    metrics: Arc<Metrics>,
    policy: Policy,
    hub: Arc<dyn Hub>,
    bridges: BTreeMap<WorkerName, Arc<dyn Worker>>,
    kinds: BTreeMap<WorkerName, &'static str>,
    data_dir: Option<PathBuf>,
    again: mpsc::UnboundedSender<ItemId>,
    rooms: Rooms,
    pauses: Pauses,
    floods: Floods,
    lanes: Lanes,
    standing: Standing,
    told: Told,
    /// Held from reading contacts and tallies until their changes are committed.
    contacts: Mutex<()>,
    /// The last item that was accepted before the start.
    last_before: Option<ItemId>,
}

impl Pipeline {
    /// A pipeline that goes on where the ledger stands.
    pub fn new(parts: Parts) -> Result<Self, StoreError> {
        let Parts { ledger, env, words, metrics, policy, hub, bridges, again, waiting, .. } = parts;
        let (kinds, data_dir) = (parts.kinds, parts.data_dir);
        let hub_turn = (WorkerName::hub(), hub.parallel());
        let turns = bridges.iter().map(|(name, worker)| (name.clone(), worker.parallel()));
        let lanes = Lanes::new(std::iter::once(hub_turn).chain(turns), waiting);
        let now = env.now();
        ledger.outbox(|delivery, attempt| {
            let waits = attempt.filter(|attempt| !attempt.under_way && attempt.next_at > now);
            let pause = waits.map(|attempt| {
                let rest = attempt.next_at.since(now).min(LONGEST_PAUSE);
                attempt.held_since.map_or(Pause::Retry(rest), |_| Pause::Held(rest))
            });
            lanes.restore(delivery.lane, delivery.to, delivery.id, pause);
            Ok(())
        })?;
        let (rooms, pauses) = (Rooms::load(&ledger)?, Pauses::load(&ledger)?);
        let floods = Floods::load(&ledger)?;
        let (contacts, last_before) = (Mutex::new(()), ledger.last_item()?);
        Ok(Self {
            ledger,
            env,
            words,
            metrics,
            policy,
            hub,
            bridges,
            kinds,
            data_dir,
            again,
            rooms,
            pauses,
            floods,
            lanes,
            standing: Standing::new(now),
            told: Told::default(),
            contacts,
            last_before,
        })
    }

    /// Routes everything in the journal, then everything that is accepted, until `stop` fires;
    /// deliveries under way are then finished. An error means that the store failed: the
    /// process must end and start again.
    pub async fn run(
        self: &Arc<Self>,
        mut accepted: mpsc::UnboundedReceiver<ItemId>,
        stop: CancellationToken,
    ) -> Result<(), StoreError> {
        let routing = async {
            self.take_up_again().await?;
            let mut batch = Vec::with_capacity(BATCH);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = self.flood_over() => self.show_gathered().await?,
                    count = accepted.recv_many(&mut batch, BATCH) => match count {
                        0 => return Ok(()),
                        _ => self.pass_on(&batch).await?,
                    },
                }
                batch.clear();
            }
        };
        tokio::try_join!(routing, self.deliver_all(&stop)).map(drop)
    }

    /// Accepted items on their way to the outbox.
    async fn pass_on(&self, items: &[ItemId]) -> Result<(), StoreError> {
        // Put back by a person and taken up by a restart at once, an item may come twice.
        let mut items = items.iter().copied().collect();
        while let Some(read) = self.normalise(&mut items).await? {
            self.send_off(read).await?;
        }
        Ok(())
    }

    /// Judges and routes what was read, in one commit.
    async fn send_off(&self, read: Vec<(Accepted, Read)>) -> Result<(), StoreError> {
        let _contacts = self.contacts.lock().await;
        let mut draft = self.ledger.draft();
        let (mut deliveries, mut waiting) = (Vec::new(), Vec::new());
        for (accepted, read) in read {
            match read {
                Ok(message) => {
                    let facts = self.facts(&draft, &accepted, &message)?;
                    let verdict = judge::judge(message, facts);
                    let routed = self.route(&mut draft, &accepted, verdict)?;
                    deliveries.extend(routed.deliveries);
                    if let Some(id) = routed.awaits {
                        waiting.push((accepted.worker, id, accepted.id));
                        continue;
                    }
                }
                Err(unreadable) => {
                    deliveries.extend(self.put_aside(&mut draft, &accepted, unreadable)?);
                }
            }
            draft.done(accepted.id);
        }
        deliveries.retain(|delivery| !draft.unmade().contains(&delivery.id));
        failpoint::pass("route.before-commit");
        self.ledger.commit(draft).await?;
        failpoint::pass("route.committed");
        self.lanes.add(deliveries);
        self.look_again(waiting)
    }
}
