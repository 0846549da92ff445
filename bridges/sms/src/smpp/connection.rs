//! The end of a connection that carries: everything that is read is handled in its task, and what
//! is put into the buffer is written in as large pieces as come together. What the gateway brings
//! is accepted concurrently, so that it shares commits, and answered by its sequence number once
//! it is durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rusmpp::pdus::{DataSmResp, DeliverSmResp};
use rusmpp::{CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::line::{Line, Stream};
use super::pdu::Frame;
use super::session::{End, Session, Shared};

/// How much of what the gateway brings is being accepted at the same time. What comes beyond it
/// is answered with a temporary error, so that a slow store never holds up answers to us.
const TAKING: usize = 256;
/// How long what is being accepted may still take when the connection has ended.
const LAST_ACCEPTS: Duration = Duration::from_secs(2);
/// How much is read at once.
const READ: usize = 16 * 1024;

/// What takes in short messages; answers with the status for the gateway once it is decided.
pub(super) trait Taker: Send + Sync {
    /// Takes one `deliver_sm` or `data_sm`.
    fn take(self: Arc<Self>, frame: Frame) -> BoxFuture<'static, CommandStatus>;

    /// An answer came that nobody waited for any more; see [`Session::ask_for`].
    fn answered_late(&self, token: String, answer: &Frame);

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
    let shared = Arc::new(Shared::new(line.protection));
    let session = Session::over(Arc::clone(&shared));
    (session, Connection { stream: line.stream, shared, timing })
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
        let session = Session::over(Arc::clone(&shared));
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
            _ if frame.is_answer() => self.answer(frame, taker),
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
