//! What the gateway brings: texts, their parts, and receipts. Answered once it is durable; what
//! cannot be made so now is put off, and the gateway brings it again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use rusmpp::tlvs::TlvTag;
use rusmpp::{CommandId, CommandStatus};
use tokio_util::sync::CancellationToken;
use viadukt_api::{AcceptError, Env, Inbox, Intake, Keep, Protection, Timestamp};

use super::coding::coding;
use super::config::{Alphabet, SmppSection};
use super::connection::Taker;
use super::nameless::Nameless;
use super::pdu::{Frame, Sm};
use super::receipt;
use super::recent::{Digest, Recent};
use super::status::Answer;
use crate::reassembly::{Numbering, Part, Reassembly};
use crate::received::{Body, Received, Text, fingerprint};
use crate::text::header::{Header, Place};
use crate::text::said::Said;

/// `esm_class` with the indicator of a user data header (SMPP 3.4 5.2.12).
const UDHI: u8 = 0x40;

/// The way in, shared by all binds.
pub(super) struct Inbound {
    section: SmppSection,
    inbox: Inbox,
    env: Env,
    reassembly: Reassembly,
    recent: Recent,
    nameless: Arc<Nameless>,
    sessions: AtomicU64,
    /// Why the store takes nothing any more, and the sign that it is so.
    failure: Mutex<Option<AcceptError>>,
    failed: CancellationToken,
}

/// One session's share in it.
pub(super) struct Visit {
    inbound: Arc<Inbound>,
    number: u64,
    protection: Protection,
    farewell: AtomicBool,
}

impl Inbound {
    pub(super) fn new(
        section: SmppSection,
        inbox: Inbox,
        keep: &Keep,
        nameless: Arc<Nameless>,
        env: Env,
    ) -> Self {
        Self {
            reassembly: Reassembly::new(keep.clone(), section.parts_timeout),
            recent: Recent::load(keep, env.now()),
            nameless,
            section,
            inbox,
            env,
            sessions: AtomicU64::new(0),
            failure: Mutex::default(),
            failed: CancellationToken::new(),
        }
    }

    /// A new session begins, protected in this way.
    pub(super) fn visit(self: &Arc<Self>, protection: Protection) -> Arc<Visit> {
        let (inbound, farewell) = (Arc::clone(self), AtomicBool::new(false));
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        Arc::new(Visit { inbound, number, protection, farewell })
    }

    /// Waits until accepting is no longer possible at all.
    pub(super) async fn failure(&self) -> AcceptError {
        self.failed.cancelled().await;
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failure.unwrap_or_else(|| AcceptError::Store("unknown".to_owned()))
    }

    /// Gives up parts that waited too long.
    pub(super) async fn sweep(&self) {
        let swept = self.reassembly.give_up(&self.inbox, self.env.now()).await;
        let _ = self.status(swept);
    }

    async fn take(&self, frame: Frame, visit: &Visit) -> CommandStatus {
        let digest = Digest::of(&frame);
        let now = self.env.now();
        let sm = match frame.id {
            CommandId::DataSm => Sm::data(frame.body),
            _ => Sm::deliver(frame.body),
        };
        let Some(sm) = sm else {
            tracing::warn!("a short message came that is cut short; the gateway keeps it");
            return CommandStatus::EsmeRinvcmdlen;
        };
        if receipt::is_one(&sm) {
            return self.take_receipt(&sm, now).await;
        }
        let id = self.id_of(&sm, digest, visit.number, now, frame.sequence);
        let Read { said, part } = read(&sm, self.section.alphabet);
        let (from, to) = (sm.source.written(), sm.destination.written());
        let protection = visit.protection.clone();
        if let Some((place, numbered_by)) = part {
            let (id, same, at, received_at) = (id.text, None, now, now);
            let part =
                Part { from, to, place, numbered_by, id, same, at, received_at, said, protection };
            return self.status(self.reassembly.accept(&self.inbox, vec![], vec![part]).await);
        }
        let repeated = self.recent.repeated(digest, now);
        let (slot, keep) = self.recent.to_keep(repeated, digest, now);
        let keep = vec![keep];
        if repeated.is_some() {
            // Kept anew, since this answer may be lost as well.
            let kept = self.inbox.accept(Intake { items: Vec::new(), keep }).await;
            let _ = self.status(kept);
            self.recent.accepted(digest, slot, visit.number, now);
            tracing::info!("a text came again whose answer had been lost");
            return CommandStatus::EsmeRok;
        }
        let text = Text { id: id.text, from, to, at: now, body: Body::of(said), protection };
        let item = Received::Text(text).into_item(id.same.as_slice(), now);
        let taken = self.inbox.accept(Intake { items: vec![item], keep }).await;
        if taken.is_ok() {
            self.recent.accepted(digest, slot, visit.number, now);
        }
        self.status(taken)
    }

    async fn take_receipt(&self, sm: &Sm, now: Timestamp) -> CommandStatus {
        // The source of a receipt is whom our message went to.
        let reference = sm.parameters.number(TlvTag::UserMessageReference);
        let to = sm.source.written();
        let token = reference.and_then(|reference| self.nameless.find(reference, &to));
        let Some(mut read) = receipt::read(sm, self.section.receipt_ids) else {
            // Of no use to anybody, and no less so the next time.
            tracing::warn!("a receipt came that names no message");
            return CommandStatus::EsmeRok;
        };
        let token = token.or_else(|| self.nameless.find_named(&read.report.of));
        if let Some(token) = token {
            read.report.of = token;
        }
        let item = Received::Receipt(read.report).into_item(&[read.same], now);
        let taken = self.inbox.accept(Intake { items: vec![item], keep: Vec::new() }).await;
        self.status(taken)
    }

    /// The gateway's id where it gives one; else one that no other text gets.
    fn id_of(&self, sm: &Sm, digest: Digest, session: u64, now: Timestamp, sequence: u32) -> Id {
        let given = sm.parameters.text(TlvTag::ReceiptedMessageId);
        match given.filter(|id| !id.trim().is_empty()) {
            Some(id) => Id { same: Some(fingerprint(&["text", &id])), text: id },
            None => {
                let text = format!("{}-{}-{session}-{sequence}", digest.hex(), now.0);
                Id { text, same: None }
            }
        }
    }

    fn status<T>(&self, taken: Result<T, AcceptError>) -> CommandStatus {
        match taken {
            Ok(_) => CommandStatus::EsmeRok,
            Err(error) => {
                if let AcceptError::Store(_) = error {
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    self.failed.cancel();
                }
                CommandStatus::EsmeRxTAppn
            }
        }
    }
}

/// What a text is called, and the fingerprint that it would be known by if it came again.
struct Id {
    text: String,
    same: Option<String>,
}

impl Taker for Visit {
    fn take(self: Arc<Self>, frame: Frame) -> BoxFuture<'static, CommandStatus> {
        Box::pin(async move { self.inbound.take(frame, &self).await })
    }

    fn answered_late(&self, token: String, answer: &Frame) {
        if Answer::of(answer.status) == Answer::Taken {
            let Inbound { nameless, section, .. } = &*self.inbound;
            nameless.named(section.receipt_ids.answered(&answer.message_id()), token);
        }
    }

    fn farewell(&self) {
        self.farewell.store(true, Ordering::Relaxed);
    }
}

impl Drop for Visit {
    /// After the last of what the session brought is decided.
    fn drop(&mut self) {
        let Inbound { recent, env, .. } = &*self.inbound;
        recent.ended(self.number, self.farewell.load(Ordering::Relaxed), env.now());
    }
}

/// What a unit says.
struct Read {
    said: Said,
    /// Its place in a long text, and who gave that its reference.
    part: Option<(Place, Numbering)>,
}

fn read(sm: &Sm, alphabet: Alphabet) -> Read {
    let binary = || Read { said: Said::Binary(sm.octets.len()), part: None };
    let (header, octets) = if sm.esm_class & UDHI == 0 {
        (Header::default(), &*sm.octets)
    } else {
        match Header::split(&sm.octets) {
            Ok(split) => split,
            Err(_) => return binary(),
        }
    };
    if header.for_application {
        return binary();
    }
    let by_phone = header.place.map(|place| (place, Numbering::Phone));
    let part = by_phone.or_else(|| segment(sm).map(|place| (place, Numbering::Gateway)));
    let said = match coding(sm.data_coding, alphabet) {
        Some(coding) => Said::Octets(coding, octets.to_vec()),
        None => Said::Binary(octets.len()),
    };
    Read { said, part: part.filter(|(place, _)| place.of > 1) }
}

/// A place by the `sar_*` parameters (SMPP 3.4 5.3.2.22 to 24); what cannot be one is ignored.
fn segment(sm: &Sm) -> Option<Place> {
    let reference = sm.parameters.number(TlvTag::SarMsgRefNum)?;
    let of = u8::try_from(sm.parameters.number(TlvTag::SarTotalSegments)?).ok()?;
    let number = u8::try_from(sm.parameters.number(TlvTag::SarSegmentSeqnum)?).ok()?;
    (1..=of).contains(&number).then_some(Place { reference, of, number })
}

/// Reads whatever a gateway may send, as far as that goes without a session.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn read_anything(octets: &[u8]) {
    let mut buffer = bytes::BytesMut::from(octets);
    while let Ok(Some(frame)) = Frame::take(&mut buffer) {
        let _ = frame.message_id();
        let read_as: [fn(bytes::Bytes) -> Option<Sm>; 2] = [Sm::deliver, Sm::data];
        for sm in read_as.into_iter().filter_map(|read_as| read_as(frame.body.clone())) {
            let said = [Alphabet::Gsm7, Alphabet::Latin1].map(|alphabet| read(&sm, alphabet).said);
            let _ = Said::together(said);
            let _ = (receipt::is_one(&sm), receipt::read(&sm, super::config::ReceiptIds::Same));
        }
    }
}
