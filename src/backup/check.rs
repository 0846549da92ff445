//! Looking at everything that a data folder holds.

use std::collections::HashSet;
use std::io;

use viadukt_api::Spool;

use super::BackupError;
use crate::ledger::{Fault, Ledger};
use crate::store::{FileSpool, StoreError};

/// Records read at a time.
const PAGE: usize = 256;

/// What there is, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// Records.
    pub records: u64,
    /// Spool files that are whole.
    pub files: u64,
    /// What is not as it should be.
    pub faults: Vec<Fault>,
}

/// Reads every spool file and every record, and follows what they name.
pub fn check(ledger: &Ledger, spool: &FileSpool) -> Result<Checked, BackupError> {
    let mut checked = Checked::default();
    let files = whole_files(spool, &mut checked.faults)
        .map_err(|error| BackupError::Io(format!("the spool: {error}")))?;
    checked.files = files.len() as u64;
    ledger.each(PAGE, |row| {
        checked.records += 1;
        let wrong = ledger.examine(row, &files)?;
        checked.faults.extend(wrong.map(|what| Fault::of(row, what)));
        Ok::<_, StoreError>(())
    })?;
    Ok(checked)
}

/// The spool files that are there and whole.
pub fn whole_files(spool: &FileSpool, faults: &mut Vec<Fault>) -> io::Result<HashSet<[u8; 32]>> {
    let mut whole = HashSet::new();
    spool.each(|blob, path| {
        let read = match &blob {
            Some(blob) => {
                spool.open(blob).and_then(|mut file| io::copy(&mut file, &mut io::sink()))
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        };
        match (blob, read) {
            (Some(blob), Ok(_)) => drop(whole.insert(blob.hash)),
            (_, Err(error)) => faults.push(Fault {
                kind: "spool".to_owned(),
                name: path.display().to_string(),
                what: error.to_string(),
            }),
            (None, Ok(_)) => {}
        }
        Ok(())
    })?;
    Ok(whole)
}
