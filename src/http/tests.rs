#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::sync::Mutex;

use tempfile::TempDir;
use viadukt_api::{
    Env, Health, ItemId, Probe, Protection, Spool, Timestamp, WorkerName, async_trait,
};

use super::views::{
    ContactView, ContentView, ConversationsView, DoneView, Expected, ExplainLine, ExplainTopic,
    ProcessView, ReasonView, Stage, TraceEntry,
};
use super::*;
use crate::cli::client::{Ask, Running};
use crate::observe::Direction;
use crate::store::{FileSpool, Keys, MemoryStore};

const REFERENCE: &str = "01JD2Z5Y3V0Q8R6T4W2X1Z9B7C";

#[tokio::test]
async fn it_is_ready_when_every_worker_is_up() {
    let site = Site::new(Pipeline { down: vec!["post"], ..Pipeline::default() }).await;
    let (status, body) = site.stranger().get("/health/ready").await;
    assert_eq!(status, 503);
    assert_eq!(
        body,
        r#"{"ready":false,"started":true,"down":[{"worker":"post","why":"imap login"}]}"#
    );
    let site = Site::new(Pipeline::default()).await;
    assert_eq!(site.stranger().get("/health/ready").await.0, 200);
    assert_eq!(site.stranger().get("/health/live").await.0, 200);
    let (status, body) = site.stranger().get("/metrics").await;
    assert_eq!(status, 200);
    assert!(body.contains("viadukt_build_info{version="), "{body}");
}

#[tokio::test]
async fn the_api_answers_nobody_without_the_token() {
    let site = Site::new(Pipeline::default()).await;
    let other = TempDir::new().unwrap();
    AdminToken::create(other.path(), &*Env::system().entropy).unwrap();
    let stranger = Running::new(site.address, AdminToken::read(other.path()).unwrap());
    for asking in [site.stranger(), stranger] {
        for path in ["/api/probe", "/api/deadletters", &format!("/api/trace/{REFERENCE}")] {
            assert_eq!(asking.get(path).await.0, 401, "{path}");
        }
        assert!(matches!(asking.discard(REFERENCE.parse().unwrap()).await, Err(Ask::Refused)));
    }
    assert!(site.pipeline.done.lock().unwrap().is_empty());
}

#[tokio::test]
async fn whoever_has_the_token_may_operate() {
    let site = Site::new(Pipeline::default()).await;
    let operator = site.operator();
    let reference: Reference = REFERENCE.parse().unwrap();
    assert_eq!(operator.trace(reference).await.unwrap().entries[0].stage, Stage::Accept);
    assert_eq!(operator.status().await.unwrap().process.spool_bytes, Some(7));
    assert_eq!(operator.find("<a/b+c @d>").await.unwrap()[0].item, reference.item());
    for (filter, fits) in [
        (DeadLetterFilter::default(), 1),
        (DeadLetterFilter { direction: Some(Direction::Out), ..Default::default() }, 1),
        (DeadLetterFilter { direction: Some(Direction::In), ..Default::default() }, 0),
        (DeadLetterFilter { reason: Some("mail".to_owned()), ..Default::default() }, 1),
        (DeadLetterFilter { bridge: Some("fax".parse().unwrap()), ..Default::default() }, 0),
        (DeadLetterFilter { older_than: Some(60), ..Default::default() }, 1),
        (DeadLetterFilter { older_than: Some(61), ..Default::default() }, 0),
    ] {
        assert_eq!(operator.dead_letters(&filter).await.unwrap().len(), fits, "{filter:?}");
    }
    let place = "post/Täglich & mehr".to_owned();
    let question = Question { place, from: None, to: Some("+49".to_owned()) };
    let answer = operator.explain(&question).await.unwrap();
    assert_eq!(answer.lines[0].words, format!("{question:?}"));
    assert_eq!(operator.open(reference).await.unwrap().content.text, "secret");
    operator.requeue(reference).await.unwrap();
    operator.discard(reference).await.unwrap();
    assert_eq!(*site.pipeline.done.lock().unwrap(), ["explain", "open", "requeue", "discard"]);
    let unknown = "01JD2Z5Y3V0Q8R6T4W2X1Z9B7D".parse().unwrap();
    assert!(matches!(operator.requeue(unknown).await, Err(Ask::Unknown)));
    let probed = operator.probe().await.unwrap();
    assert_eq!(probed[0].steps[0], ("imap login".to_owned(), Ok("IDLE".to_owned())));
}

#[tokio::test]
async fn whoever_has_the_token_may_take_everything_along() {
    let site = Site::new(Pipeline::default()).await;
    let mut file = Vec::new();
    let length = site.operator().export(Vec::new(), &mut file).await.unwrap();
    assert_eq!(length, file.len() as u64);
    assert!(file.starts_with(b"viadukt-export\n") && length > 200, "{length} bytes");
    let wrong = site.operator().export(vec!["age1x".to_owned()], &mut Vec::new()).await;
    assert!(matches!(wrong, Err(Ask::Failed(why)) if why.contains("age1…")));
    assert!(matches!(site.stranger().export(Vec::new(), &mut Vec::new()).await, Err(Ask::Refused)));
}

#[tokio::test]
async fn it_ends_when_told() {
    let site = Site::new(Pipeline::default()).await;
    site.stop.cancel();
    site.task.await.unwrap().unwrap();
}

/// A listener at work on a free port.
struct Site {
    address: SocketAddr,
    pipeline: Arc<Pipeline>,
    data_dir: TempDir,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

/// One spool file.
/// What can be taken along: one attachment.
pub(super) fn source(folder: &std::path::Path, env: &Env) -> Source {
    let keys = Keys::passing(&*env.entropy);
    let spool = FileSpool::open(&folder.join("spool"), &keys, env, 0).unwrap();
    let attachment: &dyn Spool = &spool;
    attachment.put(b"a plan of the house").unwrap();
    Source::new(Arc::new(MemoryStore::default()), spool, env.clone())
}

impl Site {
    async fn new(pipeline: Pipeline) -> Self {
        let env = Env::system();
        let data_dir = TempDir::new().unwrap();
        let pipeline = Arc::new(pipeline);
        let served = Served {
            operations: pipeline.clone(),
            source: source(data_dir.path(), &env),
            metrics: Arc::new(Metrics::new(&*env.clock).unwrap()),
            token: Arc::new(AdminToken::create(data_dir.path(), &*env.entropy).unwrap()),
            console: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, served, stop.clone()));
        Self { address, pipeline, data_dir, stop, task }
    }

    fn operator(&self) -> Running {
        Running::new(self.address, AdminToken::read(self.data_dir.path()).unwrap())
    }

    /// Someone who has no token.
    fn stranger(&self) -> Running {
        Running::stranger(self.address)
    }
}

#[derive(Default)]
struct Pipeline {
    down: Vec<&'static str>,
    done: Mutex<Vec<&'static str>>,
}

impl Pipeline {
    fn change(&self, what: &'static str, reference: Reference) -> Result<(), OperationError> {
        if reference.to_string() != REFERENCE {
            return Err(OperationError::Unknown);
        }
        self.done.lock().unwrap().push(what);
        Ok(())
    }
}

#[async_trait]
impl Operations for Pipeline {
    fn ready(&self) -> bool {
        true
    }

    fn health(&self) -> Vec<(WorkerName, Health)> {
        let down = |name: &&str| (name.parse().unwrap(), Health::Down("imap login".to_owned()));
        let hub = (WorkerName::hub(), Health::Up);
        std::iter::once(hub).chain(self.down.iter().map(down)).collect()
    }

    async fn probe(&self) -> Vec<(WorkerName, Vec<Probe>)> {
        let probe = Probe { what: "imap login".to_owned(), result: Ok("IDLE".to_owned()) };
        vec![("post".parse().unwrap(), vec![probe])]
    }

    async fn status(&self) -> Result<StatusView, OperationError> {
        let process = ProcessView {
            version: "1".to_owned(),
            started_at: Timestamp(0),
            now: Timestamp(1),
            ready: true,
            store_bytes: None,
            spool_bytes: Some(7),
        };
        Ok(StatusView { process, workers: Vec::new() })
    }

    async fn find(&self, name: &str) -> Result<Vec<FoundView>, OperationError> {
        let item = REFERENCE.parse().unwrap();
        let found = FoundView { item, worker: "post".parse().unwrap(), at: Timestamp(0) };
        Ok(Some(found).filter(|_| name == "<a/b+c @d>").into_iter().collect())
    }

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        let entry = TraceEntry {
            at: Timestamp(0),
            after_ms: 0,
            stage: Stage::Accept,
            what: "accepted".to_owned(),
            reason: None,
            worker: None,
            attempt: None,
            protection: Some(Protection::TLS),
        };
        Ok(TraceView { item, from: None, direction: None, entries: vec![entry] })
    }

    async fn explain(&self, question: &Question) -> Result<ExplainView, OperationError> {
        self.change("explain", REFERENCE.parse().unwrap())?;
        let line = ExplainLine { topic: ExplainTopic::Verdict, words: format!("{question:?}") };
        Ok(ExplainView {
            bridge: "post".parse().unwrap(),
            kind: "letter".to_owned(),
            expected: Expected::Sent,
            lines: vec![line],
        })
    }

    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, OperationError> {
        let letter = self.dead_letter(REFERENCE.parse().unwrap()).await?;
        Ok(Some(letter)
            .filter(|letter| filter.fits(letter, Timestamp(60_000)))
            .into_iter()
            .collect())
    }

    async fn dead_letter(&self, reference: Reference) -> Result<DeadLetterView, OperationError> {
        Ok(DeadLetterView {
            reference,
            bridge: "post".parse().unwrap(),
            direction: Direction::Out,
            since: Timestamp(0),
            until: Timestamp(9),
            reason: ReasonView { key: "mail-refused".to_owned(), words: "refused".to_owned() },
            attempts: 1,
            doubtful: false,
        })
    }

    async fn open(&self, reference: Reference, _: &str) -> Result<OpenedView, OperationError> {
        self.change("open", reference)?;
        let letter = self.dead_letter(reference).await?;
        Ok(OpenedView { letter, content: ContentView::of("secret".to_owned()) })
    }

    async fn requeue(&self, reference: Reference, _: &str) -> Result<(), OperationError> {
        self.change("requeue", reference)
    }

    async fn discard(&self, reference: Reference, _: &str) -> Result<(), OperationError> {
        self.change("discard", reference)
    }

    async fn conversations(&self) -> Result<ConversationsView, OperationError> {
        Ok(ConversationsView::default())
    }

    async fn contacts(&self) -> Result<Vec<ContactView>, OperationError> {
        Ok(Vec::new())
    }

    async fn unblock(&self, _: &str) -> Result<(), OperationError> {
        Err(OperationError::Unknown)
    }

    async fn test_room(&self, _: &WorkerName) -> Result<Reference, OperationError> {
        Err(OperationError::Unknown)
    }

    async fn record_done(&self, _: DoneView) -> Result<(), OperationError> {
        Ok(())
    }

    async fn done(&self) -> Result<Vec<DoneView>, OperationError> {
        Ok(Vec::new())
    }
}
