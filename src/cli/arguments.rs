//! The command line. Built by hand instead of derived, because the kinds of bridges add
//! commands of their own (`viadukt mail read`).

mod dead_letters;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use clap_complete::Shell;
use viadukt_api::Tool;

use super::Init;
use crate::backup::age::Recipient;
use crate::config::{Config, Registry};
use crate::http::Reference;
use crate::http::views::{DeadLetterFilter, Question};

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
    /// Write a first configuration.
    Init(Init),
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
    /// Say what would happen to a message.
    Explain {
        /// What is asked.
        question: Question,
        /// As JSON.
        json: bool,
    },
    /// See to what was given up.
    DeadLetters(DeadLetters),
    /// Print what lets a shell complete the command line.
    Completions(Shell),
    /// Write manual pages into a folder.
    Man(PathBuf),
    /// Write, read or check everything that is remembered.
    Backup(Backup),
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

/// What to do with everything that viadukt remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backup {
    /// Write it into a file.
    Export {
        /// Where to; `-` is standard output.
        file: PathBuf,
        /// Who may read it.
        recipients: Vec<Recipient>,
        /// Nobody in particular: it is to be in the clear.
        plain: bool,
    },
    /// Make a data folder of such a file.
    Import {
        /// Where from; `-` is standard input.
        file: PathBuf,
        /// The file with the keys of who may read it.
        identity: Option<PathBuf>,
        /// Nothing ran since.
        moved: bool,
    },
    /// Look at such a file, or at the data folder.
    Verify {
        /// The file.
        file: Option<PathBuf>,
        /// As for an import.
        identity: Option<PathBuf>,
    },
    /// Write the store anew, without what it no longer needs.
    Compact,
    /// Make a store of what can be read of a damaged one.
    Repair,
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

/// Everything that may be written, for what is made of it: completions and manual pages.
pub(super) fn whole_grammar(registry: &Registry) -> clap::Command {
    grammar(&tools(registry))
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
        .subcommand(
            word("init", "Ask a few questions and write a first configuration")
                .arg(
                    Arg::new("folder")
                        .value_name("DIR")
                        .help("Where to write viadukt.toml, the secrets and the unit for systemd")
                        .default_value("/etc/viadukt")
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(pairs("set", "NAME=ANSWER", "Answer a question in advance: kind=email"))
                .arg(pairs("secret", "NAME=FILE", "Take a secret from a file: mail.password=…")),
        )
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
        .subcommand(
            word(
                "explain",
                "Say what would happen to a message, and why (asks the running process)",
            )
            .arg(
                Arg::new("place")
                    .value_name("ROOM|BRIDGE")
                    .required(true)
                    .help("A room's id, a bridge's name, or BRIDGE/ROOM with a room's name"),
            )
            .arg(option("from", "USER", "Who would write; without it somebody who may"))
            .arg(option("to", "RECIPIENT", "To whom; without it what holds for everybody"))
            .arg(json()),
        )
        .subcommand(dead_letters::grammar())
        .subcommand(
            word("completions", "Print what lets a shell complete the command line")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell))),
        )
        .subcommand(
            word("man", "Write manual pages into a folder").arg(
                Arg::new("folder")
                    .value_name("DIR")
                    .required(true)
                    .value_parser(value_parser!(PathBuf)),
            ),
        )
        .subcommands(backup())
        .subcommands(tools.iter().map(|(noun, tools)| {
            clap::Command::new(*noun)
                .about("Tools that need no configuration")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommands(tools.iter().map(|tool| tool_grammar(tool)))
        }))
}

fn backup() -> [clap::Command; 5] {
    let word = |name, about| clap::Command::new(name).about(about);
    let file =
        |help| Arg::new("file").value_name("FILE").help(help).value_parser(value_parser!(PathBuf));
    let identity = || {
        Arg::new("identity")
            .long("identity")
            .short('i')
            .value_name("FILE")
            .help("The age identity file of a recipient, for an encrypted export")
            .value_parser(value_parser!(PathBuf))
    };
    let flag = |name, help| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
    let recipient = Arg::new("recipient")
        .long("recipient")
        .short('r')
        .value_name("age1…")
        .help("Who may read it: a public key of age; may be given several times")
        .action(ArgAction::Append)
        .value_parser(value_parser!(Recipient));
    [
        word("export", "Write everything that viadukt remembers into a file (also while it runs)")
            .arg(file("Where to; - is standard output").required(true))
            .arg(recipient.required_unless_present("plain"))
            .arg(
                flag("plain", "Not encrypted: whoever has the file reads every message in it")
                    .conflicts_with("recipient"),
            ),
        word("import", "Make a data folder of an export; the folder must be empty")
            .arg(file("Where from; - is standard input").required(true))
            .arg(identity())
            .arg(flag("moved", "viadukt has not run since the export: nothing was sent meanwhile")),
        word("verify", "Read an export, or the data folder of a viadukt that does not run")
            .arg(file("The export; without it the data folder is read"))
            .arg(identity()),
        word("compact", "Write the store anew, to make it smaller (viadukt must not run)"),
        word("repair", "Save what can be read of a damaged store (viadukt must not run)"),
    ]
}

fn backup_command(word: &str, matches: &ArgMatches) -> Option<Backup> {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    match word {
        "export" => Some(Backup::Export {
            file: path("file")?,
            recipients: matches.get_many("recipient").unwrap_or_default().cloned().collect(),
            plain: matches.get_flag("plain"),
        }),
        "import" => Some(Backup::Import {
            file: path("file")?,
            identity: path("identity"),
            moved: matches.get_flag("moved"),
        }),
        "verify" => Some(Backup::Verify { file: path("file"), identity: path("identity") }),
        "compact" => Some(Backup::Compact),
        "repair" => Some(Backup::Repair),
        _ => None,
    }
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
        "init" => Some(Command::Init(Init {
            folder: matches.get_one::<PathBuf>("folder").cloned()?,
            answers: read_pairs(matches, "set").collect(),
            secrets: read_pairs(matches, "secret").map(|(name, f)| (name, f.into())).collect(),
        })),
        "check" => Some(Command::Check),
        "doctor" => Some(Command::Doctor),
        "status" => Some(Command::Status { json: matches.get_flag("json") }),
        "trace" => {
            let name = matches.get_one::<String>("name")?.clone();
            Some(Command::Trace { name, json: matches.get_flag("json") })
        }
        "completions" => matches.get_one::<Shell>("shell").copied().map(Command::Completions),
        "man" => matches.get_one::<PathBuf>("folder").cloned().map(Command::Man),
        "explain" => {
            let text = |name: &str| matches.get_one::<String>(name).cloned();
            let question = Question { place: text("place")?, from: text("from"), to: text("to") };
            Some(Command::Explain { question, json: matches.get_flag("json") })
        }
        "deadletters" => dead_letters::read(matches).map(Command::DeadLetters),
        "export" | "import" | "verify" | "compact" | "repair" => {
            backup_command(word, matches).map(Command::Backup)
        }
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

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

fn pairs(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    let pair = |written: &str| match written.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("expected a name, = and a value"),
    };
    option(name, value, help).action(ArgAction::Append).value_parser(pair)
}

fn read_pairs(matches: &ArgMatches, name: &str) -> impl Iterator<Item = (String, String)> {
    matches.get_many(name).unwrap_or_default().cloned()
}
