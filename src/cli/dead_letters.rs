//! `viadukt deadletters`: what was given up and waits for a person.

use std::io::{IsTerminal, Write};

use viadukt_api::Words;

use super::arguments::Which;
use super::client::{Ask, Running};
use super::operate::{as_json, failure};
use super::table::{Table, utc};
use super::{DeadLetters, Exit, Failure};
use crate::config::Config;
use crate::http::Reference;
use crate::http::views::{ContentView, DeadLetterFilter, DeadLetterView};
use crate::observe::Direction;

pub(super) async fn dead_letters(
    config: &Config,
    what: DeadLetters,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let running = Running::of(config).map_err(|ask| failure(config, words, &ask))?;
    let desk = Desk { config, words, running };
    match what {
        DeadLetters::List { filter, json } => desk.list(&filter, json, out).await,
        DeadLetters::Show { reference, content, json } => {
            desk.show(reference, content, json, out).await
        }
        DeadLetters::Requeue(which) => desk.decide(Decision::Requeue, which, out).await,
        DeadLetters::Discard(which) => desk.decide(Decision::Discard, which, out).await,
    }
}

#[derive(Clone, Copy)]
enum Decision {
    Requeue,
    Discard,
}

/// Where dead letters are seen to.
struct Desk<'c> {
    config: &'c Config,
    words: &'c Words,
    running: Running,
}

impl Desk<'_> {
    fn failed(&self, ask: &Ask) -> Failure {
        failure(self.config, self.words, ask)
    }

    async fn fitting(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetterView>, Failure> {
        self.running.dead_letters(filter).await.map_err(|ask| self.failed(&ask))
    }

    async fn list(
        &self,
        filter: &DeadLetterFilter,
        json: bool,
        out: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let letters = self.fitting(filter).await?;
        if json {
            return as_json(&letters, out);
        }
        if letters.is_empty() {
            writeln!(out, "{}", self.words.say("cli-no-dead-letters", &[]))?;
            return Ok(Exit::Ok);
        }
        let columns = [
            "cli-column-reference",
            "cli-column-bridge",
            "cli-column-direction",
            "cli-column-since",
            "cli-column-attempts",
            "cli-column-reason",
        ];
        let mut table = Table::new(columns.map(|key| self.words.say(key, &[])));
        for letter in letters {
            table.row([
                letter.reference.to_string(),
                letter.bridge.to_string(),
                self.direction(letter.direction),
                utc(letter.since),
                letter.attempts.to_string(),
                letter.reason.words,
            ]);
        }
        write!(out, "{table}")?;
        Ok(Exit::Ok)
    }

    async fn show(
        &self,
        reference: Reference,
        content: bool,
        json: bool,
        out: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let failed = |ask| self.failed(&ask);
        if content {
            let opened = self.running.open(reference).await.map_err(failed)?;
            if json {
                return as_json(&opened, out);
            }
            self.write(&opened.letter, out)?;
            return self.write_content(&opened.content, out);
        }
        let letter = self.running.dead_letter(reference).await.map_err(failed)?;
        if json {
            return as_json(&letter, out);
        }
        self.write(&letter, out)?;
        Ok(Exit::Ok)
    }

    fn write(&self, letter: &DeadLetterView, out: &mut dyn Write) -> Result<(), Failure> {
        let doubt = if letter.doubtful { "cli-doubtful" } else { "cli-not-doubtful" };
        let rows = [
            ("cli-column-reference", letter.reference.to_string()),
            ("cli-column-bridge", letter.bridge.to_string()),
            ("cli-column-direction", self.direction(letter.direction)),
            ("cli-column-since", utc(letter.since)),
            ("cli-column-until", utc(letter.until)),
            ("cli-column-attempts", letter.attempts.to_string()),
            ("cli-column-reason", format!("{} ({})", letter.reason.words, letter.reason.key)),
            ("cli-column-arrived", self.words.say(doubt, &[])),
        ];
        self.rows(rows, out)
    }

    fn write_content(&self, content: &ContentView, out: &mut dyn Write) -> Result<Exit, Failure> {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let rows = [
            ("cli-column-from", given(&content.from)),
            ("cli-column-to", given(&content.to)),
            ("cli-column-subject", given(&content.subject)),
            ("cli-column-attached", content.attachments.join(", ")),
        ];
        self.rows(rows, out)?;
        // What a stranger wrote must not steer the terminal.
        let tame = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
        writeln!(out, "\n{}", content.text.chars().map(tame).collect::<String>())?;
        Ok(Exit::Ok)
    }

    /// A name and a value in each line, without those that have no value.
    fn rows<const N: usize>(
        &self,
        rows: [(&str, String); N],
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
        let mut rows = rows.map(|(key, value)| [self.words.say(key, &[]), value]);
        let Some(first) = rows.next() else { return Ok(()) };
        let mut table = Table::new(first);
        rows.for_each(|row| table.row(row));
        write!(out, "{table}")?;
        Ok(())
    }

    fn direction(&self, direction: Direction) -> String {
        match direction {
            Direction::In => self.words.say("cli-direction-in", &[]),
            Direction::Out => self.words.say("cli-direction-out", &[]),
        }
    }

    async fn decide(
        &self,
        decision: Decision,
        which: Which,
        out: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        match which {
            Which::One(reference) => {
                self.carry_out(decision, reference).await.map_err(|ask| self.failed(&ask))?;
                let key = match decision {
                    Decision::Requeue => "cli-requeued",
                    Decision::Discard => "cli-discarded",
                };
                let reference = reference.to_string();
                writeln!(out, "{}", self.words.say(key, &[("reference", &reference)]))?;
                Ok(Exit::Ok)
            }
            Which::All { filter, yes } => self.decide_all(decision, &filter, yes, out).await,
        }
    }

    /// What is asked about is what is decided about, whatever is given up meanwhile.
    async fn decide_all(
        &self,
        decision: Decision,
        filter: &DeadLetterFilter,
        yes: bool,
        out: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let letters = self.fitting(filter).await?;
        let counted = |key, count: usize| self.words.say(key, &[("count", &count.to_string())]);
        if letters.is_empty() {
            writeln!(out, "{}", self.words.say("cli-no-dead-letters", &[]))?;
            return Ok(Exit::Ok);
        }
        let (question, done) = match decision {
            Decision::Requeue => ("cli-requeue-all", "cli-requeued-all"),
            Decision::Discard => ("cli-discard-all", "cli-discarded-all"),
        };
        if !yes && !self.confirmed(&counted(question, letters.len()), out)? {
            writeln!(out, "{}", self.words.say("cli-nothing-done", &[]))?;
            return Ok(Exit::Ok);
        }
        let mut count = 0;
        for letter in &letters {
            match self.carry_out(decision, letter.reference).await {
                Ok(()) => count += 1,
                // Somebody else was quicker.
                Err(Ask::Unknown) => {}
                Err(ask) => return Err(self.failed(&ask)),
            }
        }
        writeln!(out, "{}", counted(done, count))?;
        Ok(Exit::Ok)
    }

    async fn carry_out(&self, decision: Decision, reference: Reference) -> Result<(), Ask> {
        match decision {
            Decision::Requeue => self.running.requeue(reference).await,
            Decision::Discard => self.running.discard(reference).await,
        }
    }

    /// Asks back; without anybody there to answer, `--yes` is the answer.
    fn confirmed(&self, question: &str, out: &mut dyn Write) -> Result<bool, Failure> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            let message = format!("{question} {}", self.words.say("cli-say-yes", &[]));
            return Err(Failure::new(Exit::Usage, message));
        }
        write!(out, "{question} {} ", self.words.say("cli-type-yes", &[]))?;
        out.flush()?;
        let mut answer = String::new();
        input.read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "yes" | "y" | "ja" | "j"))
    }
}
