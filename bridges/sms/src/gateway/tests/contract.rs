//! The contract suite, against a stand-in for the phone behind `sms-gate`: it takes messages over
//! HTTP and calls the hooks, again and again until it is answered well.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::{Hmac, Mac};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::contract::{Bench, FarSide, Memory, Taken, check_all, context};
use viadukt_api::inbox::Durable;
use viadukt_api::{
    Address, Call, Content, DeliveryId, Env, Form, Inbox, MessageId, Outbound, Sender, Target,
    Timestamp, Worker, async_trait,
};

use super::{gateway, name};
use crate::config::Options;
use crate::worker::SmsWorker;

const CITIZEN: &str = "+491701234567";
const KEY: &str = "signing-key";

struct Phone {
    address: SocketAddr,
    listening: Mutex<Option<JoinHandle<()>>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    /// Events that wait to be taken, oldest first.
    events: Arc<Mutex<VecDeque<String>>>,
    count: Mutex<u64>,
}

impl Phone {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let phone = Self {
            address: listener.local_addr().unwrap(),
            listening: Mutex::default(),
            taken: Arc::default(),
            events: Arc::default(),
            count: Mutex::default(),
        };
        phone.listen(listener);
        phone
    }

    fn listen(&self, listener: TcpListener) {
        let taken = Arc::clone(&self.taken);
        let task = tokio::spawn(async move { while serve(&listener, &taken).await.is_some() {} });
        *self.listening.lock().unwrap() = Some(task);
    }

    /// Puts an event where [`call_until_taken`] finds it.
    fn event(&self, from: &str, text: &str) {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        let at = format!("2026-11-24T12:00:00.{:03}Z", *count);
        let payload = json!({ "phoneNumber": from, "message": text, "receivedAt": at });
        let event = json!({ "event": "sms:received", "payload": payload });
        self.events.lock().unwrap().push_back(event.to_string());
    }
}

/// Answers one request; a message whose id is known is answered 409.
async fn serve(listener: &TcpListener, taken: &Mutex<Vec<Taken>>) -> Option<()> {
    let (mut stream, _) = listener.accept().await.ok()?;
    let mut heard = Vec::new();
    while !super::sends::is_whole(&heard) {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0);
        heard.extend_from_slice(&piece[..length?]);
    }
    let text = String::from_utf8(heard).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let sms: Value = serde_json::from_str(body).unwrap_or_default();
    let id = sms["id"].as_str().map(str::to_owned);
    let text = sms["textMessage"]["text"].as_str().unwrap_or_default().to_owned();
    let is_known = taken.lock().unwrap().iter().any(|one| one.id == id);
    let (status, body) = match is_known {
        true => ("409 Conflict", "{}".to_owned()),
        false => ("202 Accepted", json!({ "id": id }).to_string()),
    };
    taken.lock().unwrap().push(Taken { id, text });
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.ok()
}

/// Calls the hooks as the app does: one event after the other, each until it is taken.
async fn call_until_taken(
    worker: Arc<dyn Worker>,
    inbox: Inbox,
    events: Arc<Mutex<VecDeque<String>>>,
) {
    loop {
        let next = events.lock().unwrap().front().cloned();
        if let Some(event) = next {
            let answer = worker.hooks().unwrap().call(signed(&event), &inbox).await;
            if answer.is_ok() {
                events.lock().unwrap().pop_front();
                continue;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn signed(event: &str) -> Call {
    let timestamp = (Env::system().now().0 / 1000).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(event.as_bytes());
    mac.update(timestamp.as_bytes());
    let signature: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/json".parse().unwrap());
    headers.insert("X-Timestamp", timestamp.parse().unwrap());
    headers.insert("X-Signature", signature.parse().unwrap());
    Call {
        method: Method::POST,
        path: String::new(),
        query: String::new(),
        url: "https://amt.example/hooks/sms/".to_owned(),
        headers,
        body: event.to_owned().into(),
        from: [192, 0, 2, 1].into(),
    }
}

#[async_trait]
impl FarSide for Phone {
    async fn put(&self, text: &str) {
        self.event(CITIZEN, text);
    }

    async fn put_poison(&self) -> bool {
        self.event("", "from nobody");
        true
    }

    async fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    async fn outage(&self, on: bool) {
        if on {
            let task = self.listening.lock().unwrap().take().unwrap();
            task.abort();
            let _aborted = task.await;
        } else {
            self.listen(TcpListener::bind(self.address).await.unwrap());
        }
    }

    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound {
        let recipient = Address::new(CITIZEN);
        Outbound {
            id,
            accepted_at: Timestamp(0),
            repeated: false,
            target: Target::Remote {
                recipient: recipient.clone(),
                to: vec![recipient],
                cc: Vec::new(),
                via: None,
                subject: None,
                message_id: MessageId::new(format!("reference-{id}")),
                references: Vec::new(),
            },
            form: Form::Say {
                sender: Sender { address: Address::new("@anna"), name: None, power: None },
                content: Content { text: text.to_owned(), ..Content::default() },
                subject: None,
                correction: false,
                automatic: false,
                mentions: Vec::new(),
            },
        }
    }
}

#[tokio::test]
async fn the_contract_is_kept() {
    let phone = Arc::new(Phone::new().await);
    let durable = Arc::new(Memory::default());
    let context = context(&name(), &durable);
    let (spool, words) = (Arc::clone(&context.spool), Arc::clone(&context.words));
    let transport = gateway("sms-gate", &format!("http://{}", phone.address), KEY, context);

    let toml = "numbers = ['+4915112345678']\nprefixes = ['+49']";
    let findings = Findings::default();
    let table = toml::de::DeTable::parse(toml).unwrap();
    let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
    let options = Options::parse(&fields).unwrap();
    let worker: Arc<dyn Worker> = Arc::new(SmsWorker::new(options, Arc::new(transport), &words));

    let shared: Arc<dyn Durable> = Arc::clone(&durable) as _;
    let inbox = Inbox::new(name(), shared);
    let events = Arc::clone(&phone.events);
    let calling = tokio::spawn(call_until_taken(Arc::clone(&worker), inbox, events));
    let far: Arc<dyn FarSide> = Arc::<Phone>::clone(&phone);
    check_all(&Bench { worker, durable, spool, name: name(), far }).await;
    calling.abort();
}
