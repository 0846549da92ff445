//! The same with applications of the intranet: what they were answered 2xx is in the room once,
//! and what the clerk answered is with them once, or again under the id that it had.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::ruma::OwnedEventId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use viadukt_testbed::servers::Request;
use viadukt_testbed::{Clerk, Seen};

use super::load::{THREADS, numbered};
use super::oracle::{Finding, Kind, answers, in_order, patiently, places};
use super::{SEED, Speakers, Table, from_env, live_and_die, plan, sentence};
use crate::intranet::scene::{Scene, tell};

/// Kills at random moments when `VIADUKT_ROUNDS` asks for no other number.
const ROUNDS: usize = 2;
/// How long an application waits before it calls again.
const PAUSE: Duration = Duration::from_millis(50);

/// The applications and the clerk, who keep talking, and everything they said.
struct Load<'s> {
    clerk: &'s Clerk,
    threads: Vec<Thread>,
    random: StdRng,
    /// The applications that call.
    _calling: JoinSet<()>,
}

/// The conversation with one application.
struct Thread {
    root: Seen,
    calls: Vec<Call>,
    answers: Vec<Answer>,
    /// To the application that calls.
    says: mpsc::UnboundedSender<String>,
}

/// What the application told.
struct Call {
    text: String,
    /// In which round it was told; the first are older than any round.
    round: Option<usize>,
}

/// What the clerk answered.
struct Answer {
    text: String,
    event: OwnedEventId,
    round: Option<usize>,
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_no_call_and_doubles_no_answer_untold() -> Result<()> {
    let (rounds, seed) = (from_env("VIADUKT_ROUNDS", ROUNDS)?, from_env("VIADUKT_SEED", SEED)?);
    let mut random = StdRng::seed_from_u64(seed);
    let plan = plan(rounds, &mut random);
    let mut scene = Scene::with_applications(THREADS).await?;
    let mut calling = JoinSet::new();
    let threads = Thread::begin_all(&scene, &mut calling).await?;
    let bot = scene.testbed.bot();
    let Scene { bridge, clerk, application, room, .. } = &mut scene;
    let (clerk, application) = (&*clerk, &*application);
    let random_of_load = StdRng::seed_from_u64(seed);
    let mut load = Load { clerk, threads, random: random_of_load, _calling: calling };
    bridge.kill9().await?;

    let recoveries = live_and_die(bridge, &plan, &mut random, &mut load).await?;
    let findings = patiently(async || {
        let (room, calls) = (clerk.history(room).await?, application.requests());
        let room = room.iter().filter(|seen| seen.sender == bot).collect();
        Ok(Ends { room, calls }.findings(&load))
    })
    .await?;
    sentence(bridge, &Table { seed, plan: &plan, findings: &findings, recoveries: &recoveries })
        .await
}

impl Thread {
    /// Begins the conversations. The bridge has to run.
    async fn begin_all(scene: &Scene, calling: &mut JoinSet<()>) -> Result<Vec<Self>> {
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let text = numbered("Meldung", thread, 0);
            let system = Scene::application(thread);
            tell(&scene.hooks, &system, id(&text), &text).await?;
            let root = scene.shown(&text).await?;
            let (says, said) = mpsc::unbounded_channel();
            calling.spawn(call(scene.hooks.clone(), system, said));
            let calls = vec![Call { text, round: None }];
            threads.push(Self { root, calls, answers: Vec::new(), says });
        }
        Ok(threads)
    }
}

/// Calls as `system` with one text after the other, each until it is taken.
async fn call(hooks: String, system: String, mut texts: mpsc::UnboundedReceiver<String>) {
    while let Some(text) = texts.recv().await {
        while !matches!(tell(&hooks, &system, id(&text), &text).await, Ok(200..=299)) {
            sleep(PAUSE).await;
        }
    }
}

/// The id of what is told; it has no dots (Standard Webhooks, "Metadata").
fn id(text: &str) -> &str {
    text.trim_end_matches('.')
}

impl Speakers for Load<'_> {
    /// Word from one application and an answer to one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Meldung", place, thread.calls.len());
        thread.says.send(text.clone())?;
        thread.calls.push(Call { text, round: Some(round) });

        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Antwort", place, thread.answers.len());
        let event = self.clerk.answer(&thread.root, &text).await?;
        thread.answers.push(Answer { text, event, round: Some(round) });
        Ok(())
    }
}

/// The two ends as they are now.
struct Ends<'r> {
    /// What viadukt wrote into the room.
    room: Vec<&'r Seen>,
    /// What the applications were called with.
    calls: Vec<Request>,
}

impl Ends<'_> {
    fn findings(&self, load: &Load<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for thread in &load.threads {
            self.inward(thread, &mut findings);
            self.outward(thread, &mut findings);
        }
        findings
    }

    /// What the application told, as the clerk has it.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Call { text, round }) in thread.calls.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies = places(&self.room, |seen| {
                seen.kind == "m.room.message" && seen.body().contains(text.as_str())
            });
            match copies.len() {
                0 => find(Kind::Lost, &"is not in the room"),
                1 => {}
                count => find(Kind::Doubled, &format_args!("is {count} times there")),
            }
            for seen in copies.iter().filter_map(|place| self.room.get(*place)) {
                let root = &thread.root.event_id;
                if seen.event_id != *root && seen.thread() != Some(root) {
                    find(Kind::Wrong, &"is outside its thread");
                }
                if let Err(doubt) = seen.trusted() {
                    find(Kind::Wrong, &doubt);
                }
            }
            arrived.extend(copies.first().map(|place| ((number, *place), *round, text)));
        }
        in_order(arrived, findings);
    }

    /// What the clerk answered, as the application has it, and what the clerk was told of it.
    fn outward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Answer { text, event, round }) in thread.answers.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies: Vec<_> = (0..)
                .zip(&self.calls)
                .filter(|(_, call)| call.text().contains(text.as_str()))
                .map(|(place, call)| (place, call.header("webhook-id")))
                .collect();
            match copies.as_slice() {
                [] => find(Kind::Lost, &"did not reach the application"),
                [_] => {}
                [(_, first), more @ ..] if more.iter().all(|(_, id)| id == first) => {
                    find(Kind::Declared, &"came again under its id");
                }
                _ => find(Kind::Doubled, &format_args!("came {} times", copies.len())),
            }
            arrived.extend(copies.first().map(|(place, _)| ((number, *place), *round, text)));
            let is_status = |one: &&&Seen| one.reaction_to(event).is_some() || answers(one, event);
            match self.room.iter().filter(is_status).count() {
                0 => find(Kind::Lost, &"has no status"),
                1 => {}
                count => find(Kind::Doubled, &format_args!("has {count} statuses")),
            }
        }
        in_order(arrived, findings);
    }
}
