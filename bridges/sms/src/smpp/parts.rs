//! Parts of long texts on their way in. Each is durable before it is answered; the last one to
//! come makes the text, and forgets the parts in the same commit. What stays away is given up
//! after a while, and what there is, is shown.
//!
//! Parts come in any order, doubled, and over several binds at once: all that happens to one text
//! happens under one lock, while other texts go on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use viadukt_api::{AcceptError, Inbox, Intake, Item, Keep, Timestamp};

use super::coding;
use super::config::Alphabet;
use crate::received::{Body, Received, Text, fingerprint};

const PART: &str = "smpp/part/";
const WHOLE: &str = "smpp/whole/";
/// How long a text that is whole is remembered, so that a part that comes again begins no new
/// one. A phone uses a reference again only after many more texts.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// The longest part that fits into the worker's memory as JSON; the network's have 160 octets.
const LONGEST: usize = 600;

/// One part as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) from: String,
    pub(super) to: String,
    /// Marked by the gateway's parameters, not by a header: these count on their own.
    pub(super) sar: bool,
    pub(super) reference: u16,
    pub(super) of: u8,
    pub(super) number: u8,
    pub(super) data_coding: u8,
    pub(super) octets: Vec<u8>,
    pub(super) at: Timestamp,
    pub(super) protection: String,
}

impl Part {
    /// The key of the text it belongs to. Of whom it is cannot be seen in it.
    fn text_key(&self) -> String {
        let kind = if self.sar { "sar" } else { "udh" };
        let (reference, of) = (self.reference.to_string(), self.of.to_string());
        fingerprint(&[&self.from, &self.to, kind, &reference, &of])
    }

    /// What it says, in eight bytes.
    fn digest(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[self.data_coding]).update(&self.octets);
        let mut digest = [0; 8];
        hasher.finalize_xof().fill(&mut digest);
        u64::from_be_bytes(digest)
    }
}

/// All texts that are not whole yet, and those that became so a moment ago.
pub(super) struct Parts {
    alphabet: Alphabet,
    timeout: Duration,
    texts: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Pieces>>>>,
}

/// What there is of one text.
#[derive(Default)]
struct Pieces {
    waiting: BTreeMap<u8, Part>,
    whole: Option<Whole>,
    /// Not in the list of texts any more: look it up again.
    gone: bool,
}

/// A text that became whole, as far as its parts must be known again.
struct Whole {
    at: Timestamp,
    digests: Vec<u64>,
}

impl Parts {
    /// What was kept before a restart goes on.
    pub(super) fn load(keep: &Keep, alphabet: Alphabet, timeout: Duration) -> Self {
        let mut texts: HashMap<String, Pieces> = HashMap::new();
        for (_, value) in keep.starting_with(PART).unwrap_or_default() {
            let Ok(part) = serde_json::from_slice::<Part>(&value) else { continue };
            let pieces = texts.entry(part.text_key()).or_default();
            pieces.waiting.insert(part.number, part);
        }
        for (key, value) in keep.starting_with(WHOLE).unwrap_or_default() {
            let Some(text) = key.strip_prefix(WHOLE) else { continue };
            texts.entry(text.to_owned()).or_default().whole = Whole::from_bytes(&value);
        }
        let texts = texts.into_iter().map(|(key, pieces)| (key, Arc::new(pieces.into())));
        Self { alphabet, timeout, texts: Mutex::new(texts.collect()) }
    }

    /// Takes a part in; durable on return. `id` names the text that it makes whole.
    pub(super) async fn take(
        &self,
        inbox: &Inbox,
        part: Part,
        id: String,
    ) -> Result<(), AcceptError> {
        let key = part.text_key();
        let now = part.at;
        let mut pieces = self.lock(&key).await;
        if pieces.knows(&part) {
            return Ok(());
        }
        let mut intake = Intake::default();
        let mut waiting = pieces.waiting.clone();
        if waiting.contains_key(&part.number) {
            // The reference is in use again: what there is of the old text is all that will come.
            intake = self.give_up(&key, &waiting, now);
            waiting.clear();
        }
        if part.octets.len() > LONGEST {
            let body = self.incomplete(std::iter::once(&part));
            intake.items.push(item(&part, id, body, now));
            return inbox.accept(intake).await.map(drop);
        }
        waiting.insert(part.number, part.clone());
        let mut whole = None;
        if waiting.len() == usize::from(part.of) {
            intake.items.push(item(&part, id, self.joined(waiting.values()), now));
            intake.keep.extend(forgotten(&key, &pieces.waiting));
            let became = Whole::of(&waiting, now);
            intake.keep.push((format!("{WHOLE}{key}"), Some(became.to_bytes())));
            whole = Some(became);
            waiting.clear();
        } else {
            intake.keep.push((kept_as(&key, part.number), serde_json::to_vec(&part).ok()));
        }
        inbox.accept(intake).await?;
        pieces.waiting = waiting;
        pieces.whole = whole.or(pieces.whole.take());
        Ok(())
    }

    /// Gives up what waited too long, and forgets what became whole long ago.
    pub(super) async fn sweep(&self, inbox: &Inbox, now: Timestamp) -> Result<(), AcceptError> {
        let keys: Vec<_> = self.texts().keys().cloned().collect();
        for key in keys {
            let mut pieces = self.lock(&key).await;
            let mut intake = Intake::default();
            let oldest = pieces.waiting.values().map(|part| part.at).min();
            let overdue = oldest.is_some_and(|at| now.since(at) > self.timeout);
            if overdue {
                intake = self.give_up(&key, &pieces.waiting, now);
            }
            let past = pieces.whole.as_ref().is_some_and(|whole| now.since(whole.at) > REMEMBERED);
            if past {
                intake.keep.push((format!("{WHOLE}{key}"), None));
            }
            if overdue || past {
                inbox.accept(intake).await?;
            }
            if overdue {
                pieces.waiting.clear();
            }
            if past {
                pieces.whole = None;
            }
            if pieces.waiting.is_empty() && pieces.whole.is_none() {
                pieces.gone = true;
                self.texts().remove(&key);
            }
        }
        Ok(())
    }

    /// What is there of one text, for this caller alone.
    async fn lock(&self, key: &str) -> OwnedMutexGuard<Pieces> {
        loop {
            let pieces = Arc::clone(self.texts().entry(key.to_owned()).or_default());
            let pieces = pieces.lock_owned().await;
            if !pieces.gone {
                return pieces;
            }
        }
    }

    /// What there is of a text, as all that there will be.
    fn give_up(&self, key: &str, waiting: &BTreeMap<u8, Part>, now: Timestamp) -> Intake {
        let Some(first) = waiting.values().next() else { return Intake::default() };
        let id = format!("{key}-{}", now.0);
        let body = self.incomplete(waiting.values());
        Intake { items: vec![item(first, id, body, now)], keep: forgotten(key, waiting) }
    }

    fn incomplete<'a>(&self, parts: impl Iterator<Item = &'a Part>) -> Body {
        let mut of = 0;
        let parts = parts.map(|part| {
            of = part.of;
            let said = coding::text(part.data_coding, &part.octets, self.alphabet);
            (part.number, said.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string()))
        });
        let parts = parts.collect();
        Body::Incomplete { of, parts }
    }

    /// Joined before they are read: other senders cut inside a surrogate pair, or between an
    /// escape and what it announces.
    fn joined<'a>(&self, parts: impl Iterator<Item = &'a Part>) -> Body {
        let mut runs: Vec<(u8, Vec<u8>)> = Vec::new();
        for part in parts {
            match runs.last_mut() {
                Some((coding, octets)) if *coding == part.data_coding => {
                    octets.extend_from_slice(&part.octets);
                }
                _ => runs.push((part.data_coding, part.octets.clone())),
            }
        }
        let read = runs.iter().map(|(coding, octets)| coding::text(*coding, octets, self.alphabet));
        match read.collect::<Option<String>>() {
            Some(text) => Body::Plain(text),
            None => {
                let bytes: usize = runs.iter().map(|(_, octets)| octets.len()).sum();
                Body::Binary { bytes: u32::try_from(bytes).unwrap_or(u32::MAX) }
            }
        }
    }

    fn texts(&self) -> MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Pieces>>>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pieces {
    /// Whether the gateway brings a part again.
    fn knows(&self, part: &Part) -> bool {
        let digest = part.digest();
        if !self.waiting.is_empty() {
            return self.waiting.get(&part.number).map(Part::digest) == Some(digest);
        }
        let place = usize::from(part.number.saturating_sub(1));
        self.whole.as_ref().and_then(|whole| whole.digests.get(place)) == Some(&digest)
    }
}

impl Whole {
    fn of(parts: &BTreeMap<u8, Part>, at: Timestamp) -> Self {
        Self { at, digests: parts.values().map(Part::digest).collect() }
    }

    /// At most 2 KiB: eight bytes for the time and each of up to 255 parts.
    fn to_bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(self.at.0).chain(self.digests.iter().copied());
        numbers.flat_map(u64::to_be_bytes).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_be_bytes(*chunk));
        Some(Self { at: Timestamp(numbers.next()?), digests: numbers.collect() })
    }
}

fn kept_as(key: &str, number: u8) -> String {
    format!("{PART}{key}/{number:03}")
}

fn forgotten(key: &str, waiting: &BTreeMap<u8, Part>) -> Vec<(String, Option<Vec<u8>>)> {
    waiting.keys().map(|number| (kept_as(key, *number), None)).collect()
}

fn item(part: &Part, id: String, body: Body, now: Timestamp) -> Item {
    let Part { from, to, at, protection, .. } = part.clone();
    let text = Text { id, from, to, at, body, protection };
    Received::Text(text).into_item(&[], now)
}
