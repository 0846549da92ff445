//! How full the disk is.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{self, Ballast};
use super::spool::INCOMING;
use crate::observe::Disk;

/// The folders that viadukt fills.
#[derive(Clone, Debug)]
pub struct Usage {
    store: PathBuf,
    spool: PathBuf,
    watermark: u64,
}

impl Usage {
    /// Of these folders; below `watermark` free bytes the store takes nothing new.
    pub fn new(store: &Path, spool: &Path, watermark: u64) -> Self {
        Self { store: store.to_owned(), spool: spool.to_owned(), watermark }
    }

    /// Looks. Walks over every file.
    pub fn measure(&self) -> io::Result<Disk> {
        Ok(Disk {
            store: disk::size_of(&self.store, Ballast::NAME)?,
            spool: disk::size_of(&self.spool, INCOMING)?,
            free: disk::free_bytes(&self.store)?,
            watermark: self.watermark,
        })
    }
}
