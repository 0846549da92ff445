//! What a flood keeps from the room until it is over.

use serde::{Deserialize, Serialize};
use viadukt_api::{ConversationId, DeliveryId, Timestamp};

use super::records::{Delivery, unpack};
use super::{Draft, Ledger, conversation_key};
use crate::store::{Space, StoreError};

/// A delivery into a room that waits for the end of a flood, when it becomes part of one message
/// with the others. Written by `route` alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gathered {
    /// The delivery as it would have been made.
    pub delivery: Delivery,
    /// When the flood is over, by what was known when it came.
    pub until: Timestamp,
}

impl Draft<'_> {
    /// Keeps `delivery`, which is part of `conversation`, from the room until then.
    pub fn gather(&mut self, conversation: ConversationId, gathered: &Gathered) {
        self.put(Space::Gathered, &row(conversation, gathered.delivery.id), gathered);
    }

    /// The delivery `id`, if it waits there.
    pub fn gathered(
        &self,
        conversation: ConversationId,
        id: DeliveryId,
    ) -> Result<Option<Gathered>, StoreError> {
        self.get(Space::Gathered, &row(conversation, id))
    }

    /// Takes the delivery `id` out.
    pub fn ungather(&mut self, conversation: ConversationId, id: DeliveryId) {
        self.write(Space::Gathered, &row(conversation, id), None);
    }
}

impl Ledger {
    /// At most `limit` of what waits in `conversation`, in the order in which it came.
    pub fn gathered(
        &self,
        conversation: ConversationId,
        limit: usize,
    ) -> Result<Vec<Gathered>, StoreError> {
        let prefix = &conversation_key(conversation, 0)[..16];
        let rows = self.store.scan(Space::Gathered, prefix, None, limit)?;
        rows.iter().map(|(_, value)| unpack(value)).collect()
    }

    /// Shows everything that waits to `each`, conversation by conversation.
    pub fn all_gathered(
        &self,
        mut each: impl FnMut(Gathered) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each_row(Space::Gathered, |_, value| each(unpack(value)?))
    }
}

fn row(conversation: ConversationId, id: DeliveryId) -> Vec<u8> {
    [&conversation_key(conversation, 0)[..16], &id.to_bytes()].concat()
}
