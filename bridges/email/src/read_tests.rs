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
        forbidden: crate::kinds::Kind::USUAL.to_vec(),
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
        let found = Findings { outcomes: Some(vec![outcome]), signature: None };
        let reading = reader().reading(&found.join(&raw)).unwrap();
        assert_eq!(reading.message.sender.name.as_deref(), Some(expected), "{result}");
        assert_eq!(reading.message.content.text, "Guten Tag.");
        assert_eq!(reading.authentication.unwrap().results["dmarc"], result);
    }
}

#[test]
fn what_is_encrypted_says_so_and_comes_along() {
    let smime = include_bytes!("../tests/smime/enveloped.eml");
    let pgp = b"From: a@b.example\r\nContent-Type: multipart/encrypted; boundary=x;\r\n \
        protocol=\"application/pgp-encrypted\"\r\n\r\n--x\r\n\
        Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--x\r\n\
        Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n\
        -----BEGIN PGP MESSAGE-----\r\n--x--\r\n";
    for (mail, kind, file) in
        [(&smime[..], "S/MIME", "smime.p7m"), (&pgp[..], "OpenPGP", "encrypted.asc")]
    {
        let content = read(mail).content;
        let expected =
            format!("[This mail is encrypted ({kind}), and the bridge has no key for it.");
        assert!(content.text.starts_with(&expected), "{}", content.text);
        assert!(content.attachments.iter().any(|found| found.name == file), "{kind}");
    }
}

#[test]
fn files_that_can_do_harm_are_named_and_left_out() {
    let program = [&b"MZ"[..], &[7; 100_000]].concat();
    for (bytes, name) in [(&program[..], "a.bin"), (&program[..400], "a.bin"), (b"x", "a.exe")] {
        let mail = String::from_utf8(with_attachment(bytes)).unwrap().replace("a.bin", name);
        let quoting = mail.replace("Anbei.", "Anbei.\r\n\r\n> Was ist es?\r\n> Wann?");
        let inside = format!(
            "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n\
            --y\r\n\r\nAnbei.\r\n--y\r\nContent-Type: message/rfc822; name=a.eml\r\n\r\n{mail}\r\n--y--"
        );
        for (mail, name) in [(&mail, name), (&quoting, name), (&inside, "a.eml")] {
            let content = read(mail.as_bytes()).content;
            assert!(content.text.starts_with("Anbei."), "{}", content.text);
            let note = format!("[Not shown here: {name}. Files of this kind can do harm.");
            assert!(content.text.contains(&note), "{}", content.text);
            assert!(content.attachments.is_empty(), "{name}");
        }
    }
}

/// Each of these took a parser minutes, or its stack, before something bounded it.
#[test]
fn hostile_html_comes_through() {
    let attributes: String = (0..150_000).map(|n| format!(" a{n}")).collect();
    let formats: String = (0..5_000).map(|n| format!("<p><b id={n}><u id={n}></x></p>")).collect();
    for html in [
        "<div>".repeat(50_000),
        "<b>".repeat(50_000),
        "<table><tr><td>".repeat(6_000),
        "<div></x>".repeat(30_000),
        "<div title='</div>'>".repeat(20_000),
        "<style></div></style><div>".repeat(20_000),
        "<a><div></a></div>".repeat(10_000),
        "<ul><li>".repeat(10_000),
        "&".repeat(300_000),
        "&lt ".repeat(100_000),
        "<".repeat(300_000),
        "<!--".repeat(100_000),
        "</style".repeat(100_000),
        "<style></".repeat(30_000),
        "<a href='".repeat(30_000),
        format!("<a{attributes}>"),
        formats,
    ] {
        let mail = format!("From: a@b.example\r\nContent-Type: text/html\r\n\r\nbegin{html}");
        let text = read(mail.as_bytes()).content.text;
        assert!(text.starts_with("begin"), "{}", &html[..30]);
    }
}

#[test]
fn multiparts_without_parts_are_looked_through_once() {
    let lines = "--y\r\n".repeat(1_000);
    let parts = (0..199)
        .map(|n| format!("--x\r\nContent-Type: multipart/mixed; boundary=y{n}\r\n\r\n{lines}\r\n"));
    let parts: String = parts.collect();
    let mail = format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{parts}--x--"
    );
    assert!(read(mail.as_bytes()).content.text.starts_with("--y"));
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
