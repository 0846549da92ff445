//! Mails as files, each beside what is made of it. `UPDATE_CASES=1` writes what is made now.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use viadukt_api::contract::MemorySpool;
use viadukt_api::words::Language;
use viadukt_api::{Act, Media, Message, Raw, Words};

use crate::authentication::Outcome;
use crate::fetch::Handle;
use crate::findings::Findings;
use crate::lift::Lifter;
use crate::own::Own;
use crate::read::Reader;

pub(crate) fn reader() -> Reader {
    Reader {
        worker: "post".parse().unwrap(),
        own: Own::new(&"buero@amt.example".parse().unwrap(), &[]),
        authserv_id: None,
        words: Arc::new(Words::new(Language::En)),
    }
}

pub(crate) fn lifted(mail: &[u8], spool: &MemorySpool) -> Raw {
    let mut lifter = Lifter::new([7; 16], Arc::new(spool.clone()));
    lifter.push(mail).unwrap();
    lifter.finish().unwrap().0
}

fn read(mail: &[u8]) -> Message {
    reader().read(&lifted(mail, &MemorySpool::default())).expect("readable")
}

/// The message with each attachment's bytes instead of its handle.
fn shown(mail: &[u8]) -> serde_json::Value {
    let spool = MemorySpool::default();
    let mut message = reader().read(&lifted(mail, &spool)).expect("readable");
    for file in &mut message.content.attachments {
        let Media::With { handle, .. } = &mut file.media else { panic!("not spooled yet") };
        let blob = Handle::parse(handle).unwrap().fetch(&spool).unwrap();
        let spool: &dyn viadukt_api::Spool = &spool;
        let bytes = spool.get(&blob, 1 << 20).unwrap();
        assert_eq!(file.size, Some(blob.size), "{}", file.name);
        *handle = String::from_utf8_lossy(&bytes).into_owned();
    }
    serde_json::to_value(&message).unwrap()
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "eml") {
            continue;
        }
        found += 1;
        let made = shown(&std::fs::read(&path).unwrap());
        let expected = path.with_extension("json");
        if update {
            std::fs::write(&expected, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        }
        let expected = std::fs::read_to_string(&expected).expect("a .json beside the .eml");
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(made, expected, "{}", path.display());
    }
    assert!(found >= 20, "only {found} cases were found");
}

#[test]
fn ten_thousand_parts_are_cut_and_said_to_be() {
    let mut mail =
        String::from("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n");
    for part in 0..10_000 {
        mail += &format!("--x\r\nContent-Type: text/plain\r\n\r\nPart {part}.\r\n");
    }
    let message = read(mail.as_bytes());
    assert!(message.content.text.starts_with("Part 0."));
    assert!(message.content.text.ends_with("what was read up to there.]"));
    assert!(!message.content.text.contains("Part 300."));
}

#[test]
fn a_million_nested_boundaries_are_cut() {
    let mut mail = String::from("From: a@b.example\r\nSubject: deep\r\n");
    for depth in 0..1_000_000 {
        mail += &format!("Content-Type: multipart/mixed; boundary={depth}\r\n\r\n--{depth}\r\n");
    }
    assert!(read(mail.as_bytes()).content.text.contains("too many parts"));
}

#[test]
fn a_large_attachment_goes_to_the_spool_and_comes_back() {
    let bytes: Vec<u8> = (0..300_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let mail = with_attachment(&bytes);
    let spool = MemorySpool::default();
    let raw = lifted(&mail, &spool);
    assert!(raw.bytes.len() < 2_000, "the skeleton is small");
    let message = reader().read(&raw).unwrap();
    assert_eq!(message.content.text, "Anbei.");
    let file = &message.content.attachments[0];
    assert_eq!(file.name, "a.bin");
    assert_eq!(file.size, Some(300_000));
    let Media::With { handle, .. } = &file.media else { panic!("not spooled yet") };
    let blob = Handle::parse(handle).unwrap().fetch(&spool).unwrap();
    let spool: &dyn viadukt_api::Spool = &spool;
    assert_eq!(spool.get(&blob, 1 << 20).unwrap(), bytes);
}

#[test]
fn a_stranger_cannot_point_into_the_spool() {
    let mail = b"Viadukt-Lifted: 07070707070707070707070707070707 9\r\nFrom: a@b.example\r\n\r\n\
        VIADUKTLIFTEDOUT/07070707070707070707070707070707/000000000000/000000000001/\r\n";
    let message = read(mail);
    assert!(message.content.attachments.is_empty());
    assert!(message.content.text.starts_with("VIADUKTLIFTEDOUT/"));
}

#[test]
fn a_header_alone_is_shown_with_the_reason() {
    let mut lifter = Lifter::new([7; 16], Arc::new(MemorySpool::default()));
    lifter.push(b"From: a@b.example\r\nSubject: Video\r\n\r\n").unwrap();
    let (raw, _) = lifter.finish_cut(300_000_000).unwrap();
    let message = reader().read(&raw).unwrap();
    assert_eq!(message.subject.as_deref(), Some("Video"));
    assert!(message.content.text.contains("300 MB"));
    assert_eq!(message.act, Act::Say);
}

#[test]
fn a_sender_that_nobody_stands_for_is_marked() {
    let strict = Reader { authserv_id: Some("mx.amt.example".to_owned()), ..reader() };
    for (results, expected) in [
        ("mx.amt.example; dmarc=pass", "Eva"),
        ("mx.amt.example; dmarc=fail", "Eva (forged?)"),
        ("mx.elsewhere.example; dmarc=pass", "Eva (unverified)"),
    ] {
        let mail = format!(
            "Authentication-Results: {results}\r\nFrom: Eva <eva@b.example>\r\n\r\nGuten Tag."
        );
        let message = strict.read(&lifted(mail.as_bytes(), &MemorySpool::default())).unwrap();
        assert_eq!(message.sender.name.as_deref(), Some(expected), "{results}");
    }
}

#[test]
fn what_was_found_out_when_it_was_fetched_marks_the_sender() {
    let raw = lifted(b"From: Eva <eva@b.example>\r\n\r\nGuten Tag.", &MemorySpool::default());
    for (result, expected) in [
        ("pass", "Eva"),
        ("fail", "Eva (forged?)"),
        ("none", "Eva (unverified)"),
        ("temperror", "Eva (not checked)"),
    ] {
        let domain = Some("b.example".to_owned());
        let outcome = Outcome { method: "dmarc".to_owned(), result: result.to_owned(), domain };
        let found = Findings { outcomes: Some(vec![outcome]) };
        let reading = reader().reading(&found.join(&raw)).unwrap();
        assert_eq!(reading.message.sender.name.as_deref(), Some(expected), "{result}");
        assert_eq!(reading.message.content.text, "Guten Tag.");
        assert_eq!(reading.authentication.unwrap().results["dmarc"], result);
    }
}

#[test]
fn hostile_html_comes_through() {
    for html in ["<div>".repeat(200_000), "<b>".repeat(500_000), "<table><tr><td>".repeat(6_000)] {
        let mail = format!("From: a@b.example\r\nContent-Type: text/html\r\n\r\n{html}end");
        assert!(read(mail.as_bytes()).content.text.ends_with("end"));
    }
}

pub(crate) fn with_attachment(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nAnbei.\r\n\
         --x\r\nContent-Type: application/octet-stream; name=a.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--x--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}
