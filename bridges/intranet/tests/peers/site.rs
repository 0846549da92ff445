//! A bridge of ours, and the door at which others call it over HTTP.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tempfile::TempDir;
use viadukt_api::contract::{Memory, context, delivery_id, eventually, section};
use viadukt_api::inbox::Durable;
use viadukt_api::{
    AcceptError, Address, Answer, Call, Content, DeliveryError, Form, HookError, Inbox, Matter,
    Message, MessageId, Outbound, Receipt, Sender, Target, Timestamp, Worker, WorkerName,
};
use viadukt_intranet::Intranet;
use viadukt_testservers::{Reply, Request, Web};

/// The bridge's name.
const NAME: &str = "amt";

/// A bridge at work: not its [`Worker::run`], which listens, but what it is called with and asked
/// to deliver.
pub struct Site {
    /// What it stands on.
    pub durable: Arc<Memory>,
    toml: String,
    folder: TempDir,
    door: Web,
    inside: Arc<Mutex<Option<Inside>>>,
    deliveries: Mutex<u64>,
}

/// What is behind the door.
#[derive(Clone)]
struct Inside {
    worker: Arc<dyn Worker>,
    inbox: Inbox,
}

impl Site {
    /// Opens the door of a bridge that is not there yet: [`Self::build`] comes next. Each secret
    /// lies in a file of its name.
    pub async fn open(secrets: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, secret) in secrets {
            std::fs::write(folder.path().join(name), secret).unwrap();
        }
        let inside = Arc::<Mutex<Option<Inside>>>::default();
        let behind = Arc::clone(&inside);
        let handler = move |request| -> Pin<Box<dyn Future<Output = Reply> + Send>> {
            let inside = lock(&behind).clone();
            Box::pin(async move {
                match inside {
                    Some(inside) => inside.answer(request).await,
                    None => Reply::status(503),
                }
            })
        };
        let door = Web::start(None, Arc::new(handler)).await.unwrap();
        let (durable, deliveries) = (Arc::default(), Mutex::default());
        Self { durable, toml: String::new(), folder, door, inside, deliveries }
    }

    /// Builds the bridge from its options, in which `FOLDER` is that of the secrets.
    pub async fn build(mut self, toml: &str) -> Self {
        self.toml = toml.replace("FOLDER", &self.folder.path().display().to_string());
        self.restart().await;
        self
    }

    /// Builds it anew on the same memory, as a restart of the process does.
    pub async fn restart(&self) {
        let name: WorkerName = NAME.parse().unwrap();
        let section = section(&Intranet, &name, &self.toml);
        let mut context = context(&name, &self.durable);
        context.hooks_url = Some(format!("{}/hooks/{NAME}", self.door.url()));
        let worker = section.build(context).await.unwrap();
        let inbox = Inbox::new(name, Arc::clone(&self.durable) as Arc<dyn Durable>);
        *lock(&self.inside) = Some(Inside { worker, inbox });
    }

    /// Where the system `system` calls.
    pub fn url(&self, system: &str) -> String {
        format!("{}/hooks/{NAME}/{system}", self.door.url())
    }

    /// The same without the scheme.
    pub fn place(&self, system: &str) -> String {
        format!("127.0.0.1:{}/hooks/{NAME}/{system}", self.door.port())
    }

    /// Calls `system` as `request` says, with its headers and body; gives the status.
    pub async fn call(&self, system: &str, headers: &[(String, String)], body: &str) -> u16 {
        let request = Request {
            method: "POST".to_owned(),
            target: format!("/hooks/{NAME}/{system}"),
            headers: headers.to_vec(),
            body: body.into(),
        };
        match self.inside().answer(request).await {
            Reply::Answer { status, .. } => status,
            Reply::Silence | Reply::Close => 0,
        }
    }

    /// The messages that were accepted so far; each must be readable.
    pub fn messages(&self) -> Vec<Message> {
        let inside = self.inside();
        let items = self.durable.items().into_iter();
        items.map(|item| inside.worker.normalise(&item.raw).unwrap()).collect()
    }

    /// Waits until `count` messages were accepted, and gives them.
    pub async fn wait_for(&self, count: usize) -> Vec<Message> {
        self.durable.wait_for(count).await;
        self.messages()
    }

    /// Waits until a message was accepted for which `fits` holds, and gives the first.
    pub async fn sees(&self, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let found = || self.messages().into_iter().find(&fits);
        eventually(what, || async { found().is_some() }).await;
        found().unwrap()
    }

    /// Delivers a clerk's `text` to `to`, as a message that was not delivered before.
    pub async fn say(&self, to: &str, text: &str) -> Result<Receipt, DeliveryError> {
        self.inside().worker.deliver(&self.outbound(to, text)).await
    }

    /// What [`Self::say`] delivers, to be delivered again.
    pub fn outbound(&self, to: &str, text: &str) -> Outbound {
        let content = Content { text: text.to_owned(), ..Content::default() };
        self.to(
            to,
            Form::Say {
                sender: clerk(),
                content,
                subject: None,
                correction: false,
                automatic: false,
                mentions: Vec::new(),
            },
        )
    }

    /// Makes an attempt at a delivery.
    pub async fn deliver(&self, out: &Outbound) -> Result<Receipt, DeliveryError> {
        self.inside().worker.deliver(out).await
    }

    /// Has the clerk ask the system behind `message` for something.
    pub async fn ask(
        &self,
        message: &Message,
        word: &str,
        rest: &str,
    ) -> Result<Receipt, DeliveryError> {
        let (word, rest) = (word.to_owned(), rest.to_owned());
        let matter: Matter = message.matter.clone().unwrap();
        let deed = Form::Deed { word, rest, sender: clerk(), matter };
        self.deliver(&self.to(message.sender.address.as_str(), deed)).await
    }

    fn to(&self, to: &str, form: Form) -> Outbound {
        let mut deliveries = lock(&self.deliveries);
        *deliveries += 1;
        let id = delivery_id(*deliveries);
        let recipient = Address::new(to);
        Outbound {
            id,
            accepted_at: viadukt_api::Env::system().now(),
            repeated: false,
            target: Target::Remote {
                recipient: recipient.clone(),
                to: vec![recipient],
                cc: Vec::new(),
                via: None,
                subject: None,
                message_id: MessageId::new(format!("msg-{id}")),
                references: Vec::new(),
            },
            form,
        }
    }

    fn inside(&self) -> Inside {
        lock(&self.inside).clone().unwrap()
    }
}

impl Inside {
    /// What the program's public listener does with a call that it lets in, without its limits.
    async fn answer(&self, request: Request) -> Reply {
        let Some(call) = call(request) else { return Reply::status(404) };
        let Some(hooks) = self.worker.hooks() else { return Reply::status(404) };
        match hooks.call(call, &self.inbox).await {
            Ok(Answer { status, content_type, body, headers }) => {
                let mut given = vec![("Content-Type", content_type)];
                given.extend(
                    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())),
                );
                Reply::with(status.as_u16(), &given, body)
            }
            Err(error) => Reply::status(refusal(&error).as_u16()),
        }
    }
}

fn refusal(error: &HookError) -> StatusCode {
    match error {
        HookError::Unauthorised(_) => StatusCode::UNAUTHORIZED,
        HookError::Unknown => StatusCode::NOT_FOUND,
        HookError::Expired => StatusCode::GONE,
        HookError::Malformed(_) => StatusCode::BAD_REQUEST,
        HookError::Accept(AcceptError::Full(_)) => StatusCode::TOO_MANY_REQUESTS,
        HookError::Accept(AcceptError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn call(request: Request) -> Option<Call> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = path.strip_prefix("/hooks/")?.strip_prefix(NAME)?.trim_start_matches('/');
    let header = |(name, value): &(String, String)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    Some(Call {
        method: Method::from_bytes(request.method.as_bytes()).ok()?,
        path: path.to_owned(),
        query: query.to_owned(),
        url: format!("https://amt.example{}", request.target),
        headers: request.headers.iter().map(header).collect::<HeaderMap>(),
        body: request.body.into(),
        from: [127, 0, 0, 1].into(),
    })
}

/// Who speaks in the room.
fn clerk() -> Sender {
    let (address, name) = (Address::new("@anna:amt.example"), Some("Anna Amt".to_owned()));
    Sender { address, name, power: Some(50) }
}

/// The time now, in seconds since 1970.
pub fn now() -> i64 {
    let Timestamp(now) = viadukt_api::Env::system().now();
    i64::try_from(now).unwrap() / 1_000
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
