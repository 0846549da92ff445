//! Attempts at texts of several parts, answered one by one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusmpp::CommandStatus;
use rusmpp::pdus::SubmitSmResp;
use tokio::task::JoinHandle;
use viadukt_api::contract::{Memory, delivery_id};
use viadukt_api::inbox::Durable;
use viadukt_api::{Clock, DeliveryError, Env, Keep, Receipt, Timestamp};

use super::bind;
use super::config::SmppSection;
use super::line::Server;
use super::nameless::Nameless;
use super::pace::Window;
use super::pdu::Frame;
use super::send::Sender;
use super::session_tests::{self, Gateway};
use super::ways::Way;
use crate::outgoing::Outgoing;

fn sender(memory: &Arc<Memory>) -> Arc<Sender> {
    sender_in(memory, Env::system())
}

fn sender_in(memory: &Arc<Memory>, env: Env) -> Arc<Sender> {
    let section = SmppSection::usual();
    let server = Server::new(&section.server).unwrap();
    let gateway = bind::Gateway::new(&section, server, "geheim".to_owned().into(), env.clone());
    let durable: Arc<dyn Durable> = Arc::clone(memory) as _;
    let keep = Keep::new("handy".parse().unwrap(), durable);
    let nameless = Arc::new(Nameless::load(keep.clone(), env.clone()));
    let sender = Sender::new(section, Arc::new(gateway.ok().unwrap()), keep, nameless, env);
    sender.running.store(true, Ordering::Relaxed);
    Arc::new(sender)
}

/// A text of three parts.
fn long() -> Outgoing {
    Outgoing {
        id: delivery_id(1),
        reference: "token".to_owned(),
        to: "+491701234567".to_owned(),
        from: "+4915112345678".to_owned(),
        text: "a".repeat(400),
        validity: None,
        repeated: false,
    }
}

fn send(sender: &Arc<Sender>, sms: Outgoing) -> JoinHandle<Result<Receipt, DeliveryError>> {
    let sender = Arc::clone(sender);
    tokio::spawn(async move { sender.send(&sms).await })
}

/// The number of a part, in its user data header.
fn number(frame: &Frame) -> u8 {
    let header = frame.body.windows(5).position(|w| w[..3] == [5, 0, 3] && w[4] == 3).unwrap();
    frame.body[header + 5]
}

async fn refuse(gateway: &mut Gateway, question: &Frame, status: CommandStatus) {
    gateway.say(status, question.sequence, SubmitSmResp::default()).await;
}

fn ids(receipt: Receipt) -> Vec<String> {
    let ids = receipt.id.into_iter().chain(receipt.more);
    ids.map(|id| id.as_str().to_owned()).collect()
}

#[tokio::test]
async fn a_part_that_is_too_much_is_sent_again_and_no_other() {
    let sender = sender(&Arc::default());
    let (session, mut gateway, _carried) = session_tests::usual();
    let _open = sender.ways.open(Way { session, window: Arc::new(Window::new(4)) });
    let sent = send(&sender, long());
    let first = gateway.next().await;
    assert_eq!(number(&first), 1, "alone, so that a refusal costs no more");
    gateway.answer(&first, "id-1").await;
    let (second, third) = (gateway.next().await, gateway.next().await);
    gateway.answer(&third, "id-3").await;
    refuse(&mut gateway, &second, CommandStatus::EsmeRthrottled).await;
    let again = gateway.next().await;
    assert_eq!(number(&again), 2);
    gateway.answer(&again, "id-2").await;
    assert_eq!(ids(sent.await.unwrap().unwrap()), ["id-1", "id-2", "id-3"]);
}

#[tokio::test]
async fn what_was_taken_is_known_after_a_restart() {
    let memory = Arc::<Memory>::default();
    let before = sender(&memory);
    let taken = |id: &str| Some(id.to_owned());
    before.progress.put(delivery_id(1), &vec![taken("id-1"), None, taken("id-3")]).await;

    let after = sender(&memory);
    let (session, mut gateway, _carried) = session_tests::usual();
    let _open = after.ways.open(Way { session, window: Arc::new(Window::new(4)) });
    let sent = send(&after, long());
    let missing = gateway.next().await;
    assert_eq!(number(&missing), 2);
    gateway.answer(&missing, "id-2").await;
    assert_eq!(ids(sent.await.unwrap().unwrap()), ["id-1", "id-2", "id-3"]);
    let kept = memory.kept_under(&"handy".parse().unwrap(), "smpp/taken/").unwrap();
    assert!(kept.is_empty());
}

/// A clock that shows one time for ever.
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test]
async fn what_was_taken_of_a_text_that_was_given_up_is_forgotten_one_day() {
    let memory = Arc::<Memory>::default();
    let kept = || memory.kept_under(&"handy".parse().unwrap(), "smpp/taken/").unwrap().len();
    let on_day = |day: u64| {
        let clock = Arc::new(Stopped(Timestamp(day * 86_400_000)));
        sender_in(&memory, Env { clock, ..Env::system() })
    };
    on_day(1).progress.put(delivery_id(1), &vec![Some("id-1".to_owned()), None]).await;
    on_day(31).progress.sweep().await;
    assert_eq!(kept(), 1);
    let later = on_day(32);
    later.progress.sweep().await;
    assert_eq!(kept(), 0);
    assert!(later.progress.take(delivery_id(1), 2).is_none());
}

#[tokio::test]
async fn one_part_without_an_answer_makes_the_whole_unknown() {
    let sender = sender(&Arc::default());
    let (session, mut gateway, _carried) = session_tests::usual();
    let _open = sender.ways.open(Way { session, window: Arc::new(Window::new(4)) });
    let sent = send(&sender, long());
    let first = gateway.next().await;
    gateway.answer(&first, "id-1").await;
    let second = gateway.next().await;
    refuse(&mut gateway, &second, CommandStatus::EsmeRinvdstadr).await;
    gateway.next().await;
    drop(gateway);
    let error = sent.await.unwrap().unwrap_err();
    assert!(matches!(error, DeliveryError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn an_interrupted_attempt_is_not_repeated_blindly() {
    let error = send(&sender(&Arc::default()), Outgoing { repeated: true, ..long() });
    let error = error.await.unwrap().unwrap_err();
    assert!(matches!(error, DeliveryError::Unknown { .. }), "{error}");
}
