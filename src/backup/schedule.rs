//! Exports at regular times, into a folder, of which the latest stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use viadukt_api::Timestamp;

use super::age::Recipient;
use super::{BackupError, Source, WholeFile};
use crate::store::disk;

/// What exports made at regular times are called: `viadukt-`, when in milliseconds, `.age`. The
/// names stand in the order in which they were made.
const START: &str = "viadukt-";
const END: &str = ".age";

/// `[backup]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How often.
    pub every: Duration,
    /// How many stay.
    pub keep: usize,
    /// The folder.
    pub to: PathBuf,
    /// Who may read them.
    pub recipients: Vec<Recipient>,
}

impl Schedule {
    /// When the latest good one was made.
    pub fn latest(&self) -> io::Result<Option<Timestamp>> {
        Ok(self.made()?.last().and_then(|path| made_at(path)))
    }

    /// Makes one, and removes those that are no longer to stay. Blocks.
    pub fn run(&self, source: &Source, now: Timestamp) -> Result<(), BackupError> {
        let at = BackupError::at(&self.to);
        disk::create_folder(&self.to).map_err(&at)?;
        let file = self.to.join(format!("{START}{:015}{END}", now.0));
        let mut whole = WholeFile::begin(&file)?;
        source.export(&mut whole, &self.recipients)?;
        whole.finish()?;
        let made = self.made().map_err(&at)?;
        for old in made.iter().rev().skip(self.keep) {
            fs::remove_file(old).map_err(BackupError::at(old))?;
        }
        Ok(())
    }

    /// Those that are there, in order.
    fn made(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.to) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut made = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        made.retain(|path| made_at(path).is_some());
        made.sort();
        Ok(made)
    }
}

fn made_at(path: &Path) -> Option<Timestamp> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(START)?.strip_suffix(END)?.parse().ok().map(Timestamp)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use viadukt_api::Env;

    use super::*;
    use crate::store::{FileSpool, Keys, MemoryStore};

    #[test]
    fn the_latest_stay_and_others_files_are_let_alone() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let keys = Keys::passing(&*env.entropy);
        let spool = FileSpool::open(&folder.path().join("spool"), &keys, &env, 0).unwrap();
        let source = Source::new(Arc::new(MemoryStore::default()), spool, env);
        let to = folder.path().join("exports");
        let schedule =
            Schedule { every: Duration::from_secs(1), keep: 2, to: to.clone(), recipients: vec![] };
        assert_eq!(schedule.latest().unwrap(), None);
        fs::create_dir(&to).unwrap();
        fs::write(to.join("viadukt-by-hand.age"), "").unwrap();
        for made in [9, 10, 1_000, 999] {
            schedule.run(&source, Timestamp(made)).unwrap();
        }
        assert_eq!(schedule.latest().unwrap(), Some(Timestamp(1_000)));
        assert_eq!(schedule.made().unwrap().len(), 2);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 3);
    }
}
