//! The worker over a way that takes everything and remembers it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use viadukt_api::contract::parse;
use viadukt_api::words::Language;
use viadukt_api::{
    Address, Content, DeliveryError, DeliveryId, Form, Health, Inbox, ItemId, MessageId, Outbound,
    Probe, Protection, Raw, Receipt, Sender, Target, Timestamp, Words, Worker, WorkerError,
    async_trait,
};

use crate::config::Options;
use crate::outgoing::Outgoing;
use crate::transport::Transport;
use crate::worker::SmsWorker;

#[derive(Default)]
struct Remembering(Mutex<Vec<Outgoing>>);

#[async_trait]
impl Transport for Remembering {
    async fn run(&self, _: Inbox, stop: CancellationToken) -> Result<(), WorkerError> {
        stop.cancelled().await;
        Ok(())
    }

    async fn ready(&self) -> Result<(), DeliveryError> {
        Ok(())
    }

    async fn send(&self, sms: &Outgoing) -> Result<Receipt, DeliveryError> {
        self.0.lock().unwrap().push(sms.clone());
        let id = Some(MessageId::new("network-1"));
        Ok(Receipt { id, more: Vec::new(), protection: Protection::Plain })
    }

    async fn probe(&self) -> Vec<Probe> {
        Vec::new()
    }

    fn health(&self) -> Health {
        Health::Up
    }

    fn parallel(&self) -> usize {
        1
    }
}

fn worker() -> (SmsWorker, Arc<Remembering>) {
    let toml = "numbers = ['+4915112345678', '10001']\nprefixes = ['+49']";
    let options = parse(toml, "", Options::parse).0.unwrap();
    let transport = Arc::new(Remembering::default());
    let words = Arc::new(Words::new(Language::De));
    let way: Arc<dyn Transport> = Arc::<Remembering>::clone(&transport);
    (SmsWorker::new(options, way, &words), transport)
}

fn content(text: &str) -> Content {
    Content { text: text.to_owned(), ..Content::default() }
}

fn say(text: &str, via: Option<&str>) -> Outbound {
    let address = Address::new("@anna:amt.example");
    Outbound {
        id: DeliveryId { item: ItemId(ulid::Ulid(7)), part: 0 },
        accepted_at: Timestamp(1_790_000_000_000),
        repeated: false,
        target: Target::Remote {
            recipient: Address::new("+491701234567"),
            to: Vec::new(),
            via: via.map(Address::new),
            subject: Some("Antrag".to_owned()),
            message_id: MessageId::new("token"),
            references: Vec::new(),
        },
        form: Form::Say {
            sender: Sender { address, name: Some("Anna".to_owned()), power: None },
            content: content(text),
            subject: Some("Antrag".to_owned()),
            correction: false,
            automatic: false,
            mentions: Vec::new(),
        },
    }
}

#[tokio::test]
async fn a_delivery_goes_out_from_the_number_that_was_written_to() {
    let (worker, transport) = worker();
    for via in [None, Some("+4915112345678"), Some("10001"), Some("+4930999999")] {
        worker.deliver(&say("Ihr Pass ist da.", via)).await.unwrap();
    }
    let sent = transport.0.lock().unwrap();
    let from: Vec<&str> = sent.iter().map(|sms| sms.from.as_str()).collect();
    assert_eq!(from, ["+4915112345678", "+4915112345678", "10001", "+4915112345678"]);
    assert_eq!(sent[0].text, "Ihr Pass ist da.");
    assert_eq!(sent[0].to, "+491701234567");
    assert_eq!(sent[0].reference, "token");
}

#[tokio::test]
async fn what_may_not_be_sent_never_reaches_the_way() {
    let (worker, transport) = worker();
    let refused = worker.deliver(&say(&"a".repeat(2_000), None)).await.unwrap_err();
    assert!(matches!(refused, DeliveryError::Refused { .. }));
    assert!(transport.0.lock().unwrap().is_empty());
}

#[test]
fn the_cost_is_shown_when_there_is_more_than_one_part() {
    let (worker, _) = worker();
    let to = Address::new("+491701234567");
    let cost = |text: &str| worker.measure(&to, &content(text)).unwrap();
    assert_eq!(cost("Kurz.").units, 1);
    assert_eq!(cost("Kurz.").shown, None);
    let long = cost(&"a".repeat(400));
    assert_eq!(long.units, 3);
    assert_eq!(Words::new(Language::De).reason(&long.shown.unwrap()), "3 SMS");
}

#[test]
fn an_exchange_is_the_same_from_both_sides() {
    let (worker, _) = worker();
    let text =
        r#"{"text":{"id":"1","from":"01701234567","to":"10001","at":0,"body":{"plain":"Hallo"}}}"#;
    let message =
        worker.normalise(&Raw { bytes: text.as_bytes().into(), lifted: Vec::new() }).unwrap();
    let party = worker.recipient("0170 1234567").unwrap();
    assert_eq!(message.exchange, worker.exchange(message.via.as_ref(), &party));
    assert_ne!(message.exchange, worker.exchange(None, &party));
}

#[test]
fn a_recipient_that_cannot_be_written_to_is_refused_in_words() {
    let (worker, _) = worker();
    let words = Words::new(Language::De);
    let said = |written| words.reason(&worker.recipient(written).unwrap_err());
    assert_eq!(said("Anna"), "„Anna“ ist keine Telefonnummer.");
    assert!(said("030 901820").contains("Festnetz"));
}
