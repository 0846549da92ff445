//! The command line. Built by hand instead of derived, because the kinds of bridges add
//! commands of their own (`viadukt mail read`).

mod dead_letters;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use viadukt_api::Tool;

use crate::config::{Config, Registry};
use crate::http::Reference;
use crate::http::views::DeadLetterFilter;

/// What was asked for.
pub struct Invocation {
    /// The configuration file.
    pub config: PathBuf,
    /// What to do.
    pub command: Command,
}

/// A command.
pub enum Command {
    /// Work as a bridge until told to stop.
    Run,
    /// Read the configuration.
    Check,
    /// Try everything that the configuration names.
    Doctor,
    /// Show how everything does.
    Status {
        /// As JSON.
        json: bool,
    },
    /// Show one message's way.
    Trace {
        /// What somebody calls it.
        name: String,
        /// As JSON.
        json: bool,
    },
    /// See to what was given up.
    DeadLetters(DeadLetters),
    /// A command of a kind of bridge.
    Tool {
        /// See [`Tool::run`].
        run: fn(&[String], &mut dyn Write) -> Result<(), String>,
        /// The words after it.
        words: Vec<String>,
    },
}

/// What to do with what was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetters {
    /// Show what fits.
    List {
        /// Which.
        filter: DeadLetterFilter,
        /// As JSON.
        json: bool,
    },
    /// Show one.
    Show {
        /// Which.
        reference: Reference,
        /// With what somebody wrote; the trail tells that it was read.
        content: bool,
        /// As JSON.
        json: bool,
    },
    /// Try again.
    Requeue(Which),
    /// Forget.
    Discard(Which),
}

/// Which dead letters are decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(Reference),
    /// All that fit.
    All {
        /// Which.
        filter: DeadLetterFilter,
        /// Without asking back.
        yes: bool,
    },
}

/// Reads the command line. The error is a usage error, or the text of `--help` or `--version`;
/// [`clap::Error::print`] knows where each belongs.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    registry: &Registry,
) -> Result<Invocation, clap::Error> {
    let tools = tools(registry);
    let mut grammar = grammar(&tools);
    let matches = grammar.try_get_matches_from_mut(words)?;
    let config = matches.get_one::<PathBuf>("config").cloned().unwrap_or_default();
    let command = matches
        .subcommand()
        .and_then(|(word, matches)| command(word, matches, &tools))
        .ok_or_else(|| {
        grammar.error(clap::error::ErrorKind::MissingSubcommand, "no command")
    })?;
    Ok(Invocation { config, command })
}

type Tools = BTreeMap<&'static str, Vec<&'static Tool>>;

/// The kinds' commands by their first word.
fn tools(registry: &Registry) -> Tools {
    let mut tools = Tools::new();
    for tool in registry.kinds.iter().flat_map(|kind| kind.tools()) {
        tools.entry(tool.noun).or_default().push(tool);
    }
    tools
}

fn grammar(tools: &Tools) -> clap::Command {
    let word = |name, about| clap::Command::new(name).about(about);
    clap::Command::new("viadukt")
        .about("Bridge between encrypted Matrix rooms and e-mail, SMS and notification systems")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("config")
                .long("config")
                .short('c')
                .env("VIADUKT_CONFIG")
                .value_name("FILE")
                .help("The configuration file")
                .default_value(Config::DEFAULT_FILE)
                .value_parser(value_parser!(PathBuf))
                .global(true),
        )
        .subcommand(word("run", "Work as a bridge until told to stop"))
        .subcommand(word("check", "Read the configuration and show every mistake in it"))
        .subcommand(word("doctor", "Try everything that the configuration names"))
        .subcommand(
            word("status", "Show how everything does (asks the running process)").arg(json()),
        )
        .subcommand(
            word("trace", "Show one message's way (asks the running process)")
                .arg(
                    Arg::new("name")
                        .value_name("NAME")
                        .required(true)
                        .allow_hyphen_values(true)
                        .help("Our reference, a Matrix event, a Message-ID, or a gateway's id"),
                )
                .arg(json()),
        )
        .subcommand(dead_letters::grammar())
        .subcommands(tools.iter().map(|(noun, tools)| {
            clap::Command::new(*noun)
                .about("Tools that need no configuration")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommands(tools.iter().map(|tool| tool_grammar(tool)))
        }))
}

/// A tool reads the words after its verb itself, `--help` too.
fn tool_grammar(tool: &Tool) -> clap::Command {
    clap::Command::new(tool.verb)
        .about(tool.about)
        .disable_help_flag(true)
        .arg(Arg::new("words").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true))
}

fn command(word: &str, matches: &ArgMatches, tools: &Tools) -> Option<Command> {
    match word {
        "run" => Some(Command::Run),
        "check" => Some(Command::Check),
        "doctor" => Some(Command::Doctor),
        "status" => Some(Command::Status { json: matches.get_flag("json") }),
        "trace" => {
            let name = matches.get_one::<String>("name")?.clone();
            Some(Command::Trace { name, json: matches.get_flag("json") })
        }
        "deadletters" => dead_letters::read(matches).map(Command::DeadLetters),
        noun => {
            let (verb, matches) = matches.subcommand()?;
            let tool = tools.get(noun)?.iter().find(|tool| tool.verb == verb)?;
            let words = matches.get_many("words").unwrap_or_default().cloned().collect();
            Some(Command::Tool { run: tool.run, words })
        }
    }
}

fn json() -> Arg {
    Arg::new("json").long("json").help("Show it as JSON").action(ArgAction::SetTrue)
}
