//! The entries of a trace, as a line with stops.

use viadukt_api::Timestamp;

use super::super::parts::Sign;
use super::super::speech::Speech;
use crate::http::TraceEntry;

/// One step of a message's way.
pub(in super::super) struct Step {
    pub at: Timestamp,
    /// The key of the stage's name.
    pub stage: &'static str,
    pub sign: Sign,
    what: What,
    pub reason: Option<String>,
    /// The hop that ended or began here.
    pub hop: Option<Hop>,
}

/// What happened at a step.
enum What {
    /// A sentence, by its key, with a name or a number in it.
    Said(&'static str, String),
    /// An attempt: by which worker, which one, and its outcome.
    Attempt { worker: String, attempt: String, outcome: &'static str },
}

/// From one party to the next.
pub(in super::super) struct Hop {
    /// The worker on the other side of it.
    pub worker: String,
    /// Whether it leads to us.
    pub inward: bool,
    /// Whether it was passed.
    pub passed: bool,
    pub protected: Protected,
}

/// How a hop was protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Protected {
    /// From the sender's device to the last one: nobody between could read it.
    EndToEnd(String),
    /// On this hop: nobody outside its two ends could read it.
    Hop(String),
    /// Not at all.
    Not,
    /// Nobody said.
    Unknown,
}

impl Step {
    /// What happened, in words.
    pub fn words(&self, speech: &Speech) -> String {
        match &self.what {
            What::Said(key, name) => speech.fill(key, &[("name", name)]),
            What::Attempt { worker, attempt, outcome } => {
                let outcome = speech.say(outcome);
                let args = [("name", worker.as_str()), ("attempt", attempt), ("outcome", &outcome)];
                speech.fill("console-step-attempt", &args)
            }
        }
    }
}

/// Reads every entry.
pub(in super::super) fn read(entries: &[TraceEntry]) -> Vec<Step> {
    entries.iter().map(read_one).collect()
}

fn read_one(entry: &TraceEntry) -> Step {
    let TraceEntry { at, stage, what, detail } = entry;
    let reason = || Some(detail.clone()).filter(|detail| !detail.is_empty());
    let step = |stage, sign, what, reason, hop| Step { at: *at, stage, sign, what, reason, hop };
    let said = |key| What::Said(key, what.clone());
    match stage.as_str() {
        "accept" => {
            let worker = what.strip_prefix("from ").unwrap_or(what).to_owned();
            let what = What::Said("console-step-accepted", worker.clone());
            let hop = Hop { worker, inward: true, passed: true, protected: protected(detail) };
            step("console-stage-accept", Sign::Well, what, None, Some(hop))
        }
        "normalise" => step(
            "console-stage-normalise",
            Sign::Broken,
            said("console-step-aside"),
            reason(),
            None,
        ),
        "judge" if what == "pass" => {
            step("console-stage-judge", Sign::Well, said("console-step-pass"), None, None)
        }
        "judge" => {
            let why = Some(what.clone());
            step("console-stage-judge", Sign::Careful, said("console-step-not-passed"), why, None)
        }
        "route" => step("console-stage-route", Sign::Well, routed(what), None, None),
        "deliver" => deliver(*at, what, detail),
        "decide" => step(
            "console-stage-decide",
            Sign::Person,
            What::Said(decision(what), String::new()),
            reason(),
            None,
        ),
        _ => step("console-stage-else", Sign::Careful, said("console-step-else"), reason(), None),
    }
}

fn routed(what: &str) -> What {
    What::Said("console-step-routed", what.split(' ').next().unwrap_or_default().to_owned())
}

/// `part 0 to post, attempt 1: delivered`.
fn deliver(at: Timestamp, what: &str, detail: &str) -> Step {
    let stage = "console-stage-deliver";
    let attempted = || {
        let (_, rest) = what.split_once(" to ")?;
        let (worker, rest) = rest.split_once(", attempt ")?;
        let (attempt, outcome) = rest.split_once(": ")?;
        Some((worker, attempt, outcome))
    };
    let Some((worker, attempt, outcome)) = attempted() else {
        let what = What::Said("console-step-else", what.to_owned());
        return Step { at, stage, sign: Sign::Paused, what, reason: None, hop: None };
    };
    let (sign, key) = match outcome {
        "delivered" => (Sign::Well, "console-outcome-delivered"),
        "retry" => (Sign::Careful, "console-outcome-retry"),
        "refused" => (Sign::Broken, "console-outcome-refused"),
        "unknown" => (Sign::Careful, "console-outcome-unknown"),
        _ => (Sign::Broken, "console-outcome-gave-up"),
    };
    let passed = outcome == "delivered";
    let protected = if passed { protected(detail) } else { Protected::Unknown };
    let worker = worker.to_owned();
    let (attempt, outcome) = (attempt.to_owned(), key);
    let what = What::Attempt { worker: worker.clone(), attempt, outcome };
    let hop = Some(Hop { worker, inward: false, passed, protected });
    let reason = (!passed && !detail.is_empty()).then(|| detail.to_owned());
    Step { at, stage, sign, what, reason, hop }
}

fn decision(what: &str) -> &'static str {
    match what {
        "requeued" => "console-decided-requeued",
        "discarded" => "console-decided-discarded",
        "tested" => "console-decided-tested",
        _ => "console-decided-else",
    }
}

/// How the trail's own words say that a hop was protected.
fn protected(words: &str) -> Protected {
    let encrypted = ["megolm", "cross-signed", "verified", "unsigned-device"];
    if encrypted.iter().any(|word| words.starts_with(word)) {
        Protected::EndToEnd(words.to_owned())
    } else if words.starts_with("TLS") {
        Protected::Hop(words.to_owned())
    } else if words == "none" {
        Protected::Not
    } else {
        Protected::Unknown
    }
}
