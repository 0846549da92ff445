//! The same with applications and doors of the intranet. What an application was answered 2xx is
//! in the room once, and what the clerk answered is with it once, or again under the id that it
//! had. What a door says may be shown again where the broker sends it again, and is marked so; what
//! it is told may come again, as the room is told.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::ruma::OwnedEventId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use viadukt_testbed::servers::Mosquitto;
use viadukt_testbed::{Clerk, Seen};

use super::load::{THREADS, numbered};
use super::oracle::{
    Finding, Kind, SENT_AGAIN, answers, doubts, in_order, not_told_once, patiently, places,
};
use super::{SEED, Speakers, Table, from_env, live_and_die, plan, sentence};
use crate::intranet::scene::{Scene, tell};

/// Kills at random moments when `VIADUKT_ROUNDS` asks for no other number.
const ROUNDS: usize = 2;
/// So many of the conversations are with applications, the others with doors.
const APPLICATIONS: usize = THREADS / 2;
/// How the room hears of what the broker sent again.
const SENT_AGAIN_BY_BROKER: &str = "Der Broker hat dies noch einmal gesendet";
/// How long an application waits before it calls again.
const PAUSE: Duration = Duration::from_millis(50);

/// Applications, doors and the clerk, who keep talking, and everything they said.
struct Load<'s> {
    clerk: &'s Clerk,
    broker: &'s Mosquitto,
    threads: Vec<Thread>,
    random: StdRng,
    /// The applications that call.
    _calling: JoinSet<()>,
}

/// The conversation with one of them.
struct Thread {
    root: Seen,
    words: Vec<Word>,
    answers: Vec<Answer>,
    far: Far,
}

/// Who is at the other end.
enum Far {
    /// An application that calls: to it.
    Application(mpsc::UnboundedSender<String>),
    /// A door with its topic.
    Door(String),
}

/// What the other end said.
struct Word {
    text: String,
    /// In which round it was said; the first words are older than any round.
    round: Option<usize>,
}

/// What the clerk answered.
struct Answer {
    text: String,
    event: OwnedEventId,
    round: Option<usize>,
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_no_word_and_doubles_none_untold() -> Result<()> {
    let (rounds, seed) = (from_env("VIADUKT_ROUNDS", ROUNDS)?, from_env("VIADUKT_SEED", SEED)?);
    let mut random = StdRng::seed_from_u64(seed);
    let plan = plan(rounds, &mut random);
    let mut scene = Scene::with_applications(APPLICATIONS).await?;
    let mut calling = JoinSet::new();
    let threads = Thread::begin_all(&scene, &mut calling).await?;
    let bot = scene.testbed.bot();
    let Scene { bridge, clerk, application, broker, doors, room, .. } = &mut scene;
    let (clerk, broker) = (&*clerk, &*broker);
    let random_of_load = StdRng::seed_from_u64(seed);
    let mut load = Load { clerk, broker, threads, random: random_of_load, _calling: calling };
    bridge.kill9().await?;

    let recoveries = live_and_die(bridge, &plan, &mut random, &mut load).await?;
    let findings = patiently(async || {
        let room = clerk.history(room).await?;
        let room = room.iter().filter(|seen| seen.sender == bot).collect();
        let called = application.requests().into_iter().map(|call| {
            let id = call.header("webhook-id").map(str::to_owned);
            Came { text: call.text(), id }
        });
        let heard = doors.heard().into_iter().map(|(_, text)| Came { text, id: None });
        Ok(Ends { room, came: called.chain(heard).collect() }.findings(&load))
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
            let far = if thread < APPLICATIONS {
                let (says, said) = mpsc::unbounded_channel();
                calling.spawn(call(scene.hooks.clone(), Scene::application(thread), said));
                Far::Application(says)
            } else {
                Far::Door(format!("door/{thread}"))
            };
            far.say(&scene.broker, &text).await?;
            let root = scene.shown(&text).await?;
            let words = vec![Word { text, round: None }];
            threads.push(Self { root, words, answers: Vec::new(), far });
        }
        Ok(threads)
    }
}

impl Far {
    /// Says `text`, once and for all.
    async fn say(&self, broker: &Mosquitto, text: &str) -> Result<()> {
        match self {
            Self::Application(says) => Ok(says.send(text.to_owned())?),
            Self::Door(topic) => Ok(broker.publish(topic, &[text]).await?),
        }
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
    /// A word of one of the others and an answer to one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Meldung", place, thread.words.len());
        thread.far.say(self.broker, &text).await?;
        thread.words.push(Word { text, round: Some(round) });

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
    /// What came at the other ends, at each in order.
    came: Vec<Came>,
}

/// What came at another end.
struct Came {
    text: String,
    id: Option<String>,
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

    /// What the other end said, as the clerk has it.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Word { text, round }) in thread.words.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies = places(&self.room, |seen| {
                seen.kind == "m.room.message" && seen.body().contains(text.as_str())
            });
            let marked = |place: &usize| {
                let seen = self.room.get(*place);
                seen.is_some_and(|seen| seen.body().contains(SENT_AGAIN_BY_BROKER))
            };
            match copies.as_slice() {
                [] => find(Kind::Lost, &"is not in the room"),
                [_] => {}
                [_, again @ ..] if again.iter().all(marked) => {
                    find(Kind::Declared, &"came again from the broker, as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("is {} times there", copies.len())),
            }
            for seen in copies.iter().filter_map(|place| self.room.get(*place)) {
                for doubt in doubts(seen, &thread.root.event_id) {
                    find(Kind::Wrong, &doubt);
                }
            }
            arrived.extend(copies.first().map(|place| ((number, *place), *round, text)));
        }
        in_order(arrived, findings);
    }

    /// What the clerk answered, as the other end has it, and what the clerk was told of it.
    fn outward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Answer { text, event, round }) in thread.answers.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let told =
                self.room.iter().any(|one| answers(one, event) && one.body().contains(SENT_AGAIN));
            let copies: Vec<_> = (0..)
                .zip(&self.came)
                .filter(|(_, came)| came.text.contains(text.as_str()))
                .map(|(place, came)| (place, &came.id))
                .collect();
            match copies.as_slice() {
                [] => find(Kind::Lost, &"did not reach the other end"),
                [_] => {}
                [(_, first), more @ ..]
                    if (first.is_some() || told) && more.iter().all(|(_, id)| id == first) =>
                {
                    find(Kind::Declared, &"came again under its id, or as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("came {} times", copies.len())),
            }
            arrived.extend(copies.first().map(|(place, _)| ((number, *place), *round, text)));
            if let Some((kind, what)) = not_told_once(&self.room, event) {
                find(kind, &what);
            }
        }
        in_order(arrived, findings);
    }
}
