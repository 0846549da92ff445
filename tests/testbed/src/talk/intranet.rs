//! The same with applications and doors of the intranet. What an application was answered 2xx is
//! in the room once, and what the clerk answered is with it once, or again under the id that it
//! had. What a door says may be shown again where the broker sends it again, and is marked so; what
//! it is told may come again, as the room is told.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use viadukt_testservers::mosquitto::{Listener, Publisher};
use viadukt_testservers::{StandIn, post};

use super::history::History;
use super::oracle::{Finding, Kind, SENT_AGAIN, Said, UNKNOWN, doubts, in_order};
use super::{THREADS, Talk, numbered, numbered_in};
use crate::{Clerk, Seen, Testbed};

/// So many of the conversations are with applications, the others with doors.
pub const APPLICATIONS: usize = THREADS / 2;
/// What callers prove themselves with.
pub const TOKEN: &str = "geheim-geheim-geheim-geheim";
/// How the room hears of what the broker sent again.
const SENT_AGAIN_BY_BROKER: &str = "Der Broker hat dies noch einmal gesendet";
/// How long somebody waits before trying again.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the far ends are.
#[derive(Clone, Copy)]
pub struct FarEnds<'t> {
    /// Where applications call; each is the system [`application`] there.
    pub hooks: &'t str,
    /// What applications are called with.
    pub application: &'t StandIn,
    /// What doors publish with, under `door/`.
    pub publisher: Publisher,
    /// What is published under `door/`.
    pub doors: &'t Listener,
}

/// The name of the application `number`.
pub fn application(number: usize) -> String {
    format!("app{number}")
}

/// The application `system` tells the bridge at `hooks` of something; gives the status that it
/// got.
///
/// # Errors
/// Nobody is there, or it gave no whole answer.
pub async fn tell(hooks: &str, system: &str, id: &str, text: &str) -> std::io::Result<u16> {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("webhook-id", id)];
    let body = json!({ "data": { "text": text } });
    post(&format!("{hooks}/{system}"), &headers, &body.to_string()).await
}

/// Applications, doors and the clerk, and everything they said.
pub struct IntranetTalk<'t> {
    clerk: &'t Clerk,
    far: FarEnds<'t>,
    bot: String,
    history: History,
    threads: Vec<Thread>,
    random: StdRng,
    /// The applications that call.
    _calling: JoinSet<()>,
    /// Whether the clerk has decided on everything that was held.
    decided: bool,
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
    round: Option<usize>,
}

/// What the clerk answered.
struct Answer {
    text: String,
    event: OwnedEventId,
    round: Option<usize>,
}

impl<'t> IntranetTalk<'t> {
    /// Begins the conversations in `room`. The bridge has to run.
    ///
    /// # Errors
    /// A word did not arrive.
    pub async fn begin(
        testbed: &Testbed,
        clerk: &'t Clerk,
        far: FarEnds<'t>,
        room: OwnedRoomId,
        seed: u64,
    ) -> Result<Self> {
        let mut calling = JoinSet::new();
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let text = numbered("Meldung", thread, 0);
            let other = if thread < APPLICATIONS {
                let (says, said) = mpsc::unbounded_channel();
                calling.spawn(call(far.hooks.to_owned(), application(thread), said));
                Far::Application(says)
            } else {
                Far::Door(format!("door/{thread}"))
            };
            other.say(far.publisher, &text).await?;
            let root = clerk.sees(&text, |seen| seen.body().contains(&text)).await?;
            let words = vec![Word { text, round: None }];
            threads.push(Thread { root, words, answers: Vec::new(), far: other });
        }
        Ok(Self {
            clerk,
            far,
            bot: testbed.bot(),
            history: History::of(room),
            threads,
            random: StdRng::seed_from_u64(seed),
            _calling: calling,
            decided: false,
        })
    }
}

impl Far {
    /// Says `text`, once and for all.
    async fn say(&self, publisher: Publisher, text: &str) -> Result<()> {
        match self {
            Self::Application(says) => Ok(says.send(text.to_owned())?),
            Self::Door(topic) => {
                // It would come twice only if the broker died between taking it and saying so.
                while publisher.publish(&["-t", topic], &[text]).await.is_err() {
                    sleep(PAUSE).await;
                }
                Ok(())
            }
        }
    }
}

/// Calls as `system` with one text after the other, each until it is taken.
async fn call(hooks: String, system: String, mut texts: mpsc::UnboundedReceiver<String>) {
    while let Some(text) = texts.recv().await {
        // An id has no dots (Standard Webhooks, "Metadata").
        let id = text.trim_end_matches('.');
        while !matches!(tell(&hooks, &system, id, &text).await, Ok(200..=299)) {
            sleep(PAUSE).await;
        }
    }
}

impl Talk for IntranetTalk<'_> {
    /// A word of one of the others and an answer to one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        self.decided = false;
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Meldung", place, thread.words.len());
        thread.far.say(self.far.publisher, &text).await?;
        thread.words.push(Word { text, round: Some(round) });

        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Antwort", place, thread.answers.len());
        let event = self.clerk.answer_surely(&thread.root, &text).await?;
        thread.answers.push(Answer { text, event, round: Some(round) });
        Ok(())
    }

    fn said(&self) -> usize {
        self.threads.iter().map(|thread| thread.words.len() + thread.answers.len()).sum()
    }

    async fn findings(&mut self) -> Result<Vec<Finding>> {
        let room = self.history.read(self.clerk).await?;
        let called = self.far.application.requests().into_iter().map(|call| {
            let id = call.header("webhook-id").map(str::to_owned);
            (call.text(), id)
        });
        let heard = self.far.doors.heard().into_iter().map(|(_, text)| (text, None));
        let mut came = HashMap::<_, Vec<_>>::new();
        for (place, (text, id)) in called.chain(heard).enumerate() {
            if let Some(text) = numbered_in(&text) {
                came.entry(text.to_owned()).or_default().push(Came { place, id });
            }
        }
        let ends = Ends { said: Said::by(&self.bot, room), came, decided: self.decided };
        let mut findings = Vec::new();
        for thread in &self.threads {
            ends.inward(thread, &mut findings);
            ends.outward(thread, &mut findings);
        }
        Ok(findings)
    }

    async fn decide(&mut self) -> Result<()> {
        for thread in &self.threads {
            self.clerk.answer_surely(&thread.root, "!resend").await?;
        }
        self.decided = true;
        Ok(())
    }
}

/// The two ends as they are now.
struct Ends<'r> {
    /// What viadukt wrote into the room.
    said: Said<'r>,
    /// What came at the other ends, by its text.
    came: HashMap<String, Vec<Came>>,
    decided: bool,
}

/// Something that came at another end.
struct Came {
    /// Its place in the order of arrival.
    place: usize,
    id: Option<String>,
}

impl Ends<'_> {
    /// What the other end said, as the clerk has it.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Word { text, round }) in thread.words.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies = self.said.copies(text);
            let marked = |(_, seen): &(usize, &Seen)| seen.body().contains(SENT_AGAIN_BY_BROKER);
            match copies.as_slice() {
                [] => find(Kind::Lost, &"is not in the room"),
                [_] => {}
                [_, again @ ..] if again.iter().all(marked) => {
                    find(Kind::Declared, &"came again from the broker, as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("is {} times there", copies.len())),
            }
            for (_, seen) in &copies {
                for doubt in doubts(seen, &thread.root.event_id) {
                    find(Kind::Wrong, &doubt);
                }
            }
            arrived.extend(copies.first().map(|(place, _)| ((number, *place), *round, text)));
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
            let statuses = self.said.statuses(event);
            let (again, held) = (statuses.tell(SENT_AGAIN), statuses.tell(UNKNOWN));
            let copies = self.came.get(text).map(Vec::as_slice).unwrap_or_default();
            match copies {
                [] if held && !self.decided => {}
                [] => find(Kind::Lost, &"did not reach the other end"),
                [_] if held => find(Kind::Declared, &"was held, as the room was told"),
                [_] => {}
                [first, more @ ..]
                    if (first.id.is_some() || again || held)
                        && more.iter().all(|one| one.id == first.id) =>
                {
                    find(Kind::Declared, &"came again under its id, or as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("came {} times", copies.len())),
            }
            if let Some((kind, what)) = statuses.not_told_once().filter(|_| !held) {
                find(kind, &what);
            }
            let first = copies.first().filter(|_| !held);
            arrived.extend(first.map(|came| ((number, came.place), *round, text)));
        }
        in_order(arrived, findings);
    }
}
