//! What takes the network to find out about mails, before they are accepted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use viadukt_api::Raw;

use super::ingest::{Ingest, blocking};
use crate::authentication::unchecked;
use crate::findings::Findings;
use crate::lift::whole;

/// Of larger mails nobody finds out who wrote them: their signatures are over all of it.
const MOST: u64 = 30 << 20;
/// Mails that are looked at together.
const TOGETHER: usize = 16;
/// What finding out about a batch may take. A DNS that answers nothing holds mails up no longer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Ingest {
    /// The fetched mails with what was found out about them, in their order.
    pub(super) async fn examine(
        &self,
        raws: Vec<(u32, (Raw, blake3::Hash))>,
    ) -> io::Result<Vec<(u32, (Raw, blake3::Hash))>> {
        if self.checker.is_none() {
            return Ok(raws);
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        let examined = raws.into_iter().map(|(uid, (raw, hash))| async move {
            let findings = tokio::time::timeout_at(until, self.find_out(&raw)).await;
            let findings = findings.unwrap_or_else(|_| Ok(Findings::unchecked()))?;
            Ok((uid, (findings.join(&raw), hash)))
        });
        let examined: Vec<_> = stream::iter(examined).buffered(TOGETHER).collect().await;
        examined.into_iter().collect()
    }

    async fn find_out(&self, raw: &Raw) -> io::Result<Findings> {
        let Some(checker) = &self.checker else { return Ok(Findings::default()) };
        let (raw, spool) = (raw.clone(), Arc::clone(&self.spool));
        let Some(mail) = blocking(move || whole(&raw, MOST, &*spool)).await? else {
            return Ok(Findings::unchecked());
        };
        Ok(Findings { outcomes: Some(checker.check(&mail).await) })
    }
}

impl Findings {
    fn unchecked() -> Self {
        Self { outcomes: Some(unchecked()) }
    }
}
