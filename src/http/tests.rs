#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::sync::Mutex;

use tempfile::TempDir;
use viadukt_api::{Env, Health, ItemId, Probe, Spool, Timestamp, WorkerName, async_trait};

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
    assert_eq!(operator.trace(reference).await.unwrap().entries[0].stage, "accept");
    assert_eq!(operator.dead_letters().await.unwrap()[0].direction, Direction::Out);
    operator.requeue(reference).await.unwrap();
    operator.discard(reference).await.unwrap();
    assert_eq!(*site.pipeline.done.lock().unwrap(), ["requeue", "discard"]);
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
fn source(folder: &std::path::Path, env: &Env) -> Source {
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

    async fn trace(&self, item: ItemId) -> Result<TraceView, OperationError> {
        let (stage, what) = ("accept".to_owned(), "accepted".to_owned());
        let entry = TraceEntry { at: Timestamp(0), stage, what, detail: String::new() };
        Ok(TraceView { reference: Reference::Item(item), entries: vec![entry] })
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetterView>, OperationError> {
        Ok(vec![DeadLetterView {
            reference: REFERENCE.parse().unwrap(),
            bridge: "post".parse().unwrap(),
            direction: Direction::Out,
            since: Timestamp(0),
            reason: "refused".to_owned(),
        }])
    }

    async fn requeue(&self, reference: Reference) -> Result<(), OperationError> {
        self.change("requeue", reference)
    }

    async fn discard(&self, reference: Reference) -> Result<(), OperationError> {
        self.change("discard", reference)
    }
}
