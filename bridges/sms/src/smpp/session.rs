//! One connection to a gateway, from both ends: the [`Session`] that submissions are made on, and
//! the [`Connection`] that carries them and answers what the gateway asks.
//!
//! Everything written goes into one buffer under one lock and from there to the network in as
//! large pieces as come together; everything read is handled in the task of the connection. What
//! the gateway brings is accepted concurrently, so that it shares commits, and answered by its
//! sequence number once it is durable.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rusmpp::pdus::{DataSmResp, DeliverSmResp};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::line::{Line, Stream};
use super::pdu::{self, Frame};

/// SMPP 3.4 5.1.4: after this sequence number comes 1 again.
const LAST_SEQUENCE: u32 = 0x7fff_ffff;
/// How much of what the gateway brings is being accepted at the same time. What comes beyond it
/// is answered with a temporary error, so that a slow store never holds up answers to us.
const TAKING: usize = 256;
/// How much may wait to be written to a gateway that does not read.
const UNREAD: usize = 1 << 20;
/// How long what is being accepted may still take when the connection has ended.
const LAST_ACCEPTS: Duration = Duration::from_secs(2);
/// How much is read at once.
const READ: usize = 16 * 1024;

/// The end of a connection that asks and is answered. Cheap to clone.
#[derive(Clone)]
pub(super) struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    wake: Notify,
    /// Something was read since the last look.
    heard: AtomicBool,
    protection: &'static str,
}

struct State {
    out: BytesMut,
    /// Octets that were ever put into `out`, and those that the network got of them.
    put: u64,
    written: u64,
    sequence: u32,
    waiting: HashMap<u32, Waiting>,
    /// Set when nothing more may be put in.
    ended: Option<End>,
}

struct Waiting {
    answer: oneshot::Sender<Result<Frame, NoAnswer>>,
    /// Where the question begins among the octets put in.
    begins: u64,
}

/// A question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The connection ended before it was written: the gateway does not have it.
    Unsent,
    /// It was written: the gateway may have it.
    Silent,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The gateway closed it, or it broke.
    Lost,
    /// The gateway took leave (SMPP 3.4 4.2).
    Unbound,
    /// We took leave.
    Left,
    /// The gateway gave no sign of life, or reads nothing.
    Silent,
    /// What came was no SMPP.
    Garbage,
}

/// What takes in short messages; answers with the status for the gateway once it is decided.
pub(super) trait Taker: Send + Sync {
    /// Takes one `deliver_sm` or `data_sm`.
    fn take(self: Arc<Self>, frame: Frame) -> BoxFuture<'static, CommandStatus>;

    /// The session ended in good order: the gateway has all answers.
    fn farewell(&self);
}

/// How long to wait for signs of life and for answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) enquire_link: Duration,
    pub(super) response: Duration,
}

/// The end of a connection that carries.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    shared: Arc<Shared>,
    timing: Timing,
}

/// A new connection, seen from both ends.
pub(super) fn over(line: Line, timing: Timing) -> (Session, Connection) {
    let state = State {
        out: BytesMut::new(),
        put: 0,
        written: 0,
        sequence: 0,
        waiting: HashMap::new(),
        ended: None,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        wake: Notify::new(),
        heard: AtomicBool::new(false),
        protection: line.protection,
    });
    let session = Session { shared: Arc::clone(&shared) };
    (session, Connection { stream: line.stream, shared, timing })
}

impl Session {
    /// Asks, and waits at most `patience` for the answer.
    pub(super) async fn ask(
        &self,
        pdu: impl Into<Pdu>,
        patience: Duration,
    ) -> Result<Frame, NoAnswer> {
        let (answer, answered) = oneshot::channel();
        let sequence = self.shared.state().ask(pdu.into(), answer)?;
        self.shared.wake.notify_one();
        // Whoever stops waiting takes the place in the list away.
        let place = Place { shared: &self.shared, sequence };
        let outcome = timeout(patience, answered).await;
        drop(place);
        outcome.map_or(Err(NoAnswer::Silent), |sent| sent.unwrap_or(Err(NoAnswer::Silent)))
    }

    /// How many questions wait for their answers.
    pub(super) fn waiting(&self) -> usize {
        self.shared.state().waiting.len()
    }

    /// The protocol that protects the connection.
    pub(super) fn protection(&self) -> &'static str {
        self.shared.protection
    }

    /// As if so many questions had been asked.
    #[cfg(test)]
    pub(super) fn sequence_is(&self, sequence: u32) {
        self.shared.state().sequence = sequence;
    }

    /// Ends the connection once everything is written.
    pub(super) fn leave(&self) {
        self.shared.end(End::Left);
    }
}

struct Place<'a> {
    shared: &'a Shared,
    sequence: u32,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.state().waiting.remove(&self.sequence);
    }
}

impl State {
    fn ask(
        &mut self,
        pdu: Pdu,
        answer: oneshot::Sender<Result<Frame, NoAnswer>>,
    ) -> Result<u32, NoAnswer> {
        if self.ended.is_some() {
            return Err(NoAnswer::Unsent);
        }
        self.sequence = if self.sequence >= LAST_SEQUENCE { 1 } else { self.sequence + 1 };
        self.waiting.insert(self.sequence, Waiting { answer, begins: self.put });
        self.put(&Command::new(CommandStatus::EsmeRok, self.sequence, pdu));
        Ok(self.sequence)
    }

    fn put(&mut self, command: &Command) {
        if self.ended.is_some() {
            return;
        }
        let before = self.out.len();
        pdu::write(command, &mut self.out);
        self.put += (self.out.len() - before) as u64;
        if self.out.len() > UNREAD {
            self.ended = Some(End::Silent);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, status: CommandStatus, sequence: u32, pdu: impl Into<Pdu>) {
        self.state().put(&Command::new(status, sequence, pdu));
        self.wake.notify_one();
    }

    fn end(&self, end: End) {
        self.state().ended.get_or_insert(end);
        self.wake.notify_one();
    }

    /// Hands an answer to whoever waits for it. Nobody does when it came late or twice.
    fn answer(&self, frame: Frame) {
        let waiting = self.state().waiting.remove(&frame.sequence);
        match waiting {
            Some(waiting) => drop(waiting.answer.send(Ok(frame))),
            None => tracing::debug!("an answer came that nobody waits for (any more)"),
        }
    }

    /// Tells everybody who still waits that no answer will come.
    fn close(&self) {
        let mut state = self.state();
        state.ended.get_or_insert(End::Lost);
        let written = state.written;
        for (_, waiting) in state.waiting.drain() {
            let unsent = waiting.begins >= written;
            let outcome = if unsent { NoAnswer::Unsent } else { NoAnswer::Silent };
            let _ = waiting.answer.send(Err(outcome));
        }
    }
}

type Taking = FuturesUnordered<BoxFuture<'static, Taken>>;

/// A short message whose fate is decided.
struct Taken {
    id: CommandId,
    sequence: u32,
    status: CommandStatus,
}

impl Connection {
    /// Carries until the connection ends. Without a taker short messages are put off.
    pub(super) async fn carry(self, taker: Option<Arc<dyn Taker>>) -> End {
        let Self { stream, shared, timing } = self;
        let (reader, writer) = tokio::io::split(stream);
        let mut taking = Taking::new();
        let session = Session { shared: Arc::clone(&shared) };
        let end = tokio::select! {
            end = read(reader, &shared, taker.as_ref(), &mut taking) => end,
            end = write(writer, &shared, timing.response) => end,
            end = watch(&session, timing) => end,
        };
        shared.close();
        // Their answers are in vain, but what is durable must be known as such when the gateway
        // brings it again.
        let _ = timeout(LAST_ACCEPTS, taking.for_each(|_| std::future::ready(()))).await;
        if let (Some(taker), End::Unbound | End::Left) = (taker, end) {
            taker.farewell();
        }
        end
    }
}

/// Reads and handles what comes.
async fn read(
    mut reader: impl AsyncReadExt + Unpin,
    shared: &Shared,
    taker: Option<&Arc<dyn Taker>>,
    taking: &mut Taking,
) -> End {
    let mut buffer = BytesMut::with_capacity(READ);
    loop {
        buffer.reserve(READ);
        tokio::select! {
            biased;
            Some(taken) = taking.next(), if !taking.is_empty() => shared.acknowledge(&taken),
            count = reader.read_buf(&mut buffer) => {
                if !matches!(count, Ok(1..)) {
                    return End::Lost;
                }
                shared.heard.store(true, Ordering::Relaxed);
                loop {
                    match Frame::take(&mut buffer) {
                        Ok(Some(frame)) => shared.handle(frame, taker, taking),
                        Ok(None) => break,
                        Err(_) => {
                            // SMPP 3.4 4.3.1; the writer ends the connection once that is out.
                            shared.reply(CommandStatus::EsmeRinvcmdlen, 0, Pdu::GenericNack);
                            shared.end(End::Garbage);
                            std::future::pending::<()>().await;
                        }
                    }
                }
            }
        }
    }
}

impl Shared {
    fn handle(&self, frame: Frame, taker: Option<&Arc<dyn Taker>>, taking: &mut Taking) {
        let Frame { id, sequence, .. } = frame;
        match id {
            _ if frame.is_answer() => self.answer(frame),
            CommandId::DeliverSm | CommandId::DataSm => match taker {
                Some(taker) if taking.len() < TAKING => {
                    let taken = Arc::clone(taker).take(frame);
                    taking
                        .push(Box::pin(async move { Taken { id, sequence, status: taken.await } }));
                }
                _ => self.acknowledge(&Taken { id, sequence, status: CommandStatus::EsmeRxTAppn }),
            },
            CommandId::EnquireLink => {
                self.reply(CommandStatus::EsmeRok, sequence, Pdu::EnquireLinkResp);
            }
            CommandId::Unbind => {
                self.reply(CommandStatus::EsmeRok, sequence, Pdu::UnbindResp);
                self.end(End::Unbound);
            }
            // These have no answer (SMPP 3.4 4.1.7, 4.12).
            CommandId::AlertNotification | CommandId::Outbind => {}
            _ => self.reply(CommandStatus::EsmeRinvcmdid, sequence, Pdu::GenericNack),
        }
    }

    fn acknowledge(&self, taken: &Taken) {
        match taken.id {
            // What could not be read at all gets the answer for that (SMPP 3.4 4.3.1).
            _ if taken.status == CommandStatus::EsmeRinvcmdlen => {
                self.reply(taken.status, taken.sequence, Pdu::GenericNack);
            }
            CommandId::DataSm => self.reply(taken.status, taken.sequence, DataSmResp::default()),
            _ => self.reply(taken.status, taken.sequence, DeliverSmResp::default()),
        }
    }
}

/// Writes what is put in, as much at once as there is.
async fn write(mut writer: impl AsyncWriteExt + Unpin, shared: &Shared, patience: Duration) -> End {
    let mut piece = BytesMut::new();
    loop {
        let ended = {
            let mut state = shared.state();
            piece.clear();
            std::mem::swap(&mut state.out, &mut piece);
            // From here on the gateway may have it.
            state.written += piece.len() as u64;
            state.ended
        };
        if piece.is_empty() {
            match ended {
                Some(end) => {
                    let _ = timeout(patience, writer.shutdown()).await;
                    return end;
                }
                None => shared.wake.notified().await,
            }
            continue;
        }
        let written = async {
            writer.write_all(&piece).await?;
            writer.flush().await
        };
        match timeout(patience, written).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Silent,
        }
    }
}

/// Asks for a sign of life after each stretch without one (SMPP 3.4 4.11).
async fn watch(session: &Session, timing: Timing) -> End {
    loop {
        tokio::time::sleep(timing.enquire_link).await;
        if session.shared.heard.swap(false, Ordering::Relaxed) {
            continue;
        }
        if session.ask(Pdu::EnquireLink, timing.response).await.is_err() {
            return End::Silent;
        }
    }
}
