//! The ways to the gateway that are open for submissions right now.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::pace::Window;
use super::session::Session;

/// How long a submission waits for a way: a reconnection that succeeds at once passes unnoticed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A bound session with its window.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) session: Session,
    pub(super) window: Arc<Window>,
}

/// All of them.
pub(super) struct Ways {
    open: Mutex<Vec<(usize, Way)>>,
    count: watch::Sender<usize>,
    next: AtomicUsize,
}

impl Default for Ways {
    fn default() -> Self {
        Self { open: Mutex::default(), count: watch::Sender::new(0), next: AtomicUsize::new(0) }
    }
}

/// An open way's entry; the way is closed to new submissions when it is dropped.
pub(super) struct Opened<'a> {
    ways: &'a Ways,
    key: usize,
}

impl Ways {
    /// Opens a way.
    pub(super) fn open(&self, way: Way) -> Opened<'_> {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.change(|open| open.push((key, way)));
        Opened { ways: self, key }
    }

    /// The way with most room; waits a while for the first one.
    pub(super) async fn pick(&self) -> Option<Way> {
        if let Some(way) = self.widest() {
            return Some(way);
        }
        let mut count = self.count.subscribe();
        // The sender lives in `self`.
        let _ = timeout(PATIENCE, count.wait_for(|count| *count > 0)).await;
        self.widest()
    }

    fn widest(&self) -> Option<Way> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().max_by_key(|(_, way)| way.window.free()).map(|(_, way)| way.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Vec<(usize, Way)>)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut open);
        self.count.send_replace(open.len());
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.ways.change(|open| open.retain(|(key, _)| *key != self.key));
    }
}
