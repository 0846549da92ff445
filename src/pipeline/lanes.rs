//! The order of deliveries: one under way per lane, many lanes side by side, a bound for each
//! worker. Holds ids only; everything else stays in the store until its turn.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use viadukt_api::{DeliveryId, WorkerName};

use crate::ledger::{Delivery, Lane};

/// What follows a finished attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The delivery left the outbox; the lane goes on.
    Done,
    /// The same delivery again, after a pause.
    Again(Pause),
}

/// Why a delivery pauses, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It could not be made.
    Retry(Duration),
    /// A rule holds it.
    Held(Duration),
}

/// All lanes.
pub struct Lanes {
    inner: Mutex<Inner>,
    changed: Notify,
    waiting: Arc<AtomicU64>,
}

/// What one worker still has to deliver.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// How many deliveries.
    pub count: usize,
    /// How many of them stand in lanes that a rule holds.
    pub held: usize,
    /// The oldest of those that nothing holds.
    pub oldest: Option<DeliveryId>,
}

#[derive(Default)]
struct Inner {
    lanes: HashMap<Lane, Queue>,
    workers: HashMap<WorkerName, Turn>,
    /// Lanes that pause, by the moment they go on.
    later: BTreeMap<(Instant, Lane), ()>,
}

struct Queue {
    to: WorkerName,
    /// The head stays in the queue until it is done.
    ids: VecDeque<DeliveryId>,
    head: Head,
}

/// What the head of a lane does.
enum Head {
    Ready,
    UnderWay {
        /// Should a rule hold it, then no longer.
        woken: bool,
    },
    Pausing {
        until: Instant,
        held: bool,
    },
}

struct Turn {
    ready: VecDeque<Lane>,
    under_way: usize,
    most: usize,
}

impl Lanes {
    /// Lanes for `workers`, each with the number of its deliveries at the same time; `waiting`
    /// follows the number of deliveries.
    pub fn new(
        workers: impl IntoIterator<Item = (WorkerName, usize)>,
        waiting: Arc<AtomicU64>,
    ) -> Self {
        let turn = |most| Turn { ready: VecDeque::new(), under_way: 0, most };
        let workers = workers.into_iter().map(|(name, most)| (name, turn(most))).collect();
        let inner = Inner { workers, ..Inner::default() };
        Self { inner: Mutex::new(inner), changed: Notify::new(), waiting }
    }

    /// Adds new deliveries at the end of their lanes.
    pub fn add(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut inner = self.lock();
        for delivery in deliveries {
            inner.push(delivery.lane, delivery.to, delivery.id, None);
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// Adds a delivery from before the start; `pause` is what is left of its last wait.
    pub fn restore(&self, lane: Lane, to: WorkerName, id: DeliveryId, pause: Option<Pause>) {
        self.lock().push(lane, to, id, pause);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// The next delivery that may start now; it counts as under way until [`Lanes::finish`].
    pub fn next(&self) -> Option<(Lane, DeliveryId)> {
        let mut inner = self.lock();
        inner.wake(Instant::now());
        let Inner { lanes, workers, .. } = &mut *inner;
        let turn = workers
            .values_mut()
            .find(|turn| turn.under_way < turn.most && !turn.ready.is_empty())?;
        let lane = turn.ready.pop_front()?;
        let queue = lanes.get_mut(&lane)?;
        queue.head = Head::UnderWay { woken: false };
        turn.under_way += 1;
        queue.ids.front().map(|id| (lane, *id))
    }

    /// Ends an attempt at the head of `lane`.
    pub fn finish(&self, lane: Lane, next: Next) {
        let mut inner = self.lock();
        let Inner { lanes, workers, later } = &mut *inner;
        let Some(queue) = lanes.get_mut(&lane) else { return };
        let turn = workers.get_mut(&queue.to);
        match next {
            Next::Again(Pause::Held(_)) if matches!(queue.head, Head::UnderWay { woken: true }) => {
                queue.head = Head::Ready;
                if let Some(turn) = turn {
                    turn.under_way -= 1;
                    turn.ready.push_back(lane);
                }
            }
            Next::Again(pause) => {
                let (until, head) = pause.begin();
                queue.head = head;
                later.insert((until, lane), ());
                if let Some(turn) = turn {
                    turn.under_way -= 1;
                }
            }
            Next::Done => {
                queue.ids.pop_front();
                queue.head = Head::Ready;
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                let empty = queue.ids.is_empty();
                if let Some(turn) = turn {
                    turn.under_way -= 1;
                    if !empty {
                        turn.ready.push_back(lane);
                    }
                }
                if empty {
                    lanes.remove(&lane);
                }
            }
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// What takes the place of the attempt at the head of `lane`, which is done: the next
    /// delivery of the same lane, or of another one where that waits for the place or nothing
    /// is left in this one. It counts as under way. [`Lanes::finish`] ends the turn of a lane
    /// that is left, not before what came of its head is durable.
    pub fn follow(&self, lane: Lane) -> Option<(Lane, DeliveryId)> {
        let mut inner = self.lock();
        let Inner { lanes, workers, .. } = &mut *inner;
        let queue = lanes.get_mut(&lane)?;
        let turn = workers.get_mut(&queue.to)?;
        let next = queue.ids.get(1).copied();
        let others_wait = turn.under_way >= turn.most && !turn.ready.is_empty();
        if let Some(next) = next.filter(|_| !others_wait) {
            queue.ids.pop_front();
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Some((lane, next));
        }
        let other = turn.ready.pop_front()?;
        let queue = lanes.get_mut(&other)?;
        queue.head = Head::UnderWay { woken: false };
        turn.under_way += 1;
        queue.ids.front().map(|id| (other, *id))
    }

    /// Holds nothing towards `worker` any longer, also what is just about to be held.
    pub fn wake(&self, worker: &WorkerName) {
        let mut inner = self.lock();
        let Inner { lanes, workers, later } = &mut *inner;
        let Some(turn) = workers.get_mut(worker) else { return };
        for (lane, queue) in lanes.iter_mut().filter(|(_, queue)| queue.to == *worker) {
            match &mut queue.head {
                Head::Ready | Head::Pausing { held: false, .. } => {}
                Head::UnderWay { woken } => *woken = true,
                Head::Pausing { until, held: true } => {
                    later.remove(&(*until, *lane));
                    queue.head = Head::Ready;
                    turn.ready.push_back(*lane);
                }
            }
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// Takes a waiting delivery out; `false` when it is under way or gone.
    pub fn cancel(&self, lane: Lane, id: DeliveryId) -> bool {
        let mut inner = self.lock();
        let Inner { lanes, workers, later } = &mut *inner;
        let Some(queue) = lanes.get_mut(&lane) else { return false };
        let Some(place) = queue.ids.iter().position(|queued| *queued == id) else { return false };
        if place == 0 {
            match queue.head {
                Head::UnderWay { .. } => return false,
                Head::Ready => {}
                Head::Pausing { until, .. } => {
                    later.remove(&(until, lane));
                    queue.head = Head::Ready;
                    if let Some(turn) = workers.get_mut(&queue.to) {
                        turn.ready.push_back(lane);
                    }
                }
            }
        }
        queue.ids.remove(place);
        if queue.ids.is_empty() {
            if let Some(turn) = workers.get_mut(&queue.to) {
                turn.ready.retain(|ready| *ready != lane);
            }
            lanes.remove(&lane);
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// Waits until something may have become ready.
    pub async fn changed(&self) {
        let next = self.lock().later.keys().next().map(|(at, _)| *at);
        match next {
            Some(at) => {
                let _ = tokio::time::timeout_at(at, self.changed.notified()).await;
            }
            None => self.changed.notified().await,
        }
    }

    /// What waits or is under way, by worker.
    pub fn depth(&self) -> BTreeMap<WorkerName, Waiting> {
        let inner = self.lock();
        let mut depth: BTreeMap<WorkerName, Waiting> = BTreeMap::new();
        for queue in inner.lanes.values() {
            let waiting = depth.entry(queue.to.clone()).or_default();
            waiting.count += queue.ids.len();
            if matches!(queue.head, Head::Pausing { held: true, .. }) {
                waiting.held += queue.ids.len();
                continue;
            }
            let head = queue.ids.front().copied();
            waiting.oldest = [waiting.oldest, head].into_iter().flatten().min();
        }
        depth
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause {
    /// When it ends, if it begins now, and what the head of a lane does until then.
    fn begin(self) -> (Instant, Head) {
        let (span, held) = match self {
            Self::Retry(span) => (span, false),
            Self::Held(span) => (span, true),
        };
        let until = Instant::now() + span;
        (until, Head::Pausing { until, held })
    }
}

impl Inner {
    fn push(&mut self, lane: Lane, to: WorkerName, id: DeliveryId, pause: Option<Pause>) {
        if let Some(queue) = self.lanes.get_mut(&lane) {
            queue.ids.push_back(id);
            return;
        }
        let mut head = Head::Ready;
        match (pause, self.workers.get_mut(&to)) {
            (Some(pause), _) => {
                let until;
                (until, head) = pause.begin();
                self.later.insert((until, lane), ());
            }
            (None, Some(turn)) => turn.ready.push_back(lane),
            // Its bridge is not configured any more; it waits for the bridge to come back.
            (None, None) => {}
        }
        self.lanes.insert(lane, Queue { to, ids: VecDeque::from([id]), head });
    }

    fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, lane), ()) = entry.remove_entry();
            let Some(queue) = self.lanes.get_mut(&lane) else { continue };
            queue.head = Head::Ready;
            if let Some(turn) = self.workers.get_mut(&queue.to) {
                turn.ready.push_back(lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viadukt_api::{ConversationId, ItemId};

    fn id(n: u128) -> DeliveryId {
        DeliveryId { item: ItemId(n.into()), part: 0 }
    }

    fn lane(n: u128) -> Lane {
        Lane::to_room(ConversationId(n.into()))
    }

    fn lanes(most: usize) -> Lanes {
        Lanes::new([(WorkerName::hub(), most)], Arc::default())
    }

    #[test]
    fn one_at_a_time_within_a_lane_and_lanes_side_by_side() {
        let lanes = lanes(8);
        for (l, n) in [(1, 1), (1, 2), (2, 3)] {
            lanes.restore(lane(l), WorkerName::hub(), id(n), None);
        }
        assert_eq!(lanes.next(), Some((lane(1), id(1))));
        assert_eq!(lanes.next(), Some((lane(2), id(3))));
        assert_eq!(lanes.next(), None);
        lanes.finish(lane(1), Next::Done);
        assert_eq!(lanes.next(), Some((lane(1), id(2))));
    }

    #[test]
    fn a_lane_goes_on_at_once_unless_another_one_waits() {
        let lanes = lanes(1);
        for (l, n) in [(1, 1), (1, 2), (1, 3)] {
            lanes.restore(lane(l), WorkerName::hub(), id(n), None);
        }
        assert_eq!(lanes.next(), Some((lane(1), id(1))));
        assert_eq!(lanes.follow(lane(1)), Some((lane(1), id(2))));
        assert!(!lanes.cancel(lane(1), id(2)));
        lanes.restore(lane(2), WorkerName::hub(), id(4), None);
        assert_eq!(lanes.follow(lane(1)), Some((lane(2), id(4))));
        assert!(!lanes.cancel(lane(2), id(4)));
        assert_eq!(lanes.next(), None, "the lane that is left is not finished");
        lanes.finish(lane(1), Next::Done);
        assert_eq!(lanes.next(), None, "its place is taken");
        assert_eq!(lanes.follow(lane(2)), Some((lane(1), id(3))));
        lanes.finish(lane(2), Next::Done);
        assert_eq!(lanes.follow(lane(1)), None);
    }

    #[test]
    fn a_bound_holds_for_each_worker() {
        let lanes = lanes(1);
        lanes.restore(lane(1), WorkerName::hub(), id(1), None);
        lanes.restore(lane(2), WorkerName::hub(), id(2), None);
        assert!(lanes.next().is_some());
        assert_eq!(lanes.next(), None);
        lanes.finish(lane(1), Next::Done);
        assert_eq!(lanes.next(), Some((lane(2), id(2))));
    }

    #[test]
    fn a_pause_holds_its_lane_alone() {
        let lanes = lanes(8);
        lanes.restore(lane(1), WorkerName::hub(), id(1), None);
        assert!(lanes.next().is_some());
        lanes.finish(lane(1), Next::Again(Pause::Retry(Duration::from_secs(3_600))));
        lanes.restore(lane(2), WorkerName::hub(), id(2), None);
        assert_eq!(lanes.next(), Some((lane(2), id(2))));
        assert_eq!(lanes.next(), None);
    }

    #[tokio::test]
    async fn a_lane_goes_on_after_its_pause() {
        let lanes = lanes(8);
        lanes.restore(
            lane(1),
            WorkerName::hub(),
            id(1),
            Some(Pause::Retry(Duration::from_millis(1))),
        );
        let next = async {
            loop {
                match lanes.next() {
                    Some(next) => break next,
                    None => lanes.changed().await,
                }
            }
        };
        let next = tokio::time::timeout(Duration::from_secs(10), next).await;
        assert_eq!(next, Ok((lane(1), id(1))));
    }

    #[test]
    fn a_wake_ends_what_a_rule_holds_or_is_about_to_hold() {
        let lanes = lanes(8);
        let hour = Duration::from_secs(3_600);
        lanes.restore(lane(1), WorkerName::hub(), id(1), Some(Pause::Held(hour)));
        lanes.restore(lane(2), WorkerName::hub(), id(2), None);
        lanes.restore(lane(3), WorkerName::hub(), id(3), Some(Pause::Retry(hour)));
        let waiting = lanes.depth().remove(&WorkerName::hub()).unwrap_or_default();
        assert_eq!((waiting.count, waiting.held, waiting.oldest), (3, 1, Some(id(2))));
        assert_eq!(lanes.next(), Some((lane(2), id(2))));
        lanes.wake(&WorkerName::hub());
        lanes.finish(lane(2), Next::Again(Pause::Held(hour)));
        let woken = [lanes.next(), lanes.next(), lanes.next()];
        assert_eq!(woken, [Some((lane(1), id(1))), Some((lane(2), id(2))), None]);
        lanes.finish(lane(2), Next::Again(Pause::Held(hour)));
        assert_eq!(lanes.next(), None);
    }

    #[test]
    fn what_waits_can_be_cancelled_and_what_is_under_way_cannot() {
        let lanes = lanes(8);
        for n in 1..=3 {
            lanes.restore(lane(1), WorkerName::hub(), id(n), None);
        }
        assert_eq!(lanes.next(), Some((lane(1), id(1))));
        assert!(!lanes.cancel(lane(1), id(1)));
        assert!(lanes.cancel(lane(1), id(3)));
        lanes.finish(lane(1), Next::Again(Pause::Retry(Duration::from_secs(60))));
        assert!(lanes.cancel(lane(1), id(1)));
        assert_eq!(lanes.next(), Some((lane(1), id(2))));
        lanes.finish(lane(1), Next::Done);
        assert!(!lanes.cancel(lane(1), id(2)));
        assert!(lanes.depth().is_empty());
    }
}
