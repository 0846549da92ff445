//! Reading along: a sync loop that keeps everything it saw, fills gaps, and tries again what it
//! could not decrypt at first.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use matrix_sdk::config::SyncSettings;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::OwnedEventId;
use matrix_sdk::ruma::api::client::filter::FilterDefinition;
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter;
use matrix_sdk::sync::SyncResponse;
use matrix_sdk::{Client, Room};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::seen::{Lock, Seen};
use crate::wait::PAUSE;

/// Events asked for at once.
const PAGE: u32 = 100;

/// How long the homeserver may hold a request when nothing happens.
const LONG_POLL: Duration = Duration::from_secs(20);

/// A running sync loop; ends when dropped.
pub(crate) struct Reading {
    seen: Arc<Mutex<Vec<Seen>>>,
    news: watch::Receiver<()>,
    task: JoinHandle<()>,
}

impl Reading {
    /// Syncs once and goes on in the background.
    pub(crate) async fn begin(client: Client) -> Result<Self> {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (announce, news) = watch::channel(());
        let first = client.sync_once(settings().timeout(Duration::ZERO)).await?;
        note(&client, &first, &seen).await;
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                match client.sync_once(settings()).await {
                    Ok(response) => note(&client, &response, &noted).await,
                    // The homeserver is away; those who wait for something have a deadline.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
                announce.send_replace(());
            }
        });
        Ok(Self { seen, news, task })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// The first thing seen for which `fits` holds, as soon as there is one.
    pub(crate) async fn first(&self, fits: impl Fn(&Seen) -> bool) -> Seen {
        let mut news = self.news.clone();
        loop {
            if let Some(seen) = lock(&self.seen).iter().find(|seen| fits(seen)) {
                return seen.clone();
            }
            // The sender lives as long as the task, and the task as long as `self`.
            let _ = news.changed().await;
        }
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.news.clone()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The room's timeline from its beginning.
pub(crate) async fn history(room: &Room) -> Result<Vec<Seen>> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let (seen, next) = page(room, from.as_deref()).await?;
        all.extend(seen);
        from = next;
        if from.is_none() {
            return Ok(all);
        }
    }
}

/// A page of the room's timeline that begins at `from`, or at its beginning; and where the next
/// one begins, if there is one.
pub(crate) async fn page(room: &Room, from: Option<&str>) -> Result<(Vec<Seen>, Option<String>)> {
    let mut options = MessagesOptions::forward().from(from);
    options.limit = PAGE.into();
    let page = room.messages(options).await?;
    let seen = page.chunk.iter().filter_map(|event| Seen::read(room.room_id(), event)).collect();
    Ok((seen, page.end))
}

fn settings() -> SyncSettings {
    let mut filter = FilterDefinition::default();
    filter.room.timeline.limit = Some(PAGE.into());
    SyncSettings::new().timeout(LONG_POLL).filter(Filter::FilterDefinition(filter))
}

async fn note(client: &Client, response: &SyncResponse, seen: &Mutex<Vec<Seen>>) {
    decrypt_again(client, seen).await;
    for (room_id, update) in &response.rooms.joined {
        let Some(room) = client.get_room(room_id) else { continue };
        let timeline = &update.timeline;
        let known: HashSet<_> = lock(seen).iter().map(|one| one.event_id.clone()).collect();
        let mut came = match &timeline.prev_batch {
            Some(before) if timeline.limited => gap(&room, before, &known).await,
            _ => Vec::new(),
        };
        came.extend(timeline.events.iter().filter_map(|event| Seen::read(room_id, event)));
        came.retain(|one| !known.contains(&one.event_id));
        lock(seen).extend(came);
    }
}

/// What lies between the events that are known and the position `before`, oldest first.
async fn gap(room: &Room, before: &str, known: &HashSet<OwnedEventId>) -> Vec<Seen> {
    let mut missed = Vec::new();
    let mut from = Some(before.to_owned());
    while let Some(token) = from {
        let mut options = MessagesOptions::backward().from(token.as_str());
        options.limit = PAGE.into();
        let Ok(page) = room.messages(options).await else { break };
        let events = page.chunk.iter().filter_map(|event| Seen::read(room.room_id(), event));
        let before = missed.len();
        missed.extend(events.take_while(|one| !known.contains(&one.event_id)));
        let reached = missed.len() - before < page.chunk.len();
        from = page.end.filter(|_| !reached);
    }
    missed.reverse();
    missed
}

/// Keys may come after the events that need them.
async fn decrypt_again(client: &Client, seen: &Mutex<Vec<Seen>>) {
    let unreadable = |one: &&Seen| matches!(one.lock, Lock::Unreadable(_));
    let waiting: Vec<_> = lock(seen).iter().filter(unreadable).cloned().collect();
    for one in waiting {
        let Some(room) = client.get_room(&one.room) else { continue };
        let Ok(event) = room.decrypt_event(one.raw.cast_ref_unchecked(), None).await else {
            continue;
        };
        let Some(read) = Seen::read(&one.room, &event) else { continue };
        if let Some(slot) = lock(seen).iter_mut().find(|old| old.event_id == read.event_id) {
            *slot = read;
        }
    }
}

fn lock(seen: &Mutex<Vec<Seen>>) -> MutexGuard<'_, Vec<Seen>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
