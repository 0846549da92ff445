//! A small Matrix client for the terminal: read and answer what citizens wrote, in the encrypted
//! room of a bridge.
//!
//! ```text
//! cargo run --example clerk -- --homeserver URL --user NAME --password PASSWORD
//! ```
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::collections::HashSet;
use std::io::{BufRead, IsTerminal, stdin};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio::sync::mpsc;
use viadukt_testbed::ruma::{OwnedEventId, OwnedRoomId};
use viadukt_testbed::{Clerk, Lock, Seen};

const HELP: &str = "  1 TEXT         answers in conversation [1]
  /file 1 PATH   sends a file into conversation [1]
  !help          asks the bridge; other commands likewise
  /quit          ends this program (so does the end of the input)";

#[derive(Parser)]
#[command(about = "Read and answer citizens' messages in an encrypted room")]
struct Arguments {
    /// The homeserver's address, such as https://matrix.example.org
    #[arg(long)]
    homeserver: String,
    /// Your user name
    #[arg(long)]
    user: String,
    /// Your password
    #[arg(long)]
    password: String,
    /// Where your device's keys are kept; the same folder means the same device
    #[arg(long, default_value = ".testbed/clerk")]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { homeserver, user, password, folder } = Arguments::parse();
    println!("Logging in at {homeserver} …");
    let clerk = Clerk::login(&homeserver, &user, &password, &folder).await?;
    println!("You are {}.\n{HELP}\n", clerk.user);

    let mut screen = Screen { clerk, conversations: Vec::new(), shown: HashSet::new() };
    screen.show_history().await?;
    let mut changes = screen.clerk.changes();
    let mut lines = input();
    loop {
        screen.clerk.accept_invitations().await?;
        screen.show_new();
        tokio::select! {
            changed = changes.changed() => changed.context("the connection ended")?,
            line = lines.recv() => match line.as_deref().map(str::trim) {
                None | Some("/quit") => return Ok(()),
                Some("") => {}
                Some(line) => match screen.obey(line).await {
                    Ok(()) => {}
                    // Somebody at a terminal tries again; a script has to hear of it.
                    Err(error) if stdin().is_terminal() => println!("{error:#}\n{HELP}"),
                    Err(error) => return Err(error),
                },
            },
        }
    }
}

/// What the clerk has in front of them.
struct Screen {
    clerk: Clerk,
    /// The first message of each conversation; its number is the place in this list, from 1.
    conversations: Vec<Seen>,
    shown: HashSet<OwnedEventId>,
}

impl Screen {
    /// Shows what was said before this program started, so that the numbers stay the same.
    async fn show_history(&mut self) -> Result<()> {
        for (room, name) in self.clerk.rooms() {
            println!("Room {name}");
            for seen in self.clerk.history(&room).await? {
                self.show(&seen);
            }
        }
        Ok(())
    }

    fn show_new(&mut self) {
        for seen in self.clerk.seen() {
            self.show(&seen);
        }
    }

    fn show(&mut self, seen: &Seen) {
        // Keys may still be on their way; the event is looked at again with the next change.
        if matches!(seen.lock, Lock::Unreadable(_)) || !self.shown.insert(seen.event_id.clone()) {
            return;
        }
        let number = self.number_of(seen).map_or_else(String::new, |number| format!("[{number}] "));
        let speaker = seen.speaker().unwrap_or_else(|| self.name_of(seen));
        let warning = match &seen.lock {
            Lock::Doubtful(reason) => format!(" (warning: {reason})"),
            Lock::Open if seen.kind == "m.room.message" => " (warning: not encrypted)".to_owned(),
            _ => String::new(),
        };
        if let Some((reaction, _)) = reaction(seen) {
            println!("{number}{speaker} marked a message with {reaction}");
        } else if seen.redacts().is_some() {
            println!("{number}{speaker} removed a message");
        } else if seen.kind == "m.room.message" {
            let text = match seen.file() {
                Some(name) => format!("sent the file {name}"),
                None => seen.text().trim_end().replace('\n', "\n    "),
            };
            println!("{number}{speaker}{warning}: {text}");
        }
    }

    /// The conversation that `seen` belongs to; a message outside of any begins one.
    fn number_of(&mut self, seen: &Seen) -> Option<usize> {
        let about = seen.thread().or(seen.edits()).or(seen.redacts());
        let about = about.or(reaction(seen).map(|(_, event)| event)).map(ToOwned::to_owned);
        let known = |event: &OwnedEventId| {
            self.conversations.iter().position(|root| root.event_id == *event).map(|at| at + 1)
        };
        match about {
            Some(event) => known(&event).or_else(|| {
                let all = self.clerk.seen();
                let within = all.iter().find(|other| other.event_id == event)?.thread()?;
                known(&within.to_owned())
            }),
            None if seen.kind == "m.room.message" => {
                self.conversations.push(seen.clone());
                Some(self.conversations.len())
            }
            None => None,
        }
    }

    fn name_of<'a>(&self, seen: &'a Seen) -> &'a str {
        if seen.sender == self.clerk.user { "you" } else { seen.sender.localpart() }
    }

    async fn obey(&self, line: &str) -> Result<()> {
        if line.starts_with('!') {
            self.clerk.say(&self.room()?, line).await?;
        } else if let Some(rest) = line.strip_prefix("/file ") {
            let (to, path) = self.addressed(rest)?;
            let bytes =
                tokio::fs::read(path).await.with_context(|| format!("cannot read {path}"))?;
            let name = path.rsplit('/').next().unwrap_or(path);
            self.clerk.answer_file(to, name, media_type(name), bytes).await?;
        } else {
            let (to, text) = self.addressed(line)?;
            self.clerk.answer(to, text).await?;
        }
        Ok(())
    }

    /// The conversation whose number `line` begins with, and the rest of the line.
    fn addressed<'a>(&self, line: &'a str) -> Result<(&Seen, &'a str)> {
        let what = "begin the line with a conversation's number";
        let (number, rest) = line.trim().split_once(' ').context(what)?;
        let number: usize = number.trim_matches(['[', ']']).parse().context(what)?;
        let root = number.checked_sub(1).and_then(|at| self.conversations.get(at));
        Ok((root.with_context(|| format!("there is no conversation [{number}]"))?, rest.trim()))
    }

    /// The room of the latest conversation, else the only room.
    fn room(&self) -> Result<OwnedRoomId> {
        if let Some(latest) = self.conversations.last() {
            return Ok(latest.room.clone());
        }
        match self.clerk.rooms().first() {
            Some((room, _)) => Ok(room.clone()),
            None => bail!("you are in no room yet; the bridge has to invite you"),
        }
    }
}

/// The reaction's text and the event that it is about.
fn reaction(seen: &Seen) -> Option<(&str, &viadukt_testbed::ruma::EventId)> {
    let about = seen.content["m.relates_to"]["event_id"].as_str()?.try_into().ok()?;
    Some((seen.reaction_to(about)?, about))
}

/// The media type by the name's ending, for the few that matter in a try-out.
fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// The lines that are typed or piped in. They have a thread of their own, because a read from a
/// terminal cannot be given up when the program ends.
fn input() -> mpsc::UnboundedReceiver<String> {
    let (send, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
