//! A count of commits, kept twice: inside sled with every commit, and in a file beside it
//! afterwards. sled takes the first damaged record for the end of what was written and goes on
//! with less, silently; a count in the file that is ahead of sled's tells that commits are gone.
//!
//! The file is written after each commit's sync and not synced itself: it is never ahead of
//! what is on the disk, and may lag after a power cut, which does no harm.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use ::sled::Db;

use super::{StoreError, damaged, guarded};

/// The count's key in sled, outside of every [`super::Space`]. Not sealed: it tells nothing,
/// and sled's own checksum finds damage.
pub(super) const KEY: &[u8] = b"\xffcommits";

/// The count's file.
const FILE: &str = "commits";

/// Its length: the count, then a check.
const LENGTH: usize = 16;

/// The count of commits.
pub(super) struct Tally {
    commits: u64,
    file: File,
}

impl Tally {
    /// Compares both counts. Refuses when sled has lost commits.
    pub(super) fn open(folder: &Path, db: &Db) -> Result<Self, StoreError> {
        let kept =
            guarded(|| db.get(KEY)).map_err(|what| damaged("the count of commits", &what))?;
        let kept =
            kept.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
        let path = folder.join(FILE);
        let failed = |error: io::Error| StoreError::Failed(format!("{}: {error}", path.display()));
        let remedy = "restore the store from a backup, or go on with what is left: run \
                      `viadukt repair`";
        match std::fs::read(&path) {
            Ok(bytes) => {
                let counted = decode(&bytes).ok_or_else(|| {
                    StoreError::Damaged(format!("{} is damaged; {remedy}", path.display()))
                })?;
                if counted > kept {
                    return Err(StoreError::Damaged(format!(
                        "the last {} commits to the store in {} are gone: its files were damaged, \
                         cut or replaced by older ones; {remedy}",
                        counted - kept,
                        folder.display()
                    )));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut options = File::options();
        options.write(true).create(true).truncate(false).mode(0o600);
        let tally = Self { commits: kept, file: options.open(&path).map_err(failed)? };
        tally.write(kept).map_err(failed)?;
        tally.file.sync_all().map_err(failed)?;
        Ok(tally)
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { commits: self.commits, file: self.file.try_clone()? })
    }

    /// The number of the next commit.
    pub(super) fn next(&self) -> u64 {
        self.commits + 1
    }

    /// Notes that commit number `commits` is on the disk.
    pub(super) fn record(&mut self, commits: u64) -> io::Result<()> {
        self.commits = commits;
        self.write(commits)
    }

    fn write(&self, commits: u64) -> io::Result<()> {
        self.file.write_all_at(&encode(commits), 0)
    }
}

/// The count that the file of the store in `folder` tells, if it can be read.
pub(super) fn counted(folder: &Path) -> Option<u64> {
    decode(&std::fs::read(folder.join(FILE)).ok()?)
}

fn encode(commits: u64) -> [u8; LENGTH] {
    let count = commits.to_be_bytes();
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&count);
    bytes[8..].copy_from_slice(&blake3::hash(&count).as_bytes()[..8]);
    bytes
}

fn decode(bytes: &[u8]) -> Option<u64> {
    let count = u64::from_be_bytes(*bytes.first_chunk()?);
    (encode(count) == bytes).then_some(count)
}
