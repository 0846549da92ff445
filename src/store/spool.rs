//! The spool: large payloads as encrypted files, named by a keyed hash of their content.
//!
//! `ab/abcd…` is a payload, `incoming/` holds those being written. A payload is on the disk,
//! file and name, before its handle is given out. `stream` has the format of a file.

mod stream;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use viadukt_api::{BlobRef, Env, Spool, SpoolWriter, Timestamp};

use self::stream::{Opener, Sealer};
use super::disk;
use super::keys::{Keys, to_hex};

/// The folder of the payloads that are being written.
pub(super) const INCOMING: &str = "incoming";

/// A spool in a folder.
#[derive(Clone)]
pub struct FileSpool(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    keys: Keys,
    env: Env,
    reserve: u64,
    /// Held while a payload gets its name and while an orphan loses it, so that content which
    /// arrives again is not swept between the two.
    naming: Mutex<()>,
    /// How many ask that nothing is swept.
    held: AtomicUsize,
}

/// As long as it lives, nothing is swept.
pub struct Held(Arc<Inner>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::SeqCst);
    }
}

impl FileSpool {
    /// Free bytes that the spool leaves to the store unless told otherwise.
    pub const RESERVE: u64 = 32 << 20;

    /// Opens the spool in `folder` and removes what a crash left half-written. The store's lock
    /// keeps other processes away. Writing stops with `StorageFull` when fewer than `reserve`
    /// bytes are free on the disk, so that the store can still finish its work.
    pub fn open(folder: &Path, keys: &Keys, env: &Env, reserve: u64) -> io::Result<Self> {
        let incoming = folder.join(INCOMING);
        disk::create_folder(folder)?;
        // All of them now, so that no payload has to wait for the name of its folder.
        let names = (0..=u8::MAX).map(|byte| to_hex(&[byte]));
        disk::create_folders(folder, names.chain([INCOMING.to_owned()]))?;
        for leftover in fs::read_dir(&incoming)? {
            fs::remove_file(leftover?.path())?;
        }
        let (folder, keys, env) = (folder.to_owned(), keys.clone(), env.clone());
        let (naming, held) = (Mutex::new(()), AtomicUsize::new(0));
        Ok(Self(Arc::new(Inner { folder, keys, env, reserve, naming, held })))
    }

    /// Deletes payloads that `keep` does not name and that arrived at least `age` ago; younger
    /// ones may belong to a commit that is still under way. Says how many.
    pub fn sweep(&self, keep: impl Fn(&[u8; 32]) -> bool, age: Duration) -> io::Result<usize> {
        let mut swept = 0;
        for folder in fs::read_dir(&self.0.folder)? {
            let folder = folder?.path();
            for file in fs::read_dir(&folder)? {
                let path = file?.path();
                let Some(hash) = hash_of(&path) else { continue };
                if !keep(&hash) && self.0.remove_if_older(&path, age)? {
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    /// Keeps every payload that is there now.
    pub fn hold(&self) -> Held {
        // Who sweeps looks under this lock, too: what it has not removed yet stays.
        let _naming = self.0.naming.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.held.fetch_add(1, Ordering::SeqCst);
        Held(Arc::clone(&self.0))
    }

    /// Shows the handle of every payload to `each`, unless its file is cut so short that no
    /// payload can be in it; then `None`, and the file's path.
    pub fn each(
        &self,
        mut each: impl FnMut(Option<BlobRef>, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut folders: Vec<_> = fs::read_dir(&self.0.folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        folders.sort();
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            for file in fs::read_dir(folder)? {
                let path = file?.path();
                let Some(hash) = hash_of(&path) else { continue };
                let size = stream::content_size(fs::metadata(&path)?.len());
                each(size.map(|size| BlobRef { hash, size }), &path)?;
            }
        }
        Ok(())
    }

    /// Bytes that the payloads hold on the disk. Walks over all of them.
    pub fn size_on_disk(&self) -> io::Result<u64> {
        disk::size_of(&self.0.folder, INCOMING)
    }
}

impl Spool for FileSpool {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        self.0.check_space()?;
        let mut random = [0; 12];
        self.0.env.entropy.fill(&mut random);
        let path = self.0.folder.join(INCOMING).join(to_hex(&random));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Draft { path, named: false };
        let sealer = Sealer::new(file, &self.0.keys.content, &*self.0.env.entropy)?;
        let hasher = self.0.keys.name_hasher();
        Ok(Box::new(Writer { spool: Arc::clone(&self.0), draft, sealer, hasher, size: 0 }))
    }

    fn open(&self, blob: &BlobRef) -> io::Result<Box<dyn Read + Send>> {
        let file = File::open(self.0.path_of(blob))?;
        let opener = Opener::new(file, &self.0.keys.content, blob.size)?;
        Ok(Box::new(Reader { opener, hasher: self.0.keys.name_hasher(), hash: blob.hash }))
    }
}

impl Inner {
    fn path_of(&self, blob: &BlobRef) -> PathBuf {
        let name = blob.name();
        self.folder.join(name.get(..2).unwrap_or_default()).join(&name)
    }

    fn check_space(&self) -> io::Result<()> {
        match disk::free_bytes(&self.folder)? < self.reserve {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn remove_if_older(&self, path: &Path, age: Duration) -> io::Result<bool> {
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = fs::metadata(path)?.modified()?.duration_since(std::time::UNIX_EPOCH);
        let arrived = Timestamp(0).plus(arrived.unwrap_or_default());
        if self.held.load(Ordering::SeqCst) > 0 || self.env.now() < arrived.plus(age) {
            return Ok(false);
        }
        fs::remove_file(path)?;
        Ok(true)
    }
}

/// A file in `incoming/`, removed when it is dropped before it got its name.
struct Draft {
    path: PathBuf,
    named: bool,
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.named {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct Writer {
    spool: Arc<Inner>,
    draft: Draft,
    sealer: Sealer,
    hasher: blake3::Hasher,
    size: u64,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sealer.is_full() {
            self.spool.check_space()?;
        }
        let taken = self.sealer.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        self.size += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpoolWriter for Writer {
    fn finish(self: Box<Self>) -> io::Result<BlobRef> {
        let Self { spool, mut draft, sealer, hasher, size } = *self;
        let file = sealer.finish()?;
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_millis(spool.env.now().0))?;
        file.sync_all()?;
        let blob = BlobRef { hash: hasher.finalize().into(), size };
        let path = spool.path_of(&blob);
        let folder = path.parent().unwrap_or(&spool.folder);
        // Content that is there already is replaced rather than kept: that makes it young
        // again for the sweep, and heals a damaged file.
        {
            let _naming = spool.naming.lock().unwrap_or_else(PoisonError::into_inner);
            fs::rename(&draft.path, &path)?;
            draft.named = true;
        }
        disk::sync_folder(folder)?;
        Ok(blob)
    }
}

/// Reads a payload and, at its end, checks that it is the one asked for.
struct Reader {
    opener: Opener,
    hasher: blake3::Hasher,
    hash: [u8; 32],
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.opener.read(into)?;
        self.hasher.update(into.get(..count).unwrap_or_default());
        // blake3's comparison takes the same time whatever differs.
        if self.opener.at_end() && self.hasher.finalize() != blake3::Hash::from(self.hash) {
            return Err(stream::changed());
        }
        Ok(count)
    }
}

fn hash_of(path: &Path) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(path.file_name()?.as_encoded_bytes()).ok().map(Into::into)
}

#[cfg(test)]
mod tests;
