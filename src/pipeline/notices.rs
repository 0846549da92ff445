//! notices: what a bridge's room is told about dead letters, without a flood: a few at once, the
//! rest together; and before time takes what nobody decided about.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use viadukt_api::{DeliveryId, Form, Timestamp, WorkerName};

use super::Pipeline;
use crate::ledger::{Dead, Decision, Delivery, Draft, Lane};
use crate::store::StoreError;

/// So many are told one by one in each [`PERIOD`].
pub(super) const SINGLY: u32 = 5;

/// How long the count of what was told stands.
const PERIOD: Duration = Duration::from_secs(600);

/// The parts of an item above anything that is told about its deliveries.
const DIGEST: u16 = 0xFFFD;
const EXPIRES: u16 = 0xFFFE;
const EXPIRED: u16 = 0xFFFF;

/// How many dead letters each bridge's room was told about one by one, and since when.
#[derive(Default)]
pub struct Told(Mutex<BTreeMap<WorkerName, (Timestamp, u32)>>);

impl Told {
    /// Whether one more may be told by itself.
    fn one_more(&self, bridge: &WorkerName, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = told.entry(bridge.clone()).or_insert((now, 0));
        if now.since(*since) >= PERIOD {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= SINGLY
    }
}

impl Pipeline {
    /// Whether the room of `bridge` is told of a dead letter by itself; else `dead` is told
    /// with others.
    pub(super) fn tell_singly(&self, dead: &mut Dead, bridge: &WorkerName) -> bool {
        let singly = self.told.one_more(bridge, self.env.now());
        dead.untold = !singly;
        singly
    }

    /// Tells of the dead letters that were not told singly and of those that will soon be
    /// forgotten, one sentence a bridge, and forgets those whose time is over. Nothing is
    /// forgotten that was not announced.
    pub async fn see_to_dead_letters(&self) -> Result<(), StoreError> {
        let now = self.env.now();
        let keep = self.policy.keep_dead;
        let notice = keep / 10;
        let (mut untold, mut expiring, mut expired) = (Groups::new(), Groups::new(), Groups::new());
        self.ledger.dead(|dead| {
            let bridge = self.view(&dead).bridge;
            let age = now.since(dead.at);
            let announced = dead.announced_at.map(|at| now.since(at));
            let group = match announced {
                Some(since) if age > keep && since >= notice => &mut expired,
                None if age > keep.saturating_sub(notice) => &mut expiring,
                _ if dead.untold => &mut untold,
                _ => return Ok(()),
            };
            group.entry(bridge).or_default().push(dead);
            Ok(())
        })?;
        let mut draft = self.ledger.draft();
        let mut told = Vec::new();
        for (bridge, letters) in untold {
            let text = self.words.say("dead-letters-more", &[("count", &count(&letters))]);
            told.extend(self.notice(&bridge, &letters, DIGEST, text)?);
            for dead in letters {
                draft.bury(&Dead { untold: false, ..dead });
            }
        }
        for (bridge, letters) in expiring {
            let (count, when) = (count(&letters), self.when(now.plus(notice)));
            let args = [("count", count.as_str()), ("when", when.as_str())];
            let text = self.words.say("dead-letters-expire", &args);
            told.extend(self.notice(&bridge, &letters, EXPIRES, text)?);
            for dead in letters {
                draft.bury(&Dead { untold: false, announced_at: Some(now), ..dead });
            }
        }
        for (bridge, letters) in expired {
            let text = self.words.say("dead-letters-expired", &[("count", &count(&letters))]);
            told.extend(self.notice(&bridge, &letters, EXPIRED, text)?);
            for dead in letters {
                draft.unbury(&dead.key());
                self.decided(&mut draft, &dead, Decision::Expired, "viadukt");
            }
        }
        self.commit_told(draft, told).await
    }

    async fn commit_told(
        &self,
        mut draft: Draft<'_>,
        told: Vec<Delivery>,
    ) -> Result<(), StoreError> {
        if draft.is_empty() {
            return Ok(());
        }
        for delivery in &told {
            draft.set_delivery(delivery);
        }
        self.ledger.commit(draft).await?;
        self.lanes.add(told);
        Ok(())
    }

    /// A sentence into the room of `bridge`, in the name of the first of `letters`.
    fn notice(
        &self,
        bridge: &WorkerName,
        letters: &[Dead],
        part: u16,
        text: String,
    ) -> Result<Option<Delivery>, StoreError> {
        // What the hub could not read belongs to no bridge's room.
        let Some(first) = letters.first().filter(|_| !bridge.is_hub()) else { return Ok(None) };
        let id = DeliveryId { item: first.item(), part };
        let form = self.ledger.payload(&Form::Notice { text })?;
        let lane = Lane::of_bridge(bridge);
        let notice = Delivery::new(id, lane, bridge, self.env.now(), form);
        Ok(Some(Delivery { to: WorkerName::hub(), ..notice }))
    }
}

/// Dead letters by their bridge.
type Groups = BTreeMap<WorkerName, Vec<Dead>>;

fn count(letters: &[Dead]) -> String {
    letters.len().to_string()
}
