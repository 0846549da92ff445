#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::stream::CHUNK;
use super::*;

fn spool(dir: &TempDir) -> FileSpool {
    let env = Env::system();
    let keys = Keys::load_or_create(&dir.path().join("key"), dir.path(), &*env.entropy).unwrap();
    FileSpool::open(&dir.path().join("spool"), &keys, &env, 0).unwrap()
}

fn fresh() -> (TempDir, FileSpool) {
    let dir = tempfile::tempdir().unwrap();
    let spool = spool(&dir);
    (dir, spool)
}

fn put(spool: &FileSpool, bytes: &[u8]) -> BlobRef {
    (spool as &dyn Spool).put(bytes).unwrap()
}

fn get(spool: &FileSpool, blob: &BlobRef) -> io::Result<Vec<u8>> {
    (spool as &dyn Spool).get(blob, u64::MAX)
}

fn file_of(dir: &TempDir, blob: &BlobRef) -> PathBuf {
    dir.path().join("spool").join(&blob.name()[..2]).join(blob.name())
}

/// Content that differs from chunk to chunk.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 % 256) as u8).collect()
}

#[test]
fn gives_back_what_was_put_whatever_its_length() {
    let (dir, spool) = fresh();
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let bytes = content(length);
        let blob = put(&spool, &bytes);
        assert_eq!(blob.size, length as u64);
        assert_eq!(get(&spool, &blob).unwrap(), bytes);
        let file = file_of(&dir, &blob);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_same_content_is_kept_once_and_does_not_show() {
    let (dir, spool) = fresh();
    let text = b"Sehr geehrte Frau Muster, ".repeat(9);
    let blob = put(&spool, &text);
    let size = spool.size_on_disk().unwrap();
    assert_eq!(put(&spool, &text), blob);
    assert_eq!(spool.size_on_disk().unwrap(), size);
    let sealed = fs::read(file_of(&dir, &blob)).unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"Muster"));
    assert_ne!(blob.hash, *blake3::hash(&text).as_bytes(), "the name tells the content");
}

#[test]
fn every_change_is_noticed() {
    let (dir, spool) = fresh();
    let blob = put(&spool, &content(2 * CHUNK + 100));
    let file = file_of(&dir, &blob);
    let whole = fs::read(&file).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let error = get(&spool, &blob).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    };
    for at in (0..whole.len()).step_by(997).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        refused(&flipped);
    }
    // Cut in the header, in a chunk, and exactly after the first and the second chunk.
    let after = |chunks: usize| 27 + chunks * (CHUNK + 16);
    for length in [0, 10, 27, 5000, after(1), after(2), whole.len() - 1] {
        refused(&whole[..length]);
    }
    let swapped =
        [&whole[..27], &whole[after(1)..after(2)], &whole[27..after(1)], &whole[after(2)..]];
    refused(&swapped.concat());
    refused(&[&whole[..], b"x"].concat());
}

#[test]
fn a_cut_at_a_chunk_is_noticed_even_with_a_handle_to_match() {
    let (dir, spool) = fresh();
    let mut blob = put(&spool, &content(2 * CHUNK));
    let file = file_of(&dir, &blob);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..27 + CHUNK + 16]).unwrap();
    blob.size = CHUNK as u64;
    assert_eq!(get(&spool, &blob).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_file_under_another_ones_name_is_noticed() {
    let (dir, spool) = fresh();
    let (one, two) = (put(&spool, b"one"), put(&spool, b"two"));
    fs::copy(file_of(&dir, &one), file_of(&dir, &two)).unwrap();
    assert_eq!(get(&spool, &two).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn content_that_comes_again_heals_a_damaged_file() {
    let (dir, spool) = fresh();
    let blob = put(&spool, b"content");
    fs::write(file_of(&dir, &blob), "rubbish").unwrap();
    assert_eq!(put(&spool, b"content"), blob);
    assert_eq!(get(&spool, &blob).unwrap(), b"content");
}

#[test]
fn a_dropped_writer_and_a_crash_leave_nothing() {
    let (dir, spool_before) = fresh();
    let incoming = dir.path().join("spool/incoming");
    let mut writer = spool_before.create().unwrap();
    writer.write_all(b"half").unwrap();
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 1);
    drop(writer);
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 0);
    fs::write(incoming.join("0badc0de"), "left by a crash").unwrap();
    drop(spool_before);
    spool(&dir);
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 0);
}

#[test]
fn the_sweep_takes_old_orphans_alone() {
    let (dir, spool) = fresh();
    let (kept, old, young) = (put(&spool, b"kept"), put(&spool, b"old"), put(&spool, b"young"));
    let hour = Duration::from_secs(3600);
    for blob in [&kept, &old] {
        let file = File::options().write(true).open(file_of(&dir, blob)).unwrap();
        let arrived = spool.0.env.now().0 - 7_200_000;
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_millis(arrived)).unwrap();
    }
    assert_eq!(spool.sweep(|hash| *hash == kept.hash, hour).unwrap(), 1);
    assert!(get(&spool, &kept).is_ok() && get(&spool, &young).is_ok());
    assert_eq!(get(&spool, &old).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn the_spool_leaves_space_to_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::system();
    let keys = Keys::load_or_create(&dir.path().join("key"), dir.path(), &*env.entropy).unwrap();
    let spool = FileSpool::open(&dir.path().join("spool"), &keys, &env, u64::MAX).unwrap();
    let refused = spool.create().map(drop).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
}
