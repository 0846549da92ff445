//! Killed at any moment, the bridge loses nothing, doubles nothing outside the window that the
//! design declares, and keeps the order of every conversation.
//!
//! `make endurance` runs this at length. What is random comes from one seed, which is printed.

mod birth;
mod intranet;
mod sms;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use tokio::time::{Duration, Instant, sleep};
use viadukt::failpoint::POINTS;
use viadukt_testbed::talk::{Finding, Kind, MailTalk, Talk, judge};
use viadukt_testbed::{Bridge, ROOM, Testbed};

/// Kills at random moments when `VIADUKT_ROUNDS` asks for no other number.
const ROUNDS: usize = 6;
/// So many random kills make one more pass of every fail point.
const ROUNDS_PER_PASS: usize = 16;
/// The seed when `VIADUKT_SEED` gives no other one.
const SEED: u64 = 2;
/// More restarts than deaths that a delivery may see.
const RESTARTS: usize = 12;
/// The pause between two things that people write.
const BREATH: Duration = Duration::from_millis(100);

/// How one life of the bridge ends.
#[derive(Clone, Copy)]
enum Death {
    /// By `kill -9`, so long after its start.
    After(Duration),
    /// By itself, at the given pass of a fail point.
    At(&'static str, u32),
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_and_doubles_nothing() -> Result<()> {
    let (rounds, seed) = (from_env("VIADUKT_ROUNDS", ROUNDS)?, from_env("VIADUKT_SEED", SEED)?);
    let mut random = StdRng::seed_from_u64(seed);
    let plan = plan(rounds, &mut random);
    let testbed = Testbed::start().await?;
    let clerk = testbed.clerk().await?;
    let mut bridge = testbed.bridge(program())?;
    bridge.start()?;
    bridge.ready().await?;
    let room = clerk.join(ROOM).await?;
    let mut talk = MailTalk::begin(&testbed, &clerk, room, seed).await?;
    bridge.kill9().await?;

    let recoveries = live_and_die(&mut bridge, &plan, &mut random, &mut talk).await?;
    let findings = judge(&mut talk).await?;
    sentence(&bridge, &Table { seed, plan: &plan, findings: &findings, recoveries: &recoveries })
        .await
}

/// However often it starts in vain while the homeserver is away, no message is given up for it.
#[tokio::test]
async fn restarts_during_an_outage_are_not_held_against_a_message() -> Result<()> {
    let mut testbed = Testbed::start().await?;
    let clerk = testbed.clerk().await?;
    let mut bridge = testbed.bridge(program())?;
    bridge.start()?;
    bridge.ready().await?;
    clerk.join(ROOM).await?;
    bridge.kill9().await?;
    testbed.synapse.stop().await?;
    testbed.citizen().write("Geduld", "Dieser Brief wartet.").await?;
    for _ in 0..RESTARTS {
        bridge.start()?;
        sleep(Duration::from_millis(500)).await;
        bridge.kill9().await?;
    }
    testbed.synapse.resume().await?;
    bridge.start()?;
    let letter = clerk.sees("the letter", |seen| seen.body().contains("wartet")).await?;
    letter.trusted()?;
    Ok(())
}

/// Every fail point, its passes growing, among kills at random moments.
fn plan(rounds: usize, random: &mut StdRng) -> Vec<Death> {
    let mut plan: Vec<_> = (0..rounds)
        .map(|_| Death::After(Duration::from_millis(random.random_range(50..2_000))))
        .collect();
    for pass in 0..=rounds / ROUNDS_PER_PASS {
        for point in POINTS {
            // Later passes come later in the life of the process.
            let count = random.random_range(1..=3) + u32::try_from(pass).unwrap_or(0);
            let place = random.random_range(0..=plan.len());
            plan.insert(place, Death::At(point, count));
        }
    }
    plan
}

/// Lets the bridge die by `plan` while people write, and leaves it alive; tells how long each
/// return took.
async fn live_and_die(
    bridge: &mut Bridge,
    plan: &[Death],
    random: &mut StdRng,
    talk: &mut impl Talk,
) -> Result<Vec<Duration>> {
    let mut recoveries = Vec::new();
    for (round, death) in plan.iter().enumerate() {
        talk.speak(round).await?;
        die(bridge, *death, talk, round).await?;
        let since = Instant::now();
        bridge.start()?;
        bridge.ready().await?;
        recoveries.push(since.elapsed());
        // It lives on for a while, so that every round gets something done, and dies busy.
        let life = Duration::from_millis(random.random_range(0..1_000));
        die(bridge, Death::After(life), talk, round).await?;
    }
    bridge.start()?;
    bridge.ready().await?;
    Ok(recoveries)
}

/// Starts the bridge if it does not run, and lets it die while people go on writing.
async fn die(bridge: &mut Bridge, death: Death, talk: &mut impl Talk, round: usize) -> Result<()> {
    let dead = Cell::new(false);
    let (status, spoken) = tokio::join!(
        async {
            let status = end(bridge, death).await;
            dead.set(true);
            status
        },
        async {
            while !dead.get() {
                talk.speak(round).await?;
                sleep(BREATH).await;
            }
            anyhow::Ok(())
        }
    );
    spoken.and(status)
}

async fn end(bridge: &mut Bridge, death: Death) -> Result<()> {
    match death {
        Death::After(moment) => {
            if bridge.pid().is_none() {
                bridge.start()?;
            }
            sleep(moment).await;
            bridge.kill9().await
        }
        Death::At(point, pass) => {
            bridge.set_env("VIADUKT_FAILPOINT", Some(&format!("{point}:{pass}")));
            bridge.start()?;
            bridge.set_env("VIADUKT_FAILPOINT", None);
            let status = bridge.ended().await?;
            let aborted = status.signal() == Some(Signal::ABORT.as_raw());
            ensure!(aborted, "{point}: {status}\n{}", bridge.log_end());
            Ok(())
        }
    }
}

/// Shows the table, and fails if anything is not as in a world without kills.
async fn sentence(bridge: &Bridge, table: &Table<'_>) -> Result<()> {
    let given_up = bridge.dead_letters().await?;
    report(table);
    let faults = table.findings.iter().filter(|one| one.kind != Kind::Declared);
    let faults: Vec<_> = faults.map(ToString::to_string).collect();
    let given_up = given_up.join("\n");
    ensure!(faults.is_empty(), "{}\n{given_up}\n{}", faults.join("\n"), bridge.log_end());
    ensure!(given_up.is_empty(), "given up without need:\n{given_up}");
    Ok(())
}

/// One line for each way to die. A message belongs to the round in which it was written.
struct Table<'r> {
    seed: u64,
    plan: &'r [Death],
    findings: &'r [Finding],
    recoveries: &'r [Duration],
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ways: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (round, death) in self.plan.iter().enumerate() {
            ways.entry(death.name()).or_default().push(round);
        }
        writeln!(
            f,
            "{:22} {:>6} {:>5} {:>8} {:>9} {:>13} {:>6} {:>17}",
            "killed",
            "rounds",
            "lost",
            "doubled",
            "declared",
            "out of order",
            "wrong",
            "slowest recovery"
        )?;
        for (way, rounds) in ways {
            let count = |kind| {
                let of_these = |one: &&Finding| {
                    one.kind == kind && one.round.is_some_and(|round| rounds.contains(&round))
                };
                self.findings.iter().filter(of_these).count()
            };
            let recoveries = rounds.iter().filter_map(|round| self.recoveries.get(*round));
            let slowest = recoveries.max().copied().unwrap_or_default().as_secs_f32();
            writeln!(
                f,
                "{way:22} {:>6} {:>5} {:>8} {:>9} {:>13} {:>6} {slowest:>15.1} s",
                rounds.len(),
                count(Kind::Lost),
                count(Kind::Doubled),
                count(Kind::Declared),
                count(Kind::OutOfOrder),
                count(Kind::Wrong),
            )?;
        }
        write!(f, "VIADUKT_SEED={} repeats this plan", self.seed)
    }
}

impl Death {
    fn name(self) -> &'static str {
        match self {
            Self::After(_) => "at random moments",
            Self::At(point, _) => point,
        }
    }
}

#[allow(clippy::print_stdout, reason = "make endurance shows it to a person")]
fn report(table: &Table<'_>) {
    println!("{table}");
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_viadukt"))
}

fn from_env<T: std::str::FromStr<Err = std::num::ParseIntError>>(
    name: &str,
    default: T,
) -> Result<T> {
    Ok(std::env::var(name).ok().map_or(Ok(default), |value| value.parse())?)
}
