//! The power goes: of all that was written to the store's files only that is left which a sync has
//! covered. A traced process commits; its writes are played again into a copy of the folder, up to
//! some moment, and only as far as a sync on the same file has returned by then. (The other order,
//! in which the disk happens to hold more than was synced, is what `kill -9` shows.) Names of files
//! count as they were at the start: sled makes none that it needs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::crash::{CHILD, COMMITS, FOLDER, WRITERS};
use super::tests::open;
use super::{Space, Store};

/// Moments at which the power goes.
const MOMENTS: usize = 12;

/// What a line of the trace means for the disk, in the order of the lines.
enum Step {
    /// Bytes for a place of a file are handed to the system.
    Written(PathBuf, u64, Vec<u8>),
    /// A sync of a file begins, by that thread.
    SyncBegins(u32, PathBuf),
    /// It has returned.
    SyncEnds(u32),
    /// A writer was told that its record is durable.
    Acknowledged(u8, u64),
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_the_power_went() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    drop(open(dir.path()).await.unwrap());
    let before = tempfile::tempdir().unwrap();
    copy(&store, &before.path().join("store"));
    fs::copy(dir.path().join("key"), before.path().join("key")).unwrap();
    let trace = dir.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "1048576", "-e", "trace=pwrite64,fdatasync,fsync,write"])
        .arg("-o")
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(CHILD)
        .env(FOLDER, dir.path())
        .env(COMMITS, "20")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("tests/setup installs strace");
    assert!(status.success(), "strace may not follow a program; allow ptrace");
    let steps = steps(&fs::read_to_string(&trace).unwrap(), &store);
    let told = steps.iter().filter(|step| matches!(step, Step::Acknowledged(..))).count();
    assert_eq!(told, 20 * usize::from(WRITERS), "acknowledgements in the trace");

    let mut random = StdRng::seed_from_u64(7);
    let mut unsynced = 0;
    for _ in 0..MOMENTS {
        let moment = random.random_range(0..=steps.len());
        let after = tempfile::tempdir().unwrap();
        copy(before.path(), after.path());
        let (acknowledged, dropped) = play(&steps[..moment], &after.path().join("store"));
        unsynced += dropped;
        let opened = open(after.path()).await.unwrap_or_else(|e| panic!("step {moment}: {e}"));
        for (writer, last) in acknowledged {
            let numbers = opened.scan(Space::Journal, &[writer], None, usize::MAX).unwrap();
            assert!(numbers.len() as u64 > last, "step {moment}: {writer}/{last} is lost");
            let halves = opened.scan(Space::Outbox, &[writer], None, usize::MAX).unwrap();
            assert_eq!(numbers.len(), halves.len(), "step {moment}: a commit in part");
        }
    }
    assert!(unsynced > 0, "every write was synced at every moment: nothing was shown");
}

/// Plays `steps` into `store`; gives the last number acknowledged to each writer, and how many
/// writes were lost.
fn play(steps: &[Step], store: &Path) -> (BTreeMap<u8, u64>, usize) {
    let mut acknowledged = BTreeMap::new();
    let mut waiting: HashMap<&Path, Vec<(u64, &[u8])>> = HashMap::new();
    let mut syncing: HashMap<u32, (&Path, usize)> = HashMap::new();
    for step in steps {
        match step {
            Step::Written(file, at, bytes) => waiting.entry(file).or_default().push((*at, bytes)),
            Step::SyncBegins(thread, file) => {
                let covered = waiting.get(file.as_path()).map_or(0, Vec::len);
                syncing.insert(*thread, (file, covered));
            }
            Step::SyncEnds(thread) => {
                let Some((file, covered)) = syncing.remove(thread) else { continue };
                let Some(written) = waiting.get_mut(file) else { continue };
                let mut options = File::options();
                options.write(true).create(true).truncate(false);
                let target = options.open(store.join(file)).unwrap();
                for (at, bytes) in written.drain(..covered.min(written.len())) {
                    target.write_all_at(bytes, at).unwrap();
                }
                // Another sync that began later covers that much less now.
                for (other, count) in syncing.values_mut() {
                    if *other == file {
                        *count = count.saturating_sub(covered);
                    }
                }
            }
            Step::Acknowledged(writer, number) => drop(acknowledged.insert(*writer, *number)),
        }
    }
    (acknowledged, waiting.values().map(Vec::len).sum())
}

/// Reads the trace. Writes count from their beginning on, syncs from their end.
fn steps(trace: &str, store: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let (pid, call) = (pid.parse::<u32>().unwrap(), call.trim_start());
        let is_sync = |call: &str| call.starts_with("fdatasync(") || call.starts_with("fsync(");
        if is_sync(call) {
            let Some(file) = file(call, store) else { continue };
            steps.push(Step::SyncBegins(pid, file));
            if !call.contains("unfinished") {
                steps.push(Step::SyncEnds(pid));
            }
        } else if call.starts_with("<... f") && call.contains("sync resumed") {
            steps.push(Step::SyncEnds(pid));
        } else if call.starts_with("pwrite64(") {
            let Some(file) = file(call, store) else { continue };
            let mut parts = call.splitn(3, '"');
            let bytes = bytes(parts.nth(1).unwrap());
            let rest = parts.next().unwrap();
            let at = rest.split(',').nth(2).unwrap().trim();
            let at = at.split([')', ' ']).next().unwrap().parse().unwrap();
            steps.push(Step::Written(file, at, bytes));
        } else if call.starts_with("write(1<") {
            let said = bytes(call.split('"').nth(1).unwrap_or_default());
            let said = String::from_utf8_lossy(&said).into_owned();
            let words: Vec<_> = said.split_whitespace().collect();
            if let Some(["ack", writer, number]) = words.windows(3).find(|some| some[0] == "ack") {
                let (writer, number) = (writer.parse().unwrap(), number.parse().unwrap());
                steps.push(Step::Acknowledged(writer, number));
            }
        }
    }
    steps
}

/// The file of the store that a call is about, within the store's folder.
fn file(call: &str, store: &Path) -> Option<PathBuf> {
    let path = call.split_once('<')?.1.split_once('>')?.0;
    // With -xx, paths are written like strings.
    let path = match path.contains("\\x") {
        true => String::from_utf8(bytes(path)).ok()?,
        false => path.to_owned(),
    };
    Path::new(&path).strip_prefix(store).ok().map(Path::to_owned)
}

/// `\x61\x62` → `ab`.
fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.split("\\x").skip(1);
    digits.map(|two| u8::from_str_radix(two.get(..2).unwrap(), 16).unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
