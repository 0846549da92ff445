//! A pipeline that is played: it has something of everything, and remembers what it was asked.

use std::sync::Mutex;

use viadukt_api::{Health, ItemId, Probe, Timestamp, WorkerName, async_trait};

use crate::http::{
    ContactView, ConversationView, ConversationsView, DeadLetterView, DoneView, Home,
    OperationError, Operations, QueueView, Reference, TraceEntry, TraceView,
};
use crate::observe::Direction;

/// The delivery that was given up.
pub const DEAD: &str = "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C-0";
/// Somebody who is blocked.
pub const BLOCKED: &str = "3c5d0000000000000000000000000000000000000000000000000000000000ff";

#[derive(Default)]
pub struct Played {
    pub asked: Mutex<Vec<&'static str>>,
    pub done: Mutex<Vec<DoneView>>,
}

fn post() -> WorkerName {
    "post".parse().unwrap()
}

impl Played {
    fn ask(&self, what: &'static str) -> Result<(), OperationError> {
        self.asked.lock().unwrap().push(what);
        Ok(())
    }
}

#[async_trait]
impl Operations for Played {
    fn ready(&self) -> bool {
        true
    }

    fn health(&self) -> Vec<(WorkerName, Health)> {
        vec![(WorkerName::hub(), Health::Up), (post(), Health::Down("imap login".to_owned()))]
    }

    async fn probe(&self) -> Vec<(WorkerName, Vec<Probe>)> {
        let step = |what: &str, result| Probe { what: what.to_owned(), result };
        let failed = Err("connection refused".to_owned());
        vec![(post(), vec![step("imap login", Ok("IDLE".to_owned())), step("smtp", failed)])]
    }

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        let reference = Reference::Item(item);
        if reference.item() != DEAD.parse::<Reference>().unwrap().item() {
            return Err(OperationError::Unknown);
        }
        let entry = |at: u64, stage: &str, what: &str, detail: &str| TraceEntry {
            at: Timestamp(1_795_000_000_000 + at),
            stage: stage.to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        let entries = vec![
            entry(0, "accept", "from matrix", "cross-signed"),
            entry(20, "judge", "pass", ""),
            entry(21, "route", "1 deliveries", ""),
            entry(900, "deliver", "part 0 to post, attempt 1: retry", "smtp-timeout"),
            entry(61_000, "deliver", "part 0 to post, attempt 2: delivered", "TLSv1.3"),
            entry(62_000, "decide", "requeued", ""),
        ];
        Ok(TraceView { reference, entries })
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterView>, OperationError> {
        Ok(vec![DeadLetterView {
            reference: DEAD.parse().unwrap(),
            bridge: post(),
            direction: Direction::Out,
            since: Timestamp(1_795_000_000_000),
            reason: "the other side refused it".to_owned(),
        }])
    }

    async fn requeue(&self, _: Reference) -> Result<(), OperationError> {
        self.ask("requeue")
    }

    async fn discard(&self, _: Reference) -> Result<(), OperationError> {
        self.ask("discard")
    }

    fn queues(&self) -> Vec<QueueView> {
        let queue = |worker, waiting, held| QueueView {
            worker,
            paused: false,
            waiting,
            held,
            oldest: (waiting > held).then_some(Timestamp(1_795_000_000_000)),
        };
        vec![queue(WorkerName::hub(), 0, 0), queue(post(), 3, 1)]
    }

    async fn conversations(&self) -> Result<ConversationsView, OperationError> {
        let view = |n: u64, home| ConversationView {
            id: DEAD[..26].parse().unwrap(),
            bridge: post(),
            home,
            parties: vec![format!("3c5d00{n:02}")],
            messages: 7,
            began_at: Timestamp(1_795_000_000_000 - n * 9_999_999),
            last_at: Some(Timestamp(1_795_000_000_000)),
        };
        let team = Home::Team("bauamt".to_owned());
        let latest =
            vec![view(1, Home::Main), view(2, team), view(3, Home::Intake), view(4, Home::Own)];
        Ok(ConversationsView { total: [(post(), 9)].into(), latest })
    }

    async fn contacts(&self) -> Result<Vec<ContactView>, OperationError> {
        let view = |id: &str, stopped, blocked| ContactView {
            id: id.to_owned(),
            alias: id[..8].to_owned(),
            bridge: Some(post()),
            stopped,
            blocked,
        };
        let at = Some(Timestamp(1_795_000_000_000));
        Ok(vec![view(BLOCKED, None, at), view(&"a".repeat(64), at, None)])
    }

    async fn unblock(&self, contact: &str) -> Result<(), OperationError> {
        if contact == BLOCKED { self.ask("unblock") } else { Err(OperationError::Unknown) }
    }

    async fn test_room(&self, bridge: &WorkerName) -> Result<Reference, OperationError> {
        if *bridge != post() {
            return Err(OperationError::Unknown);
        }
        self.ask("test")?;
        DEAD.parse().map_err(|_| OperationError::Unknown)
    }

    async fn record_done(&self, done: DoneView) -> Result<(), OperationError> {
        self.done.lock().unwrap().push(done);
        Ok(())
    }

    async fn done(&self) -> Result<Vec<DoneView>, OperationError> {
        Ok(self.done.lock().unwrap().iter().rev().cloned().collect())
    }
}
