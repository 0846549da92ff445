//! `viadukt status` and `viadukt trace`: what the running process is asked.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use viadukt_api::{Certificate, Protection, Words};

use super::client::{Ask, Running};
use super::table::{Table, ago, bytes, pause, utc};
use super::{Exit, Failure};
use crate::config::Config;
use crate::http::Reference;
use crate::http::views::{FoundView, StatusView, TraceEntry, TraceView};

pub(super) async fn status(
    config: &Config,
    json: bool,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let failed = |ask| failure(config, words, &ask);
    let status = Running::of(config).map_err(failed)?.status().await.map_err(failed)?;
    if json {
        return as_json(&status, out);
    }
    write_status(&status, words, out)?;
    Ok(Exit::Ok)
}

fn write_status(status: &StatusView, words: &Words, out: &mut dyn Write) -> Result<(), Failure> {
    let StatusView { process, workers } = status;
    let size = |size: Option<u64>| size.map_or_else(|| "–".to_owned(), bytes);
    let args = [
        ("version", process.version.as_str()),
        ("since", &utc(process.started_at)),
        ("store", &size(process.store_bytes)),
        ("spool", &size(process.spool_bytes)),
    ];
    writeln!(out, "{}\n", words.say("cli-status", &args))?;
    let columns = [
        "cli-column-worker",
        "cli-column-kind",
        "cli-column-state",
        "cli-column-since",
        "cli-column-waiting",
        "cli-column-held",
        "cli-column-oldest",
        "cli-column-dead-letters",
    ];
    let mut table = Table::new(columns.map(|key| words.say(key, &[])));
    for worker in workers {
        let state = match worker.paused {
            true => words.say("cli-state-paused", &[("state", &worker.health)]),
            false => worker.health.clone(),
        };
        table.row([
            worker.worker.to_string(),
            worker.kind.clone(),
            state,
            utc(worker.since),
            worker.waiting.to_string(),
            worker.held.to_string(),
            worker.oldest.map_or_else(|| "–".to_owned(), |oldest| ago(process.now.since(oldest))),
            worker.dead_letters.to_string(),
        ]);
    }
    write!(out, "{table}")?;
    Ok(())
}

pub(super) async fn trace(
    config: &Config,
    name: &str,
    json: bool,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let failed = |ask| failure(config, words, &ask);
    let running = Running::of(config).map_err(failed)?;
    let found = running.find(name).await.map_err(failed)?;
    let item = match found.as_slice() {
        [] => return Err(failed(Ask::Unknown)),
        [one] => one.item,
        several if json => return as_json(&several, out),
        several => return list_found(several, words, out),
    };
    let way = running.trace(Reference::Item(item)).await.map_err(failed)?;
    if json {
        return as_json(&way, out);
    }
    write_way(&way, words, out)?;
    Ok(Exit::Ok)
}

/// Several messages are called so: whoever asked chooses.
fn list_found(found: &[FoundView], words: &Words, out: &mut dyn Write) -> Result<Exit, Failure> {
    let count = found.len().to_string();
    writeln!(out, "{}\n", words.say("cli-several", &[("number", &count)]))?;
    let columns = ["cli-column-reference", "cli-column-worker", "cli-column-time"];
    let mut table = Table::new(columns.map(|key| words.say(key, &[])));
    for one in found {
        table.row([one.item.to_string(), one.worker.to_string(), utc(one.at)]);
    }
    write!(out, "{table}")?;
    Ok(Exit::Usage)
}

fn write_way(way: &TraceView, words: &Words, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{}\n", way.item)?;
    let columns = [
        "cli-column-time",
        "cli-column-after",
        "cli-column-stage",
        "cli-column-worker",
        "cli-column-what",
        "cli-column-detail",
    ];
    let mut table = Table::new(columns.map(|key| words.say(key, &[])));
    for entry in &way.entries {
        table.row([
            utc(entry.at),
            pause(Duration::from_millis(entry.after_ms)),
            entry.stage.as_str().to_owned(),
            entry.worker.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.what.clone(),
            detail(entry, words),
        ]);
    }
    write!(out, "{table}")?;
    Ok(())
}

/// Why, in which attempt, and how the hop was protected.
fn detail(entry: &TraceEntry, words: &Words) -> String {
    let attempt = entry.attempt.as_ref().map(|attempt| {
        let (part, number) = (attempt.part.to_string(), attempt.number.to_string());
        let args = [("part", part.as_str()), ("number", &number)];
        words.say("cli-attempt", &args)
    });
    let reason = entry.reason.as_ref().map(|reason| reason.words.clone());
    let code = entry.attempt.as_ref().and_then(|attempt| attempt.code.clone());
    let hop = entry.protection.as_ref().map(|protection| in_words(protection, words));
    [reason, code, hop, attempt].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// How a hop was protected, in words.
fn in_words(protection: &Protection, words: &Words) -> String {
    match protection {
        Protection::Megolm { trust: None } => words.say("protection-megolm", &[]),
        Protection::Megolm { trust: Some(trust) } => {
            words.say("protection-megolm-by", &[("trust", &trust.to_string())])
        }
        Protection::Tls { version, cipher, certificate } => {
            let key = match certificate {
                Certificate::Verified => "protection-tls-verified",
                Certificate::Unverified => "protection-tls-unverified",
                Certificate::Unknown => "protection-tls",
            };
            let version = version.as_deref().unwrap_or("TLS");
            let cipher = cipher.as_deref().map(|cipher| format!(" {cipher}")).unwrap_or_default();
            words.say(key, &[("version", &format!("{version}{cipher}"))])
        }
        Protection::Plain => words.say("protection-plain", &[]),
        Protection::Unknown => words.say("protection-unknown", &[]),
    }
}

/// What programs read.
pub(super) fn as_json<T: Serialize>(value: &T, out: &mut dyn Write) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::new(Exit::Internal, e))?;
    writeln!(out, "{text}")?;
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
