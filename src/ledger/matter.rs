//! What goes on at far sides, and which message of the room shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{ConversationId, DeliveryId, MessageId, Severity, Timestamp, WorkerName};

use super::records::{Payload, pack, unpack};
use super::{Draft, Ledger};
use crate::store::{Space, StoreError};

/// Something that goes on at a far side ([`viadukt_api::Matter`]), as last heard. Written by
/// `route` alone; the map knows the event that shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Matter {
    /// The conversation it is shown in.
    pub conversation: ConversationId,
    /// The far side's message that it began with: the event that the map has for it shows the
    /// latest word.
    pub began_with: MessageId,
    /// The latest report's [`viadukt_api::Matter`] (packed).
    pub report: Payload,
    /// What the latest report said begins with this.
    pub title: String,
    /// A keyed hash of all that it said.
    pub said: [u8; 32],
    /// The last word on it was said.
    pub ended: bool,
    /// The greatest severity for which somebody was called.
    pub called: Option<Severity>,
    /// The delivery of the latest word, if a newer one may take its place while it waits.
    pub waits: Option<DeliveryId>,
    /// What was asked for by a mark: the deed's first word, by which delivery, and when.
    pub asked: BTreeMap<String, (DeliveryId, Timestamp)>,
    /// When it was heard of last.
    pub at: Timestamp,
}

/// What a message shows: the key of its matter.
#[derive(Serialize, Deserialize)]
pub(super) struct Shown {
    matter: [u8; 32],
    at: Timestamp,
}

impl Matter {
    /// What nobody has spoken of for so long begins anew.
    pub const KEPT: Duration = Duration::from_secs(90 * 86_400);
}

impl Draft<'_> {
    /// The matter `id` of `bridge`.
    pub fn matter(
        &self,
        bridge: &WorkerName,
        id: &MessageId,
    ) -> Result<Option<Matter>, StoreError> {
        self.get(Space::Matter, &row(MATTER, self.matter_key(bridge, id)))
    }

    /// The matter that `message` of `bridge` shows.
    pub fn matter_shown_by(
        &self,
        bridge: &WorkerName,
        message: &MessageId,
    ) -> Result<Option<Matter>, StoreError> {
        let shown: Option<Shown> = self.get(Space::Matter, &self.shown_row(bridge, message))?;
        match shown {
            Some(shown) => self.get(Space::Matter, &row(MATTER, shown.matter)),
            None => Ok(None),
        }
    }

    /// Writes the matter `id` of `bridge`.
    pub fn set_matter(&mut self, bridge: &WorkerName, id: &MessageId, matter: &Matter) {
        let key = self.matter_key(bridge, id);
        let shown = Shown { matter: key, at: matter.at };
        self.put(Space::Matter, &self.shown_row(bridge, &matter.began_with), &shown);
        self.put(Space::Matter, &row(MATTER, key), matter);
    }

    /// Says that `message` of `bridge` shows the matter `id` besides what it began with.
    pub fn set_shown_by(
        &mut self,
        bridge: &WorkerName,
        id: &MessageId,
        message: &MessageId,
        at: Timestamp,
    ) {
        let shown = Shown { matter: self.matter_key(bridge, id), at };
        self.put(Space::Matter, &self.shown_row(bridge, message), &shown);
    }

    /// A keyed hash by which the same words are known again.
    pub fn hash_of<T: Serialize>(&self, said: &T) -> [u8; 32] {
        self.ledger.keys.lookup("said", &pack(said))
    }

    fn matter_key(&self, bridge: &WorkerName, id: &MessageId) -> [u8; 32] {
        self.lookup(&format!("matter/{bridge}"), id.as_str())
    }

    fn shown_row(&self, bridge: &WorkerName, message: &MessageId) -> Vec<u8> {
        row(SHOWN, self.lookup(&format!("shows/{bridge}"), message.as_str()))
    }
}

impl Ledger {
    /// Forgets the matters that nobody has spoken of for [`Matter::KEPT`].
    pub(super) async fn sweep_matters(&self, now: Timestamp) -> Result<(), StoreError> {
        self.sweep_space(Space::Matter, |key, value| {
            let at = match key.first() {
                Some(&MATTER) => unpack::<Matter>(value)?.at,
                _ => unpack::<Shown>(value)?.at,
            };
            Ok(now.since(at) > Matter::KEPT)
        })
        .await
    }

    /// Shows the latest report on every matter to `each`.
    pub(super) fn latest_reports(&self, mut each: impl FnMut(&Payload)) -> Result<(), StoreError> {
        self.each_row(Space::Matter, |key, value| {
            if key.first() == Some(&MATTER) {
                each(&unpack::<Matter>(value)?.report);
            }
            Ok(())
        })
    }
}

pub(super) const MATTER: u8 = 0;
const SHOWN: u8 = 1;

fn row(kind: u8, key: [u8; 32]) -> Vec<u8> {
    [&[kind], key.as_slice()].concat()
}
