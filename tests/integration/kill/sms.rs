//! The same with SMS: what is under way when the bridge dies is held and told, since SMPP has no
//! way to ask for it; receipts and the clerk's `!resend` settle it.

use anyhow::{Context, Result};
use matrix_sdk::ruma::OwnedEventId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::fmt;
use viadukt_testbed::servers::Smsc;
use viadukt_testbed::servers::smsc::Submitted;
use viadukt_testbed::{Clerk, Phone, Seen};

use super::load::{THREADS, numbered};
use super::oracle::{Finding, Kind, answers, doubts, in_order, patiently, places};
use super::{SEED, Speakers, Table, from_env, live_and_die, plan, sentence};
use crate::sms::scene::{DELIVERED, SENT, Scene};

/// Kills at random moments when `VIADUKT_ROUNDS` asks for no other number.
const ROUNDS: usize = 2;
/// How the room hears of an answer of which nobody knows whether it arrived.
const UNKNOWN: &str = "nicht bekannt, ob diese Nachricht angekommen ist";

/// The people who keep writing, and everything they wrote.
struct Load<'s> {
    clerk: &'s Clerk,
    centre: &'s Smsc,
    threads: Vec<Thread>,
    random: StdRng,
}

/// The conversation with one phone.
struct Thread {
    number: String,
    root: Seen,
    texts: Vec<Text>,
    answers: Vec<Answer>,
}

/// What the phone sent.
struct Text {
    text: String,
    /// In which round it was written; the first texts are older than any round.
    round: Option<usize>,
}

/// What the clerk answered.
struct Answer {
    text: String,
    event: OwnedEventId,
    round: Option<usize>,
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_no_sms_and_doubles_none_untold() -> Result<()> {
    let (rounds, seed) = (from_env("VIADUKT_ROUNDS", ROUNDS)?, from_env("VIADUKT_SEED", SEED)?);
    let mut random = StdRng::seed_from_u64(seed);
    let plan = plan(rounds, &mut random);
    let mut scene = Scene::begin().await?;
    let (threads, bot) = (Thread::begin_all(&scene).await?, scene.testbed.bot());
    let Scene { bridge, clerk, centre, room, .. } = &mut scene;
    let (clerk, centre) = (&*clerk, &*centre);
    let mut load = Load { clerk, centre, threads, random: StdRng::seed_from_u64(seed) };
    bridge.kill9().await?;

    let recoveries = live_and_die(bridge, &plan, &mut random, &mut load).await?;
    let look = async |resent| {
        let (room, sent) = (clerk.history(room).await?, centre.messages().await?);
        let room = room.iter().filter(|seen| seen.sender == bot).collect();
        Ok(Ends { room, sent, resent }.findings(&load))
    };
    patiently(async || look(false).await).await?;
    for thread in &load.threads {
        clerk.answer(&thread.root, "!resend").await?;
    }
    let findings = patiently(async || look(true).await).await?;
    sentence(bridge, &Table { seed, plan: &plan, findings: &findings, recoveries: &recoveries })
        .await
}

impl Thread {
    /// Begins the conversations. The bridge has to run.
    async fn begin_all(scene: &Scene) -> Result<Vec<Self>> {
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let number = format!("+49171392001{thread}");
            let text = numbered("Text", thread, 0);
            let root = scene.question(&number, &text).await?;
            let texts = vec![Text { text, round: None }];
            threads.push(Self { number, root, texts, answers: Vec::new() });
        }
        Ok(threads)
    }
}

impl Speakers for Load<'_> {
    /// A text from one phone and an answer to one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Text", place, thread.texts.len());
        Phone::new(&thread.number, self.centre).write(&text).await?;
        thread.texts.push(Text { text, round: Some(round) });

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
    /// What it submitted to the centre.
    sent: Vec<Submitted>,
    /// Whether the clerk has decided on everything that was held.
    resent: bool,
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

    /// What the phone sent, as the clerk has it.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Text { text, round }) in thread.texts.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies = places(&self.room, |seen| {
                seen.is_message("m.text") && seen.body().contains(text.as_str())
            });
            match copies.len() {
                0 => find(Kind::Lost, &"is not in the room"),
                1 => {}
                count => find(Kind::Doubled, &format_args!("is {count} times there")),
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

    /// What the clerk answered, as the phone has it, and what the clerk was told of it.
    fn outward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Answer { text, event, round }) in thread.answers.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let told = |words: &str| {
                let is_it = |seen: &&&Seen| answers(seen, event) && seen.body().contains(words);
                self.room.iter().filter(is_it).count()
            };
            let marks = |mark: &str| {
                let is_it = |seen: &&&Seen| seen.reaction_to(event) == Some(mark);
                self.room.iter().filter(is_it).count()
            };
            let to_phone = |sms: &&Submitted| thread.number.ends_with(sms.to.as_str());
            let of_phone = self.sent.iter().filter(to_phone).enumerate();
            let copies: Vec<_> =
                of_phone.filter(|(_, sms)| sms.text().as_ref() == Some(text)).collect();
            let held = told(UNKNOWN) > 0;
            match (copies.len(), marks(SENT), marks(DELIVERED)) {
                (0, ..) if !held => find(Kind::Lost, &"did not reach the phone"),
                (0, ..) if self.resent => find(Kind::Lost, &"did not reach the phone again"),
                (0 | 1, ..) if held => find(Kind::Declared, &"was held, as the room was told"),
                (2, ..) if held && self.resent => {
                    find(Kind::Declared, &"came twice, as the room was told");
                }
                (1, 1, 1) => {}
                (1, 0, _) | (1, _, 0) => find(Kind::Lost, &"has no status"),
                (1, ..) => find(Kind::Doubled, &"has a status twice"),
                (count, ..) => find(Kind::Doubled, &format_args!("came {count} times untold")),
            }
            // What was held comes after what was written later.
            let place = copies.first().filter(|_| !held);
            arrived.extend(place.map(|(place, _)| ((number, *place), *round, text)));
        }
        in_order(arrived, findings);
    }
}
