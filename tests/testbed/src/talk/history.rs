//! A room's timeline, read on from where it was read to.

use anyhow::Result;
use matrix_sdk::ruma::OwnedRoomId;

use crate::clerk::Clerk;
use crate::seen::{Lock, Seen};

/// What the homeserver has of a room.
pub(super) struct History {
    room: OwnedRoomId,
    seen: Vec<Seen>,
    /// Where the last page begins, in the timeline and in `seen`.
    page: (Option<String>, usize),
}

impl History {
    pub(super) fn of(room: OwnedRoomId) -> Self {
        Self { room, seen: Vec::new(), page: (None, 0) }
    }

    /// The whole timeline as it is now, oldest first.
    pub(super) async fn read(&mut self, clerk: &Clerk) -> Result<&[Seen]> {
        // Keys may come after the events that need them.
        if self.seen.iter().any(|seen| matches!(seen.lock, Lock::Unreadable(_))) {
            *self = Self::of(self.room.clone());
        }
        loop {
            let (from, begins) = &self.page;
            self.seen.truncate(*begins);
            let (page, next) = clerk.history_page(&self.room, from.as_deref()).await?;
            self.seen.extend(page);
            match next {
                Some(next) => self.page = (Some(next), self.seen.len()),
                None => return Ok(&self.seen),
            }
        }
    }
}
