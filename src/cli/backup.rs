//! `viadukt export`, `import` and `verify`: everything that viadukt remembers, in one file.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use viadukt_api::{Env, Words};

use super::client::{Ask, Running};
use super::operate::failure;
use super::table::{Table, utc};
use super::{Backup, Exit, Failure};
use crate::backup::age::{self, Identity, Recipient};
use crate::backup::{self, BackupError, Imported, Repaired, Since, WholeFile};
use crate::config::Config;
use crate::ledger::Fault;

pub(super) async fn backup(
    config: &Config,
    what: Backup,
    env: &Env,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    match what {
        Backup::Export { file, recipients, .. } => {
            export(config, &file, recipients, env, words, out).await
        }
        Backup::Import { file, identity, moved } => {
            let from = open(&file, identity.as_deref(), words)?;
            let since = if moved { Since::Rested } else { Since::WentOn };
            let (data_dir, key_file) = (&config.data_dir, &config.key_file);
            let imported = backup::import(from, data_dir, key_file, since, env).await;
            let imported = imported.map_err(|error| failed(words, &error))?;
            tell(&imported, words, out)?;
            let folder = data_dir.display().to_string();
            writeln!(out, "{}", words.say("backup-imported", &[("folder", &folder)]))?;
            doubted(imported.doubted, words, out)?;
            Ok(verdict(&imported.faults))
        }
        Backup::Verify { file: Some(file), identity } => {
            let from = open(&file, identity.as_deref(), words)?;
            let read = backup::verify(from, &config.data_dir, env).await;
            let read = read.map_err(|error| failed(words, &error))?;
            tell(&read, words, out)?;
            conclude(&read.faults, words, out)
        }
        Backup::Verify { file: None, .. } => {
            let opened = config.data().open(env).await.map_err(|error| failed(words, &error))?;
            let checked = opened.check().map_err(|error| failed(words, &error))?;
            let (records, files) = (checked.records.to_string(), checked.files.to_string());
            let args = [("records", records.as_str()), ("files", &files)];
            writeln!(out, "{}", words.say("backup-checked", &args))?;
            list(&checked.faults, words, out)?;
            conclude(&checked.faults, words, out)
        }
        Backup::Compact => {
            let done = backup::compact(&config.data(), env).await;
            let (before, after) = done.map_err(|error| failed(words, &error))?;
            let (before, after) = (before.to_string(), after.to_string());
            let args = [("before", before.as_str()), ("after", &after)];
            writeln!(out, "{}", words.say("backup-compacted", &args))?;
            Ok(Exit::Ok)
        }
        Backup::Repair => {
            let repaired = backup::repair(&config.data(), env).await;
            told_repair(&repaired.map_err(|error| failed(words, &error))?, words, out)
        }
    }
}

/// Standard output holds the export alone, or else what was done.
async fn export(
    config: &Config,
    file: &Path,
    recipients: Vec<Recipient>,
    env: &Env,
    words: &Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    if recipients.is_empty() {
        writeln!(io::stderr(), "{}", words.say("backup-plain", &[]))?;
    }
    if file == Path::new("-") {
        write_export(config, recipients, env, words, out).await?;
        return Ok(Exit::Ok);
    }
    let name = file.display().to_string();
    if file.exists() {
        let message = words.say("backup-exists", &[("file", &name)]);
        return Err(Failure::new(Exit::Usage, message));
    }
    let unwritten = |error: BackupError| failed(words, &error);
    let mut target = WholeFile::begin(file).map_err(unwritten)?;
    let length = write_export(config, recipients, env, words, &mut target).await?;
    target.finish().map_err(unwritten)?;
    let args = [("file", name.as_str()), ("bytes", &length.to_string())];
    writeln!(out, "{}", words.say("backup-exported", &args))?;
    Ok(Exit::Ok)
}

/// Asks the running process, which alone may open the store; without one opens it itself.
async fn write_export(
    config: &Config,
    recipients: Vec<Recipient>,
    env: &Env,
    words: &Words,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let asked = match Running::of(config) {
        Ok(running) => {
            let recipients = recipients.iter().map(ToString::to_string).collect();
            running.export(recipients, out).await
        }
        Err(ask) => Err(ask),
    };
    match asked {
        Ok(length) => Ok(length),
        Err(Ask::NotRunning(_)) => {
            let opened = config.data().open(env).await.map_err(|error| failed(words, &error))?;
            let mut out = Counted { out, bytes: 0 };
            let done = opened.source(env).export(&mut out, &recipients);
            done.map_err(|error| failed(words, &error))?;
            Ok(out.bytes)
        }
        Err(ask) => Err(failure(config, words, &ask)),
    }
}

/// Opens an export, decrypted if need be.
fn open(file: &Path, identity: Option<&Path>, words: &Words) -> Result<Box<dyn Read>, Failure> {
    let unreadable = |path: &Path, error: io::Error| failed(words, &BackupError::at(path)(error));
    let from: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file).map_err(|error| unreadable(file, error))?),
    };
    let mut from = BufReader::new(from);
    let start = io::BufRead::fill_buf(&mut from).map_err(|error| unreadable(file, error))?;
    if !age::is_age(start) {
        return Ok(Box::new(from));
    }
    let Some(path) = identity else {
        let message = words.say("backup-identity-needed", &[]);
        return Err(Failure::new(Exit::Usage, message));
    };
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    let identities = Identity::read_all(&text)
        .map_err(|expected| unreadable(path, io::Error::other(expected)))?;
    let opened = age::open(from, &identities).map_err(|error| unreadable(file, error))?;
    Ok(Box::new(opened))
}

/// What an export says of itself, and what is wrong in it.
fn tell(read: &Imported, words: &Words, out: &mut dyn Write) -> Result<(), Failure> {
    let Imported { head, summary, faults, .. } = read;
    let records = summary.all_records().to_string();
    let args = [
        ("time", utc(head.made_at)),
        ("version", head.made_by.clone()),
        ("records", records),
        ("files", summary.files.to_string()),
    ];
    let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    writeln!(out, "{}", words.say("backup-holds", &args))?;
    let mut table =
        Table::new(["backup-column-kind", "backup-column-count"].map(|key| words.say(key, &[])));
    for (kind, count) in &summary.records {
        table.row([kind.clone(), count.to_string()]);
    }
    write!(out, "{table}")?;
    if summary.unreadable_files > 0 {
        let count = summary.unreadable_files.to_string();
        writeln!(out, "{}", words.say("backup-unreadable", &[("count", &count)]))?;
    }
    list(faults, words, out)
}

fn told_repair(repaired: &Repaired, words: &Words, out: &mut dyn Write) -> Result<Exit, Failure> {
    let Some(folder) = &repaired.folder else {
        writeln!(out, "{}", words.say("backup-good", &[]))?;
        return Ok(Exit::Ok);
    };
    list(&repaired.aside, words, out)?;
    let (folder, records) = (folder.display().to_string(), repaired.records.to_string());
    let args = [("folder", folder.as_str()), ("records", &records)];
    writeln!(out, "{}", words.say("backup-repaired", &args))?;
    match repaired.lost_commits {
        Some(0) => {}
        Some(lost) => {
            let args = [("count", &*lost.to_string())];
            writeln!(out, "{}", words.say("backup-commits-lost", &args))?;
        }
        None => writeln!(out, "{}", words.say("backup-commits-unknown", &[]))?,
    }
    doubted(repaired.doubted, words, out)?;
    Ok(Exit::Ok)
}

fn doubted(count: u64, words: &Words, out: &mut dyn Write) -> Result<(), Failure> {
    if count > 0 {
        writeln!(out, "{}", words.say("backup-doubted", &[("count", &count.to_string())]))?;
    }
    Ok(())
}

fn list(faults: &[Fault], words: &Words, out: &mut dyn Write) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(
        ["backup-column-kind", "backup-column-name", "cli-column-finding"]
            .map(|key| words.say(key, &[])),
    );
    for Fault { kind, name, what } in faults {
        table.row([kind.clone(), name.clone(), what.clone()]);
    }
    write!(out, "{table}")?;
    Ok(())
}

fn conclude(faults: &[Fault], words: &Words, out: &mut dyn Write) -> Result<Exit, Failure> {
    let count = faults.len().to_string();
    let sentence = match faults {
        [] => words.say("backup-good", &[]),
        _ => words.say("backup-bad", &[("count", &count)]),
    };
    writeln!(out, "{sentence}")?;
    Ok(verdict(faults))
}

fn verdict(faults: &[Fault]) -> Exit {
    if faults.is_empty() { Exit::Ok } else { Exit::Unavailable }
}

fn failed(words: &Words, error: &BackupError) -> Failure {
    Failure::new(Exit::Unavailable, words.say("cli-failed", &[("why", &error.to_string())]))
}

/// Counts what is written.
struct Counted<'w> {
    out: &'w mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
