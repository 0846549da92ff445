//! Which room is which bridge's, as far as known, and which room replaced which.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use viadukt_api::{RoomId, RoomSpec, WorkerName};

use super::Pipeline;
use crate::ledger::{Ledger, Replaced};
use crate::store::StoreError;

/// The rooms of all bridges.
#[derive(Default)]
pub struct Rooms(RwLock<Known>);

#[derive(Default)]
struct Known {
    by_bridge: HashMap<WorkerName, RoomId>,
    bridges: HashMap<RoomId, WorkerName>,
    replaced: HashMap<RoomId, RoomId>,
}

impl Rooms {
    /// The rooms that the ledger remembers.
    pub fn load(ledger: &Ledger) -> Result<Self, StoreError> {
        let rooms = Self::default();
        for Replaced { old, new } in ledger.replaced_rooms()? {
            rooms.replace(old, new);
        }
        for (bridge, room) in ledger.rooms()? {
            rooms.set(bridge, room);
        }
        Ok(rooms)
    }

    /// The bridge's room; `None` until it was found or created.
    pub fn of(&self, bridge: &WorkerName) -> Option<RoomId> {
        let known = self.read();
        known.by_bridge.get(bridge).map(|room| known.latest(room).clone())
    }

    /// The bridge that `room`, or the room that replaced it, belongs to.
    pub fn bridge_of(&self, room: &RoomId) -> Option<WorkerName> {
        self.read().bridges.get(room).cloned()
    }

    /// The room that `room` is now: itself, or what replaced it.
    pub fn latest(&self, room: &RoomId) -> RoomId {
        self.read().latest(room).clone()
    }

    /// Says which room is the bridge's.
    pub fn set(&self, bridge: WorkerName, room: RoomId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.bridges.insert(room.clone(), bridge.clone());
        let latest = known.latest(&room).clone();
        known.bridges.insert(latest, bridge.clone());
        known.by_bridge.insert(bridge, room);
    }

    /// Says that `new` replaced `old`.
    pub fn replace(&self, old: RoomId, new: RoomId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bridge) = known.bridges.get(&old).cloned() {
            known.bridges.insert(new.clone(), bridge);
        }
        known.replaced.insert(old, new);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn latest<'k>(&'k self, room: &'k RoomId) -> &'k RoomId {
        let mut latest = room;
        // Rooms that replace each other in a circle end the walk, not the process.
        for _ in 0..self.replaced.len() {
            match self.replaced.get(latest) {
                Some(next) => latest = next,
                None => break,
            }
        }
        latest
    }
}

impl Pipeline {
    /// Finds, joins or creates the room of a bridge, until it succeeds or `stop` fires.
    pub async fn ensure_room(
        &self,
        spec: &RoomSpec,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut pause = Duration::from_secs(1);
        while let Some(found) = stop.run_until_cancelled(self.hub.ensure_room(spec)).await {
            let reason = match found {
                Ok(room) => return self.set_room(&spec.bridge, room).await,
                Err(error) => error.reason().clone(),
            };
            tracing::warn!(bridge = %spec.bridge, reason = %reason, "no room for this bridge yet");
            stop.run_until_cancelled(tokio::time::sleep(self.env.jitter(pause))).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }
        Ok(())
    }

    async fn set_room(&self, bridge: &WorkerName, room: RoomId) -> Result<(), StoreError> {
        let mut draft = self.ledger.draft();
        draft.set_room(bridge, &room);
        self.ledger.commit(draft).await?;
        self.rooms.set(bridge.clone(), room);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_room_stays_the_bridges_room() {
        let (old, new) = (RoomId::new("!old"), RoomId::new("!new"));
        let post: WorkerName = "post".parse().unwrap();
        let rooms = Rooms::default();
        rooms.set(post.clone(), old.clone());
        rooms.replace(old.clone(), new.clone());
        assert_eq!(rooms.of(&post), Some(new.clone()));
        assert_eq!(rooms.bridge_of(&new), Some(post.clone()));
        assert_eq!(rooms.bridge_of(&old), Some(post));
    }

    #[test]
    fn rooms_that_replace_each_other_end_the_walk() {
        let (a, b) = (RoomId::new("!a"), RoomId::new("!b"));
        let rooms = Rooms::default();
        rooms.replace(a.clone(), b.clone());
        rooms.replace(b.clone(), a.clone());
        let _ = rooms.latest(&a);
    }
}
