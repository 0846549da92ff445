//! Long texts that come in parts, put together: by a user data header (3GPP TS 23.040 9.2.3.24),
//! by SMPP's `sar_*` (SMPP 3.4 5.3.2.22), or by what a webhook says of its place.
//!
//! Parts that wait for others are kept in the worker's durable memory, committed before the
//! gateway hears that they were taken; the last one becomes, in one transaction, an item and the
//! end of that memory. So a crash between two parts costs nothing, and a part that is sent again
//! is known again. What stays away is given up after a while, and what there is, is shown.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};
use viadukt_api::{AcceptError, Inbox, Intake, Item, Keep, Protection, Timestamp};

use crate::received::{Body, Received, Text, fingerprint, source_key};
use crate::text::header::Place;
use crate::text::said::Said;

/// Where waiting parts are kept.
const SHELF: &str = "part/";
/// A text lies in the drawer that the first byte of its fingerprint names.
const DRAWERS: usize = 256;
/// What [`Intake::keep`] takes at most; far more than any part of a real SMS.
const LARGEST: usize = 3 << 10;
/// How long, at least, a part without an id is known again after its text became whole. Not for
/// ever: references come again, and people send the same words twice.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// One part of a long text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// See [`Text::from`].
    pub(crate) from: String,
    /// See [`Text::to`].
    pub(crate) to: String,
    /// Its place in the text.
    pub(crate) place: Place,
    /// Who gave the text its reference.
    pub(crate) numbered_by: Numbering,
    /// The gateway's id for this part, or one made of what it says.
    pub(crate) id: String,
    /// The fingerprint of what the gateway calls it; without one it is known again by what it
    /// says, and for [`REMEMBERED`] only.
    pub(crate) same: Option<String>,
    /// See [`Text::at`].
    pub(crate) at: Timestamp,
    /// When it came.
    pub(crate) received_at: Timestamp,
    /// What it says.
    pub(crate) said: Said,
    /// See [`Text::protection`].
    pub(crate) protection: Protection,
}

/// Who counts references; each does so on its own.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Numbering {
    /// The sender's phone, in a user data header.
    Phone,
    /// The gateway, in parameters of its own.
    Gateway,
}

/// The parts of one text that have come, by number.
type Set = BTreeMap<u8, Part>;

/// Puts long texts together.
pub(crate) struct Reassembly {
    keep: Keep,
    patience: Duration,
    /// Two parts of one text that come at the same time must see each other, so each drawer has
    /// one user at a time; texts in different drawers share commits.
    drawers: Vec<Mutex<()>>,
}

impl Reassembly {
    /// Parts wait on `keep`, and for others no longer than `patience`.
    pub(crate) fn new(keep: Keep, patience: Duration) -> Self {
        let drawers = (0..DRAWERS).map(|_| Mutex::default()).collect();
        Self { keep, patience, drawers }
    }

    /// Accepts `items` and `parts` in one transaction; returns once both are durable.
    pub(crate) async fn accept(
        &self,
        inbox: &Inbox,
        items: Vec<Item>,
        parts: Vec<Part>,
    ) -> Result<(), AcceptError> {
        let mut intake = Intake { items, keep: Vec::new() };
        let _open = self.open(&parts).await;
        let mut sets: BTreeMap<String, Set> = BTreeMap::new();
        for part in parts {
            if part.was_taken(inbox)? {
                continue;
            }
            let set = match sets.entry(part.text()) {
                Entry::Occupied(set) => set.into_mut(),
                Entry::Vacant(missing) => {
                    let waiting = self.waiting(missing.key())?.into_iter();
                    missing.insert(waiting.map(|part| (part.place.number, part)).collect())
                }
            };
            put(set, part, &mut intake);
        }
        accept(inbox, intake).await
    }

    /// Accepts, as they are, the parts that have waited too long for others.
    pub(crate) async fn give_up(&self, inbox: &Inbox, now: Timestamp) -> Result<(), AcceptError> {
        // One drawer after the other, so that never more than that is in memory.
        for (number, drawer) in self.drawers.iter().enumerate() {
            let _open = drawer.lock().await;
            let mut sets: BTreeMap<String, Set> = BTreeMap::new();
            for part in self.waiting(&format!("{number:02x}"))? {
                sets.entry(part.text()).or_default().insert(part.place.number, part);
            }
            let overdue = |set: &Set| {
                let oldest = set.values().map(|part| part.received_at).min();
                oldest.is_none_or(|oldest| now.since(oldest) >= self.patience)
            };
            let mut intake = Intake::default();
            for set in sets.into_values().filter(overdue) {
                take_down(set, &mut intake);
            }
            accept(inbox, intake).await?;
        }
        Ok(())
    }

    /// The drawers in which the texts of `parts` lie, for this caller alone. Always in the same
    /// order, so that nobody waits for somebody who waits for him.
    async fn open(&self, parts: &[Part]) -> Vec<MutexGuard<'_, ()>> {
        let numbers: BTreeSet<usize> = parts.iter().map(Part::drawer).collect();
        let mut open = Vec::with_capacity(numbers.len());
        for drawer in numbers.into_iter().filter_map(|number| self.drawers.get(number)) {
            open.push(drawer.lock().await);
        }
        open
    }

    /// The waiting parts of the texts whose fingerprints begin with `text`.
    fn waiting(&self, text: &str) -> Result<Vec<Part>, AcceptError> {
        let kept = self.keep.starting_with(&format!("{SHELF}{text}"))?.into_iter();
        Ok(kept.filter_map(|(_, value)| serde_json::from_slice(&value).ok()).collect())
    }
}

impl Part {
    /// The fingerprint of the text that it belongs to.
    fn text(&self) -> String {
        let Place { reference, of, .. } = &self.place;
        let numbered_by = match self.numbered_by {
            Numbering::Phone => "phone",
            Numbering::Gateway => "gateway",
        };
        let (reference, of) = (reference.to_string(), of.to_string());
        fingerprint(&[&self.from, &self.to, numbered_by, &reference, &of])
    }

    fn drawer(&self) -> usize {
        let text = self.text();
        let number = text.get(..2).and_then(|digits| usize::from_str_radix(digits, 16).ok());
        number.unwrap_or_default()
    }

    fn key(&self) -> String {
        format!("{SHELF}{}/{:03}", self.text(), self.place.number)
    }

    /// As it is kept; `None` when it is too large for that.
    fn kept(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok().filter(|kept| kept.len() <= LARGEST)
    }

    /// Whether the gateway brings again what waits already.
    fn is(&self, waiting: &Self) -> bool {
        match (&self.same, &waiting.same) {
            (Some(same), Some(other)) => same == other,
            _ => self.said == waiting.said,
        }
    }

    /// Whether it is part of a text that was accepted already.
    fn was_taken(&self, inbox: &Inbox) -> Result<bool, AcceptError> {
        if let Some(same) = &self.same {
            return inbox.seen(&source_key(same));
        }
        let span = self.span();
        Ok(inbox.seen(&source_key(&self.mark(span)))?
            || inbox.seen(&source_key(&self.mark(span.saturating_sub(1))))?)
    }

    /// The fingerprint of what it says in a span of time as long as [`REMEMBERED`].
    fn mark(&self, span: u128) -> String {
        let said = serde_json::to_string(&self.said).unwrap_or_default();
        fingerprint(&[&self.key(), &said, &span.to_string()])
    }

    /// The span in which it came.
    fn span(&self) -> u128 {
        u128::from(self.received_at.0) / REMEMBERED.as_millis()
    }
}

/// Accepts `intake` if there is anything in it.
async fn accept(inbox: &Inbox, intake: Intake) -> Result<(), AcceptError> {
    if intake.items.is_empty() && intake.keep.is_empty() {
        return Ok(());
    }
    inbox.accept(intake).await.map(drop)
}

/// Puts `part` beside those that wait; the last one makes the text whole. If its place is taken
/// by another one, the reference is in use again: the old text is given up.
fn put(set: &mut Set, part: Part, intake: &mut Intake) {
    let number = part.place.number;
    match set.get(&number) {
        Some(waiting) if part.is(waiting) => return,
        Some(_) => take_down(std::mem::take(set), intake),
        None => {}
    }
    let (key, kept) = (part.key(), part.kept());
    if kept.is_none() {
        take_down(Set::from([(number, part)]), intake);
        return;
    }
    set.insert(number, part);
    if is_whole(set) {
        take_down(std::mem::take(set), intake);
    } else {
        intake.keep.push((key, kept));
    }
}

fn is_whole(set: &Set) -> bool {
    let of = set.values().next().map_or(0, |part| part.place.of);
    set.len() == usize::from(of)
}

/// Makes what there is of a text into an item, and forgets its parts.
fn take_down(set: Set, intake: &mut Intake) {
    let Some(first) = set.values().next() else { return };
    let Part { id, from, to, protection, place, .. } = first.clone();
    let is_whole = is_whole(&set);
    let at = set.values().map(|part| part.at).min().unwrap_or_default();
    let received_at = set.values().map(|part| part.received_at).max().unwrap_or_default();
    // Parts without an id of a text that was given up may come once more, in the one that its
    // reference is used for next.
    let mark = |part: &Part| is_whole.then(|| part.mark(part.span()));
    let same: Vec<_> =
        set.values().filter_map(|part| part.same.clone().or_else(|| mark(part))).collect();
    intake.keep.extend(set.values().map(|part| (part.key(), None)));
    let body = if is_whole {
        Body::of(Said::together(set.into_values().map(|part| part.said)))
    } else {
        let shown = |part: &Part| part.said.text().unwrap_or("\u{fffd}".into()).into_owned();
        let parts = set.iter().map(|(number, part)| (*number, shown(part))).collect();
        Body::Incomplete { of: place.of, parts }
    };
    let received = Received::Text(Text { id, from, to, at, body, protection });
    intake.items.push(received.into_item(&same, received_at));
}
