//! A soak: hours or minutes at seven tenths of what viadukt can take, with faults that do not end
//! the process, while its memory and its file descriptors are looked at.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use viadukt_testbed::talk::{Finding, IntranetTalk, Kind, MailTalk, SmsTalk, Talk, judge};

use crate::inject::happen;
use crate::run::Plan;
use crate::world::World;

/// The part of what it can take at which it runs.
const PART: f64 = 0.7;
/// How long people talk as fast as they can, to find out what it can take.
const CALIBRATION: Duration = Duration::from_secs(20);
/// The pause between two looks at the process.
const LOOK: Duration = Duration::from_secs(5);
/// The longest pause between two faults.
const CALM: Duration = Duration::from_secs(30);
/// The first part of the time, in which caches fill, is left out of the slope.
const WARMING: f64 = 0.2;

/// What a soak has shown.
#[derive(Serialize)]
pub struct Soak {
    /// Seconds that it lasted.
    pub seconds: u64,
    /// Messages a second that it can take, in all directions together.
    pub limit: f64,
    /// Messages a second that people wrote.
    pub rate: f64,
    /// How resident memory grew: least squares, in kilobytes a minute.
    pub slope: f64,
    /// Resident memory at the last look, in kilobytes.
    pub resident: f64,
    /// File descriptors: the fewest and the most, after the warming.
    pub descriptors: (usize, usize),
    /// What was lost, doubled or out of order.
    pub findings: Vec<String>,
    /// What was given up.
    pub dead_letters: Vec<String>,
}

/// One look at the process.
struct Look {
    /// Seconds since the beginning.
    at: f64,
    kilobytes: f64,
    descriptors: usize,
}

/// Soaks for `span` with those faults of `plan` that do not end the process.
///
/// # Errors
/// viadukt ended, or a server failed.
pub async fn soak(plan: &Plan, span: Duration, tell: impl Fn(&str)) -> Result<Soak> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let faults: Vec<_> = plan.faults.iter().filter(|fault| fault.spares_process()).collect();
    let (mut world, people) = World::start(&plan.program).await?;
    let [mail, sms, intranet] = people.rooms.clone();
    let (testbed, clerk, seed) = (&world.testbed, &people.clerk, plan.seed);
    let mut mail = MailTalk::begin(testbed, clerk, mail, seed).await?;
    let mut sms = SmsTalk::begin(testbed, clerk, &people.centre, sms, seed).await?;
    let mut intranet =
        IntranetTalk::begin(testbed, clerk, people.far_ends(), intranet, seed).await?;

    let (begun, stop) = (Instant::now(), Cell::new(false));
    tokio::try_join!(
        speak(&mut mail, Duration::ZERO, &stop),
        speak(&mut sms, Duration::ZERO, &stop),
        speak(&mut intranet, Duration::ZERO, &stop),
        after(CALIBRATION, &stop),
    )?;
    tokio::try_join!(judge(&mut mail), judge(&mut sms), judge(&mut intranet))?;
    let said = mail.said() + sms.said() + intranet.said();
    let limit = number(said) / begun.elapsed().as_secs_f64();
    let rate = limit * PART;
    tell(&format!("the limit is {limit:.1} messages/s; soaking at {rate:.1}"));

    let breath = Duration::from_secs_f64(2.0 * 3.0 / rate);
    let (begun, stop) = (Instant::now(), Cell::new(false));
    let pid = world.bridge.pid().context("viadukt does not run")?;
    let mut looks = Vec::new();
    let looking = async {
        while !stop.get() {
            looks.push(Look::at(pid, begun.elapsed())?);
            sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    let breaking = async {
        let mut turn = faults.iter().cycle();
        while begun.elapsed() < span {
            sleep(CALM.mul_f64(random.random_range(0.2..1.0))).await;
            let Some(fault) = turn.next() else { continue };
            happen(**fault, &mut world, &people, &mut random).await?;
            tell(&format!("{:>6.0} s  {}", begun.elapsed().as_secs_f64(), fault.name()));
        }
        stop.set(true);
        anyhow::Ok(())
    };
    tokio::try_join!(
        speak(&mut mail, breath, &stop),
        speak(&mut sms, breath, &stop),
        speak(&mut intranet, breath, &stop),
        looking,
        breaking,
    )?;
    let judged = tokio::try_join!(judge(&mut mail), judge(&mut sms), judge(&mut intranet))?;
    let findings = [judged.0, judged.1, judged.2].concat();
    let warm = begun.elapsed().as_secs_f64() * WARMING;
    looks.retain(|look| look.at > warm);
    let descriptors = looks.iter().map(|look| look.descriptors);
    Ok(Soak {
        seconds: begun.elapsed().as_secs(),
        limit,
        rate,
        slope: slope(&looks) * 60.0,
        resident: looks.last().map_or(f64::NAN, |look| look.kilobytes),
        descriptors: (descriptors.clone().min().unwrap_or(0), descriptors.max().unwrap_or(0)),
        findings: findings.iter().filter(bad).map(ToString::to_string).collect(),
        dead_letters: world.bridge.dead_letters().await?,
    })
}

fn bad(finding: &&Finding) -> bool {
    finding.kind != Kind::Declared
}

/// Talks with the pause `breath` until `stop` is set.
async fn speak(talk: &mut impl Talk, breath: Duration, stop: &Cell<bool>) -> Result<()> {
    while !stop.get() {
        let next = Instant::now() + breath;
        talk.speak(0).await?;
        tokio::time::sleep_until(next).await;
    }
    Ok(())
}

async fn after(span: Duration, stop: &Cell<bool>) -> Result<()> {
    sleep(span).await;
    stop.set(true);
    Ok(())
}

impl Look {
    fn at(pid: u32, since: Duration) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|rest| rest.split_whitespace().next());
        let kilobytes = resident.context("no resident memory")?.parse()?;
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        Ok(Self { at: since.as_secs_f64(), kilobytes, descriptors })
    }
}

/// The slope of the line that fits best, in kilobytes a second.
fn slope(looks: &[Look]) -> f64 {
    let count = number(looks.len());
    let mean = |of: fn(&Look) -> f64| looks.iter().map(of).sum::<f64>() / count;
    let (at, kilobytes) = (mean(|look| look.at), mean(|look| look.kilobytes));
    let both = looks.iter().map(|look| (look.at - at) * (look.kilobytes - kilobytes));
    let square = looks.iter().map(|look| (look.at - at).powi(2));
    both.sum::<f64>() / square.sum::<f64>()
}

#[allow(clippy::cast_precision_loss, reason = "some thousands")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_own_slope() {
        let look = |at: f64| Look { at, kilobytes: 100.0 + 2.5 * at, descriptors: 0 };
        let looks: Vec<_> = [0.0, 1.0, 2.0, 5.0].map(look).into();
        assert!((slope(&looks) - 2.5).abs() < 1e-9);
    }
}
