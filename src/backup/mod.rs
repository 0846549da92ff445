//! Backup: everything that viadukt remembers, in one file. [`Source`] writes it, also while
//! viadukt runs; [`import`] makes a data folder of it; the operator's side is in `cli`.
//!
//! The file holds records and spool files in the clear, so it is encrypted towards the keys of
//! those who may restore it ([`age`]), or written in the clear on express request. It holds
//! nothing of the hub's encryption state, which must never be rolled back: after an import the
//! hub is a new device of the same identity (docs/adr/0014-backup.md).

pub mod age;
pub mod check;
mod compact;
mod export;
mod format;
mod import;
mod offline;
mod pipe;
mod repair;
mod schedule;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod whole;

pub use compact::compact;
pub use export::Source;
pub use format::{Head, Summary};
pub use import::{Imported, Since, import, refuse_unfinished, verify};
pub use offline::{DataDir, Opened};
pub use pipe::Pipe;
pub use repair::{Repaired, repair};
pub use schedule::Schedule;
pub use whole::WholeFile;

use std::io;
use std::path::Path;

use crate::store::StoreError;

/// Why there is no backup, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store did not give or take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The export cannot be used, and why.
    #[error("the export cannot be used: {0}")]
    Unfit(String),
    /// It must not be done here, and why.
    #[error("{0}")]
    Refused(String),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(String),
}

impl BackupError {
    fn unfit(why: &str) -> Self {
        Self::Unfit(why.to_owned())
    }

    /// Makes an error of the file system one about `path`.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |error| Self::Io(format!("{path}: {error}"))
    }
}
