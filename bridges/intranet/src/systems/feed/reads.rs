//! How entries are journalled, and read again.

use viadukt_api::config::Fields;
use viadukt_api::{Matter, MessageId, Protection, Reason, Timestamp, Unreadable};

use super::entry::{self, Entry, Listed};
use super::one_of;
use crate::markup;
use crate::notice::Notice;
use crate::reader::{Reading, Reads};
use crate::received::Received;

/// Beside a body: the entry's id, the same in all its versions.
const ENTRY: &str = "entry";

/// How entries are read.
#[derive(Clone, Copy)]
pub(crate) struct Entries {
    /// A changed entry changes its message.
    pub(super) edits: bool,
}

impl Entries {
    /// Reads `updates`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        Self { edits: one_of(fields, "updates", ["edit", "ignore"]) == "edit" }
    }
}

impl Reads for Entries {
    /// An entry's HTML is shown as it is.
    fn template(&self) -> &'static str {
        ""
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let unreadable = |_| Unreadable { reason: Reason::new("intranet-unreadable") };
        let entry: Entry = serde_json::from_slice(&received.body).map_err(unreadable)?;
        let value = entry.value();
        let id = received.beside(ENTRY).filter(|_| self.edits);
        let matter = id.map(|id| {
            let id = MessageId::new(format!("entry/{id}"));
            Matter { id, ends: false, handle: None }
        });
        let html = entry.html.clone();
        let notice = Notice { matter, ..entry.notice() };
        let remarks = markup::left_out(Some(&html), &notice.content).into_iter().collect();
        Ok(Reading { remarks, ..Reading::of(value, notice) })
    }

    /// A file holds a feed.
    fn examples(&self, file: &[u8]) -> Result<Vec<Received>, String> {
        let (listed, _) = entry::read(file)?;
        Ok(listed
            .iter()
            .map(|one| received("example", one, Protection::Unknown, Timestamp(0)))
            .collect())
    }

    fn brings_ids(&self) -> bool {
        true
    }
}

/// One entry of the feed `system`, which came over a line with this protection.
pub(super) fn received(
    system: &str,
    listed: &Listed,
    protection: Protection,
    at: Timestamp,
) -> Received {
    Received {
        system: system.to_owned(),
        id: format!("{}/{}", listed.id, listed.version),
        at,
        beside: vec![(ENTRY.to_owned(), listed.id.clone())],
        protection,
        body: serde_json::to_vec(&listed.entry).unwrap_or_default().into(),
    }
}
