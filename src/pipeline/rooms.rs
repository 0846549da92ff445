//! Which rooms are which bridge's, as far as known, and which room replaced which.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use viadukt_api::{ConversationId, DeliveryError, Reason, RoomId, RoomSpec, WorkerName};

use super::Pipeline;
use crate::ledger::{Draft, Ledger, Place, Replaced, Thread};
use crate::store::StoreError;

/// The rooms of all bridges.
#[derive(Default)]
pub struct Rooms(RwLock<Index>);

#[derive(Default)]
struct Index {
    by_place: HashMap<(WorkerName, Place), RoomId>,
    places: HashMap<RoomId, (WorkerName, Place)>,
    replaced: HashMap<RoomId, RoomId>,
}

impl Rooms {
    /// The rooms that the ledger remembers.
    pub fn load(ledger: &Ledger) -> Result<Self, StoreError> {
        let rooms = Self::default();
        for Replaced { old, new } in ledger.replaced_rooms()? {
            rooms.replace(old, new);
        }
        for (bridge, place, room) in ledger.rooms()? {
            rooms.set(bridge, place, room);
        }
        Ok(rooms)
    }

    /// The bridge's room at `place`; `None` until it was found or created.
    pub fn of(&self, bridge: &WorkerName, place: &Place) -> Option<RoomId> {
        let known = self.read();
        known.by_place.get(&(bridge.clone(), place.clone())).map(|room| known.latest(room).clone())
    }

    /// Whose room `room`, or the room that it replaced, is, and which of its bridge's.
    pub fn place_of(&self, room: &RoomId) -> Option<(WorkerName, Place)> {
        self.read().places.get(room).cloned()
    }

    /// The room that `room` is now: itself, or what replaced it.
    pub fn latest(&self, room: &RoomId) -> RoomId {
        self.read().latest(room).clone()
    }

    /// Says which room the bridge has at `place`.
    pub fn set(&self, bridge: WorkerName, place: Place, room: RoomId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.places.insert(room.clone(), (bridge.clone(), place.clone()));
        let latest = known.latest(&room).clone();
        known.places.insert(latest, (bridge.clone(), place.clone()));
        known.by_place.insert((bridge, place), room);
    }

    /// Says that `new` replaced `old`.
    pub fn replace(&self, old: RoomId, new: RoomId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.places.get(&old).cloned() {
            known.places.insert(new.clone(), place);
        }
        known.replaced.insert(old, new);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
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

/// A room that messages come from.
pub struct Known {
    /// The bridge it belongs to.
    pub bridge: WorkerName,
    /// Which of the bridge's rooms it is.
    pub place: Place,
    /// The conversation, when it is a conversation's own room.
    pub conversation: Option<ConversationId>,
}

impl Pipeline {
    /// What is known of `room`.
    pub(super) fn known_room(
        &self,
        draft: &Draft<'_>,
        room: &RoomId,
    ) -> Result<Option<Known>, StoreError> {
        if let Some((bridge, place)) = self.rooms.place_of(room) {
            return Ok(Some(Known { bridge, place, conversation: None }));
        }
        Ok(draft.own_room(room)?.map(|(bridge, conversation)| Known {
            bridge,
            place: Place::Own,
            conversation: Some(conversation),
        }))
    }

    /// The own room of a conversation, which has none yet. The hub gives the same room for the
    /// same conversation, so that an end of the process in between makes no second one.
    pub(super) async fn own_room(
        &self,
        bridge: &WorkerName,
        conversation: ConversationId,
    ) -> Result<Result<RoomId, DeliveryError>, StoreError> {
        let single = self.policy.rooms.get(bridge).and_then(|rooms| rooms.single.as_ref());
        let Some(usual) = single else {
            // The configuration has changed: a thread will do.
            return Ok(self.rooms.of(bridge, &Place::Main).ok_or_else(no_room));
        };
        // Names of rooms are not encrypted: nothing in it may tell who this is.
        let id = conversation.to_string();
        let short = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
        let name = format!("{} {short}", usual.name);
        let spec = RoomSpec { key: Some(id), name, ..usual.clone() };
        let room = match self.hub.ensure_room(&spec).await {
            Ok(room) => room,
            Err(error) => return Ok(Err(error)),
        };
        let mut draft = self.ledger.draft();
        draft.set_own_room(&room, bridge, conversation);
        let thread = Thread { place: Place::Own, room: room.clone(), root: None };
        draft.set_thread(conversation, &thread);
        self.ledger.commit(draft).await?;
        Ok(Ok(room))
    }

    /// Finds, joins or creates a room of a bridge, until it succeeds or `stop` fires.
    pub async fn ensure_room(
        &self,
        place: &Place,
        spec: &RoomSpec,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut pause = Duration::from_secs(1);
        while let Some(found) = stop.run_until_cancelled(self.hub.ensure_room(spec)).await {
            let reason = match found {
                Ok(room) => return self.set_room(&spec.bridge, place, room).await,
                Err(error) => error.reason().clone(),
            };
            tracing::warn!(bridge = %spec.bridge, reason = %reason, "no room for this bridge yet");
            stop.run_until_cancelled(tokio::time::sleep(self.env.jitter(pause))).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }
        Ok(())
    }

    async fn set_room(
        &self,
        bridge: &WorkerName,
        place: &Place,
        room: RoomId,
    ) -> Result<(), StoreError> {
        let mut draft = self.ledger.draft();
        draft.set_room(bridge, place, &room);
        self.ledger.commit(draft).await?;
        self.rooms.set(bridge.clone(), place.clone(), room);
        Ok(())
    }
}

/// Why nothing can be said in a room that is not known yet.
pub(super) fn no_room() -> DeliveryError {
    DeliveryError::retry(Reason::new("delivery-no-room"))
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
        rooms.set(post.clone(), Place::Main, old.clone());
        rooms.replace(old.clone(), new.clone());
        assert_eq!(rooms.of(&post, &Place::Main), Some(new.clone()));
        let known = Some((post, Place::Main));
        assert_eq!(rooms.place_of(&new), known);
        assert_eq!(rooms.place_of(&old), known);
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
