//! A session octet by octet, over a line in memory whose other end is the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use viadukt_api::Protection;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use rusmpp::pdus::{DeliverSm, SubmitSm, SubmitSmResp};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::bind::bounded;
use super::connection::{Taker, Timing, over};
use super::line::Line;
use super::pdu::{self, Frame};
use super::session::{End, NoAnswer, Session};

const PATIENCE: Duration = Duration::from_secs(5);

/// The gateway's end.
pub(super) struct Gateway {
    pub(super) line: DuplexStream,
    read: BytesMut,
}

impl Gateway {
    pub(super) async fn next(&mut self) -> Frame {
        let next = async {
            loop {
                if let Some(frame) = Frame::take(&mut self.read).unwrap() {
                    return frame;
                }
                assert!(self.line.read_buf(&mut self.read).await.unwrap() > 0, "it has ended");
            }
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap()
    }

    pub(super) async fn say(&mut self, status: CommandStatus, sequence: u32, pdu: impl Into<Pdu>) {
        let mut out = BytesMut::new();
        pdu::write(&Command::new(status, sequence, pdu), &mut out);
        self.line.write_all(&out).await.unwrap();
    }

    pub(super) async fn answer(&mut self, question: &Frame, id: &str) {
        let answer = SubmitSmResp::builder().message_id(bounded(id).unwrap()).build();
        self.say(CommandStatus::EsmeRok, question.sequence, answer).await;
    }
}

/// Takes in everything once `open` says so.
#[derive(Default)]
struct Taking {
    open: Notify,
    waits: bool,
    sequences: Mutex<Vec<u32>>,
    late: Mutex<Vec<(String, String)>>,
    farewells: AtomicU32,
}

impl Taker for Taking {
    fn take(self: Arc<Self>, frame: Frame) -> BoxFuture<'static, CommandStatus> {
        Box::pin(async move {
            if self.waits {
                self.open.notified().await;
            }
            self.sequences.lock().unwrap().push(frame.sequence);
            CommandStatus::EsmeRok
        })
    }

    fn answered_late(&self, token: String, answer: &Frame) {
        self.late.lock().unwrap().push((token, answer.message_id()));
        self.open.notify_one();
    }

    fn farewell(&self) {
        self.farewells.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

fn session(taking: &Arc<Taking>, enquire_link: Duration) -> (Session, Gateway, JoinHandle<End>) {
    let (ours, line) = tokio::io::duplex(1 << 16);
    let timing = Timing { enquire_link, response: Duration::from_millis(300) };
    let (session, connection) =
        over(Line { stream: Box::new(ours), protection: Protection::Plain }, timing);
    let taker = Arc::clone(taking) as Arc<dyn Taker>;
    let carried = tokio::spawn(connection.carry(Some(taker)));
    (session, Gateway { line, read: BytesMut::new() }, carried)
}

pub(super) fn usual() -> (Session, Gateway, JoinHandle<End>) {
    session(&Arc::default(), PATIENCE)
}

fn ask(session: &Session) -> JoinHandle<Result<Frame, NoAnswer>> {
    let session = session.clone();
    tokio::spawn(async move { session.ask(SubmitSm::default(), PATIENCE).await })
}

#[tokio::test]
async fn answers_find_their_questions_in_any_order_and_once() {
    let (session, mut gateway, _carried) = usual();
    let first = ask(&session);
    let question = gateway.next().await;
    let second = ask(&session);
    let other = gateway.next().await;
    gateway.answer(&other, "two").await;
    gateway.answer(&other, "two again").await;
    gateway.answer(&question, "one").await;
    assert_eq!(first.await.unwrap().unwrap().message_id(), "one");
    assert_eq!(second.await.unwrap().unwrap().message_id(), "two");
    assert_eq!(session.waiting(), 0);
}

#[tokio::test]
async fn what_was_not_written_is_known_to_be_unsent() {
    let (session, mut gateway, carried) = usual();
    let written = ask(&session);
    gateway.next().await;
    drop(gateway);
    assert_eq!(carried.await.unwrap(), End::Lost);
    assert_eq!(written.await.unwrap().err(), Some(NoAnswer::Silent));
    assert_eq!(ask(&session).await.unwrap().err(), Some(NoAnswer::Unsent));
}

#[tokio::test]
async fn an_answer_that_comes_late_is_good_for_something() {
    let taking = Arc::<Taking>::default();
    let (session, mut gateway, _carried) = session(&taking, PATIENCE);
    let patience = Duration::from_millis(20);
    let asked = session.ask_for(Some("token"), SubmitSm::default(), patience).await;
    assert_eq!(asked.err(), Some(NoAnswer::Silent));
    let question = gateway.next().await;
    gateway.answer(&question, "id-1").await;
    taking.open.notified().await;
    assert_eq!(*taking.late.lock().unwrap(), [("token".to_owned(), "id-1".to_owned())]);
}

#[tokio::test]
async fn a_generic_nack_answers_its_question() {
    let (session, mut gateway, _carried) = usual();
    let asked = ask(&session);
    let question = gateway.next().await;
    gateway.say(CommandStatus::EsmeRinvcmdlen, question.sequence, Pdu::GenericNack).await;
    assert_eq!(asked.await.unwrap().unwrap().status, CommandStatus::EsmeRinvcmdlen);
}

#[tokio::test]
async fn the_gateway_is_answered_by_its_own_numbers() {
    let taking = Arc::new(Taking { waits: true, ..Taking::default() });
    let (_session, mut gateway, _carried) = session(&taking, PATIENCE);
    gateway.say(CommandStatus::EsmeRok, 70, DeliverSm::default()).await;
    gateway.say(CommandStatus::EsmeRok, 71, Pdu::EnquireLink).await;
    // What is being accepted does not hold up the rest.
    let answer = gateway.next().await;
    assert_eq!((answer.id, answer.sequence), (CommandId::EnquireLinkResp, 71));
    taking.open.notify_one();
    let answer = gateway.next().await;
    assert_eq!((answer.id, answer.sequence), (CommandId::DeliverSmResp, 70));
    assert_eq!(answer.body[..], [0], "an empty message_id (SMPP 3.4 4.6.2)");
}

#[tokio::test]
async fn unknown_units_are_refused_and_cost_nothing_else() {
    let (session, mut gateway, _carried) = usual();
    // A command that nobody knows, with a body that means nothing.
    gateway.line.write_all(&[0, 0, 0, 18, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2]).await.unwrap();
    let answer = gateway.next().await;
    let expected = (CommandId::GenericNack, CommandStatus::EsmeRinvcmdid, 5);
    assert_eq!((answer.id, answer.status, answer.sequence), expected);
    let asked = ask(&session);
    let question = gateway.next().await;
    gateway.answer(&question, "one").await;
    asked.await.unwrap().unwrap();
}

#[tokio::test]
async fn garbage_ends_the_session_with_a_word() {
    let (_session, mut gateway, carried) = usual();
    gateway.line.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let answer = gateway.next().await;
    assert_eq!(answer.status, CommandStatus::EsmeRinvcmdlen);
    assert_eq!(carried.await.unwrap(), End::Garbage);
}

#[tokio::test]
async fn a_gateway_that_takes_leave_is_answered_and_everything_counts_as_arrived() {
    let taking = Arc::<Taking>::default();
    let (_session, mut gateway, carried) = session(&taking, PATIENCE);
    gateway.say(CommandStatus::EsmeRok, 9, Pdu::Unbind).await;
    let answer = gateway.next().await;
    assert_eq!((answer.id, answer.sequence), (CommandId::UnbindResp, 9));
    assert_eq!(carried.await.unwrap(), End::Unbound);
    assert_eq!(taking.farewells.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn silence_is_asked_about_and_ends_the_session() {
    let (_session, mut gateway, carried) = session(&Arc::default(), Duration::from_millis(50));
    let question = gateway.next().await;
    assert_eq!(question.id, CommandId::EnquireLink);
    gateway.say(CommandStatus::EsmeRok, question.sequence, Pdu::EnquireLinkResp).await;
    gateway.next().await;
    assert_eq!(carried.await.unwrap(), End::Silent);
}

#[tokio::test]
async fn a_lost_line_waits_for_what_is_being_accepted() {
    let taking = Arc::new(Taking { waits: true, ..Taking::default() });
    let (_session, mut gateway, carried) = session(&taking, PATIENCE);
    gateway.say(CommandStatus::EsmeRok, 70, DeliverSm::default()).await;
    gateway.say(CommandStatus::EsmeRok, 71, Pdu::EnquireLink).await;
    gateway.next().await;
    drop(gateway);
    taking.open.notify_one();
    assert_eq!(carried.await.unwrap(), End::Lost);
    assert_eq!(*taking.sequences.lock().unwrap(), [70]);
    assert_eq!(taking.farewells.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn sequence_numbers_begin_again_at_one() {
    let (session, mut gateway, _carried) = usual();
    session.sequence_is(0x7fff_ffff - 1);
    let asked: Vec<_> = (0..2).map(|_| ask(&session)).collect();
    let mut sequences = vec![gateway.next().await.sequence, gateway.next().await.sequence];
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 0x7fff_ffff]);
    drop(asked);
}
