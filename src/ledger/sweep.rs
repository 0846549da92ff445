//! What time takes: old keys, old trails, and the spool files that nothing
//! stands on any more.

use std::collections::HashSet;
use std::time::Duration;

use viadukt_api::{BlobRef, Form, Media, Timestamp, WorkerName};

use super::records::{Accepted, DeadWhat, Delivery, Payload, RawRecord, unpack};
use super::rules::Tally;
use super::{Awaited, Done, Fate, Ledger, Named, PAGE, Step, item_from};
use crate::store::{Batch, Space, StoreError};

const DAY: Duration = Duration::from_secs(86_400);

impl Ledger {
    /// Forgets what is older than its keeping time: keys after `keys`; the trail, the
    /// names of messages and what was reported after `dead`; what operators did after `done`;
    /// tallies a day after their period, should the clock jump back; matters when nobody speaks of them any more.
    pub async fn sweep(
        &self,
        now: Timestamp,
        keys: Duration,
        dead: Duration,
        done: Duration,
    ) -> Result<(), StoreError> {
        let old = |at: Timestamp, keep: Duration| now.since(at) > keep;
        self.sweep_space(Space::Dedupe, |_, value| Ok(old(unpack(value)?, keys))).await?;
        self.sweep_space(Space::Named, |_, value| Ok(old(unpack::<Named>(value)?.at, dead)))
            .await?;
        self.sweep_space(Space::Fate, |_, value| Ok(old(unpack::<Fate>(value)?.at, dead))).await?;
        self.sweep_space(Space::Trail, |_, value| Ok(old(unpack::<Step>(value)?.at, dead))).await?;
        self.sweep_space(Space::Done, |_, value| Ok(old(unpack::<Done>(value)?.at, done))).await?;
        let tally = |_: &[u8], value: &[u8]| Ok(old(unpack::<Tally>(value)?.until, DAY));
        self.sweep_space(Space::Tally, tally).await?;
        self.sweep_matters(now).await
    }

    /// Drops the reports that have waited for longer than `patience`; gives the worker of each.
    pub async fn sweep_awaited(
        &self,
        now: Timestamp,
        patience: Duration,
    ) -> Result<Vec<WorkerName>, StoreError> {
        let mut dropped = Vec::new();
        let mut batch = Batch::default();
        self.each_row(Space::Awaited, |key, value| {
            let awaited: Awaited = unpack(value)?;
            let item = key.last_chunk::<16>().and_then(|item| item_from(item));
            if let Some(item) = item.filter(|_| now.since(awaited.since) > patience) {
                batch.remove(Space::Awaited, key.to_vec());
                batch.remove(Space::Journal, item.to_bytes());
                dropped.push(awaited.worker);
            }
            Ok(())
        })?;
        if !dropped.is_empty() {
            self.store.commit(batch).await?;
        }
        Ok(dropped)
    }

    pub(super) async fn sweep_space(
        &self,
        space: Space,
        is_old: impl Fn(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self.store.scan(space, &[], after.as_deref(), PAGE)?;
            let mut batch = Batch::default();
            for (key, value) in &rows {
                if is_old(key, value)? {
                    batch.remove(space, key.clone());
                }
            }
            if !batch.writes.is_empty() {
                self.store.commit(batch).await?;
            }
            match rows.into_iter().next_back() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// The spool files that something stands on.
    pub fn live_blobs(&self) -> Result<HashSet<[u8; 32]>, StoreError> {
        let mut live = HashSet::new();
        self.each_row(Space::Journal, |_, value| {
            self.live_of_item(&unpack::<Accepted>(value)?, &mut live)
        })?;
        self.outbox(|delivery, _| self.live_of_delivery(&delivery, &mut live))?;
        self.all_gathered(|gathered| self.live_of_delivery(&gathered.delivery, &mut live))?;
        self.latest_reports(|report| insert_payload(&mut live, report))?;
        self.dead(|dead| match &dead.what {
            DeadWhat::Item(accepted) => self.live_of_item(accepted, &mut live),
            DeadWhat::Delivery(delivery) => self.live_of_delivery(delivery, &mut live),
        })?;
        Ok(live)
    }

    pub(super) fn live_of_item(
        &self,
        accepted: &Accepted,
        live: &mut HashSet<[u8; 32]>,
    ) -> Result<(), StoreError> {
        insert_payload(live, &accepted.raw);
        let raw: RawRecord = self.unpack(&accepted.raw)?;
        live.extend(raw.lifted.iter().map(|blob| blob.hash));
        Ok(())
    }

    pub(super) fn live_of_delivery(
        &self,
        delivery: &Delivery,
        live: &mut HashSet<[u8; 32]>,
    ) -> Result<(), StoreError> {
        insert_payload(live, &delivery.form);
        let (Form::Say { content, .. } | Form::Edit { content, .. }) =
            self.unpack(&delivery.form)?
        else {
            return Ok(());
        };
        live.extend(content.attachments.iter().flat_map(|a| blobs_of(&a.media)).map(|b| b.hash));
        Ok(())
    }
}

pub(super) fn insert_payload(live: &mut HashSet<[u8; 32]>, payload: &Payload) {
    if let Payload::Spooled(blob) = payload {
        live.insert(blob.hash);
    }
}

fn blobs_of(media: &Media) -> &[BlobRef] {
    match media {
        Media::Spooled(blob) => std::slice::from_ref(blob),
        Media::With { blobs, .. } => blobs,
    }
}
