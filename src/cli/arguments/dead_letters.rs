//! `viadukt deadletters …`: its words.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use toml::de::DeValue;
use viadukt_api::WorkerName;
use viadukt_api::config::FromToml;

use super::{DeadLetters, Which, json};
use crate::http::Reference;
use crate::http::views::DeadLetterFilter;
use crate::observe::Direction;

/// What may be written.
pub(super) fn grammar() -> Command {
    let word = |name, about| Command::new(name).about(about);
    let list = word("list", "Show what waits for a decision").args(filter()).arg(json());
    let show = word("show", "Show one, without what somebody wrote")
        .arg(reference().required(true))
        .arg(switch("content", "Show what somebody wrote, too; the trail tells that it was read"))
        .arg(json());
    word("deadletters", "See to what was given up (asks the running process)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(list)
        .subcommand(show)
        .subcommand(decision(word("requeue", "Try again: one, or --all that fit")))
        .subcommand(decision(word("discard", "Forget: one, or --all that fit")))
}

fn decision(command: Command) -> Command {
    command
        .arg(reference().required_unless_present("all").conflicts_with("all"))
        .arg(switch("all", "All that fit, after asking back"))
        .args(filter().map(|arg| arg.requires("all")))
        .arg(switch("yes", "Do not ask back").requires("all"))
}

fn reference() -> Arg {
    Arg::new("reference").value_name("REF").value_parser(value_parser!(Reference))
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn filter() -> [Arg; 4] {
    let option = |name, value| Arg::new(name).long(name).value_name(value);
    [
        option("bridge", "NAME")
            .help("Only those of this bridge")
            .value_parser(value_parser!(WorkerName)),
        option("direction", "in|out")
            .help("Only those into a room (in) or out of one (out)")
            .value_parser(|written: &str| match written {
                "in" => Ok(Direction::In),
                "out" => Ok(Direction::Out),
                _ => Err("expected in or out"),
            }),
        option("reason", "KEY").help("Only those given up for this reason, or its first letters"),
        option("older-than", "TIME")
            .help("Only those that have waited for so long: 12h, 7d")
            .value_parser(|written: &str| Duration::from_toml(&DeValue::String(written.into()))),
    ]
}

/// What was written.
pub(super) fn read(matches: &ArgMatches) -> Option<DeadLetters> {
    let reference = |matches: &ArgMatches| matches.get_one::<Reference>("reference").copied();
    Some(match matches.subcommand()? {
        ("list", matches) => {
            DeadLetters::List { filter: read_filter(matches), json: matches.get_flag("json") }
        }
        ("show", matches) => DeadLetters::Show {
            reference: reference(matches)?,
            content: matches.get_flag("content"),
            json: matches.get_flag("json"),
        },
        (verb, matches) => {
            let which = match reference(matches) {
                Some(reference) => Which::One(reference),
                None => Which::All { filter: read_filter(matches), yes: matches.get_flag("yes") },
            };
            match verb {
                "requeue" => DeadLetters::Requeue(which),
                _ => DeadLetters::Discard(which),
            }
        }
    })
}

fn read_filter(matches: &ArgMatches) -> DeadLetterFilter {
    DeadLetterFilter {
        bridge: matches.get_one("bridge").cloned(),
        direction: matches.get_one("direction").copied(),
        reason: matches.get_one("reason").cloned(),
        older_than: matches.get_one("older-than").map(Duration::as_secs),
    }
}
