//! From the folder into the inbox: what is new is fetched and accepted, in order.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::{HeaderName, MessageParser};
use secrecy::SecretString;
use viadukt_api::{
    AcceptError, Env, Health, Inbox, Intake, Item, Keep, Protection, Raw, SourceKey, Spool,
    WorkerName,
};

use super::position::{KEY, Position};
use super::session::{Head, Session, Trouble};
use super::watch::End;
use crate::config::ImapSection;
use crate::lift::{Lifted, Lifter};
use crate::read::first_id;
use crate::tls::Server;

/// Mails whose sizes are asked for at once.
pub(super) const WINDOW: usize = 500;
/// Larger mails are fetched in pieces.
const SMALL: u64 = 64 << 10;
const PIECE: u64 = 256 << 10;
/// Small mails that are fetched and accepted together.
const BATCH_MAILS: usize = 100;
const BATCH_BYTES: u64 = 1 << 20;
/// A mail that the server does not hand over this often is put aside.
const TRIES: u32 = 3;
/// How long to wait when there is no room for what was fetched.
const FULL: Duration = Duration::from_secs(5);

/// Watches one folder.
pub(crate) struct Ingest {
    pub(crate) worker: WorkerName,
    pub(crate) section: ImapSection,
    pub(crate) server: Server,
    pub(crate) password: SecretString,
    pub(crate) env: Env,
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) keep: Keep,
    pub(crate) health: Arc<Mutex<Health>>,
    pub(crate) inbox: Inbox,
    /// How often the server did not hand a mail over, by UID.
    pub(crate) failures: HashMap<u32, u32>,
}

impl Ingest {
    /// Accepts everything after `position`.
    pub(super) async fn catch_up(
        &mut self,
        session: &mut Session,
        position: &mut Position,
    ) -> Result<(), End> {
        let uids = session.uids_after(position.last).await?;
        for window in uids.chunks(WINDOW) {
            let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
            let mut heads = session.heads(*first..=*last).await?;
            let found = |uid| heads.binary_search_by_key(&uid, |head: &Head| head.uid).is_ok();
            // Perhaps the body comes where the size does not.
            let sizeless = self.check_missing(session, window, found).await?;
            heads.extend(sizeless.into_iter().map(|uid| Head { uid, size: 0, arrived: None }));
            heads.sort_by_key(|head| head.uid);
            for batch in batches(&heads) {
                let items = self.fetch(session, batch, position).await?;
                let Some(last) = batch.last() else { continue };
                let next = position.after(last.uid, self.env.now());
                let uids: Vec<u32> = items.iter().map(|(uid, _)| *uid).collect();
                self.accept(items, &next).await?;
                *position = next;
                self.settle(session, &uids).await?;
            }
        }
        Ok(())
    }

    /// Fetches the mails of a batch, as items.
    async fn fetch(
        &mut self,
        session: &mut Session,
        batch: &[Head],
        position: &Position,
    ) -> Result<Vec<(u32, Item)>, End> {
        let wanted: Vec<Head> =
            batch.iter().filter(|h| !position.knows(h.uid, h.arrived)).copied().collect();
        let raws = match wanted.as_slice() {
            [] => Vec::new(),
            [large] if large.size > SMALL => self
                .fetch_large(session, *large)
                .await?
                .map(|raw| (large.uid, raw))
                .into_iter()
                .collect(),
            small => self.fetch_small(session, small).await?,
        };
        let uids: Vec<u32> = wanted.iter().map(|head| head.uid).collect();
        let found = |uid| raws.iter().any(|(fetched, _)| *fetched == uid);
        let given_up = self.check_missing(session, &uids, found).await?;
        let nothing = Raw { bytes: bytes::Bytes::new(), lifted: Vec::new() };
        let unread = given_up.into_iter().map(|uid| (uid, (nothing.clone(), None)));
        let mut items: Vec<_> = raws
            .into_iter()
            .map(|(uid, (raw, hash))| (uid, (raw, Some(hash))))
            .chain(unread)
            .map(|(uid, (raw, hash))| {
                (uid, self.item(uid, session.protection(), raw, hash, position))
            })
            .collect();
        items.sort_by_key(|(uid, _)| *uid);
        Ok(items)
    }

    async fn fetch_small(
        &self,
        session: &mut Session,
        heads: &[Head],
    ) -> Result<Vec<(u32, (Raw, blake3::Hash))>, End> {
        let uids: Vec<u32> = heads.iter().map(|head| head.uid).collect();
        let bodies = session.bodies(&uids).await?;
        let lifters: Vec<_> =
            bodies.into_iter().map(|(u, body)| (u, body, self.lifter())).collect();
        let lifted = blocking(move || {
            let lift = |(uid, body, mut lifter): (u32, Vec<u8>, Lifter)| {
                lifter.push(&body)?;
                Ok((uid, lifter.finish()?))
            };
            lifters.into_iter().map(lift).collect()
        });
        Ok(lifted.await?)
    }

    /// `None` when it is gone.
    async fn fetch_large(
        &self,
        session: &mut Session,
        head: Head,
    ) -> Result<Option<(Raw, blake3::Hash)>, End> {
        let mut lifter = self.lifter();
        if head.size > self.section.max_size {
            let Some(header) = session.header(head.uid).await? else { return Ok(None) };
            let cut = move || {
                lifter.push(&header)?;
                lifter.finish_cut(head.size)
            };
            return Ok(Some(blocking(cut).await?));
        }
        let mut offset = 0;
        loop {
            let Some(piece) = session.piece(head.uid, offset, PIECE).await? else {
                return Ok(None);
            };
            let length = piece.len() as u64;
            offset += length;
            lifter = blocking(move || lifter.push(&piece).map(|()| lifter)).await?;
            // The size before fetching is the server's estimate; a short piece is the end.
            if length < PIECE {
                return Ok(Some(blocking(move || lifter.finish()).await?));
            }
        }
    }

    fn lifter(&self) -> Lifter {
        let mut nonce = [0; 16];
        self.env.entropy.fill(&mut nonce);
        Lifter::new(nonce, Arc::clone(&self.spool))
    }

    fn item(
        &self,
        uid: u32,
        protection: &Protection,
        raw: Raw,
        hash: Option<blake3::Hash>,
        position: &Position,
    ) -> Item {
        let mut keys = vec![self.key(uid, position.validity)];
        if let Some(hash) = hash {
            let mail = MessageParser::default().parse_headers(Lifted::of(&raw).skeleton);
            let id = mail.and_then(|mail| first_id(mail.header(HeaderName::MessageId)?));
            let id = id.as_ref().map_or("", |id| id.as_str());
            keys.push(SourceKey::new(&["content", id, hash.to_hex().as_str()]));
        }
        Item { keys, received_at: self.env.now(), protection: protection.clone(), raw }
    }

    pub(super) fn key(&self, uid: u32, validity: u32) -> SourceKey {
        let ImapSection { user, folder, .. } = &self.section;
        SourceKey::new(&["imap", user, folder, &validity.to_string(), &uid.to_string()])
    }

    /// Of the mails `uids` that were not `found`: those that are gone do not matter; those that
    /// are there and that the server will not hand over end the connection, or are given up
    /// after some tries.
    async fn check_missing(
        &mut self,
        session: &mut Session,
        uids: &[u32],
        found: impl Fn(u32) -> bool,
    ) -> Result<Vec<u32>, End> {
        let mut given_up = Vec::new();
        for uid in uids.iter().copied().filter(|uid| !found(*uid)) {
            if session.search(&format!("UID {uid}")).await?.contains(&uid) {
                let failures = self.failures.entry(uid).or_default();
                *failures += 1;
                if *failures < TRIES {
                    return Err(
                        Trouble::Broken { during: "FETCH", kind: "a mail is missing" }.into()
                    );
                }
                given_up.push(uid);
            }
            self.failures.remove(&uid);
        }
        Ok(given_up)
    }

    /// Accepts, waiting while there is no room.
    async fn accept(&self, items: Vec<(u32, Item)>, position: &Position) -> Result<(), End> {
        let items = items.into_iter().map(|(_, item)| item).collect();
        let intake = Intake { items, keep: vec![(KEY.to_owned(), Some(position.to_bytes()))] };
        loop {
            match self.inbox.accept(intake.clone()).await {
                Ok(_) => return Ok(()),
                Err(AcceptError::Full(_)) => {
                    self.set_health(Health::Down("no room".to_owned()));
                    tokio::time::sleep(self.env.jitter(FULL)).await;
                }
                Err(error) => return Err(error.into()),
            }
            self.set_health(Health::Up);
        }
    }
}

/// Runs of mails to fetch together, in order; a large mail comes alone.
fn batches(heads: &[Head]) -> impl Iterator<Item = &[Head]> {
    let mut bytes = 0;
    let mut count = 0;
    heads.chunk_by(move |before, next| {
        bytes = if count == 0 { before.size } else { bytes } + next.size;
        count += 1;
        let together = before.size <= SMALL
            && next.size <= SMALL
            && bytes <= BATCH_BYTES
            && count < BATCH_MAILS;
        if !together {
            (bytes, count) = (0, 0);
        }
        together
    })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
