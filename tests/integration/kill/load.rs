//! Numbered mails and numbered replies, in several conversations at once.

use anyhow::{Context, Result};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use rand::Rng;
use rand::rngs::StdRng;
use viadukt_testbed::{Citizen, Clerk, Seen};

use super::Speakers;

/// Conversations that go on side by side.
pub(super) const THREADS: usize = 4;
/// Every so many mails carry a file.
const WITH_FILE: usize = 4;

/// The people who keep writing, and everything they wrote.
pub(super) struct Load<'t> {
    pub clerk: &'t Clerk,
    pub citizen: Citizen,
    pub room: OwnedRoomId,
    pub threads: Vec<Thread>,
    random: StdRng,
}

/// One conversation.
pub(super) struct Thread {
    pub root: Seen,
    pub mails: Vec<Mail>,
    pub replies: Vec<Reply>,
}

/// A mail of the citizen.
pub(super) struct Mail {
    pub text: String,
    pub message_id: String,
    pub file: Option<String>,
    /// In which round it was written; the first mails are older than any round.
    pub round: Option<usize>,
}

/// A reply of the clerk.
pub(super) struct Reply {
    pub text: String,
    pub event: OwnedEventId,
    pub round: Option<usize>,
}

impl<'t> Load<'t> {
    /// Begins the conversations. The bridge has to run.
    pub(super) async fn begin(
        clerk: &'t Clerk,
        citizen: Citizen,
        room: OwnedRoomId,
        random: StdRng,
    ) -> Result<Self> {
        let mut threads = Vec::new();
        for thread in 0..THREADS {
            let text = numbered("Brief", thread, 0);
            let message_id = citizen.write(&subject(thread), &text).await?;
            let root = clerk.sees(&text, |seen| seen.body().contains(&text)).await?;
            let first = Mail { text, message_id, file: None, round: None };
            threads.push(Thread { root, mails: vec![first], replies: Vec::new() });
        }
        Ok(Self { clerk, citizen, room, threads, random })
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
        let file = (number % WITH_FILE == 0).then(|| format!("Anlage {place}-{number:03}.txt"));
        let mail = match &file {
            None => mail.body(text.clone())?,
            Some(name) => mail.multipart(
                MultiPart::mixed().singlepart(SinglePart::plain(text.clone())).singlepart(
                    Attachment::new(name.clone()).body(name.clone(), ContentType::TEXT_PLAIN),
                ),
            )?,
        };
        let message_id = self.citizen.send(mail).await?;
        thread.mails.push(Mail { text, message_id, file, round: Some(round) });
        Ok(())
    }

    async fn reply(&mut self, round: usize) -> Result<()> {
        let place = self.random.random_range(0..THREADS);
        let thread = self.threads.get_mut(place).context("no such thread")?;
        let text = numbered("Antwort", place, thread.replies.len());
        let event = self.clerk.answer(&thread.root, &text).await?;
        thread.replies.push(Reply { text, event, round: Some(round) });
        Ok(())
    }
}

impl Speakers for Load<'_> {
    /// A mail in one conversation and a reply in one.
    async fn speak(&mut self, round: usize) -> Result<()> {
        self.mail(round).await?;
        self.reply(round).await
    }
}

fn subject(thread: usize) -> String {
    format!("Vorgang {thread}")
}

/// A text that is part of no other one.
pub(super) fn numbered(what: &str, thread: usize, number: usize) -> String {
    format!("{what} {thread}-{number:03}.")
}
