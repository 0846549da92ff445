//! How the demo is laid out on the terminal: numbered steps, and under each the lines that one
//! side sees.

use std::fmt::Display;
use std::io::{IsTerminal, stdout};
use std::time::Duration;

use tokio::time::Instant;
use viadukt_testbed::{Lock, Seen};

/// Whose screen we look at.
#[derive(Clone, Copy)]
pub enum Side {
    /// The citizen's mail program.
    Mail,
    /// A citizen's phone.
    Phone,
    /// A system of the intranet.
    House,
    /// The clerk's messenger.
    Room,
}

/// The terminal.
pub struct Stage {
    colour: bool,
    steps: u32,
}

impl Stage {
    /// A stage with colours where they can be seen.
    pub fn new() -> Self {
        Self { colour: stdout().is_terminal(), steps: 0 }
    }

    /// A heading.
    pub fn title(&self, text: &str) {
        println!("{}\n", self.bold(text));
    }

    /// Says that `what` was done, and how long it took.
    pub fn done(&self, what: &str, since: Instant) {
        let took = Duration::from_millis(since.elapsed().as_millis().try_into().unwrap_or(0));
        println!("  {what:<44} ready after {:.1} s", took.as_secs_f32());
    }

    /// The next step of the play.
    pub fn step(&mut self, text: &str) {
        self.steps += 1;
        println!("\n{}", self.bold(&format!("{}. {text}", self.steps)));
    }

    /// One labelled line of what `side` shows.
    pub fn line(&self, side: Side, label: &str, text: impl Display) {
        let (name, colour) = match side {
            Side::Mail => ("mail", "33"),
            Side::Phone => ("sms", "35"),
            Side::House => ("net", "34"),
            Side::Room => ("room", "36"),
        };
        let text = text.to_string();
        let mut lines = text.lines();
        let name = self.painted(colour, &format!("{name:>4} │"));
        println!("  {name} {label:<12} {}", lines.next().unwrap_or_default());
        for line in lines {
            println!("  {name} {:<12} {line}", "");
        }
    }

    /// An event as the clerk sees it.
    pub fn seen(&self, seen: &Seen) {
        let lock = match &seen.lock {
            Lock::CrossSigned => "encrypted, by a device that its owner has signed".to_owned(),
            Lock::Doubtful(reason) => format!("encrypted, but: {reason}"),
            Lock::Unreadable(reason) => format!("unreadable: {reason}"),
            Lock::Open => "not encrypted".to_owned(),
        };
        self.line(Side::Room, "Speaker", seen.speaker().unwrap_or(seen.sender.as_str()));
        match seen.file() {
            Some(name) => self.line(Side::Room, "File", name),
            None => self.line(Side::Room, "Text", seen.text().trim_end()),
        }
        self.line(Side::Room, "Lock", lock);
    }

    /// A remark that belongs to no side.
    pub fn remark(&self, text: impl Display) {
        println!("  {text}");
    }

    /// Something to copy.
    pub fn command(&self, text: impl Display) {
        println!("    {}", self.painted("32", &text.to_string()));
    }

    fn bold(&self, text: &str) -> String {
        self.painted("1", text)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
