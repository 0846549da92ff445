//! The precautions, each tested by breaking what it guards.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use tempfile::TempDir;

use super::*;
use crate::store::conformance;

/// Without a ballast and a watermark, so that the tests do not need the space.
const BARE: Options = Options { cache: 8 << 20, watermark: 0, ballast: 0 };

pub(super) async fn open_with(dir: &Path, options: Options) -> Result<SledStore, StoreError> {
    let env = Env::system();
    let store = dir.join("store");
    let keys = Keys::load_or_create(&dir.join("key"), &store, &*env.entropy).unwrap();
    SledStore::open(&store, &keys, &env, options).await
}

pub(super) async fn open(dir: &Path) -> Result<SledStore, StoreError> {
    open_with(dir, BARE).await
}

async fn refusal(dir: &Path) -> String {
    match open(dir).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error.to_string(),
    }
}

fn record(number: u32) -> Batch {
    let mut batch = Batch::default();
    batch.put(Space::Journal, number.to_be_bytes(), vec![number as u8; 300]);
    batch
}

/// A closed store with `count` records, each a commit of its own; some share a sync.
async fn filled(count: u32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    for group in (0..count).collect::<Vec<_>>().chunks(50) {
        let commits = group.iter().map(|number| store.commit(record(*number)));
        for verdict in futures_util::future::join_all(commits).await {
            verdict.unwrap();
        }
    }
    dir
}

#[tokio::test]
async fn conforms() {
    let dirs = std::sync::Mutex::new(Vec::new());
    conformance::suite(async || {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(open(dir.path()).await.unwrap());
        dirs.lock().unwrap().push(dir);
        store as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_reopened_store_has_everything() {
    let dir = filled(50).await;
    let store = open(dir.path()).await.unwrap();
    assert_eq!(store.scan(Space::Journal, b"", None, 99).unwrap().len(), 50);
}

#[tokio::test]
async fn a_second_opener_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let error = refusal(dir.path()).await;
    assert!(error.contains("another viadukt process"), "{error}");
    drop(store);
    open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn an_unfinished_snapshot_is_moved_aside() {
    let dir = filled(5).await;
    let stray = "snap.00000000FFFFFFFF.generating";
    fs::write(dir.path().join("store").join(stray), "half").unwrap();
    let store = open(dir.path()).await.unwrap();
    assert_eq!(store.scan(Space::Journal, b"", None, 99).unwrap().len(), 5);
    assert!(dir.path().join("store/aside").join(stray).exists());
}

#[tokio::test]
async fn the_wrong_key_file_is_named_as_such() {
    let dir = filled(1).await;
    fs::remove_file(dir.path().join("key")).unwrap();
    let other = tempfile::tempdir().unwrap();
    open(other.path()).await.unwrap();
    fs::rename(other.path().join("key"), dir.path().join("key")).unwrap();
    let error = refusal(dir.path()).await;
    assert!(error.contains("key file does not belong"), "{error}");
}

#[tokio::test]
async fn a_lost_data_file_is_never_made_anew() {
    let dir = filled(1).await;
    let data = dir.path().join("store/db");
    fs::remove_file(&data).unwrap();
    let error = refusal(dir.path()).await;
    assert!(error.contains("`db` is missing") && error.contains("backup"), "{error}");
    assert!(!data.exists());
}

#[tokio::test]
async fn a_start_that_broke_off_while_creating_is_finished() {
    let dir = filled(0).await;
    fs::remove_file(dir.path().join("store/viadukt-store")).unwrap();
    open(dir.path()).await.unwrap();
    assert!(dir.path().join("store/viadukt-store").exists());
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let mut batch = Batch::default();
    batch.put(Space::Meta, "schema", 99u32.to_be_bytes());
    store.commit(batch).await.unwrap();
    drop(store);
    let error = refusal(dir.path()).await;
    assert!(error.contains("version 99") && error.contains("newer program"), "{error}");
}

#[tokio::test]
async fn lost_commits_are_noticed_and_can_be_accepted() {
    let dir = filled(3).await;
    let data = dir.path().join("store/db");
    let old = fs::read(&data).unwrap();
    let store = open(dir.path()).await.unwrap();
    store.commit(record(3)).await.unwrap();
    store.commit(record(4)).await.unwrap();
    drop(store);

    // An older copy of the data comes back, as from a careless restore.
    for entry in fs::read_dir(dir.path().join("store")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::write(&data, old).unwrap();
    let error = refusal(dir.path()).await;
    assert!(error.contains("last 2 commits") && error.contains("viadukt repair"), "{error}");

    fs::remove_file(dir.path().join("store/commits")).unwrap();
    let store = open(dir.path()).await.unwrap();
    assert_eq!(store.scan(Space::Journal, b"", None, 99).unwrap().len(), 3);
}

/// Opens what is left in `dir` and reads all of it: either an error that says what to do, or
/// every record. Says which.
async fn refused_or_whole(dir: &Path, count: u32) -> bool {
    let store = match open(dir).await {
        Ok(store) => store,
        Err(StoreError::Damaged(what)) => {
            assert!(what.contains("backup"), "{what}");
            return false;
        }
        Err(error) => panic!("{error}"),
    };
    match store.scan(Space::Journal, b"", None, usize::MAX) {
        Ok(records) => {
            let expected: Vec<_> =
                (0..count).map(|n| (n.to_be_bytes().to_vec(), vec![n as u8; 300])).collect();
            assert_eq!(records, expected);
            true
        }
        Err(StoreError::Damaged(what)) => {
            assert!(what.contains("backup"), "{what}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), &target).unwrap()),
        }
    }
}

#[tokio::test]
async fn damage_to_the_data_is_refused_and_never_passed_over() {
    // More than two of sled's segments of 512 KiB, so that old and new ones are hit.
    const COUNT: u32 = 3000;
    let whole = filled(COUNT).await;
    let length = fs::metadata(whole.path().join("store/db")).unwrap().len();
    let mut refused = 0;
    for part in 0..16 {
        let place = length * part / 16 + 777;
        for cut in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            copy(whole.path(), dir.path());
            let file = OpenOptions::new().read(true).write(true).open(dir.path().join("store/db"));
            let file = file.unwrap();
            if cut {
                file.set_len(place).unwrap();
            } else {
                let mut byte = [0];
                file.read_exact_at(&mut byte, place).unwrap();
                file.write_all_at(&[byte[0] ^ 4], place).unwrap();
            }
            refused += u32::from(!refused_or_whole(dir.path(), COUNT).await);
        }
    }
    assert!(refused >= 10, "only {refused} of 32 damaged stores were noticed");
}

#[tokio::test]
async fn damage_to_the_small_files_loses_nothing_in_silence() {
    const COUNT: u32 = 40;
    let whole = filled(COUNT).await;
    // A second start, so that the snapshot covers the records.
    drop(open(whole.path()).await.unwrap());
    let mut tried = 0;
    for entry in fs::read_dir(whole.path().join("store")).unwrap() {
        let name = entry.unwrap().file_name();
        let text = name.to_string_lossy().into_owned();
        if text != "conf" && text != "commits" && !text.starts_with("snap.") {
            continue;
        }
        let bytes = fs::read(whole.path().join("store").join(&name)).unwrap();
        let flipped = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            bytes
        };
        let cut = bytes[..bytes.len() / 2].to_vec();
        for damage in [flipped(0), flipped(bytes.len() / 2), flipped(bytes.len() - 1), cut] {
            let dir = tempfile::tempdir().unwrap();
            copy(whole.path(), dir.path());
            fs::write(dir.path().join("store").join(&name), damage).unwrap();
            refused_or_whole(dir.path(), COUNT).await;
            tried += 1;
        }
    }
    assert_eq!(tried, 3 * 4);
}

#[tokio::test]
async fn long_values_stay_inside_the_synced_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    for group in 0..20u8 {
        let mut batch = Batch::default();
        for number in 0..50u8 {
            let mut key = vec![group; crate::store::MAX_KEY];
            key[0] = number;
            batch.put(Space::Outbox, key, vec![number; crate::store::MAX_VALUE]);
        }
        store.commit(batch).await.unwrap();
    }
    let blobs = fs::read_dir(dir.path().join("store/blobs")).unwrap().count();
    assert_eq!(blobs, 0, "sled put values into files that it does not sync");
    assert!(store.size_on_disk().unwrap() > 4 << 20);
}

#[tokio::test]
async fn below_the_watermark_only_new_input_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { watermark: u64::MAX, ..BARE };
    let store = open_with(dir.path(), options).await.unwrap();
    let refused = store.commit(Batch { intake: true, ..record(1) }).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    store.commit(record(2)).await.unwrap();
    assert_eq!(store.scan(Space::Journal, b"", None, 9).unwrap().len(), 1);
}

/// A file system of a few megabytes; `None`, with the reason printed, where we may not mount.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(dir));
        }
        assert!(!rustix::process::geteuid().is_root(), "root cannot mount a tmpfs");
        eprintln!("skipped: mounting a small tmpfs needs root");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_opens_again() {
    let Some(disk) = SmallDisk::mount("24m") else { return };
    let path = disk.0.path();
    let options = Options { cache: 8 << 20, watermark: 0, ballast: 4 << 20 };
    let store = open_with(path, options).await.unwrap();
    assert_eq!(fs::metadata(path.join("store/ballast")).unwrap().len(), 4 << 20);

    let mut accepted = 0;
    let failure = loop {
        let mut batch = record(accepted);
        for part in 0..8u8 {
            let key = [&accepted.to_be_bytes()[..], &[part]].concat();
            batch.put(Space::Outbox, key, vec![part; 4000]);
        }
        match store.commit(batch).await {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 10_000, "the disk never became full");
    };
    assert!(matches!(failure, StoreError::Failed(_)), "{failure}");
    assert!(failure.to_string().contains("free space"), "{failure}");
    let later = store.commit(Batch { writes: record(0).writes, ..Batch::default() }).await;
    assert!(matches!(later, Err(StoreError::Failed(_))), "a commit after a failure succeeded");
    drop(store);

    // The start after it: the ballast makes room, everything acknowledged is there, new input
    // is refused, and work can be finished.
    let options = Options { watermark: 8 << 20, ..options };
    let store = open_with(path, options).await.unwrap();
    assert!(!path.join("store/ballast").exists());
    let kept = store.scan(Space::Journal, b"", None, usize::MAX).unwrap().len() as u32;
    assert!(kept >= accepted, "{kept} of {accepted} commits were kept");
    let refused = store.commit(Batch { intake: true, ..record(0) }).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    let mut finished = Batch::default();
    finished.remove(Space::Journal, 0u32.to_be_bytes());
    store.commit(finished).await.unwrap();
}
