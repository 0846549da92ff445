//! `viadukt mail read`: what the bridge would make of mail files, without configuration or
//! network.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use serde_json::{Value, json};
use viadukt_api::words::Language;
use viadukt_api::{BlobRef, Message, Raw, Spool, SpoolWriter, Tool, Words, WorkerName};

use crate::lift::Lifter;
use crate::read::Reader;
use crate::report::Report;

pub(crate) const TOOLS: &[Tool] = &[Tool {
    noun: "mail",
    verb: "read",
    about: "Show what the bridge would make of mail files",
    run: read,
}];

const USAGE: &str = "Usage: viadukt mail read FILE… [--json]

Shows what the bridge would make of each mail file (RFC 5322), without configuration or network.

  --json  one JSON object a line: text, html, attachments, automatic, report, message_id,
          references, error\n";

fn read(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    let unwritten = |e: io::Error| format!("cannot write the result: {e}");
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return to.write_all(USAGE.as_bytes()).map_err(unwritten);
    }
    let (options, files): (Vec<_>, Vec<_>) = words.iter().partition(|w| w.starts_with("--"));
    let as_json = match options.as_slice() {
        [] => false,
        [option] if *option == "--json" => true,
        _ => return Err(format!("unknown option\n\n{USAGE}")),
    };
    if files.is_empty() {
        return Err(format!("name at least one file\n\n{USAGE}"));
    }
    let worker: WorkerName = "mail".parse()?;
    let reader = Reader { worker, own: None, words: Arc::new(Words::new(Language::default())) };
    let mut unread = 0;
    for file in &files {
        let result = read_file(&reader, file);
        unread += usize::from(result.is_err());
        let shown = if as_json { as_line(&result) } else { for_a_person(file, &result) };
        to.write_all(shown.as_bytes()).map_err(unwritten)?;
    }
    if unread > 0 {
        return Err(format!("{unread} of {} files could not be read", files.len()));
    }
    Ok(())
}

fn read_file(reader: &Reader, path: &str) -> Result<(Message, Option<Report>), String> {
    let raw = raw(path).map_err(|e| format!("{path}: {e}"))?;
    let read = reader.read_with_report(&raw);
    read.map_err(|unreadable| reader.words.reason(&unreadable.reason))
}

/// Lifts as the bridge does, so that a large file takes no more memory than a large mail.
fn raw(path: &str) -> io::Result<Raw> {
    let mut file = File::open(path)?;
    // No stranger has a hand in this run; the nonce need not be a secret.
    let mut lifter = Lifter::new([0; 16], Arc::new(Nowhere));
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return lifter.finish().map(|(raw, _)| raw),
            length => lifter.push(&piece[..length])?,
        }
    }
}

fn as_line(result: &Result<(Message, Option<Report>), String>) -> String {
    let (message, report, error) = match result {
        Ok((message, report)) => (Some(message), report.as_ref(), None),
        Err(error) => (None, None, Some(error)),
    };
    let line = json!({
        "text": message.map(|m| &m.content.text),
        "html": message.and_then(|m| m.content.html.as_ref()),
        "attachments": message.map_or_else(Vec::new, attachments),
        "automatic": message.and_then(|m| m.automatic),
        "report": report,
        "message_id": message.map(|m| &m.id),
        "references": message.map_or_else(Vec::new, |m| m.ancestors.clone()),
        "error": error,
    });
    format!("{line}\n")
}

fn attachments(message: &Message) -> Vec<Value> {
    let attachments = message.content.attachments.iter();
    attachments.map(|a| json!({ "name": a.name, "mime": a.mime, "size": a.size })).collect()
}

fn for_a_person(file: &str, result: &Result<(Message, Option<Report>), String>) -> String {
    let message = match result {
        Ok((message, _)) => message,
        Err(error) => return format!("== {file}\ncannot be read: {error}\n\n"),
    };
    let mut shown = format!("== {file}\nFrom: {}\n", message.sender.address.as_str());
    if let Some(subject) = &message.subject {
        shown += &format!("Subject: {subject}\n");
    }
    if let Some(automatic) = message.automatic {
        shown += &format!("Automatic: {automatic:?}\n");
    }
    for file in &message.content.attachments {
        let size = file.size.map_or_else(String::new, |size| format!(", {size} bytes"));
        shown += &format!("Attachment: {} ({}{size})\n", file.name, file.mime);
    }
    shown + "\n" + &message.content.text + "\n\n"
}

/// A spool that keeps nothing but sizes.
struct Nowhere;

struct Counted(u64);

impl Spool for Nowhere {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        Ok(Box::new(Counted(0)))
    }

    fn open(&self, _: &BlobRef) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolWriter for Counted {
    fn finish(self: Box<Self>) -> io::Result<BlobRef> {
        Ok(BlobRef { hash: [0; 32], size: self.0 })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> (Result<(), String>, String) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut to = Vec::new();
        let result = read(&words, &mut to);
        (result, String::from_utf8(to).unwrap())
    }

    #[test]
    fn one_object_a_line_and_a_missing_file_does_not_stop_the_others() {
        let mail = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/attachments.eml");
        let (result, shown) = run(&["/nowhere.eml", mail, "--json"]);
        assert_eq!(result.unwrap_err(), "1 of 2 files could not be read");
        let lines: Vec<Value> =
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines[0]["error"].as_str().unwrap().starts_with("/nowhere.eml: "));
        assert_eq!(lines[1]["error"], Value::Null);
        assert_eq!(lines[1]["text"], "Anbei die Unterlagen.");
        assert_eq!(lines[1]["attachments"][0]["name"], "Antrag für Müller.pdf");
    }

    #[test]
    fn words_that_make_no_sense_are_answered_with_the_usage() {
        assert!(run(&[]).0.unwrap_err().contains("Usage"));
        assert!(run(&["--xml", "x"]).0.unwrap_err().contains("Usage"));
        assert!(run(&["--help"]).1.contains("Usage"));
    }
}
