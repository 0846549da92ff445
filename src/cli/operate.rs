//! `viadukt trace` and `viadukt deadletters`: what the running process is asked.

use std::io::Write;

use viadukt_api::Words;

use super::client::{Ask, Running};
use super::table::{Table, utc};
use super::{DeadLetters, Exit, Failure};
use crate::config::Config;
use crate::http::Reference;
use crate::observe::Direction;

pub(super) async fn trace(
    config: &Config,
    reference: Reference,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let failed = |ask| failure(config, words, &ask);
    let way = Running::of(config).map_err(failed)?.trace(reference).await.map_err(failed)?;
    let mut table = Table::new(
        ["cli-column-time", "cli-column-stage", "cli-column-what", "cli-column-detail"]
            .map(|key| words.say(key, &[])),
    );
    for entry in way.entries {
        table.row([utc(entry.at), entry.stage, entry.what, entry.detail]);
    }
    writeln!(out, "{}\n", way.reference)?;
    write!(out, "{table}")?;
    Ok(Exit::Ok)
}

pub(super) async fn dead_letters(
    config: &Config,
    what: DeadLetters,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let failed = |ask| failure(config, words, &ask);
    let running = Running::of(config).map_err(failed)?;
    let (key, reference) = match what {
        DeadLetters::List => return list(&running, config, words, out).await,
        DeadLetters::Requeue(reference) => {
            running.requeue(reference).await.map_err(failed)?;
            ("cli-requeued", reference)
        }
        DeadLetters::Discard(reference) => {
            running.discard(reference).await.map_err(failed)?;
            ("cli-discarded", reference)
        }
    };
    writeln!(out, "{}", words.say(key, &[("reference", &reference.to_string())]))?;
    Ok(Exit::Ok)
}

async fn list(
    running: &Running,
    config: &Config,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let letters = running.dead_letters().await.map_err(|ask| failure(config, words, &ask))?;
    if letters.is_empty() {
        writeln!(out, "{}", words.say("cli-no-dead-letters", &[]))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(
        [
            "cli-column-reference",
            "cli-column-bridge",
            "cli-column-direction",
            "cli-column-since",
            "cli-column-reason",
        ]
        .map(|key| words.say(key, &[])),
    );
    for letter in letters {
        let direction = match letter.direction {
            Direction::In => words.say("cli-direction-in", &[]),
            Direction::Out => words.say("cli-direction-out", &[]),
        };
        table.row([
            letter.reference.to_string(),
            letter.bridge.to_string(),
            direction,
            utc(letter.since),
            letter.reason,
        ]);
    }
    write!(out, "{table}")?;
    Ok(Exit::Ok)
}

/// Why the running process gave no answer, and what to do.
pub(super) fn failure(config: &Config, words: &Words, ask: &Ask) -> Failure {
    let address = config.http.listen.to_string();
    let token = config.data_dir.join(crate::http::AdminToken::FILE).display().to_string();
    let (exit, message) = match ask {
        Ask::NotRunning(why) => (Exit::Unavailable, words.say("cli-not-running", &[("why", why)])),
        Ask::Refused => {
            let args = [("address", address.as_str()), ("token", &token)];
            (Exit::Unavailable, words.say("cli-token-refused", &args))
        }
        Ask::Unknown => (Exit::Unavailable, words.say("cli-unknown-reference", &[])),
        Ask::Failed(why) => (Exit::Internal, words.say("cli-failed", &[("why", why)])),
    };
    Failure::new(exit, message)
}
