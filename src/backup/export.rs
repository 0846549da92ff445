//! Writing an export.

use std::io::{self, Write};
use std::sync::Arc;

use viadukt_api::{BlobRef, Env, Spool};

use super::BackupError;
use super::age::{self, Recipient};
use super::format::{Summary, Writer};
use crate::store::{FileSpool, Store};

/// Records read at a time.
const PAGE: usize = 256;

/// What an export is made of.
#[derive(Clone)]
pub struct Source {
    store: Arc<dyn Store>,
    spool: FileSpool,
    env: Env,
}

impl Source {
    /// Everything in `store` and `spool`.
    pub fn new(store: Arc<dyn Store>, spool: FileSpool, env: Env) -> Self {
        Self { store, spool, env }
    }

    /// Writes everything as it stands now to `out`, encrypted for `recipients`; in the clear if
    /// there are none. Blocks; what is committed meanwhile is not in it.
    pub fn export(
        &self,
        out: impl Write,
        recipients: &[Recipient],
    ) -> Result<Summary, BackupError> {
        if recipients.is_empty() {
            return self.write(out).map(|(_, summary)| summary);
        }
        let sealed = age::seal(out, recipients, &*self.env.entropy).map_err(unwritten)?;
        let (sealed, summary) = self.write(sealed)?;
        sealed.finish().and_then(|mut out| out.flush()).map_err(unwritten)?;
        Ok(summary)
    }

    fn write<W: Write>(&self, out: W) -> Result<(W, Summary), BackupError> {
        // In this order: a file is there before the record that names it, and nothing is swept
        // from before the records are read.
        let _held = self.spool.hold();
        let mut snapshot = self.store.snapshot()?;
        let mut writer = Writer::begin(out, self.env.now()).map_err(unwritten)?;
        loop {
            let rows = snapshot.next(PAGE)?;
            if rows.is_empty() {
                break;
            }
            rows.iter().try_for_each(|row| writer.row(row)).map_err(unwritten)?;
        }
        drop(snapshot);
        let each = |blob: Option<BlobRef>, _: &_| match blob.filter(|blob| self.is_whole(blob)) {
            Some(blob) => writer.file(&blob, self.spool.open(&blob)?),
            None => {
                writer.unreadable();
                Ok(())
            }
        };
        self.spool.each(each).map_err(unwritten)?;
        let (mut out, summary) = writer.finish().map_err(unwritten)?;
        out.flush().map_err(unwritten)?;
        Ok((out, summary))
    }

    /// A damaged file must not make the whole backup fail, and is known only at its end.
    fn is_whole(&self, blob: &BlobRef) -> bool {
        let read = self.spool.open(blob).and_then(|mut file| io::copy(&mut file, &mut io::sink()));
        if let Err(error) = &read {
            tracing::warn!(file = blob.name(), %error, "a spool file is left out of the export");
        }
        read.is_ok()
    }
}

fn unwritten(error: io::Error) -> BackupError {
    BackupError::Io(format!("writing the export: {error}"))
}
