//! The entries of a trace, as a line with stops.

use viadukt_api::{Protection, Timestamp, WorkerName};

use super::super::parts::Sign;
use super::super::speech::Speech;
use crate::http::views::{AttemptOutcome, AttemptView, Stage, TraceEntry};

/// One step of a message's way.
pub(in super::super) struct Step {
    pub at: Timestamp,
    /// The key of the stage's name.
    pub stage: &'static str,
    pub sign: Sign,
    pub what: What,
    /// The key of the reason.
    pub reason: Option<String>,
    /// The far side's code.
    pub code: Option<String>,
    /// The hop that ended or began here.
    pub hop: Option<Hop>,
}

/// What happened at a step.
pub(in super::super) enum What {
    /// In the words of the trail, which are in the language that viadukt speaks in rooms.
    Told(String),
    /// An attempt: to which worker, which one, and the key of its outcome.
    Attempt { worker: String, number: u32, outcome: &'static str },
}

/// From one party to the next.
pub(in super::super) struct Hop {
    /// The worker on the other side of it.
    pub worker: WorkerName,
    /// Whether it leads to us.
    pub inward: bool,
    /// Whether it was passed.
    pub passed: bool,
    pub protection: Protection,
}

impl What {
    /// An attempt, in the reader's words.
    pub fn attempt(speech: &Speech, worker: &str, number: u32, outcome: &str) -> String {
        let (number, outcome) = (number.to_string(), speech.say(outcome));
        let args = [("name", worker), ("attempt", number.as_str()), ("outcome", &outcome)];
        speech.fill("console-step-attempt", &args)
    }
}

/// Reads every entry.
pub(in super::super) fn read(entries: &[TraceEntry]) -> Vec<Step> {
    entries.iter().map(read_one).collect()
}

fn read_one(entry: &TraceEntry) -> Step {
    let (stage, sign) = stage(entry);
    let what = match (&entry.attempt, &entry.worker) {
        (Some(AttemptView { number, outcome, .. }), Some(worker)) => What::Attempt {
            worker: worker.to_string(),
            number: *number,
            outcome: self::outcome(*outcome).1,
        },
        _ => What::Told(entry.what.clone()),
    };
    Step {
        at: entry.at,
        stage,
        sign,
        what,
        reason: entry.reason.as_ref().map(|reason| reason.key.clone()),
        code: entry.attempt.as_ref().and_then(|attempt| attempt.code.clone()),
        hop: hop(entry),
    }
}

/// The stage's name, and the sign of how it went.
fn stage(entry: &TraceEntry) -> (&'static str, Sign) {
    let careful = if entry.reason.is_some() { Sign::Careful } else { Sign::Well };
    match entry.stage {
        Stage::Border => ("console-stage-border", Sign::Well),
        Stage::Accept => ("console-stage-accept", Sign::Well),
        Stage::Normalise => ("console-stage-normalise", Sign::Broken),
        Stage::Judge => ("console-stage-judge", careful),
        Stage::Route => ("console-stage-route", Sign::Well),
        Stage::Deliver => {
            let sign = entry.attempt.as_ref().map(|attempt| outcome(attempt.outcome).0);
            ("console-stage-deliver", sign.unwrap_or(Sign::Paused))
        }
        Stage::Report => ("console-stage-report", Sign::Far),
        Stage::Decide => ("console-stage-decide", Sign::Person),
    }
}

fn outcome(outcome: AttemptOutcome) -> (Sign, &'static str) {
    match outcome {
        AttemptOutcome::Delivered => (Sign::Well, "console-outcome-delivered"),
        AttemptOutcome::Retry => (Sign::Careful, "console-outcome-retry"),
        AttemptOutcome::Refused => (Sign::Broken, "console-outcome-refused"),
        AttemptOutcome::Unknown => (Sign::Careful, "console-outcome-unknown"),
        AttemptOutcome::GaveUp => (Sign::Broken, "console-outcome-gave-up"),
    }
}

fn hop(entry: &TraceEntry) -> Option<Hop> {
    let worker = entry.worker.clone()?;
    let protection = entry.protection.clone();
    match (entry.stage, &entry.attempt) {
        (Stage::Accept, _) => {
            Some(Hop { worker, inward: true, passed: true, protection: protection? })
        }
        (Stage::Deliver, Some(attempt)) => Some(Hop {
            worker,
            inward: false,
            passed: attempt.outcome == AttemptOutcome::Delivered,
            protection: protection.unwrap_or_default(),
        }),
        _ => None,
    }
}
