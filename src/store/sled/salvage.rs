//! Reading what is left of a damaged store. The damaged files are never opened themselves, since
//! sled writes while it opens: a copy is.

use std::fs;
use std::io;
use std::path::Path;

use ::sled::{Db, IVec};

use super::{StoreError, guarded, tally};
use crate::store::disk::{self, Ballast};
use crate::store::seal::Sealer;
use crate::store::{Row, Space};

/// What is left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Records that can be read.
    pub(crate) rows: Vec<Row>,
    /// Records that cannot: which, and why.
    pub(crate) unreadable: Vec<String>,
    /// Commits that are gone from the end; `None`: nobody knows how many there were.
    pub(crate) lost_commits: Option<u64>,
    /// It opens as it is.
    pub(crate) opens: bool,
    /// A part of the files could not be read, with nobody knows what in it.
    pub(crate) has_holes: bool,
}

impl Left {
    /// Whether nothing is missing.
    pub(crate) fn is_whole(&self) -> bool {
        let has_all = self.unreadable.is_empty() && self.lost_commits == Some(0);
        has_all && self.opens && !self.has_holes
    }
}

/// What is left out of the copy, from one attempt to the next: snapshots, which sled makes anew
/// from the log, and its settings, of which it has defaults.
const LEFT_OUT: [&[&str]; 3] = [&[], &["snap."], &["snap.", "conf"]];

/// Reads what is left of the store in `folder`, with copies in `scratch`. Of several ways to open
/// it the one that gives most counts.
pub(crate) fn salvage(folder: &Path, scratch: &Path, sealer: &Sealer) -> Result<Left, StoreError> {
    let counted = tally::counted(folder);
    let failed = |error: io::Error| StoreError::Failed(format!("{}: {error}", scratch.display()));
    let mut best: Option<Left> = None;
    for left_out in LEFT_OUT {
        if scratch.exists() {
            fs::remove_dir_all(scratch).map_err(failed)?;
        }
        copy(folder, scratch, left_out).map_err(failed)?;
        let config = ::sled::Config::new().path(scratch).flush_every_ms(None);
        let Ok(db) = guarded(|| config.open()) else { continue };
        let mut left = read(&db, counted, sealer);
        left.opens = left_out.is_empty();
        // On damage sled may panic at its end as well.
        let _ = guarded(|| {
            drop(db);
            Ok(())
        });
        if left.is_whole() {
            return Ok(left);
        }
        if best.as_ref().is_none_or(|best| left.rows.len() > best.rows.len()) {
            best = Some(left);
        }
    }
    Ok(best.unwrap_or(Left { has_holes: true, ..Left::default() }))
}

fn read(db: &Db, counted: Option<u64>, sealer: &Sealer) -> Left {
    let mut left = Left::default();
    let kept = guarded(|| db.get(tally::KEY)).ok().flatten();
    let kept = kept.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
    left.lost_commits = counted.map(|counted| counted.saturating_sub(kept));
    for space in Space::ALL {
        let (start, end) = ([space as u8], [space as u8 + 1]);
        // From the front up to what cannot be read, then from the back.
        let mut front: Vec<(IVec, IVec)> = Vec::new();
        let mut at = IVec::from(&start);
        let mut whole = true;
        let mut next = guarded(|| db.range(start..end).next().transpose());
        loop {
            match next {
                Ok(Some((key, sealed))) if *key < end[..] => {
                    at = key.clone();
                    front.push((key, sealed));
                    next = guarded(|| db.get_gt(&at));
                }
                Ok(_) => break,
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        if !whole {
            left.has_holes = true;
            let mut before = IVec::from(&end);
            while let Ok(Some((key, sealed))) = guarded(|| db.get_lt(&before)) {
                if key <= at {
                    break;
                }
                before = key.clone();
                front.push((key, sealed));
            }
        }
        for (key, sealed) in front {
            match sealer.open(&key, &sealed).and_then(|value| Row::new(&key, value)) {
                Ok(row) => left.rows.push(row),
                Err(error) => left.unreadable.push(error.to_string()),
            }
        }
    }
    left
}

fn copy(from: &Path, to: &Path, left_out: &[&str]) -> io::Result<()> {
    disk::create_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_needed = text != Ballast::NAME
            && !text.ends_with(".generating")
            && !left_out.iter().any(|start| text.starts_with(start));
        if !is_needed {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(&name), &[])?,
            false => drop(fs::copy(entry.path(), to.join(&name))?),
        }
    }
    Ok(())
}
