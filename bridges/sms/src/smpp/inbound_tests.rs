//! What becomes of units that a gateway brings, without a network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rusmpp::{CommandId, CommandStatus};
use viadukt_api::contract::Memory;
use viadukt_api::inbox::Durable;
use viadukt_api::{Clock, Env, Inbox, Keep, Timestamp, WorkerName};

use super::compose;
use super::config::SmppSection;
use super::connection::Taker;
use super::inbound::{Inbound, Visit, read_anything};
use super::nameless::Nameless;
use super::pdu::Frame;
use super::pdu::tests::{deliver_body, parameter};
use crate::outgoing::Outgoing;
use crate::received::{Body, Received};

/// A clock that stands still until it is set.
struct Standing(Mutex<u64>);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(*self.0.lock().unwrap())
    }
}

struct Bench {
    memory: Arc<Memory>,
    clock: Arc<Standing>,
    inbound: Arc<Inbound>,
    nameless: Arc<Nameless>,
}

impl Bench {
    fn new() -> Self {
        Self::over(&Arc::default(), 1_000_000)
    }

    /// A process that begins at `now` on a memory that may have something in it.
    fn over(memory: &Arc<Memory>, now: u64) -> Self {
        let name: WorkerName = "handy".parse().unwrap();
        let durable: Arc<dyn Durable> = Arc::clone(memory) as _;
        let keep = Keep::new(name.clone(), Arc::clone(&durable));
        let clock = Arc::new(Standing(Mutex::new(now)));
        let env = Env { clock: Arc::clone(&clock) as _, ..Env::system() };
        let nameless = Arc::new(Nameless::load(keep.clone(), env.clone()));
        let (section, inbox) = (SmppSection::usual(), Inbox::new(name, durable));
        let inbound = Inbound::new(section, inbox, &keep, Arc::clone(&nameless), env);
        Self { memory: Arc::clone(memory), clock, inbound: Arc::new(inbound), nameless }
    }

    fn visit(&self) -> Arc<Visit> {
        self.inbound.visit(viadukt_api::Protection::Plain)
    }

    fn bodies(&self) -> Vec<Body> {
        let items = self.memory.items().into_iter();
        let read = items.map(|item| match serde_json::from_slice(&item.raw.bytes).unwrap() {
            Received::Text(text) => text.body,
            Received::Receipt(_) => panic!("no receipt came"),
        });
        read.collect()
    }

    fn kept(&self, prefix: &str) -> usize {
        self.memory.kept_under(&"handy".parse().unwrap(), prefix).unwrap().len()
    }

    fn later(&self, span: Duration) {
        *self.clock.0.lock().unwrap() += u64::try_from(span.as_millis()).unwrap();
    }
}

async fn bring(visit: &Arc<Visit>, sequence: u32, body: Bytes) -> CommandStatus {
    let (id, status) = (CommandId::DeliverSm, CommandStatus::EsmeRok);
    Arc::clone(visit).take(Frame { id, status, sequence, body }).await
}

fn text(octets: &[u8]) -> Bytes {
    deliver_body(0, 0, octets, &[])
}

fn part(reference: u8, of: u8, number: u8, data_coding: u8, octets: &[u8]) -> Bytes {
    let data = [&[5, 0, 3, reference, of, number], octets].concat();
    deliver_body(0x40, data_coding, &data, &[])
}

fn plain(text: &str) -> Body {
    Body::Plain(text.to_owned())
}

#[tokio::test]
async fn what_came_again_after_a_broken_session_is_taken_once() {
    let bench = Bench::new();
    let first = bench.visit();
    bring(&first, 1, text(b"Ja")).await;
    drop(first);
    let second = bench.visit();
    assert_eq!(bring(&second, 8, text(b"Ja")).await, CommandStatus::EsmeRok);
    assert!(bench.bodies() == [plain("Ja")]);
    bring(&second, 9, text(b"Ja")).await;
    assert_eq!(bench.bodies().len(), 2, "the person says it again");
}

#[tokio::test]
async fn what_came_again_after_a_farewell_was_said_again() {
    let bench = Bench::new();
    let first = bench.visit();
    bring(&first, 1, text(b"Ja")).await;
    first.farewell();
    drop(first);
    bring(&bench.visit(), 1, text(b"Ja")).await;
    assert_eq!(bench.bodies().len(), 2);
}

#[tokio::test]
async fn what_came_again_after_a_crash_is_taken_once() {
    let bench = Bench::new();
    let first = bench.visit();
    bring(&first, 1, text(b"Ja")).await;
    let after = Bench::over(&bench.memory, 1_030_000);
    let second = after.visit();
    bring(&second, 1, text(b"Ja")).await;
    assert_eq!(after.bodies().len(), 1);
    bring(&second, 2, text(b"Ja")).await;
    assert_eq!(after.bodies().len(), 2);
}

#[tokio::test]
async fn what_came_again_after_two_crashes_in_a_row_is_taken_once() {
    let bench = Bench::new();
    bring(&bench.visit(), 1, text(b"Ja")).await;
    let second = Bench::over(&bench.memory, 1_030_000);
    let visit = second.visit();
    bring(&visit, 1, text(b"Nein")).await;
    bring(&visit, 2, text(b"Ja")).await;
    let third = Bench::over(&bench.memory, 1_060_000);
    let visit = third.visit();
    bring(&visit, 1, text(b"Nein")).await;
    bring(&visit, 2, text(b"Ja")).await;
    assert!(third.bodies() == [plain("Ja"), plain("Nein")]);
    bring(&visit, 3, text(b"Ja")).await;
    assert_eq!(third.bodies().len(), 3, "the person says it again");
}

#[tokio::test]
async fn what_cannot_be_accepted_is_put_off_and_forgotten() {
    let bench = Bench::new();
    let visit = bench.visit();
    bench.memory.refuse(true);
    for body in [text(b"Ja"), part(7, 2, 1, 0, b"a"), deliver_body(4, 0, b"id:1 stat:DELIVRD", &[])]
    {
        assert_eq!(bring(&visit, 1, body).await, CommandStatus::EsmeRxTAppn);
    }
    bench.memory.refuse(false);
    bring(&visit, 2, text(b"Ja")).await;
    bring(&visit, 3, part(7, 2, 2, 0, b"b")).await;
    bring(&visit, 4, part(7, 2, 1, 0, b"a")).await;
    assert!(bench.bodies() == [plain("Ja"), plain("ab")]);
}

#[tokio::test]
async fn parts_that_come_at_the_same_time_over_two_binds_see_each_other() {
    let bench = Bench::new();
    let (one, two) = (bench.visit(), bench.visit());
    let (a, b) = (part(7, 2, 1, 0, b"a"), part(7, 2, 2, 0, b"b"));
    tokio::join!(bring(&one, 1, b), bring(&two, 1, a));
    assert!(bench.bodies() == [plain("ab")]);
    assert_eq!(bench.kept("part/"), 0);
}

#[tokio::test]
async fn a_character_may_be_cut() {
    let bench = Bench::new();
    let visit = bench.visit();
    bring(&visit, 1, part(7, 2, 2, 8, &[0xde, 0x42])).await;
    bring(&visit, 2, part(7, 2, 1, 8, &[0x00, 0x61, 0xd8, 0x3d])).await;
    bring(&visit, 3, part(8, 2, 1, 0, b"5 \x1b")).await;
    bring(&visit, 4, part(8, 2, 2, 0, b"e")).await;
    assert!(bench.bodies() == [plain("a🙂"), plain("5 €")]);
}

#[tokio::test]
async fn a_reference_may_be_used_again_and_a_part_may_come_again() {
    let bench = Bench::new();
    let visit = bench.visit();
    bring(&visit, 1, part(7, 2, 1, 0, b"old")).await;
    bring(&visit, 2, part(7, 2, 1, 0, b"new ")).await;
    bring(&visit, 3, part(7, 2, 2, 0, b"text")).await;
    // Again, now that it is whole; also for the process after this one.
    bring(&visit, 4, part(7, 2, 2, 0, b"text")).await;
    let bench = Bench::over(&bench.memory, 1_000_000);
    bring(&bench.visit(), 1, part(7, 2, 1, 0, b"new ")).await;
    let old = Body::Incomplete { of: 2, parts: vec![(1, "old".to_owned())] };
    assert!(bench.bodies() == [old, plain("new text")]);
    assert_eq!(bench.kept("part/"), 0);

    bench.later(Duration::from_secs(3_601));
    bring(&bench.visit(), 1, part(7, 2, 1, 0, b"new ")).await;
    assert_eq!(bench.kept("part/"), 1, "a text of its own by now");
}

#[tokio::test]
async fn what_stays_away_is_given_up_and_what_comes_late_is_not_lost() {
    let bench = Bench::new();
    let visit = bench.visit();
    bring(&visit, 1, part(7, 3, 1, 0, b"a")).await;
    bring(&visit, 2, part(7, 3, 3, 0, b"c")).await;
    bench.later(Duration::from_secs(3_599));
    bench.inbound.sweep().await;
    assert!(bench.bodies().is_empty());
    bench.later(Duration::from_secs(1));
    bench.inbound.sweep().await;
    let parts = vec![(1, "a".to_owned()), (3, "c".to_owned())];
    assert!(bench.bodies() == [Body::Incomplete { of: 3, parts }]);
    bring(&visit, 3, part(7, 3, 2, 0, b"b")).await;
    bench.later(Duration::from_secs(3_601));
    bench.inbound.sweep().await;
    assert_eq!(bench.bodies().len(), 2);
}

#[tokio::test]
async fn what_is_no_text_is_named_and_what_cannot_be_read_is_refused() {
    let bench = Bench::new();
    let visit = bench.visit();
    // A business card for port 9204, and a header that claims more than there is.
    bring(&visit, 1, deliver_body(0x40, 0, b"\x06\x05\x04\x23\xf4\x00\x00card", &[])).await;
    bring(&visit, 2, deliver_body(0x40, 0, b"\x20short", &[])).await;
    bring(&visit, 3, deliver_body(0, 4, b"\x00\xff", &[])).await;
    let binary = |bytes| Body::Binary { bytes };
    assert!(bench.bodies() == [binary(11), binary(6), binary(2)]);
    let cut = text(b"Hallo").slice(..20);
    assert_eq!(bring(&visit, 4, cut).await, CommandStatus::EsmeRinvcmdlen);
    assert_eq!(bring(&visit, 5, deliver_body(4, 0, b"?", &[])).await, CommandStatus::EsmeRok);
    assert_eq!(bench.bodies().len(), 3);
}

#[tokio::test]
async fn a_gateways_own_id_tells_repetitions() {
    let bench = Bench::new();
    let visit = bench.visit();
    let id = parameter(0x001e, b"mo-1\0");
    bring(&visit, 1, deliver_body(0, 0, b"Ja", &id)).await;
    bring(&visit, 2, deliver_body(0, 0, b"Ja", &id)).await;
    assert_eq!(bench.bodies().len(), 1);
}

#[tokio::test]
async fn a_receipt_finds_a_text_whose_answer_was_lost() {
    let bench = Bench::new();
    let sms = Outgoing {
        id: viadukt_api::contract::delivery_id(1),
        reference: "token".to_owned(),
        to: "+491701234567".to_owned(),
        from: "10001".to_owned(),
        text: "Ja".to_owned(),
        validity: None,
        repeated: false,
    };
    bench.nameless.note(&sms).await;
    let after = Bench::over(&bench.memory, 2_000_000);
    let own = parameter(0x0204, &compose::reference(&sms).to_be_bytes());
    bring(&after.visit(), 1, deliver_body(4, 0, b"id:1 stat:DELIVRD", &own)).await;
    let raw = after.memory.items().remove(0).raw.bytes;
    match serde_json::from_slice(&raw).unwrap() {
        Received::Receipt(report) => assert_eq!(report.of, "token"),
        Received::Text(_) => panic!("it was a receipt"),
    }
}

#[test]
fn whatever_comes_is_read_without_a_panic() {
    // Small numbers where lengths and flags stand, so that much of it is read some way.
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    for _ in 0..20_000 {
        let length = 16 + next() % 120;
        let mut unit = length.to_be_bytes().to_vec();
        let octets = (4..length).map(|_| match next() % 4 {
            0 => 0,
            1 => (next() % 8) as u8,
            _ => next() as u8,
        });
        unit.extend(octets);
        read_anything(&unit);
    }
}
