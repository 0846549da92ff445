//! `viadukt mail read`: what the bridge would make of mail files, without configuration or
//! network.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail_parser::MessageParser;
use serde_json::{Value, json};
use viadukt_api::words::Language;
use viadukt_api::{BlobRef, Env, Message, Raw, Spool, SpoolWriter, Tool, Words, WorkerName};

use crate::findings::Findings;
use crate::lift::{Lifted, Lifter};
use crate::own::Own;
use crate::read::{Reader, Reading};
use crate::smime;

pub(crate) const TOOLS: &[Tool] = &[Tool {
    noun: "mail",
    verb: "read",
    about: "Show what the bridge would make of mail files",
    run: read,
}];

/// Signed mails that are larger are shown as they are.
const MOST_SIGNED: u64 = 30 << 20;

const USAGE: &str = "Usage: viadukt mail read FILE… [--json]

Shows what the bridge would make of each mail file (RFC 5322), and of all in a folder, without
configuration or network.

  --json  one JSON object a line: file, text, trimmed, html, attachments, automatic, report,
          signature, authentication, message_id, references, error. The text is what a room would
          show; trimmed says whether quoted mails or a signature were taken off it.\n";

fn read(words: &[String], to: &mut dyn Write) -> Result<(), String> {
    let unwritten = |e: io::Error| format!("cannot write the result: {e}");
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return to.write_all(USAGE.as_bytes()).map_err(unwritten);
    }
    let (options, paths): (Vec<_>, Vec<_>) = words.iter().partition(|w| w.starts_with("--"));
    let as_json = match options.as_slice() {
        [] => false,
        [option] if *option == "--json" => true,
        _ => return Err(format!("unknown option\n\n{USAGE}")),
    };
    if paths.is_empty() {
        return Err(format!("name at least one file\n\n{USAGE}"));
    }
    let worker: WorkerName = "mail".parse()?;
    let reader = Reader {
        worker,
        own: Own::default(),
        authserv_id: None,
        forbidden: crate::kinds::Kind::USUAL.to_vec(),
        words: Arc::new(Words::new(Language::default())),
    };
    let files = paths.into_iter().flat_map(|path| files(Path::new(path))).collect::<Vec<_>>();
    let mut unread = 0;
    for file in &files {
        let result = read_file(&reader, file);
        let file = file.display().to_string();
        unread += usize::from(result.is_err());
        let shown = if as_json { as_line(&file, &result) } else { for_a_person(&file, &result) };
        to.write_all(shown.as_bytes()).map_err(unwritten)?;
    }
    if unread > 0 {
        return Err(format!("{unread} of {} files could not be read", files.len()));
    }
    Ok(())
}

/// The files in a folder and in the folders inside, by name; hidden ones belong to other programs.
/// Anything else is itself.
fn files(path: &Path) -> Vec<PathBuf> {
    // Links inside are not followed: they may lead back.
    let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let Some(entries) = is_folder.then(|| fs::read_dir(path).ok()).flatten() else {
        return vec![path.to_owned()];
    };
    let is_hidden = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut inside: Vec<PathBuf> =
        entries.flatten().filter(|entry| !is_hidden(entry)).map(|entry| entry.path()).collect();
    inside.sort();
    inside.iter().flat_map(|path| files(path)).collect()
}

fn read_file(reader: &Reader, path: &Path) -> Result<Reading, String> {
    let unread = |e: io::Error| format!("{}: {e}", path.display());
    let mut raw = File::open(path).and_then(raw).map_err(unread)?;
    let header = MessageParser::default().parse_headers(Lifted::of(&raw).skeleton);
    if header.as_ref().is_some_and(smime::may_be_signed)
        && fs::metadata(path).is_ok_and(|file| file.len() <= MOST_SIGNED)
    {
        raw = opened(&fs::read(path).map_err(unread)?, raw).map_err(unread)?;
    }
    reader.reading(&raw).map_err(|unreadable| reader.words.reason(&unreadable.reason))
}

/// `raw` with what its signature says. A run without configuration trusts no authority.
fn opened(mail: &[u8], mut raw: Raw) -> io::Result<Raw> {
    let now = Env::system().now();
    let Some(opened) = smime::Authorities::default().open(mail, now) else { return Ok(raw) };
    if let Some(inside) = opened.mail {
        raw = self::raw(&inside[..])?;
    }
    Ok(Findings { outcomes: None, signature: Some(opened.signature) }.join(&raw))
}

/// Lifts as the bridge does, so that a large file takes no more memory than a large mail.
pub(crate) fn raw(mut file: impl Read) -> io::Result<Raw> {
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

fn as_line(file: &str, result: &Result<Reading, String>) -> String {
    let (reading, error) = match result {
        Ok(reading) => (Some(reading), None),
        Err(error) => (None, Some(error)),
    };
    let message = reading.map(|reading| &reading.message);
    let line = json!({
        "file": file,
        "text": message.map(|m| &m.content.text),
        "trimmed": reading.is_some_and(|reading| reading.trimmed),
        "html": message.and_then(|m| m.content.html.as_ref()),
        "attachments": message.map_or_else(Vec::new, attachments),
        "automatic": message.and_then(|m| m.automatic),
        "report": reading.and_then(|reading| reading.report.as_ref()),
        "signature": reading.and_then(|reading| reading.signature.as_ref()),
        "authentication": reading.and_then(|reading| reading.authentication.as_ref()),
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

fn for_a_person(file: &str, result: &Result<Reading, String>) -> String {
    let message = match result {
        Ok(reading) => &reading.message,
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
    fn what_is_signed_is_read_with_its_signature() {
        let mail = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smime/opaque.eml");
        let shown = run(&[mail, "--json"]).1;
        let line: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(line["signature"]["state"], "unvouched");
        assert_eq!(line["signature"]["addresses"], json!(["eva@citizen.example"]));
        let text = line["text"].as_str().unwrap();
        assert!(text.starts_with("Grüße, gezeichnet Eva.\n\n[Signed; the signature names"));
    }

    #[test]
    fn a_folder_is_read_file_by_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inside")).unwrap();
        fs::write(folder.path().join("a"), "From: a@b.example\n\nYes.\n\n> Is it?\n").unwrap();
        fs::write(folder.path().join("inside/b"), "From: a@b.example\n\nNo.\n").unwrap();
        fs::write(folder.path().join(".hidden"), "").unwrap();
        let (result, shown) = run(&[folder.path().to_str().unwrap(), "--json"]);
        assert_eq!(result, Ok(()));
        let lines: Vec<Value> =
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let read: Vec<_> = lines.iter().map(|line| (&line["text"], &line["trimmed"])).collect();
        assert_eq!(read, [(&json!("Yes."), &json!(true)), (&json!("No."), &json!(false))]);
    }

    #[test]
    fn words_that_make_no_sense_are_answered_with_the_usage() {
        assert!(run(&[]).0.unwrap_err().contains("Usage"));
        assert!(run(&["--xml", "x"]).0.unwrap_err().contains("Usage"));
        assert!(run(&["--help"]).1.contains("Usage"));
    }
}
