//! How much and how fast the gateway is asked: the window of a bind and the rate of a bridge.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How many submissions may be under way on one bind. It narrows by half when the gateway says
/// that it is too much, and widens by one for each window's worth of answers that went well.
pub(super) struct Window {
    places: Semaphore,
    state: Mutex<Width>,
    widest: u32,
}

struct Width {
    now: u32,
    /// Places to take away that were in use when the window narrowed.
    owed: u32,
    /// Answers that went well since the width last changed.
    good: u32,
    /// Answers still to come to what was under way when the window narrowed: they say nothing
    /// about the narrower one.
    settling: u32,
}

/// A place in the window, for one submission.
pub(super) struct Place<'a> {
    window: &'a Window,
    permit: Option<SemaphorePermit<'a>>,
}

impl Window {
    pub(super) fn new(widest: u32) -> Self {
        let places = Semaphore::new(usize::try_from(widest).unwrap_or(usize::MAX));
        Self {
            places,
            state: Mutex::new(Width { now: widest, owed: 0, good: 0, settling: 0 }),
            widest,
        }
    }

    /// Waits for a place.
    pub(super) async fn enter(&self) -> Place<'_> {
        // The semaphore is never closed.
        Place { window: self, permit: self.places.acquire().await.ok() }
    }

    /// How many places are free.
    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// The gateway took a submission.
    pub(super) fn went_well(&self) {
        let mut width = self.width();
        if width.is_settling() || width.now == self.widest {
            return;
        }
        width.good += 1;
        if width.good >= width.now {
            width.good = 0;
            width.now += 1;
            match width.owed.checked_sub(1) {
                Some(less) => width.owed = less,
                None => self.places.add_permits(1),
            }
        }
    }

    /// The gateway said that it is too much.
    pub(super) fn too_much(&self) {
        let mut width = self.width();
        if width.is_settling() {
            return;
        }
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        width.settling = width.now.saturating_sub(free);
        let narrower = (width.now / 2).max(1);
        width.owed += width.now - narrower;
        width.now = narrower;
        width.good = 0;
        let owed = usize::try_from(width.owed).unwrap_or(usize::MAX);
        let taken = self.places.forget_permits(owed);
        width.owed = width.owed.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
    }

    fn width(&self) -> MutexGuard<'_, Width> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Width {
    /// Counts an answer; whether it belongs to the time before the window narrowed.
    fn is_settling(&mut self) -> bool {
        let settling = self.settling > 0;
        self.settling = self.settling.saturating_sub(1);
        settling
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let mut width = self.window.width();
        if let Some(less) = width.owed.checked_sub(1) {
            width.owed = less;
            permit.forget();
        }
    }
}

/// So many a second. What was not used is saved up for a tenth of a second at most, so that a
/// gateway that counts in seconds never sees more.
pub(super) struct Rate {
    each: Duration,
    saved: Duration,
    next: Mutex<Option<Instant>>,
}

impl Rate {
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let saved = Duration::from_millis(100);
        Self { each: Duration::from_secs(1) / per_second.get(), saved, next: Mutex::default() }
    }

    /// Waits for this one's turn.
    pub(super) async fn turn(&self) {
        let turn = self.reserve(Instant::now());
        tokio::time::sleep_until(turn).await;
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(self.saved).unwrap_or(now);
        let turn = next.map_or(now, |next| next.max(earliest));
        *next = Some(turn + self.each);
        turn
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_window_narrows_by_half_and_widens_by_one() {
        let window = Window::new(8);
        let held = [window.enter().await, window.enter().await, window.enter().await];
        window.too_much();
        assert_eq!(window.free(), 1, "four in all, three in use");
        for place in held {
            drop(place);
            window.too_much();
        }
        assert_eq!(window.free(), 4, "what was under way says nothing about the narrower one");
        window.too_much();
        assert_eq!(window.free(), 2);
        (0..2).for_each(|_| window.went_well());
        assert_eq!(window.free(), 3);
        (0..100).for_each(|_| window.went_well());
        assert_eq!(window.free(), 8, "never wider than it was");
    }

    #[tokio::test]
    async fn what_is_in_use_is_taken_away_when_it_comes_back() {
        let window = Window::new(4);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(window.enter().await);
        }
        window.too_much();
        held.truncate(1);
        assert_eq!(window.free(), 1, "two in all, one in use");
        held.clear();
        assert_eq!(window.free(), 2);
    }

    #[tokio::test]
    async fn a_window_keeps_one_place() {
        let window = Window::new(2);
        (0..5).for_each(|_| window.too_much());
        assert_eq!(window.free(), 1);
    }

    #[test]
    fn turns_keep_their_distance() {
        let rate = Rate::new(NonZeroU32::new(5).unwrap());
        let now = Instant::now();
        let turns: Vec<_> = (0..3).map(|_| rate.reserve(now) - now).collect();
        assert_eq!(turns, [0, 200, 400].map(Duration::from_millis));
        let later = now + Duration::from_secs(60);
        rate.reserve(later);
        let burst = rate.reserve(later) - later;
        assert_eq!(burst, Duration::from_millis(100), "a pause saves up a tenth of a second");
    }
}
