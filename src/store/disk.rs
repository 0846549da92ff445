//! What the store and the spool ask of the file system: syncs, free space, a reserve.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, FlockOperation, RenameFlags};

/// Makes the names in `folder` durable: created and renamed files survive a power cut only
/// after the folder itself was synced (fsync(2)).
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the name of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// Creates `folder` for the owner alone, unless it exists.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    sync_parent(folder)
}

/// Creates folders in `parent`, as [`create_folder`] does, with one sync for all.
pub(super) fn create_folders(parent: &Path, names: impl Iterator<Item = String>) -> io::Result<()> {
    for name in names {
        match fs::DirBuilder::new().mode(0o700).create(parent.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    sync_folder(parent)
}

/// Writes `bytes` to `path` so that after a crash it holds either all of them or what it held
/// before.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_parent(path)
}

/// How many bytes the files in `folder` take. What is removed meanwhile does not count.
pub fn bytes_on_disk(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => bytes += found.blocks() * 512,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(bytes)
}

/// Lets two folders change places in one step.
pub(crate) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let here = rustix::fs::CWD;
    rustix::fs::renameat_with(here, one, here, other, RenameFlags::EXCHANGE)?;
    sync_parent(one)?;
    sync_parent(other)
}

/// Locks `path` for as long as the file lives; `None` when another process holds it.
pub(crate) fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Bytes that we may still write where `folder` lies.
pub(super) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes that the files under `folder` hold, except those that `skip` names.
pub(super) fn size_of(folder: &Path, skip: &str) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(_) if entry.file_name() == skip => {}
            Ok(data) if data.is_dir() => sum += size_of(&entry.path(), skip)?,
            Ok(data) => sum += data.len(),
            // Swept between listing and looking.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sum)
}

/// A file that holds space for the day the disk is full: sled needs a little to open at all.
pub(super) struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    /// The ballast's file name.
    pub(super) const NAME: &str = "ballast";

    pub(super) fn new(folder: &Path, bytes: u64) -> Self {
        Self { path: folder.join(Self::NAME), bytes }
    }

    /// Gives the space back when less than the ballast's size is free. Says whether it did.
    pub(super) fn release_if_full(&self) -> io::Result<bool> {
        let Some(folder) = self.path.parent() else { return Ok(false) };
        if free_bytes(folder)? >= self.bytes || !self.path.exists() {
            return Ok(false);
        }
        fs::remove_file(&self.path)?;
        Ok(true)
    }

    /// Takes the space, if it leaves at least `spare` bytes to others.
    pub(super) fn take(&self, spare: u64) -> io::Result<()> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        let held = fs::metadata(&self.path).map_or(0, |data| data.len());
        if held == self.bytes || free_bytes(folder)? < self.bytes.saturating_add(spare) {
            return Ok(());
        }
        if held > self.bytes {
            return OpenOptions::new().write(true).open(&self.path)?.set_len(self.bytes);
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        Ok(rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, self.bytes)?)
    }
}
