//! Megolm sessions, renewed while nobody uses them.
//!
//! matrix-sdk looks whether a room's session is used up before it encrypts, and panics while it
//! encrypts if others used the session up in between. We send into a room side by side. So we
//! count the uses ourselves and renew the session at the last one, when none is under way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use matrix_sdk::ruma::{OwnedRoomId, RoomId};
use matrix_sdk::{Error, Room};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// Uses of a session where the room does not say otherwise, as in matrix-sdk.
const USES: u64 = 100;
/// The most uses, whatever the room says, as in matrix-sdk.
const MOST_USES: u64 = 10_000;

/// How often the session of each room may still be used. After a start nobody knows: the first
/// use renews it.
#[derive(Default)]
pub(crate) struct Rotation(Mutex<HashMap<OwnedRoomId, Arc<RwLock<AtomicU64>>>>);

/// The right to encrypt one event; to be held until that is done.
pub(crate) struct Use {
    _left: OwnedRwLockReadGuard<AtomicU64>,
}

impl Rotation {
    /// Waits for the right to encrypt one event for `room`.
    pub(crate) async fn next(&self, room: &Room) -> Result<Use, Error> {
        let uses = self.of(room.room_id());
        loop {
            let left = Arc::clone(&uses).read_owned().await;
            let take = |left: u64| left.checked_sub(1);
            if left.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok() {
                return Ok(Use { _left: left });
            }
            drop(left);
            let mut left = uses.write().await;
            if *left.get_mut() == 0 {
                room.discard_room_key().await?;
                *left.get_mut() = uses_of(room);
            }
        }
    }

    fn of(&self, room: &RoomId) -> Arc<RwLock<AtomicU64>> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(rooms.entry(room.to_owned()).or_default())
    }
}

/// `rotation_period_msgs` of the room (client-server API 11.12.1, `m.room.encryption`).
fn uses_of(room: &Room) -> u64 {
    let settings = room.encryption_settings();
    let asked = settings.and_then(|settings| settings.rotation_period_msgs);
    asked.map_or(USES, u64::from).clamp(1, MOST_USES)
}
