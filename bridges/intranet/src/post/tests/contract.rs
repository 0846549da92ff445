//! The contract suite, over a Standard Webhooks receiver that knows a message again by its id. It
//! calls us in the simplest way there is, again and again until it is answered well.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::net::TcpListener;
use viadukt_api::contract::{Bench, FarSide, Memory, Taken, check_all, context};
use viadukt_api::inbox::Durable;
use viadukt_api::{
    Address, Answer, Call, DeliveryId, Form, HookError, Inbox, MessageId, Outbound, Patience,
    Protection, Reason, Target, Timestamp, Unreadable, Worker, async_trait,
};

use crate::notice::{Manner, Notice};
use crate::post::testing::{Does, Said, StandIn, system, text};
use crate::reader::{Reader, ReaderTable, Reading, Reads};
use crate::received::Received;
use crate::system::{Brought, Called, System, Takes};
use crate::systems::tests::with_fields;
use crate::worker::IntranetWorker;

const POISON: &str = "\u{0}";

/// The receiver, with a call whose body is the text.
struct Desk {
    receiver: Box<dyn System>,
    reader: Reader,
}

/// Bodies that are the text.
struct Texts;

impl Reads for Texts {
    fn template(&self) -> &'static str {
        ""
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let said = String::from_utf8_lossy(&received.body).into_owned();
        match said.as_str() {
            POISON => Err(Unreadable { reason: Reason::new("intranet-unreadable") }),
            _ => Ok(Reading::of(
                said.clone().into(),
                Notice { content: text(said), ..Notice::default() },
            )),
        }
    }

    fn examples(&self, _: &[u8]) -> Result<Vec<Received>, String> {
        Ok(Vec::new())
    }
}

impl System for Desk {
    fn reader(&self) -> Option<&Reader> {
        Some(&self.reader)
    }

    fn called(&self) -> Option<&dyn Called> {
        Some(self)
    }

    fn takes(&self) -> Option<&dyn Takes> {
        self.receiver.takes()
    }
}

impl Called for Desk {
    fn admit(&self, _: &Call, _: Timestamp) -> Result<(), HookError> {
        Ok(())
    }

    fn call(&self, call: &Call, at: Timestamp) -> Result<Brought, HookError> {
        let item = Received {
            system: "desk".to_owned(),
            id: call.query.clone(),
            at,
            beside: Vec::new(),
            protection: Protection::Plain,
            body: call.body.clone(),
        };
        let (content_type, headers) = ("text/plain", HeaderMap::new());
        let answer =
            Answer { status: http::StatusCode::OK, content_type, body: String::new(), headers };
        Ok(Brought { items: vec![item], answer })
    }
}

struct Far {
    address: SocketAddr,
    server: Mutex<StandIn>,
    calls: Arc<Mutex<VecDeque<String>>>,
}

impl Far {
    async fn new() -> Self {
        let server = StandIn::new(&[Does::says("204 No Content", "", "")]).await;
        Self { address: server.address, server: Mutex::new(server), calls: Arc::default() }
    }
}

/// Calls as such systems do: one call after the other, each until it is taken.
async fn call_until_taken(
    worker: Arc<dyn Worker>,
    inbox: Inbox,
    calls: Arc<Mutex<VecDeque<String>>>,
) {
    let mut number = 0;
    loop {
        let next = calls.lock().unwrap().front().cloned();
        if let Some(body) = next {
            let call = Call {
                method: Method::POST,
                path: "desk".to_owned(),
                query: number.to_string(),
                url: String::new(),
                headers: HeaderMap::new(),
                body: body.into(),
                from: [192, 0, 2, 1].into(),
            };
            if worker.hooks().unwrap().call(call, &inbox).await.is_ok() {
                calls.lock().unwrap().pop_front();
                number += 1;
                continue;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[async_trait]
impl FarSide for Far {
    async fn put(&self, text: &str) {
        self.calls.lock().unwrap().push_back(text.to_owned());
    }

    async fn put_poison(&self) -> bool {
        self.put(POISON).await;
        true
    }

    async fn taken(&self) -> Vec<Taken> {
        let heard = self.server.lock().unwrap().heard();
        let taken = |request: &String| {
            let (head, body) = request.split_once("\n\n").unwrap();
            let id = head.lines().find_map(|line| line.strip_prefix("webhook-id: "));
            let body: Value = serde_json::from_str(body).unwrap();
            let text = body["data"]["text"].as_str().unwrap().to_owned();
            Taken { id: id.map(str::to_owned), text }
        };
        heard.iter().map(taken).collect()
    }

    async fn outage(&self, on: bool) {
        if on {
            self.server.lock().unwrap().serving.abort();
            let gone = || async { self.server.lock().unwrap().serving.is_finished() };
            viadukt_api::contract::eventually("the server is gone", gone).await;
        } else {
            let listener = TcpListener::bind(self.address).await.unwrap();
            let heard = Arc::clone(&self.server.lock().unwrap().heard);
            let back = StandIn::on(listener, &[Does::says("204 No Content", "", "")], heard);
            *self.server.lock().unwrap() = back;
        }
    }

    fn outbound(&self, id: DeliveryId, text: &str) -> Outbound {
        let (recipient, said) = (Address::new("desk"), Said::by("Anna", text));
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
                message_id: MessageId::new(format!("msg-{id}")),
                references: Vec::new(),
            },
            form: Form::Say {
                sender: said.sender,
                content: said.content,
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
    let far = Arc::new(Far::new().await);
    let (name, durable) = ("intranet".parse().unwrap(), Arc::new(Memory::default()));
    let context = context(&name, &durable);
    let spool = Arc::clone(&context.spool);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let table = format!(
        "speaks = 'standard-webhooks'\nurl = 'http://{}'\nnetworks = ['127.0.0.1']
        signing_key_files = ['{{folder}}/key']",
        far.address
    );
    let reader = with_fields("", |fields| ReaderTable::parse(fields, Arc::new(Texts)));
    let reader = reader.build("desk", &context).unwrap();
    let desk = Desk { receiver: system(&table, folder.path(), &context), reader };
    let manner = Manner { name: "desk".to_owned(), title: None, level: None };
    let hours = Duration::from_secs(3_600);
    let patience = Patience { pauses: vec![hours], give_up_after: hours, tell_after: hours };
    let systems: Vec<(Manner, Box<dyn System>)> = vec![(manner, Box::new(desk))];
    let worker: Arc<dyn Worker> = Arc::new(IntranetWorker::new(systems, patience, context));
    assert!(worker.idempotent(Some(&Address::new("desk/anna"))), "it knows a message by its id");
    assert!(!worker.idempotent(Some(&Address::new("other"))));

    let shared: Arc<dyn Durable> = Arc::clone(&durable) as _;
    let inbox = Inbox::new(name.clone(), shared);
    let calls = Arc::clone(&far.calls);
    let calling = tokio::spawn(call_until_taken(Arc::clone(&worker), inbox, calls));
    check_all(&Bench { worker, durable, spool, name, far: far as Arc<dyn FarSide> }).await;
    calling.abort();
}
