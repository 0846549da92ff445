//! What takes the network, the time or all of a mail to find out about it, before it is accepted:
//! who wrote it, and what its signature is worth.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use mail_parser::MessageParser;
use tokio::time::Instant;
use viadukt_api::Raw;

use super::ingest::{Ingest, blocking};
use crate::authentication::unchecked;
use crate::findings::Findings;
use crate::lift::{Lifted, whole};
use crate::smime;

/// Larger mails are not looked into: signatures are over all of one, and it would lie in memory.
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
        let until = Instant::now() + PATIENCE;
        let examined = raws.into_iter().map(|(uid, (raw, hash))| async move {
            let raw = self.look_into(raw, until).await?;
            Ok((uid, (raw, hash)))
        });
        let examined: Vec<_> = stream::iter(examined).buffered(TOGETHER).collect().await;
        examined.into_iter().collect()
    }

    async fn look_into(&self, raw: Raw, until: Instant) -> io::Result<Raw> {
        let header = MessageParser::default().parse_headers(Lifted::of(&raw).skeleton);
        let is_signed = header.as_ref().is_some_and(smime::may_be_signed);
        if self.checker.is_none() && !is_signed {
            return Ok(raw);
        }
        let (for_whole, spool) = (raw.clone(), Arc::clone(&self.spool));
        let Some(mail) = blocking(move || whole(&for_whole, MOST, &*spool)).await? else {
            let outcomes = self.checker.as_ref().map(|_| unchecked());
            return Ok(Findings { outcomes, signature: None }.join(&raw));
        };
        let outcomes = match &self.checker {
            Some(checker) => {
                let checked = tokio::time::timeout_at(until, checker.check(&mail)).await;
                Some(checked.unwrap_or_else(|_| unchecked()))
            }
            None => None,
        };
        let (authorities, now) = (Arc::clone(&self.authorities), self.env.now());
        let mut lifter = self.lifter();
        let opened = blocking(move || {
            let Some(opened) = is_signed.then(|| authorities.open(&mail, now)).flatten() else {
                return Ok((raw, None));
            };
            let Some(inside) = opened.mail else { return Ok((raw, Some(opened.signature))) };
            lifter.push(&inside)?;
            Ok((lifter.finish()?.0, Some(opened.signature)))
        });
        let (raw, signature) = opened.await?;
        Ok(Findings { outcomes, signature }.join(&raw))
    }
}
