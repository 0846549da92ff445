//! SMS over SMPP, against an SMS centre that is not ours and what it can do at best: a client of
//! raw bytes, and Kannel. The bridge is the real one, the store on this disk with every sync, the
//! hub in memory.

mod agency;
mod bare;
mod kannel;
pub mod memory;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;
use viadukt_api::fake::FakeWorker;
use viadukt_api::{Form, Outbound, State};
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};
use viadukt_testbed::servers::{Authority, Smsc};
use viadukt_testbed::{NUMBER, until};

use self::agency::Agency;
use self::bare::{Bare, Load};
use crate::figures::{Figures, Target, median};

const ROUNDS: usize = 3;
/// Messages of a round; a build without optimisation only shows that it works.
const MESSAGES: u32 = if cfg!(debug_assertions) { 640 } else { 16_000 };
/// Messages of a round in which each waits for the one before and its syncs.
const FEW: u32 = if cfg!(debug_assertions) { 64 } else { 1_600 };
const WINDOW: u32 = 50;
/// What phones send at the same time.
const IN_FLIGHT: u32 = 16;
const CONVERSATIONS: u32 = 64;

/// Everything that is measured against the SMS centre, in turns, so that whatever else happens
/// on the machine weighs on all alike.
///
/// # Errors
/// Something did not start, or failed.
pub async fn measure(folder: &Path, figures: &mut Figures) -> Result<()> {
    let centre = Centre(Smsc::start(&Authority::new()?).await?);
    let [mut out, mut in_, mut alone, mut slow] = [const { (Vec::new(), Vec::new()) }; 4];
    let mut kannel = Vec::new();
    for _ in 0..ROUNDS {
        let bare = centre.bare_out(WINDOW, true).await?;
        both(&mut out, bare, centre.out(folder, WINDOW, MESSAGES).await?);
        kannel.push(centre.kannel().await?);
        both(&mut in_, centre.bare_in().await?, centre.in_(folder).await?);
        let bare = centre.bare_out(1, false).await?;
        both(&mut alone, bare, centre.alone(folder).await?);
        both(&mut slow, bare, centre.out(folder, 1, FEW).await?);
    }
    let figure =
        |rates: (Vec<f64>, Vec<f64>)| ((median(rates.1), "messages/s"), Some(median(rates.0)));

    let (ours, bare) = figure(out);
    let name = "SMS out with receipts, window 50 (baseline: bare client)";
    figures.add(name, ours, bare, Target::AtLeast(3_000.0));
    let name = "the same (baseline: Kannel from and to HTTP, nothing synced)";
    figures.add(name, ours, Some(median(kannel)), Target::PartOfBaseline(1.0));
    let (ours, bare) = figure(in_);
    let name = "SMS in, 16 in flight (baseline: bare client)";
    figures.add(name, ours, bare, Target::AtLeast(5_000.0));
    let (ours, bare) = figure(alone);
    let name = "SMS out, window 1, worker alone (baseline: bare loop)";
    figures.add(name, ours, bare, Target::PartOfBaseline(0.8));
    let (ours, bare) = figure(slow);
    let name = "SMS out with receipts, window 1 (baseline: bare loop)";
    figures.add(name, ours, bare, Target::None);
    Ok(())
}

/// A rate of the baseline and one of ours.
fn both(rates: &mut (Vec<f64>, Vec<f64>), baseline: f64, ours: f64) {
    rates.0.push(baseline);
    rates.1.push(ours);
}

/// The SMS centre with one client at a time.
struct Centre(Smsc);

impl Centre {
    /// The room's answers, journalled, until each one's author was told that it arrived.
    async fn out(&self, folder: &Path, window: u32, messages: u32) -> Result<f64> {
        self.begin(true).await?;
        let mut hub = FakeWorker::counting();
        hub.counts = is_shown_or_arrived;
        let mut agency = Agency::open(folder, hub, &self.0, window).await?;
        self.clients(1).await?;
        self.flood(CONVERSATIONS).await?;
        agency.engine.shown(CONVERSATIONS.into()).await?;
        let begin = Instant::now();
        agency.answer(CONVERSATIONS, messages / CONVERSATIONS).await?;
        agency.engine.shown((CONVERSATIONS + messages).into()).await?;
        let rate = per_second(messages, begin);
        agency.engine.end().await?;
        Ok(rate)
    }

    /// Phones' messages, journalled and answered, while they are brought on into the room.
    async fn in_(&self, folder: &Path) -> Result<f64> {
        self.begin(false).await?;
        let agency = Agency::open(folder, FakeWorker::counting(), &self.0, WINDOW).await?;
        self.clients(1).await?;
        let rate = self.flood(MESSAGES).await?;
        agency.engine.end().await?;
        Ok(rate)
    }

    /// One submission after the other, without the pipeline and its syncs.
    async fn alone(&self, folder: &Path) -> Result<f64> {
        self.begin(false).await?;
        let agency = Agency::open(folder, FakeWorker::counting(), &self.0, 1).await?;
        self.clients(1).await?;
        let begin = Instant::now();
        agency.submit(MESSAGES).await?;
        let rate = per_second(MESSAGES, begin);
        agency.engine.end().await?;
        Ok(rate)
    }

    /// What the centre takes from a client that does nothing else.
    async fn bare_out(&self, window: u32, receipts: bool) -> Result<f64> {
        self.begin(receipts).await?;
        let mut bare = Bare::bind(self.0.port).await?;
        let begin = Instant::now();
        let take = if receipts { MESSAGES } else { 0 };
        let load = Load { submit: MESSAGES, window, take };
        // On a thread of the runtime, as everything in viadukt.
        tokio::spawn(async move { bare.carry(load).await }).await??;
        Ok(per_second(MESSAGES, begin))
    }

    /// What the centre brings to a client that does nothing else.
    async fn bare_in(&self) -> Result<f64> {
        self.begin(false).await?;
        let mut bare = Bare::bind(self.0.port).await?;
        self.clients(1).await?;
        let load = Load { submit: 0, window: 0, take: MESSAGES };
        let ((), rate) = tokio::try_join!(bare.carry(load), self.flood(MESSAGES))?;
        Ok(rate)
    }

    /// What Kannel submits and tells the receipts of, as fast as it takes it over HTTP.
    async fn kannel(&self) -> Result<f64> {
        self.begin(true).await?;
        kannel::rate(&self.0, MESSAGES).await
    }

    /// Nobody is connected, and nothing is left from before.
    async fn begin(&self, receipts: bool) -> Result<()> {
        self.clients(0).await?;
        let receipts = if receipts { Receipts::Now } else { Receipts::None };
        let behaviour = Behaviour { receipts, keep: false, ..Behaviour::default() };
        Ok(self.0.behave(&behaviour).await?)
    }

    async fn clients(&self, count: u64) -> Result<()> {
        until(format!("{count} clients"), async || {
            let counts = self.0.counts().await?;
            Ok((counts.get("sessions") == Some(&count)).then_some(()))
        })
        .await
    }

    /// So many phones' messages a second.
    async fn flood(&self, messages: u32) -> Result<f64> {
        let to = NUMBER.trim_start_matches('+');
        let flood = self.0.flood(to, messages.into(), IN_FLIGHT, CONVERSATIONS).await;
        let flood = flood.context("the phones did not get rid of their messages")?;
        ensure!(flood.refused == 0, "{} messages were refused", flood.refused);
        Ok(f64::from(messages) * 1e3 / flood.ms)
    }
}

fn per_second(messages: u32, begin: Instant) -> f64 {
    f64::from(messages) / begin.elapsed().as_secs_f64()
}

/// Whether the hub shows a phone's message, or tells that ours reached its phone.
fn is_shown_or_arrived(out: &Outbound) -> bool {
    matches!(out.form, Form::Say { .. } | Form::Status { state: State::Delivered, .. })
}
