//! Long texts that come in parts, put together: from a webhook's `concat-ref` as from a user data
//! header (3GPP TS 23.040 9.2.3.24) or from SMPP's `sar_*` (SMPP 3.4 5.3.2.22).
//!
//! Parts that wait for others are kept in the worker's durable memory, committed before the
//! gateway hears that they were taken; the last one becomes, in one transaction, an item and the
//! end of that memory. So a crash between two parts costs nothing, and a part that is sent again
//! is known again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use viadukt_api::{AcceptError, Inbox, Intake, Item, Keep, Timestamp};

use crate::received::{Body, Received, Text, fingerprint, source_key};
use crate::text::header::Place;

/// Where waiting parts are kept.
const SHELF: &str = "part/";
/// What [`Intake::keep`] takes at most; far more than any part of a real SMS.
const LARGEST: usize = 3 << 10;

/// One part of a long text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// See [`Text::from`].
    pub(crate) from: String,
    /// See [`Text::to`].
    pub(crate) to: String,
    /// Its place in the text.
    pub(crate) place: Place,
    /// The gateway's id for this part, or one made of what it says.
    pub(crate) id: String,
    /// The fingerprint by which it is known again.
    pub(crate) same: String,
    /// See [`Text::at`].
    pub(crate) at: Timestamp,
    /// When it came.
    pub(crate) received_at: Timestamp,
    /// What it says.
    pub(crate) text: String,
    /// See [`Text::protection`].
    pub(crate) protection: String,
}

/// The parts of one text that have come, by number.
type Set = BTreeMap<u8, Part>;

/// Puts long texts together.
pub(crate) struct Reassembly {
    keep: Keep,
    patience: Duration,
    /// Two parts of one text that come at the same time must see each other.
    turn: Mutex<()>,
}

impl Reassembly {
    /// Parts wait on `keep`, and for others no longer than `patience`.
    pub(crate) fn new(keep: Keep, patience: Duration) -> Self {
        Self { keep, patience, turn: Mutex::default() }
    }

    /// Accepts `items` and `parts` in one transaction; returns once both are durable.
    pub(crate) async fn accept(
        &self,
        inbox: &Inbox,
        items: Vec<Item>,
        parts: Vec<Part>,
    ) -> Result<(), AcceptError> {
        let mut intake = Intake { items, keep: Vec::new() };
        if parts.is_empty() {
            return inbox.accept(intake).await.map(drop);
        }
        let _turn = self.turn.lock().await;
        let mut sets: BTreeMap<String, Set> = BTreeMap::new();
        for part in parts {
            if inbox.seen(&source_key(&part.same))? {
                continue;
            }
            if part.kept().is_none_or(|kept| kept.len() > LARGEST) {
                take_down(by_number(vec![part]), &mut intake);
                continue;
            }
            let shelf = part.shelf();
            let waiting = match sets.remove(&shelf) {
                Some(set) => set,
                None => by_number(self.waiting(&shelf)?),
            };
            sets.insert(shelf, put(waiting, part, &mut intake));
        }
        for set in sets.into_values() {
            if is_whole(&set) {
                take_down(set, &mut intake);
            } else {
                intake.keep.extend(set.into_values().map(|part| (part.key(), part.kept())));
            }
        }
        inbox.accept(intake).await.map(drop)
    }

    /// Accepts, as they are, the parts that have waited too long for others.
    pub(crate) async fn give_up(&self, inbox: &Inbox, now: Timestamp) -> Result<(), AcceptError> {
        let _turn = self.turn.lock().await;
        let mut sets: BTreeMap<String, Set> = BTreeMap::new();
        for part in self.waiting(SHELF)? {
            sets.entry(part.shelf()).or_default().insert(part.place.number, part);
        }
        let overdue = |set: &Set| {
            let oldest = set.values().map(|part| part.received_at).min();
            oldest.is_none_or(|oldest| now.since(oldest) >= self.patience)
        };
        let mut intake = Intake::default();
        for set in sets.into_values().filter(overdue) {
            take_down(set, &mut intake);
        }
        if intake.items.is_empty() { Ok(()) } else { inbox.accept(intake).await.map(drop) }
    }

    /// The parts that wait under `prefix`.
    fn waiting(&self, prefix: &str) -> Result<Vec<Part>, AcceptError> {
        let kept = self.keep.starting_with(prefix)?.into_iter();
        Ok(kept.filter_map(|(_, value)| serde_json::from_slice(&value).ok()).collect())
    }
}

fn by_number(parts: Vec<Part>) -> Set {
    parts.into_iter().map(|part| (part.place.number, part)).collect()
}

impl Part {
    /// What the keys of all parts of this text begin with.
    fn shelf(&self) -> String {
        let Place { reference, of, .. } = &self.place;
        let (reference, of) = (reference.to_string(), of.to_string());
        let text = fingerprint(&[&self.from, &self.to, &reference, &of]);
        format!("{SHELF}{text}/")
    }

    fn key(&self) -> String {
        format!("{}{:03}", self.shelf(), self.place.number)
    }

    fn kept(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }
}

/// Puts `part` beside those that wait. If its place is taken by another one, the reference is
/// in use again: the old text is given up.
fn put(mut waiting: Set, part: Part, intake: &mut Intake) -> Set {
    let number = part.place.number;
    if waiting.get(&number).is_some_and(|old| old.same != part.same) {
        take_down(std::mem::take(&mut waiting), intake);
    }
    waiting.insert(number, part);
    waiting
}

fn is_whole(set: &Set) -> bool {
    let of = set.values().next().map_or(0, |part| part.place.of);
    set.len() == usize::from(of)
}

/// Makes what there is of a text into an item, and forgets its parts.
fn take_down(set: Set, intake: &mut Intake) {
    let Some(first) = set.values().next() else { return };
    let (id, from, to, of) =
        (first.id.clone(), first.from.clone(), first.to.clone(), first.place.of);
    let protection = first.protection.clone();
    let at = set.values().map(|part| part.at).min().unwrap_or_default();
    let received_at = set.values().map(|part| part.received_at).max().unwrap_or_default();
    let same: Vec<_> = set.values().map(|part| part.same.clone()).collect();
    intake.keep.extend(set.values().map(|part| (part.key(), None)));
    let body = if is_whole(&set) {
        Body::Plain(set.into_values().map(|part| part.text).collect())
    } else {
        let parts = set.into_iter().map(|(number, part)| (number, part.text)).collect();
        Body::Incomplete { of, parts }
    };
    let received = Received::Text(Text { id, from, to, at, body, protection });
    intake.items.push(received.into_item(&same, received_at));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::Arc;

    use viadukt_api::WorkerName;
    use viadukt_api::contract::Memory;
    use viadukt_api::inbox::Durable;

    use super::*;

    struct Bench {
        memory: Arc<Memory>,
        inbox: Inbox,
        reassembly: Reassembly,
    }

    fn bench(memory: &Arc<Memory>) -> Bench {
        let name: WorkerName = "sms".parse().unwrap();
        let durable: Arc<dyn Durable> = Arc::clone(memory) as _;
        let keep = Keep::new(name.clone(), Arc::clone(&durable));
        Bench {
            memory: Arc::clone(memory),
            inbox: Inbox::new(name, durable),
            reassembly: Reassembly::new(keep, Duration::from_secs(600)),
        }
    }

    fn part(reference: u16, number: u8, of: u8, text: &str) -> Part {
        Part {
            from: "491701234567".to_owned(),
            to: "10001".to_owned(),
            place: Place { reference, of, number },
            id: format!("id-{number}"),
            same: fingerprint(&[&reference.to_string(), &number.to_string(), text]),
            at: Timestamp(1_000 + u64::from(number)),
            received_at: Timestamp(2_000 + u64::from(number)),
            text: text.to_owned(),
            protection: "TLS".to_owned(),
        }
    }

    impl Bench {
        async fn take(&self, parts: Vec<Part>) {
            self.reassembly.accept(&self.inbox, Vec::new(), parts).await.unwrap();
        }

        fn bodies(&self) -> Vec<Body> {
            let items = self.memory.items().into_iter();
            let texts = items.map(|item| serde_json::from_slice(&item.raw.bytes).unwrap());
            let bodies = texts.map(|received| match received {
                Received::Text(text) => text.body,
                Received::Receipt(_) => panic!("no receipt was taken"),
            });
            bodies.collect()
        }

        fn kept(&self) -> usize {
            self.reassembly.keep.starting_with("").unwrap().len()
        }
    }

    fn plain(text: &str) -> Body {
        Body::Plain(text.to_owned())
    }

    #[tokio::test]
    async fn parts_in_any_order_over_a_restart_are_one_text() {
        let memory = Arc::new(Memory::default());
        let before = bench(&memory);
        before.take(vec![part(7, 3, 3, "c")]).await;
        before.take(vec![part(7, 1, 3, "a")]).await;
        assert!(before.bodies().is_empty());
        let after = bench(&memory);
        after.take(vec![part(7, 2, 3, "b")]).await;
        assert!(after.bodies() == [plain("abc")]);
        assert_eq!(after.kept(), 0);
    }

    #[tokio::test]
    async fn a_part_that_comes_again_changes_nothing() {
        let bench = bench(&Arc::new(Memory::default()));
        bench.take(vec![part(7, 1, 2, "a")]).await;
        bench.take(vec![part(7, 1, 2, "a")]).await;
        bench.take(vec![part(7, 2, 2, "b")]).await;
        bench.take(vec![part(7, 2, 2, "b"), part(7, 1, 2, "a")]).await;
        assert!(bench.bodies() == [plain("ab")]);
        assert_eq!(bench.kept(), 0);
    }

    #[tokio::test]
    async fn two_texts_at_a_time_stay_apart_and_one_call_may_bring_all() {
        let bench = bench(&Arc::new(Memory::default()));
        bench.take(vec![part(1, 1, 2, "a"), part(2, 2, 2, "d"), part(2, 1, 2, "c")]).await;
        bench.take(vec![part(1, 2, 2, "b")]).await;
        assert!(bench.bodies() == [plain("cd"), plain("ab")]);
    }

    #[tokio::test]
    async fn parts_that_come_at_the_same_time_see_each_other() {
        let bench = bench(&Arc::new(Memory::default()));
        tokio::join!(bench.take(vec![part(7, 1, 2, "a")]), bench.take(vec![part(7, 2, 2, "b")]));
        assert!(bench.bodies() == [plain("ab")]);
    }

    #[tokio::test]
    async fn what_stays_incomplete_is_shown_as_it_is() {
        let bench = bench(&Arc::new(Memory::default()));
        bench.take(vec![part(7, 1, 3, "a"), part(7, 3, 3, "c")]).await;
        bench.reassembly.give_up(&bench.inbox, Timestamp(601_000)).await.unwrap();
        assert!(bench.bodies().is_empty(), "the oldest part came at 2 s");
        bench.reassembly.give_up(&bench.inbox, Timestamp(602_001)).await.unwrap();
        let parts = vec![(1, "a".to_owned()), (3, "c".to_owned())];
        assert!(bench.bodies() == [Body::Incomplete { of: 3, parts }]);
        assert_eq!(bench.kept(), 0);
    }

    #[tokio::test]
    async fn a_reference_in_use_again_ends_the_old_text() {
        let bench = bench(&Arc::new(Memory::default()));
        bench.take(vec![part(7, 1, 2, "old")]).await;
        bench.take(vec![part(7, 1, 2, "new ")]).await;
        bench.take(vec![part(7, 2, 2, "text")]).await;
        let old = Body::Incomplete { of: 2, parts: vec![(1, "old".to_owned())] };
        assert!(bench.bodies() == [old, plain("new text")]);
    }

    #[tokio::test]
    async fn nothing_is_kept_while_there_is_no_room() {
        let bench = bench(&Arc::new(Memory::default()));
        bench.memory.refuse(true);
        let full = bench.reassembly.accept(&bench.inbox, Vec::new(), vec![part(7, 1, 2, "a")]);
        assert!(matches!(full.await, Err(AcceptError::Full(_))));
        assert_eq!(bench.kept(), 0);
    }
}
