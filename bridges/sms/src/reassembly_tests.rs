//! Parts of long texts, over a memory that outlives the process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use viadukt_api::contract::Memory;
use viadukt_api::inbox::Durable;
use viadukt_api::{AcceptError, Inbox, Keep, Protection, Timestamp, WorkerName};

use crate::reassembly::{Numbering, Part, Reassembly};
use crate::received::{Body, Received, fingerprint};
use crate::text::coding::Coding;
use crate::text::header::Place;
use crate::text::said::Said;

/// Begins at a border of the spans in which parts without an id are remembered, the worst case.
const NOW: Timestamp = Timestamp(599_999);

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
        numbered_by: Numbering::Gateway,
        id: format!("id-{number}"),
        same: Some(fingerprint(&[&reference.to_string(), &number.to_string(), text])),
        at: Timestamp(1_000 + u64::from(number)),
        received_at: Timestamp(2_000 + u64::from(number)),
        said: Said::Text(text.to_owned()),
        protection: Protection::TLS,
    }
}

/// As SMPP brings it: without an id.
fn nameless(number: u8, of: u8, text: &str, received_at: Timestamp) -> Part {
    Part {
        numbered_by: Numbering::Phone,
        same: None,
        at: received_at,
        received_at,
        ..part(7, number, of, text)
    }
}

impl Bench {
    async fn take(&self, parts: Vec<Part>) {
        self.reassembly.accept(&self.inbox, Vec::new(), parts).await.unwrap();
    }

    async fn give_up(&self, now: Timestamp) {
        self.reassembly.give_up(&self.inbox, now).await.unwrap();
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
        self.memory.kept_under(&"sms".parse().unwrap(), "").unwrap().len()
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
    bench.give_up(Timestamp(601_000)).await;
    assert!(bench.bodies().is_empty(), "the oldest part came at 2 s");
    bench.give_up(Timestamp(602_001)).await;
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

#[tokio::test]
async fn a_part_without_an_id_is_known_again_for_a_while() {
    let bench = bench(&Arc::new(Memory::default()));
    let both = |at: Timestamp| vec![nameless(1, 2, "a", at), nameless(2, 2, "b", at)];
    bench.take(both(NOW)).await;
    bench.take(both(NOW.plus(Duration::from_secs(600)))).await;
    assert!(bench.bodies() == [plain("ab")]);
    assert_eq!(bench.kept(), 0);
    bench.take(both(NOW.plus(Duration::from_secs(1_201)))).await;
    assert!(bench.bodies() == [plain("ab"), plain("ab")], "the same words, said again");
}

#[tokio::test]
async fn a_reference_in_use_again_may_bring_some_of_the_same_words() {
    let bench = bench(&Arc::new(Memory::default()));
    bench.take(vec![nameless(1, 3, "old", NOW), nameless(2, 3, "same", NOW)]).await;
    bench.take(vec![nameless(1, 3, "new ", NOW), nameless(2, 3, "same", NOW)]).await;
    bench.take(vec![nameless(3, 3, " words", NOW)]).await;
    assert!(bench.bodies()[1..] == [plain("new same words")]);
}

#[tokio::test]
async fn references_of_phones_and_gateways_are_counted_apart() {
    let bench = bench(&Arc::new(Memory::default()));
    bench.take(vec![part(7, 1, 2, "a"), nameless(1, 2, "c", NOW)]).await;
    bench.take(vec![nameless(2, 2, "d", NOW), part(7, 2, 2, "b")]).await;
    assert!(bench.bodies() == [plain("cd"), plain("ab")]);
}

#[tokio::test]
async fn what_waits_does_not_wait_longer_because_it_came_again() {
    let bench = bench(&Arc::new(Memory::default()));
    bench.take(vec![nameless(1, 2, "a", NOW)]).await;
    bench.take(vec![nameless(1, 2, "a", NOW.plus(Duration::from_secs(599)))]).await;
    bench.give_up(NOW.plus(Duration::from_secs(600))).await;
    assert_eq!(bench.bodies().len(), 1);
}

#[tokio::test]
async fn what_is_too_large_to_wait_is_shown_at_once() {
    let bench = bench(&Arc::new(Memory::default()));
    let large = Said::Octets(Coding::Latin1, vec![b'a'; 4_000]);
    bench.take(vec![Part { said: large, ..nameless(1, 2, "", NOW) }]).await;
    let parts = vec![(1, "a".repeat(4_000))];
    assert!(bench.bodies() == [Body::Incomplete { of: 2, parts }]);
    assert_eq!(bench.kept(), 0);
}

#[tokio::test]
async fn many_texts_at_a_time_and_no_one_waits_for_ever() {
    let bench = bench(&Arc::new(Memory::default()));
    let firsts = |references: &mut dyn Iterator<Item = u16>| {
        references.map(|reference| part(reference, 1, 2, "a")).collect::<Vec<_>>()
    };
    let (up, down) = (firsts(&mut (0..600)), firsts(&mut (600..1_200).rev()));
    let seconds = (0..1_200).map(|reference| part(reference, 2, 2, "b")).collect();
    tokio::join!(bench.take(up), bench.take(seconds), bench.take(down));
    assert_eq!(bench.bodies().len(), 1_200);
    assert_eq!(bench.kept(), 0);
}
