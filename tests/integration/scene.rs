//! Where every play begins: the servers run, viadukt is ready, the clerk is in the room.

use std::path::Path;

use anyhow::Result;
use viadukt_testbed::ruma::{EventId, OwnedRoomId};
use viadukt_testbed::{Bridge, Citizen, Clerk, Mail, ROOM, Seen, Testbed, until};

/// The small world with the program in it. Shows the program's log when it ends, which is kept
/// from the eye as long as the test succeeds.
pub struct Scene {
    pub bridge: Bridge,
    pub clerk: Clerk,
    pub citizen: Citizen,
    pub room: OwnedRoomId,
    pub testbed: Testbed,
}

impl Scene {
    /// The usual scene.
    pub async fn begin() -> Result<Self> {
        Self::prepared(|_, _| Ok(())).await
    }

    /// The scene after `prepare` changed the configuration.
    pub async fn prepared(
        prepare: impl FnOnce(&Testbed, &mut Bridge) -> Result<()>,
    ) -> Result<Self> {
        let testbed = Testbed::start().await?;
        let mut bridge = testbed.bridge(program())?;
        prepare(&testbed, &mut bridge)?;
        bridge.start()?;
        bridge.ready().await?;
        let clerk = testbed.clerk().await?;
        let room = clerk.join(ROOM).await?;
        let citizen = testbed.citizen();
        Ok(Self { bridge, clerk, citizen, room, testbed })
    }

    /// The citizen writes, and the clerk sees it.
    pub async fn question(&self, subject: &str, text: &str) -> Result<Seen> {
        self.citizen.write(subject, text).await?;
        let shown = self.clerk.sees(subject, |seen| self.says(seen, text)).await?;
        shown.trusted()?;
        Ok(shown)
    }

    /// The clerk answers, and the citizen receives it.
    pub async fn answer(&self, to: &Seen, text: &str) -> Result<Mail> {
        self.clerk.answer(to, text).await?;
        self.citizen.receives(text, |mail| mail.text().contains(text)).await
    }

    /// Waits until viadukt itself says `words` in the room.
    pub async fn notice(&self, words: &str) -> Result<Seen> {
        let is_it = |seen: &Seen| seen.is_message("m.notice") && self.says(seen, words);
        let told = self.clerk.sees(format_args!("the notice {words:?}"), is_it).await?;
        told.trusted()?;
        Ok(told)
    }

    /// Waits for the mark of success on the clerk's message.
    pub async fn sent(&self, message: &EventId) -> Result<()> {
        let marked = |seen: &Seen| seen.reaction_to(message) == Some("✓ gesendet");
        self.clerk.sees("the mark of success", marked).await.map(drop)
    }

    /// How often viadukt wrote `text` into the room.
    pub fn times_shown(&self, text: &str) -> usize {
        self.clerk.seen().iter().filter(|seen| self.says(seen, text)).count()
    }

    /// Waits until `/health/ready` says `expected`: the status, and words of the body.
    pub async fn readiness(&self, expected: (u16, &str)) -> Result<()> {
        until(format_args!("the readiness {expected:?}"), async || {
            let (status, body) = self.bridge.get("/health/ready").await?;
            Ok((status == expected.0 && body.contains(expected.1)).then_some(()))
        })
        .await
    }

    fn says(&self, seen: &Seen, words: &str) -> bool {
        seen.sender == self.testbed.bot() && seen.body().contains(words)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        eprintln!("viadukt's log ends:\n{}", self.bridge.log_end());
    }
}

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_viadukt"))
}
