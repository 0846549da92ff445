//! What operators did: a lasting record of who did what to what, and when. It says nothing about
//! what anybody wrote.

use serde::{Deserialize, Serialize};
use viadukt_api::Timestamp;

use super::{Draft, Ledger, records};
use crate::store::{Space, StoreError};

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// Who, by their name.
    pub who: String,
    /// How they showed that they may: `token`, `oidc`.
    pub proof: String,
    /// What: `requeue`, `discard`, `unblock`, `probe`, `test`, `login`.
    pub what: String,
    /// To what: a reference, a bridge, the short hash of a contact.
    pub about: String,
}

impl Draft<'_> {
    /// Adds to the record; `random` tells what was done in the same moment apart.
    pub fn record_done(&mut self, done: &Done, random: [u8; 8]) {
        let key = [done.at.0.to_be_bytes(), random].concat();
        self.put(Space::Done, &key, done);
    }
}

impl Ledger {
    /// The last `most` entries of the record, the latest first.
    pub fn done(&self, most: usize) -> Result<Vec<Done>, StoreError> {
        let mut last = std::collections::VecDeque::with_capacity(most);
        self.each_row(Space::Done, |_, value| {
            if last.len() == most {
                last.pop_back();
            }
            last.push_front(records::unpack(value)?);
            Ok(())
        })?;
        Ok(last.into())
    }
}
