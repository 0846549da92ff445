//! The one thread that writes: it takes every batch that waits, applies them as one, syncs once
//! and answers all of them.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use ::sled::{Db, IVec};
use tokio::sync::oneshot;

use super::open::Opened;
use super::shadow::Shadows;
use super::tally::{self, Tally};
use super::{StoreError, damaged, disk, guarded, place};

/// How many batches share one sync at most, so that no one waits for an endless group.
const MAX_GROUP: usize = 1024;

/// A batch with full keys and sealed values.
pub(super) struct SealedBatch {
    pub(super) intake: bool,
    pub(super) absent: Vec<IVec>,
    pub(super) writes: Vec<(IVec, Option<IVec>)>,
}

/// The callers' side of the thread.
pub(super) struct Committer {
    queue: Option<Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

struct Waiting {
    batch: SealedBatch,
    answer: oneshot::Sender<Verdict>,
}

type Verdict = Result<(), StoreError>;

impl Committer {
    pub(super) fn start(
        folder: &Path,
        opened: &Opened,
        shadows: Shadows,
        watermark: u64,
    ) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| {
            StoreError::Failed(format!("starting to write to {}: {error}", folder.display()))
        };
        let writer = Writer {
            folder: folder.to_owned(),
            db: opened.db.clone(),
            file: opened.file.try_clone().map_err(failed)?,
            tally: opened.tally.try_clone().map_err(failed)?,
            shadows,
            watermark,
            failed: None,
        };
        let (queue, waiting) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(&waiting))
            .map_err(failed)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Waits until `batch` is on the disk.
    pub(super) async fn commit(&self, batch: SealedBatch) -> Verdict {
        let ended = || StoreError::Failed("its writing thread has ended; start again".into());
        let (answer, verdict) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue.send(Waiting { batch, answer }).map_err(|_| ended())?;
        verdict.await.map_err(|_| ended())?
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        // Without senders the thread finishes what is queued, then ends.
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writing thread panicked");
        }
    }
}

/// The thread's side.
struct Writer {
    folder: PathBuf,
    db: Db,
    /// Our own descriptor of sled's file. A failed write-back is reported to each descriptor
    /// once (fsync(2)), so sled's background sync, which only logs it, cannot take it from us.
    file: File,
    tally: Tally,
    shadows: Shadows,
    watermark: u64,
    /// Set by the first failure, answered to everyone after it: what a failed sync left on the
    /// disk is unknown, and a second sync that succeeds would not mean that it is there.
    failed: Option<StoreError>,
}

/// What a group of batches writes, for preconditions within the group.
type Staged = HashMap<IVec, Option<IVec>>;

impl Writer {
    fn run(mut self, queue: &Receiver<Waiting>) {
        while let Ok(first) = queue.recv() {
            let group = std::iter::once(first).chain(queue.try_iter()).take(MAX_GROUP);
            self.commit(group.collect());
        }
    }

    fn commit(&mut self, group: Vec<Waiting>) {
        let full = self.check_space(&group);
        let mut staged = Staged::new();
        let mut answers = Vec::with_capacity(group.len());
        for Waiting { batch, answer } in group {
            answers.push((answer, self.stage(batch, &full, &mut staged)));
        }
        if self.failed.is_none()
            && let Err(what) = self.write(staged)
        {
            self.failed = Some(StoreError::Failed(format!(
                "writing to {}: {what}; check the disk and its free space, then start viadukt \
                 again: everything acknowledged before is kept",
                self.folder.display()
            )));
        }
        // A conflict with a batch of the same group is true only once that is on the disk, so
        // conflicts are answered after the sync too, and fail with it.
        for (answer, verdict) in answers {
            let verdict = self.failed.clone().map_or(verdict, Err);
            // Who dropped its future does not want to know.
            let _ = answer.send(verdict);
        }
    }

    /// Adds a batch to what will be written, or says why it will not.
    fn stage(&self, batch: SealedBatch, full: &Verdict, staged: &mut Staged) -> Verdict {
        if batch.intake {
            full.clone()?;
        }
        for key in &batch.absent {
            let exists = match staged.get(key) {
                Some(value) => value.is_some(),
                None => guarded(|| self.db.contains_key(key))
                    .map_err(|what| damaged(&place(key), &what))?,
            };
            if exists {
                return Err(StoreError::Conflict);
            }
        }
        staged.extend(batch.writes);
        Ok(())
    }

    /// Applies `staged` as a whole and returns when it is on the disk.
    fn write(&mut self, staged: Staged) -> Result<(), String> {
        if staged.is_empty() {
            return Ok(());
        }
        let mut batch = ::sled::Batch::default();
        for (key, value) in &staged {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let commits = self.tally.next();
        batch.insert(tally::KEY, &commits.to_be_bytes());
        guarded(|| {
            self.shadows.apply(&self.db, batch, staged.keys())?;
            self.db.flush()
        })?;
        rustix::fs::fdatasync(&self.file).map_err(|error| error.to_string())?;
        self.tally.record(commits).map_err(|error| error.to_string())
    }

    fn check_space(&self, group: &[Waiting]) -> Verdict {
        if !group.iter().any(|waiting| waiting.batch.intake) {
            return Ok(());
        }
        let free = disk::free_bytes(&self.folder)
            .map_err(|error| StoreError::Full(format!("{}: {error}", self.folder.display())))?;
        if free < self.watermark {
            let mib = |bytes: u64| bytes >> 20;
            return Err(StoreError::Full(format!(
                "{} MiB left where {} lies, new input needs {} MiB",
                mib(free),
                self.folder.display(),
                mib(self.watermark)
            )));
        }
        Ok(())
    }
}
