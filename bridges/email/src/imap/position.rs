//! How far a folder has been read, kept beside what was accepted.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use viadukt_api::{AcceptError, Env, Keep, Timestamp};

use super::session::Folder;
use crate::config::{ImapSection, Start};

/// The key it is kept under.
pub(crate) const KEY: &str = "position";
/// After a folder was renumbered, mails are recognised by their content for as long as that is
/// remembered (30 days). What arrived this long before the last acceptance had been accepted.
const SURELY_KNOWN: Duration = Duration::from_secs(7 * 24 * 3600);

/// A position in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    user: String,
    folder: String,
    pub(crate) validity: u32,
    /// Everything up to this UID was accepted.
    pub(crate) last: u32,
    /// Mails that arrived earlier are not the bridge's.
    since: Timestamp,
    /// When something was last accepted.
    at: Timestamp,
    /// Set after a renumbering.
    known: Option<Known>,
}

/// Mails below this UID that arrived before this moment have been dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    below: u32,
    before: Timestamp,
}

impl Position {
    /// Where to go on in `folder`.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        keep: &Keep,
        section: &ImapSection,
        folder: Folder,
        env: &Env,
    ) -> Result<Self, AcceptError> {
        let kept = keep.get(KEY)?.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let kept = kept.filter(|p| p.user == section.user && p.folder == section.folder);
        let position = match kept {
            Some(position) if position.fits(folder) => return Ok(position),
            Some(position) => {
                tracing::warn!(
                    "the folder was renumbered; reading it again, known mails are skipped"
                );
                position.renumbered(folder)
            }
            None => Self::first(section, folder, env.now()),
        };
        keep.put(KEY, Some(position.to_bytes())).await?;
        Ok(position)
    }

    /// Whether the folder's numbers are still the ones that were read. A next UID that went
    /// back is a renumbering as well.
    pub(crate) fn fits(&self, folder: Folder) -> bool {
        self.validity == folder.validity && self.last < folder.next
    }

    /// Whether a mail needs no fetching.
    pub(crate) fn knows(&self, uid: u32, arrived: Option<Timestamp>) -> bool {
        match (self.known, arrived) {
            (Some(known), Some(arrived)) => uid < known.below && arrived < known.before,
            _ => false,
        }
    }

    /// The position after `uid` was accepted.
    pub(crate) fn after(&self, uid: u32, at: Timestamp) -> Self {
        Self { last: uid, at, ..self.clone() }
    }

    /// For [`viadukt_api::Intake::keep`].
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn first(section: &ImapSection, folder: Folder, now: Timestamp) -> Self {
        let (last, since) = match section.start {
            Start::Now => (folder.next.saturating_sub(1), now),
            Start::All => (0, Timestamp(0)),
        };
        Self {
            user: section.user.clone(),
            folder: section.folder.clone(),
            validity: folder.validity,
            last,
            since,
            at: now,
            known: None,
        }
    }

    fn renumbered(self, folder: Folder) -> Self {
        let margin = u64::try_from(SURELY_KNOWN.as_millis()).unwrap_or(u64::MAX);
        let before = self.since.max(Timestamp(self.at.0.saturating_sub(margin)));
        let known = Some(Known { below: folder.next, before });
        Self { validity: folder.validity, last: 0, known, ..self }
    }
}
