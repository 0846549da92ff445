//! What a room shows of mails. A case is a file: the text that is shown, a line of its own, and
//! the mail. Nothing before the line: all of the mail's text is shown.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use viadukt_api::contract::MemorySpool;
use viadukt_api::{Attachment, Media, Spool};

use crate::fetch::Handle;
use crate::read_tests::{lifted, reader};
use crate::trim;

const LINE: &str = "\n===== is what is shown of =====\n";

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trim");
    let mut found = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = std::fs::read_to_string(&path).unwrap();
        let (expected, mail) = case.split_once(LINE).expect("a line between text and mail");
        found += 1;
        let spool = MemorySpool::default();
        let reading = reader().reading(&lifted(mail.as_bytes(), &spool)).unwrap();
        let content = &reading.message.content;
        let is_whole = expected.is_empty() && !reading.trimmed;
        if content.text != expected && !is_whole {
            wrong.push(format!("== {name}\n{}\n", content.text));
        }
        let original = content.attachments.iter().find(|file| file.name == "original.eml");
        assert_eq!(reading.trimmed, original.is_some(), "{name}");
        if let Some(original) = original {
            assert_eq!(bytes(original, &spool), mail.as_bytes(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "{} of {found} cases:\n{}", wrong.len(), wrong.concat());
    assert!(found >= 60, "only {found} cases were found");
}

fn bytes(file: &Attachment, spool: &MemorySpool) -> Vec<u8> {
    let Media::With { handle, .. } = &file.media else { panic!("not spooled yet") };
    let blob = Handle::parse(handle).unwrap().fetch(spool).unwrap();
    assert_eq!(file.size, Some(blob.size));
    let spool: &dyn Spool = spool;
    spool.get(&blob, 8 << 20).unwrap()
}

#[test]
fn the_original_of_a_large_mail_comes_back_with_its_attachments() {
    use base64::Engine;
    let file = base64::engine::general_purpose::STANDARD.encode([7; 300_000]);
    let quote = "> All of it is quoted.\r\n".repeat(10_000);
    let mail = format!(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nYes.\r\n\
         {quote}--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {file}\r\n--x--\r\n"
    );
    let spool = MemorySpool::default();
    let message = reader().read(&lifted(mail.as_bytes(), &spool)).unwrap();
    assert_eq!(message.content.text, "Yes.");
    let [_, original] = &message.content.attachments[..] else { panic!("not two attachments") };
    assert!(matches!(&original.media, Media::With { handle, .. } if handle.len() < 1_000));
    assert!(bytes(original, &spool) == mail.as_bytes());
}

/// A generator that gives the same numbers in every run.
fn numbers(mut seed: u64) -> impl FnMut() -> usize {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    }
}

#[test]
fn whatever_is_left_was_there_in_this_order() {
    let lines = [
        "",
        "> quoted",
        ">> deeper",
        "Yes.",
        "On 12.03.24 09:15, Erin wrote:",
        "-- ",
        "--",
        "Alice",
        "From: Erin <erin@example.net>",
        "Sent: Tuesday",
        "To: Alice",
        "Subject: Meeting",
        "________________________________",
        "-----Original Message-----",
        "Sent from my iPhone",
        "---------- Forwarded message ---------",
        "On Tue, Mar 12, 2024 at 9:15, Erin <",
        ">:",
        "> erin@example.net> wrote:",
        "C> initials",
        ">From here on",
        ">>> prompt",
        "* * *",
    ];
    for seed in 0..3_000 {
        let mut number = numbers(seed);
        let text: Vec<&str> = (0..number() % 20).map(|_| lines[number() % lines.len()]).collect();
        let text = text.join("\n");
        let Some(left) = trim::text(&text, seed % 5 == 0) else { continue };
        let mut written = text.lines();
        for line in left.lines() {
            assert!(written.any(|other| other == line), "{line:?} of {text:?}");
        }
        assert!(!left.trim().is_empty(), "{text:?}");
        assert!(left.len() < text.len(), "nothing taken off {text:?}");
    }
}

#[test]
fn what_has_no_marks_stays_whole() {
    let lines = [
        "",
        "Dear Erin,",
        "the minutes of 12.03.2024, 09:15, are below:",
        "From Cologne to Bonn",
        "To: all of us",
        "- first",
        "* second",
        "----------",
        "1 < 2, 3 > 2",
        "Alice",
        "erin@example.net wrote to me.",
        "Sent yesterday.",
        "    indented",
        "\ttab",
        "Am Montag schrieb sie mir.",
        "Von: Köln",
        "On Monday we wrote:",
        "https://example.org/?a>b",
    ];
    for seed in 0..3_000 {
        let mut number = numbers(seed);
        let text: Vec<&str> = (0..number() % 20).map(|_| lines[number() % lines.len()]).collect();
        assert_eq!(trim::text(&text.join("\n"), false), None, "{text:?}");
    }
}

#[test]
fn hostile_texts_take_no_longer_than_others() {
    for line in ["--", "> a", "From: a@b", "On 2024 at 9:15 <", "_".repeat(20).as_str(), "a <b@c>"]
    {
        let text = format!("Yes.\n{}", format!("{line}\n").repeat(19_000));
        trim::text(&text, false);
    }
    trim::text(&"On 12.03.24 09:15, ".repeat(100_000), false);
    trim::text(&">".repeat(2_000_000), false);
}
