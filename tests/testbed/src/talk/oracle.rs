//! The judge: what is lost, doubled, out of order or wrong, and what the design declares.

use std::collections::HashMap;
use std::fmt;

use anyhow::Result;
use matrix_sdk::ruma::EventId;
use tokio::time::{Duration, Instant, sleep};

use super::{Talk, numbered_in};
use crate::seen::Seen;

/// How long nothing may arrive before what is still missing counts as lost.
const SILENCE: Duration = Duration::from_secs(60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How the room hears of an answer that may have arrived twice.
pub(super) const SENT_AGAIN: &str = "nach einer Unterbrechung noch einmal gesendet";
/// How the room hears of an answer of which nobody knows whether it arrived.
pub(super) const UNKNOWN: &str = "nicht bekannt, ob diese Nachricht angekommen ist";

/// Something that is not as in a world in which nothing breaks.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The round in which the message was written; the first ones are older than any round.
    pub round: Option<usize>,
    /// How bad it is.
    pub kind: Kind,
    /// What it is.
    pub what: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It did not arrive, or has no status.
    Lost,
    /// It arrived twice outside the declared window, or nobody was told.
    Doubled,
    /// It arrived in another order than it was sent in its conversation.
    OutOfOrder,
    /// It arrived elsewhere, or not encrypted by a cross-signed device.
    Wrong,
    /// It was held or sent twice, as the design declares: it is known as the same one, and the
    /// room was told.
    Declared,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round, kind, what } = self;
        match round {
            Some(round) => write!(f, "round {round}: {kind:?}: {what}"),
            None => write!(f, "before the first round: {kind:?}: {what}"),
        }
    }
}

/// Waits until everything arrived or nothing more comes, lets people decide about what is held,
/// waits again, and says what is left.
///
/// # Errors
/// A server that is not meant to break broke.
pub async fn judge(talk: &mut impl Talk) -> Result<Vec<Finding>> {
    patiently(talk).await?;
    talk.decide().await?;
    patiently(talk).await
}

/// Looks again and again until nothing is lost or nothing more comes.
async fn patiently(talk: &mut impl Talk) -> Result<Vec<Finding>> {
    let mut last = (usize::MAX, Instant::now());
    loop {
        let findings = talk.findings().await?;
        let lost = findings.iter().filter(|one| one.kind == Kind::Lost).count();
        if lost < last.0 {
            last = (lost, Instant::now());
        }
        if lost == 0 || last.1.elapsed() > SILENCE {
            return Ok(findings);
        }
        sleep(PAUSE).await;
    }
}

/// Everything that viadukt said in a room, to be found by what it is about.
pub(super) struct Said<'r> {
    seen: Vec<&'r Seen>,
    texts: HashMap<&'r str, Vec<usize>>,
    answers: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Said<'r> {
    pub(super) fn by(bot: &str, room: &'r [Seen]) -> Self {
        let seen: Vec<_> = room.iter().filter(|seen| seen.sender == bot).collect();
        let (mut texts, mut answers) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for (place, one) in seen.iter().copied().enumerate() {
            let text = one.file().or((one.kind == "m.room.message").then(|| one.body()));
            if let Some(text) = text.and_then(numbered_in) {
                texts.entry(text).or_default().push(place);
            }
            if let Some(event) = answered(one) {
                answers.entry(event).or_default().push(place);
            }
        }
        Self { seen, texts, answers }
    }

    /// Where `text`, or the file whose name holds it, is in the timeline.
    pub(super) fn copies(&self, text: &str) -> Vec<(usize, &'r Seen)> {
        self.at(self.texts.get(text))
    }

    /// The marks on `event` and the notices about it.
    pub(super) fn statuses(&self, event: &EventId) -> Statuses<'r> {
        let found = self.at(self.answers.get(event.as_str()));
        Statuses(found.into_iter().map(|(_, seen)| seen).collect())
    }

    fn at(&self, places: Option<&Vec<usize>>) -> Vec<(usize, &'r Seen)> {
        let places = places.into_iter().flatten();
        places.filter_map(|place| Some((*place, *self.seen.get(*place)?))).collect()
    }
}

/// The event that `seen` is a mark on or a notice about.
fn answered(seen: &Seen) -> Option<&str> {
    let relation = &seen.content["m.relates_to"];
    if relation["rel_type"] == "m.annotation" {
        return relation["event_id"].as_str();
    }
    let event = relation["m.in_reply_to"]["event_id"].as_str();
    event.filter(|_| seen.is_message("m.notice"))
}

/// What the sender of a message was told of it.
pub(super) struct Statuses<'r>(Vec<&'r Seen>);

impl Statuses<'_> {
    /// Whether a notice holds `words`.
    pub(super) fn tell(&self, words: &str) -> bool {
        self.0.iter().any(|seen| seen.is_message("m.notice") && seen.body().contains(words))
    }

    /// How many marks say `mark`.
    pub(super) fn marks(&self, mark: &str) -> usize {
        let says = |seen: &&&Seen| seen.content["m.relates_to"]["key"] == mark;
        self.0.iter().filter(says).count()
    }

    /// What is wrong if the sender was not told once, and once only.
    pub(super) fn not_told_once(&self) -> Option<(Kind, String)> {
        match self.0.len() {
            0 => Some((Kind::Lost, "has no status".to_owned())),
            1 => None,
            count => Some((Kind::Doubled, format!("has {count} statuses"))),
        }
    }
}

/// Finds what came after something that is later in the order that was owed: pairs of the
/// place owed and the place found.
pub(super) fn in_order(
    mut arrived: Vec<((usize, usize), Option<usize>, &String)>,
    findings: &mut Vec<Finding>,
) {
    arrived.sort_by_key(|((owed, _), ..)| *owed);
    let mut latest = 0;
    for ((_, place), round, text) in arrived {
        if place < latest {
            let what = format!("{text} overtook an earlier one");
            findings.push(Finding { round, kind: Kind::OutOfOrder, what });
        }
        latest = latest.max(place);
    }
}

/// What is wrong with where `seen` stands, which belongs under `root`, and with how it came there.
pub(super) fn doubts(seen: &Seen, root: &EventId) -> Vec<String> {
    let mut doubts = Vec::new();
    if seen.event_id != *root && seen.thread() != Some(root) {
        doubts.push("is outside its thread".to_owned());
    }
    doubts.extend(seen.trusted().err().map(|doubt| doubt.to_string()));
    doubts
}
