//! The whole program over a store on disk, with a hub and a bridge in memory.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use viadukt_api::config::Fields;
use viadukt_api::fake::{FakeWorker, message};
use viadukt_api::{BuildError, Hub, HubKind, HubSection, Kind, Section, async_trait};

use super::*;
use crate::config::Registry;
use crate::http::front::tests::{Pager, post, status};

#[tokio::test]
async fn a_call_from_outside_comes_into_the_room_once() {
    let (folder, hub) = (TempDir::new().unwrap(), Arc::new(FakeWorker::default()));
    let said = serde_json::to_string(&message("1", "+491701234567", "Hallo")).unwrap();
    let running = Running::start(&folder, &hub).await;
    assert_eq!(status(&running.call(&post("/hooks/pager/in", &said)).await), 202);
    hub.wait_for(1).await;
    running.stop().await;
    // What the provider repeats, because it did not hear the answer, is known.
    let running = Running::start(&folder, &hub).await;
    assert_eq!(status(&running.call(&post("/hooks/pager/in", &said)).await), 202);
    assert_eq!(status(&running.call(&post("/hooks/pager/again", &said)).await), 202);
    hub.wait_for(2).await;
    running.stop().await;
    assert_eq!(hub.delivered().len(), 2);
}

/// viadukt at work.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), AppError>>,
}

impl Running {
    async fn start(folder: &TempDir, hub: &Arc<FakeWorker>) -> Self {
        let text = format!(
            "data_dir = {:?}\n\
             public = {{ listen = \"127.0.0.1:0\", base_url = \"https://viadukt.amt.example\" }}\n\
             matrix = {{}}\n\
             bridges.pager = {{ kind = \"pager\", senders = [\"*:amt.example\"] }}\n",
            folder.path()
        );
        let hub = Box::new(Shared(Arc::clone(hub)));
        let registry = Registry { hub, kinds: vec![Box::new(PagerKind)], starters: Vec::new() };
        let config = Config::parse(&text, &registry).unwrap_or_else(|found| panic!("{found:?}"));
        let env = Env::system();
        let metrics = Arc::new(Metrics::new(&*env.clock).unwrap());
        let app = App::build(config, env, metrics).await.unwrap();
        let address = app.front.as_ref().unwrap().1.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(app.run(stop.clone()));
        Self { address, stop, task }
    }

    async fn call(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A hub that is there already.
struct Shared(Arc<FakeWorker>);

impl HubKind for Shared {
    fn parse(&self, _: &Fields<'_>) -> Option<Box<dyn HubSection>> {
        Some(Box::new(Self(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl HubSection for Shared {
    async fn build(&self, _: Context, _: &Path) -> Result<Arc<dyn Hub>, BuildError> {
        Ok(self.0.clone())
    }
}

struct PagerKind;

impl Kind for PagerKind {
    fn name(&self) -> &'static str {
        "pager"
    }

    fn parse(&self, _: &WorkerName, _: &Fields<'_>) -> Option<Box<dyn Section>> {
        Some(Box::new(Self))
    }
}

#[async_trait]
impl Section for PagerKind {
    async fn build(&self, _: Context) -> Result<Arc<dyn Worker>, BuildError> {
        Ok(Arc::new(Pager::default()))
    }

    fn is_called(&self) -> bool {
        true
    }
}
