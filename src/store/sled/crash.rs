//! A process that commits is killed, or watched by strace. The process is this test program,
//! started again for [`child`] alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::tests::open;
use super::{Batch, Space, Store};

/// Tells [`child`] which folder to write to, and how many commits to make.
pub(super) const FOLDER: &str = "VIADUKT_TEST_STORE";
pub(super) const COMMITS: &str = "VIADUKT_TEST_COMMITS";

pub(super) const WRITERS: u8 = 4;

/// Arguments for this test program to run [`child`].
pub(super) const CHILD: [&str; 3] = ["--exact", "store::sled::crash::child", "--nocapture"];

/// Commits numbered records, two to a commit, and prints `ack WRITER NUMBER` after each. Does
/// nothing unless it was started for it.
#[tokio::test]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let commits = std::env::var(COMMITS).map_or(u64::MAX, |count| count.parse().unwrap());
    let store = Arc::new(open(Path::new(&folder)).await.unwrap());
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        async move {
            let written = store.scan(Space::Journal, &[writer], None, usize::MAX).unwrap().len();
            for number in (written as u64..).take(usize::try_from(commits).unwrap()) {
                let key = [&[writer][..], &number.to_be_bytes()].concat();
                let mut batch = Batch::default();
                batch.put(Space::Journal, key.clone(), number.to_be_bytes());
                batch.put(Space::Outbox, key, vec![writer; 500]);
                store.commit(batch).await.unwrap();
                println!("ack {writer} {number}");
            }
        }
    });
    futures_util::future::join_all(writers).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::<u8, u64>::new();
    for round in 0..8usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(CHILD)
            .env(FOLDER, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after ever more acknowledgements; those still in the pipe count too.
        let mut left = 1 + round * 97;
        while let Some(Ok(line)) = lines.next() {
            let mut words = line.split_whitespace().skip_while(|word| *word != "ack").skip(1);
            if let (Some(writer), Some(number)) = (words.next(), words.next()) {
                acknowledged.insert(writer.parse().unwrap(), number.parse().unwrap());
                left = left.saturating_sub(1);
                if left == 0 {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();

        let store = open(dir.path()).await.unwrap();
        for (writer, last) in &acknowledged {
            let numbers: Vec<u64> = store
                .scan(Space::Journal, &[*writer], None, usize::MAX)
                .unwrap()
                .into_iter()
                .map(|(_, value)| u64::from_be_bytes(value.try_into().unwrap()))
                .collect();
            let expected: Vec<u64> = (0..numbers.len() as u64).collect();
            assert_eq!(numbers, expected, "round {round}: a gap");
            assert!(numbers.contains(last), "round {round}: {last} was acknowledged and is lost");
            let halves = store.scan(Space::Outbox, &[*writer], None, usize::MAX).unwrap().len();
            assert_eq!(halves, numbers.len(), "round {round}: a commit was applied in part");
        }
    }
    assert_eq!(acknowledged.len(), usize::from(WRITERS));
}

#[test]
fn no_acknowledgement_before_the_sync() {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fdatasync,write,pwrite64", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(CHILD)
        .env(FOLDER, dir.path())
        .env(COMMITS, "10")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("tests/setup installs strace");
    assert!(status.success(), "strace may not follow a program; allow ptrace");

    // Every writer waits for its answer, so between two of its acknowledgements there is a sync
    // of the data, and the data was written before that sync.
    let data = format!("{}/store/db>", dir.path().display());
    let mut steps = BTreeMap::<String, Progress>::new();
    let (mut acknowledgements, mut written) = (0, false);
    for line in std::fs::read_to_string(&trace).unwrap().lines() {
        if line.contains("pwrite64(") && line.contains(&data) {
            written = true;
        } else if line.contains("fdatasync(") && line.contains(&data) {
            assert!(line.ends_with("= 0") || line.contains("unfinished"), "{line}");
            if written && !line.contains("unfinished") {
                steps.values_mut().for_each(|progress| *progress = Progress::Synced);
                steps.entry("first".into()).or_insert(Progress::Synced);
            }
        } else if line.contains("fdatasync resumed") {
            assert!(line.ends_with("= 0"), "{line}");
            steps.values_mut().for_each(|progress| *progress = Progress::Synced);
            steps.entry("first".into()).or_insert(Progress::Synced);
        } else if let Some((_, rest)) = line.split_once("\"ack ") {
            acknowledgements += 1;
            let writer = rest.split(' ').next().unwrap().to_owned();
            assert!(steps.contains_key("first"), "acknowledged before any sync: {line}");
            let before = steps.insert(writer, Progress::Acknowledged);
            assert_ne!(before, Some(Progress::Acknowledged), "acknowledged unsynced: {line}");
        }
    }
    assert_eq!(acknowledgements, 10 * u32::from(WRITERS));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Synced,
    Acknowledged,
}
