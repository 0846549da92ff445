//! Numbered mails and numbered replies.

use std::collections::HashMap;
use std::fmt;

use anyhow::{Context, Result};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::history::History;
use super::oracle::{Finding, Kind, SENT_AGAIN, Said, UNKNOWN, doubts, in_order};
use super::{THREADS, Talk, numbered, numbered_in};
use crate::{AGENCY, Citizen, Clerk, Mailbox, Seen, Testbed, until};

/// Every so many mails carry a file.
const WITH_FILE: usize = 4;

/// A citizen and the clerk, and everything they wrote.
pub struct MailTalk<'t> {
    clerk: &'t Clerk,
    citizen: Citizen,
    agency: Mailbox,
    bot: String,
    history: History,
    threads: Vec<Thread>,
    random: StdRng,
    /// Whether the clerk has decided on everything that was held.
    decided: bool,
}

/// One conversation.
struct Thread {
    root: Seen,
    mails: Vec<Mail>,
    replies: Vec<Reply>,
}

/// A mail of the citizen.
struct Mail {
    text: String,
    message_id: String,
    /// What the name of its file holds.
    file: Option<String>,
    round: Option<usize>,
}

/// A reply of the clerk.
struct Reply {
    text: String,
    event: OwnedEventId,
    round: Option<usize>,
}

impl<'t> MailTalk<'t> {
    /// Begins the conversations in `room`. The bridge has to run.
    ///
    /// # Errors
    /// A mail did not arrive.
    pub async fn begin(
        testbed: &Testbed,
        clerk: &'t Clerk,
        room: OwnedRoomId,
        seed: u64,
    ) -> Result<Self> {
        let citizen = testbed.citizen();
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let text = numbered("Brief", thread, 0);
            let message_id = citizen.write(&subject(thread), &text).await?;
            let root = clerk.sees(&text, |seen| seen.body().contains(&text)).await?;
            let first = Mail { text, message_id, file: None, round: None };
            threads.push(Thread { root, mails: vec![first], replies: Vec::new() });
        }
        Ok(Self {
            clerk,
            citizen,
            agency: testbed.mailbox(AGENCY),
            bot: testbed.bot(),
            history: History::of(room),
            threads,
            random: StdRng::seed_from_u64(seed),
            decided: false,
        })
    }

    async fn mail(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let number = thread.mails.len();
        let text = numbered("Brief", place, number);
        let first = thread.mails.first().map(|mail| format!("<{}>", mail.message_id));
        let first = first.context("an empty thread")?;
        let mail = self.citizen.compose(&format!("Re: {}", subject(place)))?;
        let mail = mail.in_reply_to(first.clone()).references(first);
        let file = (number % WITH_FILE == 0).then(|| numbered("Anlage", place, number));
        let mail = match &file {
            None => mail.body(text.clone())?,
            Some(name) => mail.multipart(
                MultiPart::mixed().singlepart(SinglePart::plain(text.clone())).singlepart(
                    Attachment::new(format!("{name}txt"))
                        .body(name.clone(), ContentType::TEXT_PLAIN),
                ),
            )?,
        };
        let message_id = until("the mail server to take a mail", async || {
            Ok(self.citizen.send(mail.clone()).await.ok())
        })
        .await?;
        thread.mails.push(Mail { text, message_id, file, round: Some(round) });
        Ok(())
    }

    async fn reply(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Antwort", place, thread.replies.len());
        let event = self.clerk.answer_surely(&thread.root, &text).await?;
        thread.replies.push(Reply { text, event, round: Some(round) });
        Ok(())
    }
}

impl Talk for MailTalk<'_> {
    /// A mail in one conversation and a reply in one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        self.decided = false;
        self.mail(round).await?;
        self.reply(round).await
    }

    fn said(&self) -> usize {
        self.threads.iter().map(|thread| thread.mails.len() + thread.replies.len()).sum()
    }

    async fn findings(&mut self) -> Result<Vec<Finding>> {
        let room = self.history.read(self.clerk).await?;
        let agency = self.agency.mails().await?;
        let mut citizen = self.citizen.mailbox.mails().await?;
        citizen.sort_by_cached_key(queue_id);
        let mut replies: HashMap<_, Vec<_>> = HashMap::new();
        for (place, mail) in citizen.iter().enumerate() {
            if let Some(text) = numbered_in(&mail.text()) {
                replies.entry(text.to_owned()).or_default().push((place, mail));
            }
        }
        let ends = Ends {
            said: Said::by(&self.bot, room),
            agency: agency.iter().zip(0..).map(|(mail, at)| (mail.message_id(), at)).collect(),
            replies,
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

/// The two ends as they are now.
struct Ends<'r> {
    said: Said<'r>,
    /// Places in the agency's mailbox: the order that the bridge owes to the room.
    agency: HashMap<&'r str, usize>,
    /// The citizen's mails by their text, with their places in the order in which the mail
    /// server took them.
    replies: HashMap<String, Vec<(usize, &'r crate::Mail)>>,
    decided: bool,
}

impl Ends<'_> {
    /// The thread's mails, as the clerk has them.
    fn inward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        for Mail { text, message_id, file, round } in &thread.mails {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let texts = self.said.copies(text);
            let files = file.as_ref().map(|name| self.said.copies(name));
            for copies in [Some(&texts), files.as_ref()].into_iter().flatten() {
                match copies.as_slice() {
                    [] => find(Kind::Lost, &"is not in the room"),
                    [_] => {}
                    _ => find(Kind::Doubled, &format_args!("is {} times there", copies.len())),
                }
            }
            for (_, seen) in texts.iter().chain(files.iter().flatten()) {
                for doubt in doubts(seen, &thread.root.event_id) {
                    find(Kind::Wrong, &doubt);
                }
            }
            let owed = self.agency.get(message_id.as_str()).copied();
            let found = texts.first().map(|(place, _)| *place);
            arrived.extend(owed.zip(found).map(|order| (order, *round, text)));
        }
        in_order(arrived, findings);
    }

    /// The thread's replies, as the citizen has them, and what the clerk was told of them.
    fn outward(&self, thread: &Thread, findings: &mut Vec<Finding>) {
        let mut arrived = Vec::new();
        let begins = thread.mails.first().map(|mail| mail.message_id.as_str());
        for (number, Reply { text, event, round }) in thread.replies.iter().enumerate() {
            let mut find = |kind, what: &dyn fmt::Display| {
                findings.push(Finding { round: *round, kind, what: format!("{text} {what}") });
            };
            let statuses = self.said.statuses(event);
            let (again, held) = (statuses.tell(SENT_AGAIN), statuses.tell(UNKNOWN));
            let copies = self.replies.get(text).map(Vec::as_slice).unwrap_or_default();
            let is_same = |(_, mail): &(usize, &crate::Mail)| {
                copies.first().is_some_and(|(_, first)| mail.message_id() == first.message_id())
            };
            match copies {
                [] if held && !self.decided => {}
                [] => find(Kind::Lost, &"did not reach the citizen"),
                [_] if held => find(Kind::Declared, &"was held, as the room was told"),
                [_] => {}
                _ if (again || held) && copies.iter().all(is_same) => {
                    find(Kind::Declared, &"was sent again, as the room was told");
                }
                _ => find(Kind::Doubled, &format_args!("came {} times untold", copies.len())),
            }
            for (_, mail) in copies {
                if !mail.references().iter().any(|id| Some(id.as_str()) == begins) {
                    find(Kind::Wrong, &"is outside its mail thread");
                }
            }
            if let Some((kind, what)) = statuses.not_told_once().filter(|_| !held) {
                find(kind, &what);
            }
            // What was held comes after what was written later.
            let first = copies.first().filter(|_| !held);
            arrived.extend(first.map(|(place, _)| ((number, *place), *round, text)));
        }
        in_order(arrived, findings);
    }
}

fn subject(thread: usize) -> String {
    format!("Vorgang {thread}")
}

/// The mail server's own number of a mail. It begins with the moment of its arrival and sorts
/// by it (postconf(5), `enable_long_queue_ids`); mailboxes know only when a mail got there.
fn queue_id(mail: &crate::Mail) -> String {
    let received = mail.parsed.headers_raw().filter(|(name, _)| *name == "Received");
    let id = received.filter_map(|(_, value)| {
        value.split_once("(Postfix) with ")?.1.split_once(" id ")?.1.split_whitespace().next()
    });
    id.map(|id| id.trim_end_matches(';').to_owned()).next().unwrap_or_default()
}
