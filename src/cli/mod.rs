//! What an operator types: the commands, their output and their exit codes.

mod arguments;
mod backup;
mod check;
pub mod client;
mod dead_letters;
mod doctor;
mod init;
mod operate;
mod table;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use viadukt_api::{Env, Words};

use crate::config::{Config, Registry, Report};

pub use init::{Ask, Init, Starter};

pub use arguments::{Backup, Command, DeadLetters, Invocation, Which, parse};

/// What the program is called.
const PROGRAM: &str = "viadukt";

/// How a command ends: the codes of sysexits.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// The command line or the configuration is wrong (EX_USAGE).
    Usage = 64,
    /// Something that it needs does not work (EX_UNAVAILABLE).
    Unavailable = 69,
    /// viadukt itself went wrong (EX_SOFTWARE).
    Internal = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command did not do it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened and what to do, for standard error.
    pub message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }
}

impl From<io::Error> for Failure {
    /// Writing the output failed; a closed pipe (`| head`) is no reason to complain.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Ok, ""),
            _ => Self::new(Exit::Internal, error),
        }
    }
}

/// Reads the configuration; the failure's message is the report of every finding.
pub fn load(file: &Path, registry: &Registry) -> Result<Config, Failure> {
    let text = read(file)?;
    Config::parse(&text, registry).map_err(|findings| {
        let report = Report { file, text: &text, findings: &findings }.to_string();
        Failure::new(Exit::Usage, report.trim_end())
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|e| {
        let message = format!("{}: {e}; name another file with --config", file.display());
        Failure::new(Exit::Usage, message)
    })
}

/// Does any command but `run`, which is the caller's; what a person reads goes to `out`.
pub async fn perform(
    command: Command,
    file: &Path,
    registry: &Registry,
    env: &Env,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    match command {
        Command::Check => return check::check(file, registry, out),
        Command::Init(said) => return init::init(&said, registry, out),
        Command::Completions(shell) => {
            let mut grammar = arguments::whole_grammar(registry);
            // It panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut grammar, PROGRAM, &mut script);
            out.write_all(&script)?;
            return Ok(Exit::Ok);
        }
        Command::Man(folder) => {
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(arguments::whole_grammar(registry), &folder)?;
            return Ok(Exit::Ok);
        }
        Command::Tool { run, words } => {
            return run(&words, out)
                .map(|()| Exit::Ok)
                .map_err(|message| Failure::new(Exit::Usage, message));
        }
        _ => {}
    }
    let config = load(file, registry)?;
    let words = Words::new(config.language);
    match command {
        Command::Doctor => doctor::doctor(&config, env, words, out).await,
        Command::Status { json } => operate::status(&config, json, &words, out).await,
        Command::Trace { name, json } => operate::trace(&config, &name, json, &words, out).await,
        Command::Explain { question, json } => {
            operate::explain(&config, &question, json, &words, out).await
        }
        Command::DeadLetters(what) => dead_letters::dead_letters(&config, what, &words, out).await,
        Command::Backup(what) => backup::backup(&config, what, env, &words, out).await,
        // They were done above, or are the caller's.
        Command::Run
        | Command::Check
        | Command::Completions(_)
        | Command::Init(_)
        | Command::Man(_)
        | Command::Tool { .. } => Ok(Exit::Ok),
    }
}

#[cfg(test)]
mod tests;
