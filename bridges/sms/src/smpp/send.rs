//! Texts out: one attempt, all parts of it over one bind, and a precise word on what became of
//! it. A refusal is final, "too much" slows down, silence means that nobody knows (SMPP 3.4 has
//! no way to ask).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rusmpp::pdus::SubmitSm;
use viadukt_api::{DeliveryError, Env, Keep, MessageId, Protection, Reason, Receipt};

use super::bind::{Gateway, Role};
use super::compose;
use super::config::{SmppSection, Unanswered};
use super::nameless::Nameless;
use super::pace::{Rate, Window};
use super::progress::{Ids, Progress};
use super::session::NoAnswer;
use super::status::Answer;
use super::ways::{Way, Ways};
use crate::outgoing::Outgoing;

/// The pauses, in seconds, within an attempt of whose parts the gateway took some: the phone shows
/// nothing until it has them all. After them the attempt ends, and the next one sends what is
/// missing.
const PAUSES: [u64; 4] = [1, 2, 4, 8];

/// The way out.
pub(super) struct Sender {
    section: SmppSection,
    gateway: Arc<Gateway>,
    pub(super) ways: Ways,
    rate: Option<Rate>,
    pub(super) progress: Progress,
    nameless: Arc<Nameless>,
    env: Env,
    /// Whether binds are held; else each attempt binds for itself.
    pub(super) running: AtomicBool,
}

/// A text as its submissions, and our own reference for it.
struct Text<'a> {
    parts: &'a [SubmitSm],
    token: &'a str,
}

/// Why a submission is not known to be taken, the worst last.
enum Failed {
    TooMuch(Reason),
    Later(Reason),
    Refused(Reason),
    Unknown,
}

impl Sender {
    pub(super) fn new(
        section: SmppSection,
        gateway: Arc<Gateway>,
        keep: Keep,
        nameless: Arc<Nameless>,
        env: Env,
    ) -> Self {
        let rate = section.rate.and_then(NonZeroU32::new).map(Rate::new);
        Self {
            section,
            gateway,
            ways: Ways::default(),
            rate,
            progress: Progress::load(keep, env.clone()),
            nameless,
            env,
            running: AtomicBool::new(false),
        }
    }

    /// Makes one attempt; see [`crate::transport::Transport::send`].
    pub(super) async fn send(&self, sms: &Outgoing) -> Result<Receipt, DeliveryError> {
        let parts = compose::submissions(sms, &self.section).map_err(DeliveryError::refused)?;
        if sms.repeated && self.section.unanswered == Unanswered::Hold {
            self.nameless.note(sms).await;
            return Err(DeliveryError::unknown(Reason::new("smpp-interrupted")));
        }
        let earlier = self.progress.take(sms.id, parts.len());
        let resumed = earlier.is_some();
        let mut ids = earlier.unwrap_or_else(|| vec![None; parts.len()]);
        let text = Text { parts: &parts, token: &sms.reference };
        let sent = if self.running.load(Ordering::Relaxed) {
            self.attempt(&text, &mut ids).await
        } else {
            self.apart(&text, &mut ids).await
        };
        if let Err(Failed::Unknown) = sent {
            self.nameless.note(sms).await;
        }
        if let Err(Failed::TooMuch(_) | Failed::Later(_)) = sent
            && ids.iter().any(Option::is_some)
        {
            self.progress.put(sms.id, &ids).await;
        } else if resumed {
            self.progress.forget(sms.id).await;
        }
        sent.map(|protection| receipt(ids, protection)).map_err(|failed| self.error(failed))
    }

    /// Whether there is a way at all; waits a while for one.
    pub(super) async fn ready(&self) -> Result<(), DeliveryError> {
        if !self.running.load(Ordering::Relaxed) || self.ways.pick().await.is_some() {
            return Ok(());
        }
        Err(self.error(away()))
    }

    /// Over the binds that are held.
    async fn attempt(&self, text: &Text<'_>, ids: &mut Ids) -> Result<Protection, Failed> {
        let mut pauses = PAUSES.into_iter().map(Duration::from_secs);
        loop {
            let way = self.ways.pick().await.ok_or_else(away)?;
            let failed = match self.over(&way, text, ids).await {
                Ok(()) => return Ok(way.session.protection()),
                Err(failed) => failed,
            };
            let waits = matches!(failed, Failed::TooMuch(_) | Failed::Later(_));
            match pauses.next() {
                Some(pause) if waits && ids.iter().any(Option::is_some) => {
                    tokio::time::sleep(self.env.jitter(pause)).await;
                }
                _ => return Err(failed),
            }
        }
    }

    /// Over a bind of its own.
    async fn apart(&self, text: &Text<'_>, ids: &mut Ids) -> Result<Protection, Failed> {
        let window = Arc::new(Window::new(1));
        let sent = self.gateway.briefly(Role::Transmitter, async |session| {
            let way = Way { session: session.clone(), window };
            self.over(&way, text, ids).await.map(|()| session.protection())
        });
        sent.await.unwrap_or_else(|why| {
            tracing::warn!(%why, "no bind for a single submission");
            Err(away())
        })
    }

    /// Sends the parts that have no id yet: the first one alone, so that a number or a text that
    /// is refused costs one part, then the others together.
    async fn over(&self, way: &Way, text: &Text<'_>, ids: &mut Ids) -> Result<(), Failed> {
        let mut missing = text.parts.iter().zip(ids).filter(|(_, id)| id.is_none());
        if let Some((part, id)) = missing.next() {
            *id = Some(self.submit(way, part, text.token).await?);
        }
        let others = join_all(missing.map(|(part, id)| async move {
            *id = Some(self.submit(way, part, text.token).await?);
            Ok(())
        }));
        let failed = others.await.into_iter().filter_map(Result::err);
        failed.max_by_key(Failed::weight).map_or(Ok(()), Err)
    }

    /// Submits one part; its id in the form that receipts will name.
    async fn submit(&self, way: &Way, part: &SubmitSm, token: &str) -> Result<String, Failed> {
        let place = way.window.enter().await;
        if let Some(rate) = &self.rate {
            rate.turn().await;
        }
        let patience = self.section.response_timeout;
        let answer = way.session.ask_for(Some(token), part.clone(), patience).await;
        drop(place);
        let answer = answer.map_err(|none| match none {
            NoAnswer::Unsent => away(),
            NoAnswer::Silent => Failed::Unknown,
        })?;
        match Answer::of(answer.status) {
            Answer::Taken => {
                way.window.went_well();
                Ok(self.section.receipt_ids.answered(&answer.message_id()))
            }
            Answer::TooMuch(reason) => {
                way.window.too_much();
                Err(Failed::TooMuch(reason))
            }
            Answer::Later(reason) => Err(Failed::Later(reason)),
            Answer::Refused(reason) => Err(Failed::Refused(reason)),
        }
    }

    fn error(&self, failed: Failed) -> DeliveryError {
        match failed {
            Failed::TooMuch(reason) | Failed::Later(reason) => DeliveryError::retry(reason),
            Failed::Refused(reason) => DeliveryError::refused(reason),
            Failed::Unknown if self.section.unanswered == Unanswered::Resend => {
                DeliveryError::retry(Reason::new("smpp-unanswered"))
            }
            Failed::Unknown => DeliveryError::unknown(Reason::new("smpp-unanswered")),
        }
    }
}

impl Failed {
    fn weight(&self) -> u8 {
        match self {
            Self::TooMuch(_) => 0,
            Self::Later(_) => 1,
            Self::Refused(_) => 2,
            Self::Unknown => 3,
        }
    }
}

fn away() -> Failed {
    Failed::Later(Reason::new("smpp-away"))
}

/// A gateway that gives no ids has nothing that receipts could name.
fn receipt(ids: Ids, protection: Protection) -> Receipt {
    let mut ids = ids.into_iter().flatten().filter(|id| !id.is_empty()).map(MessageId::new);
    Receipt { id: ids.next(), more: ids.collect(), protection }
}
