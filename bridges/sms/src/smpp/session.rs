//! The end of a connection that asks and is answered. Everything written goes into one buffer under
//! one lock; from there [`super::connection`] carries it to the network.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viadukt_api::Protection;

use bytes::BytesMut;
use rusmpp::{Command, CommandStatus, Pdu};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::connection::Taker;
use super::pdu::{self, Frame};

/// SMPP 3.4 5.1.4: after this sequence number comes 1 again.
const LAST_SEQUENCE: u32 = 0x7fff_ffff;
/// How much may wait to be written to a gateway that does not read.
const UNREAD: usize = 1 << 20;

/// The end of a connection that asks and is answered. Cheap to clone.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    pub(super) wake: Notify,
    /// Something was read since the last look.
    pub(super) heard: AtomicBool,
    protection: Protection,
}

pub(super) struct State {
    pub(super) out: BytesMut,
    /// Octets that were ever put into `out`, and those that the network got of them.
    put: u64,
    pub(super) written: u64,
    sequence: u32,
    waiting: HashMap<u32, Waiting>,
    /// Questions that nobody waits for any more, with what their answers are still good for.
    overdue: HashMap<u32, String>,
    /// Set when nothing more may be put in.
    pub(super) ended: Option<End>,
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

impl Session {
    pub(super) fn over(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Asks, and waits at most `patience` for the answer.
    pub(super) async fn ask(
        &self,
        pdu: impl Into<Pdu>,
        patience: Duration,
    ) -> Result<Frame, NoAnswer> {
        self.ask_for(None, pdu, patience).await
    }

    /// As [`Session::ask`]; an answer that comes later goes to the taker with `token`.
    pub(super) async fn ask_for(
        &self,
        token: Option<&str>,
        pdu: impl Into<Pdu>,
        patience: Duration,
    ) -> Result<Frame, NoAnswer> {
        let (answer, answered) = oneshot::channel();
        let sequence = self.shared.state().ask(pdu.into(), answer)?;
        self.shared.wake.notify_one();
        // Whoever stops waiting takes the place in the list away.
        let place = Place { shared: &self.shared, sequence, token };
        let outcome = timeout(patience, answered).await;
        drop(place);
        outcome.map_or(Err(NoAnswer::Silent), |sent| sent.unwrap_or(Err(NoAnswer::Silent)))
    }

    /// How many questions wait for their answers.
    pub(super) fn waiting(&self) -> usize {
        self.shared.state().waiting.len()
    }

    /// How the connection is protected.
    pub(super) fn protection(&self) -> Protection {
        self.shared.protection.clone()
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
    token: Option<&'a str>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        let waited = state.waiting.remove(&self.sequence).is_some();
        if let Some(token) = self.token.filter(|_| waited) {
            state.overdue.insert(self.sequence, token.to_owned());
        }
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
    pub(super) fn new(protection: Protection) -> Self {
        let state = State {
            out: BytesMut::new(),
            put: 0,
            written: 0,
            sequence: 0,
            waiting: HashMap::new(),
            overdue: HashMap::new(),
            ended: None,
        };
        Self {
            state: Mutex::new(state),
            wake: Notify::new(),
            heard: AtomicBool::new(false),
            protection,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reply(&self, status: CommandStatus, sequence: u32, pdu: impl Into<Pdu>) {
        self.state().put(&Command::new(status, sequence, pdu));
        self.wake.notify_one();
    }

    pub(super) fn end(&self, end: End) {
        self.state().ended.get_or_insert(end);
        self.wake.notify_one();
    }

    /// Hands an answer to whoever waits for it; one that comes twice to nobody.
    pub(super) fn answer(&self, frame: Frame, taker: Option<&Arc<dyn Taker>>) {
        let (waiting, overdue) = {
            let mut state = self.state();
            (state.waiting.remove(&frame.sequence), state.overdue.remove(&frame.sequence))
        };
        match (waiting, overdue, taker) {
            (Some(waiting), _, _) => drop(waiting.answer.send(Ok(frame))),
            (None, Some(token), Some(taker)) => taker.answered_late(token, &frame),
            _ => tracing::debug!("an answer came that nobody waits for"),
        }
    }

    /// Tells everybody who still waits that no answer will come.
    pub(super) fn close(&self) {
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
