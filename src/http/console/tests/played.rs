//! A pipeline that is played: it has something of everything, and remembers what it was asked.

use std::sync::Mutex;

use viadukt_api::{Health, ItemId, Probe, Protection, Timestamp, Trust, WorkerName, async_trait};

use crate::http::views::{
    AttemptOutcome, AttemptView, ContactView, ConversationView, ConversationsView,
    DeadLetterFilter, DeadLetterView, DoneView, ExplainView, FoundView, Home, OpenedView,
    ProcessView, Question, ReasonView, Stage, StatusView, TraceEntry, TraceView, WorkerView,
};
use crate::http::{OperationError, Operations, Reference};
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

fn item() -> ItemId {
    DEAD.parse::<Reference>().unwrap().item()
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

    async fn explain(&self, _: &Question) -> Result<ExplainView, OperationError> {
        Err(OperationError::Unknown)
    }

    async fn status(&self) -> Result<StatusView, OperationError> {
        let at = Timestamp(1_795_000_000_000);
        let process = ProcessView {
            version: "1".to_owned(),
            started_at: at,
            now: at,
            ready: true,
            store_bytes: None,
            spool_bytes: None,
        };
        let worker = |worker, up, waiting, held| WorkerView {
            worker,
            kind: "fax".to_owned(),
            up,
            health: "imap login".to_owned(),
            since: at,
            paused: false,
            waiting,
            held,
            oldest: (waiting > held).then_some(at),
            dead_letters: held,
        };
        let workers = vec![worker(WorkerName::hub(), true, 0, 0), worker(post(), false, 3, 1)];
        Ok(StatusView { process, workers })
    }

    async fn find(&self, name: &str) -> Result<Vec<FoundView>, OperationError> {
        let found = FoundView { item: item(), worker: post(), at: Timestamp(1_795_000_000_000) };
        Ok(vec![found; if name == "twins" { 2 } else { usize::from(name == "single") }])
    }

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        if item != self::item() {
            return Err(OperationError::Unknown);
        }
        let entry = |at: u64, stage, worker| TraceEntry {
            at: Timestamp(1_795_000_000_000 + at),
            after_ms: 0,
            stage,
            what: "so it went".to_owned(),
            reason: None,
            worker: Some(worker),
            attempt: None,
            protection: None,
        };
        let accepted = TraceEntry {
            protection: Some(Protection::Megolm { trust: Some(Trust::CrossSigned) }),
            ..entry(0, Stage::Accept, WorkerName::hub())
        };
        let attempt = |number, outcome, protection| TraceEntry {
            attempt: Some(AttemptView { part: 0, number, outcome, code: None }),
            protection,
            ..entry(900, Stage::Deliver, post())
        };
        let entries = vec![
            accepted,
            entry(20, Stage::Judge, WorkerName::hub()),
            entry(21, Stage::Route, WorkerName::hub()),
            attempt(1, AttemptOutcome::Retry, None),
            attempt(2, AttemptOutcome::Delivered, Some(Protection::TLS)),
            entry(62_000, Stage::Decide, post()),
        ];
        Ok(TraceView { item, from: Some(WorkerName::hub()), direction: None, entries })
    }

    async fn dead_letters(
        &self,
        _: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, OperationError> {
        Ok(vec![self.dead_letter(DEAD.parse().unwrap()).await?])
    }

    async fn dead_letter(&self, reference: Reference) -> Result<DeadLetterView, OperationError> {
        if reference.to_string() != DEAD {
            return Err(OperationError::Unknown);
        }
        let (key, words) = ("refused-stopped".to_owned(), String::new());
        Ok(DeadLetterView {
            reference,
            bridge: post(),
            direction: Direction::Out,
            since: Timestamp(1_795_000_000_000),
            until: Timestamp(1_796_000_000_000),
            reason: ReasonView { key, words },
            attempts: 2,
            doubtful: false,
        })
    }

    async fn open(&self, _: Reference, _: &str) -> Result<OpenedView, OperationError> {
        Err(OperationError::Unknown)
    }

    async fn requeue(&self, _: Reference, _: &str) -> Result<(), OperationError> {
        self.ask("requeue")
    }

    async fn discard(&self, _: Reference, _: &str) -> Result<(), OperationError> {
        self.ask("discard")
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
