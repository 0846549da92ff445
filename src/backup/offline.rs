//! The data folder of a viadukt that does not run.

use std::path::PathBuf;
use std::sync::Arc;

use viadukt_api::Env;

use super::check::{Checked, check};
use super::{BackupError, Source, refuse_unfinished};
use crate::ledger::Ledger;
use crate::store::sled::Options;
use crate::store::{FileSpool, Keys, SledStore};

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct DataDir {
    /// The data folder.
    pub path: PathBuf,
    /// The key file.
    pub key_file: PathBuf,
}

/// An opened data folder. No other process can open it meanwhile.
pub struct Opened {
    /// The store.
    pub store: Arc<SledStore>,
    /// The spool.
    pub spool: FileSpool,
    /// The keys of both.
    pub keys: Keys,
}

impl DataDir {
    /// Where the store lies.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The keys, which must be there already.
    pub(super) fn keys(&self, env: &Env) -> Result<Keys, BackupError> {
        if !SledStore::exists(&self.store()) {
            return Err(BackupError::Refused(format!(
                "there is no store in {}; is `data_dir` right?",
                self.path.display()
            )));
        }
        Keys::load_or_create(&self.key_file, &self.store(), &*env.entropy)
            .map_err(|error| BackupError::Refused(error.to_string()))
    }

    /// Opens what is there; never makes anything.
    pub async fn open(&self, env: &Env) -> Result<Opened, BackupError> {
        refuse_unfinished(&self.path)?;
        let keys = self.keys(env)?;
        let store = SledStore::open(&self.store(), &keys, env, Options::bare()).await?;
        let keys = store.keys().clone();
        let folder = self.path.join("spool");
        let spool = FileSpool::open(&folder, &keys, env, 0).map_err(BackupError::at(&folder))?;
        Ok(Opened { store: Arc::new(store), spool, keys })
    }
}

impl Opened {
    /// What an export is made of.
    pub fn source(&self, env: &Env) -> Source {
        Source::new(Arc::clone(&self.store) as _, self.spool.clone(), env.clone())
    }

    /// Reads all of it.
    pub fn check(&self) -> Result<Checked, BackupError> {
        let spool = Arc::new(self.spool.clone());
        let keys = Arc::new(self.keys.clone());
        check(&Ledger::new(Arc::clone(&self.store) as _, spool, keys), &self.spool)
    }
}
