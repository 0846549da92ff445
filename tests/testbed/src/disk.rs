//! A small disk under viadukt's data folder, to be filled and freed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use crate::bridge::Bridge;
use crate::testbed::Testbed;

/// The disk; gone when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it before the first start of `bridge`, and lowers the limits to match.
    ///
    /// # Errors
    /// Nobody but root may mount.
    pub fn mount(testbed: &Testbed, bridge: &mut Bridge) -> Result<Self> {
        let folder = testbed.folder().join("data");
        fs::create_dir_all(&folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=192m", "tmpfs"]).arg(&folder);
        ensure!(mount.status()?.success(), "cannot mount a tmpfs: are you root?");
        let limits = toml::Table::from_iter([("min_free_space".to_owned(), "64 MB".into())]);
        bridge.config.insert("limits".to_owned(), limits.into());
        Ok(Self(folder))
    }

    /// Leaves `rest` bytes free.
    ///
    /// # Errors
    /// The file that fills it could not be made.
    pub fn fill(&self, rest: u64) -> Result<()> {
        let file = fs::File::create(self.filler())?;
        loop {
            let free = statvfs(&self.0)?;
            let take = (free.f_bavail * free.f_frsize).saturating_sub(rest);
            if take == 0 {
                return Ok(());
            }
            match fallocate(&file, FallocateFlags::empty(), 0, take) {
                // Somebody else took some of it meanwhile.
                Err(Errno::NOSPC) => {}
                done => return done.map_err(Into::into),
            }
        }
    }

    /// Frees what was filled.
    ///
    /// # Errors
    /// The file could not be removed.
    pub fn free(&self) -> Result<()> {
        fs::remove_file(self.filler()).map_err(Into::into)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg::<&Path>(&self.0).status();
    }
}
