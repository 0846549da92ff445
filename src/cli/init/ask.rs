//! Answers: from the command line, or else from whoever sits at the terminal.

use std::io::{IsTerminal, Write};

use rustix::termios::{self, LocalModes, OptionalActions};
use viadukt_api::Words;
use viadukt_api::words::Language;

use super::{Ask, Init, Starter};
use crate::cli::{Exit, Failure};

/// Who answers.
pub(super) struct Questions<'i> {
    said: &'i Init,
    at_terminal: bool,
    words: Words,
}

impl<'i> Questions<'i> {
    pub(super) fn new(said: &'i Init, out: &mut dyn Write) -> Result<Self, Failure> {
        out.flush()?;
        let at_terminal = std::io::stdin().is_terminal();
        Ok(Self { said, at_terminal, words: Words::new(Language::default()) })
    }

    /// Which language to write and to ask in.
    pub(super) fn language(&mut self) -> Result<Language, Failure> {
        let answer = self.ask(&Ask {
            name: "language",
            question: "init-language",
            usual: Some("en"),
            is_secret: false,
        })?;
        let language = answer.parse().map_err(|error: String| Failure::new(Exit::Usage, error))?;
        self.words = Words::new(language);
        Ok(language)
    }

    /// Which kind of bridge to begin with.
    pub(super) fn starter<'s>(&self, starters: &'s [Starter]) -> Result<&'s Starter, Failure> {
        let kinds: Vec<_> = starters.iter().map(|starter| starter.kind).collect();
        let kinds = kinds.join(", ");
        let wanted = self.ask(&Ask {
            name: "kind",
            question: "init-kind",
            usual: starters.first().map(|starter| starter.kind),
            is_secret: false,
        })?;
        let unknown = || Failure::new(Exit::Usage, format!("kind: expected one of {kinds}"));
        starters.iter().find(|starter| starter.kind == wanted).ok_or_else(unknown)
    }

    /// The answer to `ask`.
    pub(super) fn ask(&self, ask: &Ask) -> Result<String, Failure> {
        if let Some(answer) = self.said.answers.get(ask.name).filter(|_| !ask.is_secret) {
            return Ok(answer.clone());
        }
        if let Some(file) = self.said.secrets.get(ask.name) {
            let secret = std::fs::read_to_string(file).map_err(|error| {
                Failure::new(Exit::Usage, format!("{}: {error}", file.display()))
            })?;
            return Ok(secret.trim_end_matches(['\r', '\n']).to_owned());
        }
        match ask.usual {
            _ if self.at_terminal => self.ask_person(ask),
            Some(usual) => Ok(usual.to_owned()),
            None => Err(self.unanswered(ask)),
        }
    }

    fn unanswered(&self, ask: &Ask) -> Failure {
        let option = if ask.is_secret { "--secret" } else { "--set" };
        let value = if ask.is_secret { "FILE" } else { "…" };
        let question = self.question(ask);
        Failure::new(Exit::Usage, format!("{question}: {option} {}={value}", ask.name))
    }

    fn question(&self, ask: &Ask) -> String {
        self.words.say(ask.question, &[])
    }

    /// Asks until there is an answer. A secret is not shown while it is typed.
    fn ask_person(&self, ask: &Ask) -> Result<String, Failure> {
        let input = std::io::stdin();
        loop {
            let usual = ask.usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
            eprint!("{}{usual}: ", self.question(ask));
            let hidden = ask.is_secret.then(Hidden::begin);
            let mut answer = String::new();
            let read = input.read_line(&mut answer)?;
            drop(hidden);
            match (answer.trim(), ask.usual) {
                ("", Some(usual)) => return Ok(usual.to_owned()),
                ("", None) if read == 0 => return Err(self.unanswered(ask)),
                ("", None) => {}
                (answer, _) => return Ok(answer.to_owned()),
            }
        }
    }
}

/// As long as it lives, the terminal does not show what is typed (termios(3), ECHO).
struct Hidden(Option<termios::Termios>);

impl Hidden {
    fn begin() -> Self {
        let input = std::io::stdin();
        let before = termios::tcgetattr(&input).ok();
        if let Some(mut modes) = before.clone() {
            modes.local_modes.remove(LocalModes::ECHO);
            let _ = termios::tcsetattr(&input, OptionalActions::Flush, &modes);
        }
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, before);
            eprintln!();
        }
    }
}
