//! Numbered texts and numbered answers. What is under way when something breaks is held and told,
//! since SMPP has no way to ask for it; receipts and the clerk's `!resend` settle it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use anyhow::{Context, Result};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use viadukt_testservers::Smsc;
use viadukt_testservers::smsc::Submitted;

use super::history::History;
use super::oracle::{Finding, Kind, Said, UNKNOWN, doubts, in_order};
use super::{THREADS, Talk, numbered};
use crate::{Clerk, Phone, Seen, Testbed};

/// The mark on a message that the centre took.
pub const SENT: &str = "✓ gesendet";
/// The mark on a message that reached the phone.
pub const DELIVERED: &str = "✓ zugestellt";

/// Citizens with phones and the clerk, and everything they wrote.
pub struct SmsTalk<'t> {
    clerk: &'t Clerk,
    centre: &'t Smsc,
    bot: String,
    history: History,
    threads: Vec<Thread>,
    random: StdRng,
    /// The rounds in which the network lost its receipts.
    pub unreported: BTreeSet<usize>,
    /// Whether the clerk has decided on everything that was held.
    decided: bool,
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
    round: Option<usize>,
}

/// What the clerk answered.
struct Answer {
    text: String,
    event: OwnedEventId,
    round: usize,
}

impl<'t> SmsTalk<'t> {
    /// Begins the conversations in `room`. The bridge has to run.
    ///
    /// # Errors
    /// A text did not arrive.
    pub async fn begin(
        testbed: &Testbed,
        clerk: &'t Clerk,
        centre: &'t Smsc,
        room: OwnedRoomId,
        seed: u64,
    ) -> Result<Self> {
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let number = format!("+49171392001{thread}");
            let text = numbered("Text", thread, 0);
            Phone::new(&number, centre).write(&text).await?;
            let root = clerk.sees(&text, |seen| seen.body().contains(&text)).await?;
            let texts = vec![Text { text, round: None }];
            threads.push(Thread { number, root, texts, answers: Vec::new() });
        }
        Ok(Self {
            clerk,
            centre,
            bot: testbed.bot(),
            history: History::of(room),
            threads,
            random: StdRng::seed_from_u64(seed),
            unreported: BTreeSet::new(),
            decided: false,
        })
    }
}

impl Talk for SmsTalk<'_> {
    /// A text from one phone and an answer to one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        self.decided = false;
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Text", place, thread.texts.len());
        Phone::new(&thread.number, self.centre).write(&text).await?;
        thread.texts.push(Text { text, round: Some(round) });

        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Antwort", place, thread.answers.len());
        let event = self.clerk.answer_surely(&thread.root, &text).await?;
        thread.answers.push(Answer { text, event, round });
        Ok(())
    }

    fn said(&self) -> usize {
        self.threads.iter().map(|thread| thread.texts.len() + thread.answers.len()).sum()
    }

    async fn findings(&mut self) -> Result<Vec<Finding>> {
        let sent = self.centre.messages().await?;
        let room = self.history.read(self.clerk).await?;
        let ends = Ends {
            said: Said::by(&self.bot, room),
            sent: submitted(&sent),
            unreported: &self.unreported,
            decided: self.decided,
        };
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

/// Where each text came to each phone: places in the order of arrival, by number and text.
fn submitted(sent: &[Submitted]) -> HashMap<(String, String), Vec<usize>> {
    let mut places = HashMap::<_, Vec<_>>::new();
    for (place, sms) in sent.iter().enumerate() {
        let number = format!("+{}", sms.to.trim_start_matches('+'));
        if let Some(text) = sms.text() {
            places.entry((number, text)).or_default().push(place);
        }
    }
    places
}

/// The two ends as they are now.
struct Ends<'r> {
    /// What viadukt wrote into the room.
    said: Said<'r>,
    /// What it submitted to the centre.
    sent: HashMap<(String, String), Vec<usize>>,
    unreported: &'r BTreeSet<usize>,
    decided: bool,
}

impl Ends<'_> {
    /// What the phone sent, as the clerk has it.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Text { text, round }) in thread.texts.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let copies = self.said.copies(text);
            match copies.len() {
                0 => find(Kind::Lost, &"is not in the room"),
                1 => {}
                count => find(Kind::Doubled, &format_args!("is {count} times there")),
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

    /// What the clerk answered, as the phone has it, and what the clerk was told of it.
    fn outward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for (number, Answer { text, event, round }) in thread.answers.iter().enumerate() {
            let round = Some(*round);
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round, kind, what: format!("{text} {what}") });
            };
            let statuses = self.said.statuses(event);
            let copies = self.sent.get(&(thread.number.clone(), text.clone()));
            let copies = copies.map(Vec::as_slice).unwrap_or_default();
            let held = statuses.tell(UNKNOWN);
            match (copies.len(), statuses.marks(SENT), statuses.marks(DELIVERED)) {
                (0, ..) if !held => find(Kind::Lost, &"did not reach the phone"),
                (0, ..) if self.decided => find(Kind::Lost, &"did not reach the phone again"),
                (0 | 1, ..) if held => find(Kind::Declared, &"was held, as the room was told"),
                (2, ..) if held && self.decided => {
                    find(Kind::Declared, &"came twice, as the room was told");
                }
                (1, 1, 1) => {}
                (1, 1, 0) if self.may_be_unreported(round) => {
                    find(Kind::Declared, &"has no receipt: the network lost it");
                }
                (1, 0, _) | (1, _, 0) => find(Kind::Lost, &"has no status"),
                (1, ..) => find(Kind::Doubled, &"has a status twice"),
                (count, ..) => find(Kind::Doubled, &format_args!("came {count} times untold")),
            }
            // What was held comes after what was written later.
            let place = copies.first().filter(|_| !held);
            arrived.extend(place.map(|place| ((number, *place), round, text)));
        }
        in_order(arrived, findings);
    }

    /// Whether something written in `round` may have been sent when receipts were lost.
    fn may_be_unreported(&self, round: Option<usize>) -> bool {
        round.is_some_and(|round| self.unreported.range(round..=round + 1).next().is_some())
    }
}
