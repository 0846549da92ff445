//! A hub without a pipeline: memory for what it accepts, and a clerk to talk with.

pub mod clerk;
pub mod memory;
pub mod proxy;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::words::Language;
use viadukt_api::{
    Act, Address, Content, Context, DeliveryId, Env, Form, Health, Hub, HubKind, Inbox, ItemId,
    Keep, Message, MessageId, Outbound, RoomId, RoomSpec, Sender, Target, Timestamp, Words,
    WorkerError, WorkerName,
};
use viadukt_testservers::synapse::Synapse;

use self::memory::{MemoryDurable, MemorySpool};

pub const PASSWORD: &str = "correct horse battery staple";
const DEADLINE: Duration = Duration::from_secs(60);

/// A folder and a memory that outlive the hub: what a kill leaves.
pub struct Remains {
    pub folder: Arc<tempfile::TempDir>,
    data: PathBuf,
    pub durable: Arc<MemoryDurable>,
    pub spool: Arc<MemorySpool>,
    pub homeserver: String,
    /// The line of the configuration that says how to log in.
    login: String,
    extra: String,
}

impl Remains {
    /// Registers the bot `post` and prepares its files; `extra` goes into the configuration.
    pub async fn new(server: &Synapse, extra: &str) -> Self {
        server.register("post", PASSWORD).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
        Self {
            data: folder.path().join("data"),
            durable: Arc::default(),
            spool: Arc::default(),
            homeserver: server.url(),
            login: format!("password_file = {:?}", folder.path().join("password")),
            folder: Arc::new(folder),
            extra: extra.to_owned(),
        }
    }

    /// Another hub of the same account on the data folder `data`, with the same memory so far.
    pub fn beside(other: &Self, data: &Path) -> Self {
        Self {
            folder: other.folder.clone(),
            data: data.to_owned(),
            durable: Arc::new(other.durable.copy()),
            spool: Arc::default(),
            homeserver: other.homeserver.clone(),
            login: other.login.clone(),
            extra: other.extra.clone(),
        }
    }

    /// Lets the hub log in by `token` from now on.
    pub fn use_token(&mut self, token: &str) {
        let path = self.folder.path().join("token");
        std::fs::write(&path, token).unwrap();
        self.login = format!("token_file = {path:?}");
    }

    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    pub fn recovery_key(&self) -> PathBuf {
        self.folder.path().join("recovery")
    }

    /// Starts a hub on them.
    pub async fn start(&self) -> Running {
        let hub = self.build().await;
        let inbox = Inbox::new(WorkerName::hub(), self.durable.clone());
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (hub, stop) = (hub.clone(), stop.clone());
            async move {
                let ended = hub.run(inbox, stop).await;
                if let Err(error) = &ended {
                    eprintln!("the hub ended: {error}");
                }
                ended
            }
        });
        Running { hub, stop, task, durable: self.durable.clone() }
    }

    /// Builds a hub without running it.
    pub async fn build(&self) -> Arc<dyn Hub> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let text = format!(
            "homeserver = {:?}\nuser = \"post\"\n{}\nrecovery_key_file = {:?}\n{}",
            self.homeserver,
            self.login,
            path("recovery"),
            self.extra,
        );
        let table = DeTable::parse(&text).unwrap();
        let findings = Findings::default();
        let fields = Fields::new(table.get_ref(), table.span(), "matrix", &findings);
        let section = viadukt_matrix::Matrix.parse(&fields);
        drop(fields);
        assert_eq!(findings.into_sorted(), []);
        let context = Context {
            name: WorkerName::hub(),
            env: Env::system(),
            spool: self.spool.clone(),
            keep: Keep::new(WorkerName::hub(), self.durable.clone()),
            words: Arc::new(Words::new(Language::De)),
            hooks_url: None,
        };
        section.unwrap().build(context, Path::new(&self.data())).await.unwrap()
    }
}

/// A hub at work.
pub struct Running {
    pub hub: Arc<dyn Hub>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), WorkerError>>,
    durable: Arc<MemoryDurable>,
}

impl Running {
    /// Waits until it is connected and verified.
    pub async fn up(&self) {
        until("the hub is up", async || {
            assert!(!self.task.is_finished(), "the hub ended: {:?}", self.hub.health());
            (self.hub.health() == Health::Up).then_some(())
        })
        .await;
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Waits for its own end.
    pub async fn ended(self) -> WorkerError {
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap().unwrap_err()
    }

    /// Everything accepted so far, in order.
    pub fn messages(&self) -> Vec<Message> {
        let raws = self.durable.accepted();
        raws.iter().map(|raw| self.hub.normalise(raw).unwrap()).collect()
    }

    /// Waits for an accepted message that `wanted` picks.
    pub async fn message(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        until(what, async || self.messages().into_iter().find(|message| wanted(message))).await
    }

    /// Waits for the message that says `text`.
    pub async fn hears(&self, text: &str) -> Message {
        self.message(text, |message| message.content.text == text).await
    }

    /// Waits for a notice to the room by its key.
    pub async fn tells(&self, key: &str) -> Message {
        self.message(key, |message| matches!(&message.act, Act::Tell(reason) if reason.key == key))
            .await
    }

    /// A room that the hub creates, with `clerk` invited.
    pub async fn room(&self, clerk: &clerk::Clerk) -> RoomId {
        self.hub.ensure_room(&spec(clerk)).await.unwrap()
    }
}

/// The description of a room to create, with `clerk` invited.
pub fn spec(clerk: &clerk::Clerk) -> RoomSpec {
    RoomSpec {
        key: None,
        bridge: "mailbox".parse().unwrap(),
        existing: None,
        name: "Bürgerpost".into(),
        invite: vec![Address::new(clerk.user())],
    }
}

/// The delivery of `form` into `room`, the `number`th of its test.
pub fn outbound(number: u128, room: &RoomId, thread: Option<&MessageId>, form: Form) -> Outbound {
    Outbound {
        id: DeliveryId { item: ItemId(number.into()), part: 0 },
        accepted_at: Env::system().now(),
        repeated: false,
        target: Target::Room { room: room.clone(), thread: thread.cloned(), reply_to: None },
        form,
    }
}

/// What Anna, a citizen, says.
pub fn says(text: &str) -> Form {
    Form::Say {
        sender: anna(),
        content: Content { text: text.into(), ..Content::default() },
        subject: None,
        correction: false,
        automatic: false,
        mentions: Vec::new(),
    }
}

pub fn anna() -> Sender {
    Sender {
        address: Address::new("anna@example.org"),
        name: Some("Anna Muster".into()),
        power: None,
    }
}

pub fn long_ago() -> Timestamp {
    Timestamp(Env::system().now().0 - 21 * 3600 * 1000)
}

/// Waits for `found` to find something.
pub async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
