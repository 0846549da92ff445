//! Where every play with SMS begins: the SMS centre runs beside the usual servers, viadukt has
//! the agency's number and nothing else, the clerk is in its room.

use anyhow::{Context, Result};
use viadukt_testbed::ruma::EventId;
use viadukt_testbed::ruma::OwnedRoomId;
use viadukt_testbed::servers::Smsc;
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};
use viadukt_testbed::{Bridge, Clerk, Phone, SMS_BRIDGE, SMS_ROOM, Seen, Testbed, until};

use crate::scene::program;

pub use viadukt_testbed::talk::sms::{DELIVERED, SENT};

/// A citizen's number.
pub const ERIKA: &str = "+491713920001";
/// Another citizen's number.
pub const MAX: &str = "+491713920002";

/// The small world with the program in it.
pub struct Scene {
    pub bridge: Bridge,
    pub clerk: Clerk,
    pub room: OwnedRoomId,
    pub centre: Smsc,
    pub testbed: Testbed,
}

impl Scene {
    /// The usual scene: the centre gives receipts.
    pub async fn begin() -> Result<Self> {
        Self::with("").await
    }

    /// The scene with more options of the bridge, a TOML text whose `[smpp]` adds to the usual.
    pub async fn with(options: &str) -> Result<Self> {
        Self::prepared(options, |_| {}).await
    }

    /// The same with a log that tells everything.
    pub async fn talkative(options: &str) -> Result<Self> {
        Self::prepared(options, |bridge| {
            let log = toml::Table::from_iter([("level".to_owned(), "trace".into())]);
            bridge.config.insert("log".to_owned(), log.into());
        })
        .await
    }

    async fn prepared(options: &str, change: impl FnOnce(&mut Bridge)) -> Result<Self> {
        let testbed = Testbed::start().await?;
        let centre = testbed.sms_centre().await?;
        centre.behave(&Behaviour { receipts: Receipts::Now, ..Behaviour::default() }).await?;
        let mut bridge = testbed.bridge(program())?;
        testbed.add_sms(&mut bridge, &centre)?;
        keep_only_sms(&mut bridge, options)?;
        change(&mut bridge);
        bridge.start()?;
        bridge.ready().await?;
        let clerk = testbed.clerk().await?;
        let room = clerk.join(SMS_ROOM).await?;
        Ok(Self { bridge, clerk, room, centre, testbed })
    }

    /// The phone with `number`.
    pub fn phone<'c>(&'c self, number: &'c str) -> Phone<'c> {
        Phone::new(number, &self.centre)
    }

    /// A citizen writes, and the clerk sees it.
    pub async fn question(&self, from: &str, text: &str) -> Result<Seen> {
        self.phone(from).write(text).await?;
        self.shown(text).await
    }

    /// Waits until the clerk sees `text` in the room, encrypted as it must be.
    pub async fn shown(&self, text: &str) -> Result<Seen> {
        let shown = self.clerk.sees(text, |seen| self.says(seen, text)).await?;
        shown.trusted()?;
        Ok(shown)
    }

    /// Waits until viadukt itself says `words` in the room.
    pub async fn notice(&self, words: &str) -> Result<Seen> {
        let is_it = |seen: &Seen| seen.is_message("m.notice") && self.says(seen, words);
        let told = self.clerk.sees(format_args!("the notice {words:?}"), is_it).await?;
        told.trusted()?;
        Ok(told)
    }

    /// Waits for `mark` on the clerk's message.
    pub async fn marked(&self, message: &EventId, mark: &str) -> Result<()> {
        let marked = |seen: &Seen| {
            seen.reaction_to(message).is_some_and(|reaction| reaction.starts_with(mark))
        };
        self.clerk.sees(format_args!("the mark {mark}"), marked).await.map(drop)
    }

    /// How often viadukt wrote `text` into the room.
    pub fn times_shown(&self, text: &str) -> usize {
        self.clerk.seen().iter().filter(|seen| self.says(seen, text)).count()
    }

    /// How often a phone received exactly `text`.
    pub async fn times_received(&self, phone: &str, text: &str) -> Result<usize> {
        let messages = self.phone(phone).messages().await?;
        Ok(messages.iter().filter(|sms| sms.text().as_deref() == Some(text)).count())
    }

    /// Waits until the centre counted `what` at least `times`.
    pub async fn counted(&self, what: &str, times: u64) -> Result<()> {
        until(format!("{times} × {what}"), async || {
            let counts = self.centre.counts().await?;
            Ok((counts.get(what).copied().unwrap_or(0) >= times).then_some(()))
        })
        .await
    }

    /// Waits until the network has nothing more to bring.
    pub async fn quiet(&self) -> Result<()> {
        until("a quiet network", async || {
            Ok((self.centre.counts().await?.get("pending").copied().unwrap_or(0) == 0)
                .then_some(()))
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

/// Takes the mail bridge away and adds `options` to the SMS bridge.
pub fn keep_only_sms(bridge: &mut Bridge, options: &str) -> Result<()> {
    let bridges = bridge.config.get_mut("bridges").and_then(toml::Value::as_table_mut);
    let bridges = bridges.context("no [bridges]")?;
    bridges.retain(|name, _| name == SMS_BRIDGE);
    let sms = bridges.get_mut(SMS_BRIDGE).and_then(toml::Value::as_table_mut);
    add(sms.context("no SMS bridge")?, options.parse()?);
    Ok(())
}

/// Adds `more` to `table`, tables into tables.
fn add(table: &mut toml::Table, more: toml::Table) {
    for (name, value) in more {
        match (table.get_mut(&name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(more)) => add(inner, more),
            (_, value) => drop(table.insert(name, value)),
        }
    }
}
