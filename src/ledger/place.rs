//! Where conversations live in Matrix.

use serde::{Deserialize, Serialize};
use viadukt_api::{ConversationId, MessageId, RoomId, WorkerName};

use super::records::{Conversation, unpack};
use super::{BRIDGE_ROOM, Draft, Ledger, conversation_key};
use crate::store::{Space, StoreError};

/// One of the rooms that conversations of a bridge live in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The bridge's room.
    #[default]
    Main,
    /// A further room, by its name in the configuration.
    Team(String),
    /// The room in which parties begin whom nobody has approved yet.
    Intake,
    /// A room of the conversation's own.
    Own,
}

/// The thread, or the room, that shows a conversation. Written by `record` (and by commands that
/// begin a thread) alone; it holds as long as its place is the conversation's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Which of the bridge's rooms it is.
    #[serde(default)]
    pub place: Place,
    /// The room.
    pub room: RoomId,
    /// The thread's first event; `None` in a room of the conversation's own.
    pub root: Option<MessageId>,
}

impl Draft<'_> {
    /// Which of its bridge's rooms the conversation `id` lives in.
    pub fn home(&self, id: ConversationId) -> Result<Place, StoreError> {
        Ok(self.get(Space::Conversation, &conversation_key(id, 2))?.unwrap_or_default())
    }

    /// Says which room the conversation `id` lives in: `route` when it begins or somebody
    /// approves it, `record` when everyone has left its room.
    pub fn set_home(&mut self, id: ConversationId, place: &Place) {
        self.put(Space::Conversation, &conversation_key(id, 2), place);
    }

    /// The thread that shows the conversation `id` where it lives.
    pub fn thread(&self, id: ConversationId) -> Result<Option<Thread>, StoreError> {
        let thread: Option<Thread> = self.get(Space::Conversation, &conversation_key(id, 1))?;
        let home = self.home(id)?;
        Ok(thread.filter(|thread| thread.place == home))
    }

    /// Says which thread shows the conversation `id`.
    pub fn set_thread(&mut self, id: ConversationId, thread: &Thread) {
        self.put(Space::Conversation, &conversation_key(id, 1), thread);
    }

    /// Says which room the bridge has at `place`.
    pub fn set_room(&mut self, bridge: &WorkerName, place: &Place, room: &RoomId) {
        let name = match place {
            Place::Main => return self.set_main_room(bridge, room),
            Place::Team(name) => name,
            Place::Intake | Place::Own => "",
        };
        let key = [FURTHER_ROOM, bridge.as_str().as_bytes(), b"/", name.as_bytes()].concat();
        self.put(Space::Room, &key, &(bridge, place, room));
    }

    fn set_main_room(&mut self, bridge: &WorkerName, room: &RoomId) {
        let key = [BRIDGE_ROOM, bridge.as_str().as_bytes()].concat();
        self.put(Space::Room, &key, &(bridge, room));
    }

    /// The conversation whose own room `room` is, with its bridge.
    pub fn own_room(
        &self,
        room: &RoomId,
    ) -> Result<Option<(WorkerName, ConversationId)>, StoreError> {
        self.get(Space::Room, &self.own_room_key(room))
    }

    /// Says that `room` is the conversation's own.
    pub fn set_own_room(&mut self, room: &RoomId, bridge: &WorkerName, id: ConversationId) {
        let key = self.own_room_key(room);
        self.put(Space::Room, &key, &(bridge, id));
    }

    fn own_room_key(&self, room: &RoomId) -> Vec<u8> {
        [OWN_ROOM, &self.lookup("room", room.as_str())].concat()
    }
}

impl Ledger {
    /// Shows every conversation to `each`, with the place where it lives.
    pub fn conversations(
        &self,
        mut each: impl FnMut(Conversation, Place),
    ) -> Result<(), StoreError> {
        let mut held: Option<Conversation> = None;
        self.each_row(Space::Conversation, |key, value| {
            match (key.len(), key.last()) {
                // A conversation, then its thread, then its home; exchanges have longer keys.
                (17, Some(0)) => {
                    let next = unpack(value)?;
                    if let Some(before) = held.replace(next) {
                        each(before, Place::default());
                    }
                }
                (17, Some(2)) => {
                    let home = unpack(value)?;
                    if let Some(conversation) = held.take() {
                        each(conversation, home);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        if let Some(last) = held {
            each(last, Place::default());
        }
        Ok(())
    }

    /// Rooms of bridges, by bridge and place; those of conversations' own are not among them.
    pub fn rooms(&self) -> Result<Vec<(WorkerName, Place, RoomId)>, StoreError> {
        let mut rooms = Vec::new();
        for (_, value) in self.store.scan(Space::Room, BRIDGE_ROOM, None, usize::MAX)? {
            let (bridge, room) = unpack(&value)?;
            rooms.push((bridge, Place::Main, room));
        }
        for (_, value) in self.store.scan(Space::Room, FURTHER_ROOM, None, usize::MAX)? {
            rooms.push(unpack(&value)?);
        }
        Ok(rooms)
    }
}

pub(super) const FURTHER_ROOM: &[u8] = b"further/";
const OWN_ROOM: &[u8] = b"own/";
