//! Opening: what must be true before sled touches its files, and what is checked after.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use ::sled::Db;

use super::tally::Tally;
use super::{Options, REMEDY, StoreError, disk, guarded};
use crate::store::disk::Ballast;

/// Says that there was a store in this folder, so that none is ever made anew in its place.
const MARKER: &str = "viadukt-store";

/// sled's data file.
const DATA: &str = "db";

/// An opened store.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) db: Db,
    /// Our own descriptor of sled's data file.
    pub(super) file: File,
    pub(super) tally: Tally,
    /// Whether it was created just now (or by a start that did not get far).
    pub(super) fresh: bool,
}

/// Whether a store, or a part of one, lies in `folder`.
pub(super) fn exists(folder: &Path) -> bool {
    folder.join(MARKER).exists() || folder.join(DATA).exists()
}

pub(super) fn open(
    folder: &Path,
    fingerprint: &str,
    options: Options,
) -> Result<Opened, StoreError> {
    let failed = |error: io::Error| StoreError::Failed(format!("{}: {error}", folder.display()));
    disk::create_folder(folder).map_err(failed)?;
    let lock = disk::lock(&folder.join("lock")).map_err(failed)?.ok_or_else(|| {
        StoreError::Failed(format!(
            "another viadukt process uses the store in {}; stop it, or give this one a folder of \
             its own",
            folder.display()
        ))
    })?;
    let marked = check_marker(folder, fingerprint)?;
    if Ballast::new(folder, options.ballast).release_if_full().map_err(failed)? {
        tracing::warn!("the disk is full; gave up the ballast file to be able to start");
    }
    move_unfinished_snapshots(folder).map_err(failed)?;

    let config = ::sled::Config::new()
        .path(folder)
        .cache_capacity(options.cache)
        // sled tidies its file from this timer too, so it cannot be switched off.
        .flush_every_ms(Some(500));
    let db = until_let_go(|| guarded(|| config.open())).map_err(|what| {
        StoreError::Damaged(format!(
            "the store in {} does not open; if the disk is full, free space and start again, \
             otherwise {REMEDY} ({what})",
            folder.display()
        ))
    })?;
    let file = File::open(folder.join(DATA)).map_err(failed)?;
    // sled syncs neither its settings nor the names of its files.
    File::open(folder.join("conf")).and_then(|conf| conf.sync_all()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let tally = Tally::open(folder, &db)?;
    disk::sync_folder(folder).map_err(failed)?;
    Ok(Opened { lock, db, file, tally, fresh: !marked })
}

/// Opens once more while sled says that its file is locked: we hold our own lock, so the other
/// one is what this very process closed just now, and sled lets go of it in a thread of its own.
#[allow(clippy::disallowed_methods, reason = "this is a thread for what blocks")]
fn until_let_go(open: impl Fn() -> Result<Db, String>) -> Result<Db, String> {
    let mut tries = 0;
    loop {
        match open() {
            Err(what) if what.contains("could not acquire lock") && tries < 250 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => return opened,
        }
    }
}

/// Notes that there is a store in `folder` from now on, and which key file opens it.
pub(super) fn mark(folder: &Path, fingerprint: &str) -> Result<(), StoreError> {
    disk::replace_file(&folder.join(MARKER), format!("{fingerprint}\n").as_bytes())
        .map_err(|error| StoreError::Failed(format!("{}: {error}", folder.display())))
}

/// Whether there was a store here before; refuses one without its data, and a foreign key file.
pub(super) fn check_marker(folder: &Path, fingerprint: &str) -> Result<bool, StoreError> {
    let marker = folder.join(MARKER);
    let noted = match fs::read(&marker) {
        Ok(noted) => noted,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::Failed(format!("{}: {error}", marker.display()))),
    };
    if !folder.join(DATA).exists() {
        return Err(StoreError::Damaged(format!(
            "there was a store in {}, but its file `db` is missing; mount the right volume or \
             restore the store from a backup. Only to begin anew and lose what it held, remove {}",
            folder.display(),
            marker.display()
        )));
    }
    if noted.trim_ascii_end() != fingerprint.as_bytes() {
        return Err(StoreError::Damaged(format!(
            "the key file does not belong to the store in {}; configure the key file that it was \
             created with. If that is the one, {} was damaged: run `viadukt repair`",
            folder.display(),
            marker.display()
        )));
    }
    Ok(true)
}

/// sled writes a snapshot under a name ending in `.generating` and renames it; one left by a
/// crash counts as a snapshot when it opens, and as a damaged one. It is never needed: the log
/// has everything.
fn move_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().ends_with(b".generating") {
            let aside = folder.join("aside");
            disk::create_folder(&aside)?;
            fs::rename(entry.path(), aside.join(entry.file_name()))?;
            tracing::info!("moved an unfinished snapshot of the store aside");
        }
    }
    Ok(())
}
