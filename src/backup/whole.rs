//! A file that gets its name when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::BackupError;
use crate::store::disk;

/// A file being written, for its owner alone. Dropped before [`WholeFile::finish`] it leaves
/// nothing.
pub struct WholeFile {
    out: Option<BufWriter<File>>,
    draft: PathBuf,
    file: PathBuf,
}

impl WholeFile {
    /// Begins to write what will be `file`.
    pub fn begin(file: &Path) -> Result<Self, BackupError> {
        let draft = file.with_added_extension("part");
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let out = options.open(&draft).map_err(BackupError::at(&draft))?;
        Ok(Self { out: Some(BufWriter::new(out)), draft, file: file.to_owned() })
    }

    /// Gives it its name, once it is on the disk.
    pub fn finish(mut self) -> Result<(), BackupError> {
        let at = BackupError::at(&self.draft);
        let Some(out) = self.out.take() else { return Ok(()) };
        let out = out.into_inner().map_err(|error| at(error.into_error()))?;
        out.sync_all().and_then(|()| fs::rename(&self.draft, &self.file)).map_err(&at)?;
        disk::sync_parent(&self.file).map_err(&at)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(0), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // What is finished has another name now; what cannot be removed is overwritten next time.
        let _ = fs::remove_file(&self.draft);
    }
}
