//! The cut agrees with an implementation that is not ours, the Python package smsutil, on a
//! hundred thousand random texts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;

use serde::Deserialize;

use super::{Encoding, Parts};

/// The release that `tests/setup` installs.
const VERSION: &str = "1.1.3";
const TEXTS: usize = 100_000;
const LONGEST: u64 = 2_000;

/// What texts are mixed of. Not among them is the escape: smsutil counts it as a character, while
/// TS 23.038 6.2.1 gives that place of the table to no character.
const ALPHABETS: [&str; 9] = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;:!?-'\"/()",
    "abcdefghijklmnopqrstuvwxyz     \n\r",
    "äöüÄÖÜßàèéùìòÇØøÅåÆæÉÑñ§¿¡£$¥@_#¤%&*+<=>",
    "ΔΦΓΛΩΠΨΣΘΞ",
    "€[]{}~\\^|\u{c}",
    "`´„“”‚‘–—…çőžłабвгд\u{a0}\t",
    "漢字かなカナ한글中文，。",
    "a\u{308}o\u{308}e\u{301}\u{327}\u{200d}\u{fe0f}",
    "🙂👍🇩🇪👨‍👩‍👧😀𝒜𐍈🏳️‍🌈",
];

#[derive(Deserialize)]
struct Cut {
    encoding: String,
    units: usize,
    parts: Vec<String>,
    octets: String,
}

#[test]
fn a_hundred_thousand_texts_are_cut_as_another_implementation_cuts_them() {
    let python = installed_python();
    assert!(python.exists(), "{} does not exist; run tests/setup", python.display());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle.py");
    let mut oracle = Command::new(python)
        .arg(script)
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = oracle.stdin.take().unwrap();
    let (sender, asked) = mpsc::channel();
    let asking = std::thread::spawn(move || ask(input, &sender));
    let answers = BufReader::new(oracle.stdout.take().unwrap()).lines();

    let mut several = [0; 2];
    let mut compared = 0;
    for (text, answer) in asked.iter().zip(answers) {
        let theirs: Cut = serde_json::from_str(&answer.unwrap()).unwrap();
        let ours = Parts::of(&text).unwrap();
        let encoding = match theirs.encoding.as_str() {
            "gsm0338" => Encoding::Gsm7,
            _ => Encoding::Ucs2,
        };
        assert_eq!(ours.encoding, encoding, "{text:?}");
        assert_eq!(ours.units, theirs.units, "{text:?}");
        assert!(ours.iter().map(|part| &part.text).eq(&theirs.parts), "{text:?}");
        let octets: Vec<u8> = ours.iter().flat_map(|part| part.octets.clone()).collect();
        assert_eq!(hexadecimal(&octets), theirs.octets, "{text:?}");
        assert_eq!(encoding.decode(&octets), text);
        several[usize::from(encoding == Encoding::Ucs2)] += usize::from(ours.count() > 1);
        compared += 1;
    }
    asking.join().unwrap();
    assert!(oracle.wait().unwrap().success());
    assert_eq!(compared, TEXTS);
    assert!(several.iter().all(|count| *count > TEXTS / 20), "hardly any was cut: {several:?}");
}

fn ask(input: ChildStdin, asked: &mpsc::Sender<String>) {
    let mut input = BufWriter::new(input);
    for text in texts() {
        writeln!(input, "{}", serde_json::to_string(&text).unwrap()).unwrap();
        asked.send(text).unwrap();
    }
}

/// The same texts at every run. Most are about as long as a part or a few; one in fifty may have
/// any length. None is empty: smsutil encodes nothing as UTF-16.
fn texts() -> impl Iterator<Item = String> {
    let mut dice = Dice(0x2026);
    (0..TEXTS).map(move |_| {
        let longest = match dice.roll(50) {
            0 => LONGEST,
            1..=5 => 700,
            _ => 220,
        };
        let length = 1 + dice.roll(longest);
        // The first alphabets alone make GSM-7; a text of all would nearly always be UCS-2.
        let alphabets = if dice.roll(2) == 0 { 5 } else { ALPHABETS.len() };
        let mixed: Vec<Vec<char>> = (0..=dice.roll(3))
            .map(|_| ALPHABETS[dice.index(alphabets)].chars().collect())
            .collect();
        let mut text = String::new();
        for _ in 0..length {
            let alphabet = &mixed[dice.index(mixed.len())];
            text.push(alphabet[dice.index(alphabet.len())]);
        }
        text
    })
}

/// SplitMix64: even enough, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.roll(length as u64)).unwrap()
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

/// The same folder as in `tests/setup`.
fn installed_python() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join(format!("viadukt/smsutil-{VERSION}/bin/python"))
}
