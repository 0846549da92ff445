//! The rounds: people talk all the time, one thing after another breaks and is mended, and in the
//! end every message is accounted for.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;
use viadukt_testbed::talk::{Finding, IntranetTalk, MailTalk, SmsTalk, Talk, judge};
use viadukt_testbed::{INTRANET_BRIDGE, SMS_BRIDGE};

use crate::fault::Fault;
use crate::inject::{happen, witnesses};
use crate::log::Log;
use crate::world::{People, World};

/// The pause of a speaker between two messages in each direction.
pub const BREATH: Duration = Duration::from_millis(400);
/// So many rounds, then everybody falls silent until the queues have drained.
const PER_BATCH: usize = 50;
/// One round in so many is for each fault that is no death at a point.
const RARE: usize = 100;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program under test.
    pub program: PathBuf,
    /// Where everything random comes from.
    pub seed: u64,
    /// How many rounds, one fault each.
    pub rounds: usize,
    /// What may break.
    pub faults: Vec<Fault>,
    /// Where the program's log goes in the end.
    pub log: Option<PathBuf>,
}

/// What a round has shown besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// The named point was not passed.
    Unreached,
    /// A damaged store or disk was refused with a clear message.
    Refused,
    /// The damage did no harm: what was damaged is not needed.
    Harmless,
    /// A promise was broken, in these words.
    Broken(String),
}

/// One round.
pub struct Round {
    /// What broke.
    pub fault: Fault,
    /// What was seen besides.
    pub seen: Seen,
    /// From the fault's end to the first delivery: by whomever it concerns.
    pub recovery: Duration,
    /// The part of it in which the homeserver was asked for something.
    pub asked: Duration,
    /// From the fault's end to the first delivery by each channel's own worker, where there was
    /// one before the next round.
    pub channels: BTreeMap<&'static str, Duration>,
}

/// The channels: what they are called, and their workers.
pub const CHANNELS: [(&str, &str); 3] =
    [("mail", "buergerpost"), ("sms", SMS_BRIDGE), ("intranet", INTRANET_BRIDGE)];

/// Everything that was seen.
pub struct Outcome {
    /// The rounds.
    pub rounds: Vec<Round>,
    /// What is not as it would be in a world in which nothing breaks, by channel.
    pub findings: BTreeMap<&'static str, Vec<Finding>>,
    /// How much was said, by channel.
    pub said: BTreeMap<&'static str, usize>,
    /// What was given up and waits for a person.
    pub dead_letters: Vec<String>,
    /// When it began.
    pub begun: Timestamp,
    /// How long it took until the last queue was drained.
    pub lasted: Duration,
}

/// Carries out `plan`; tells of each round through `tell`.
///
/// # Errors
/// viadukt did not come back, or broke a promise that is looked at in the round itself; the error
/// says in which one.
pub async fn run(plan: &Plan, mut tell: impl FnMut(&str)) -> Result<Outcome> {
    let begun = Timestamp::now();
    let mut random = StdRng::seed_from_u64(plan.seed);
    let schedule = schedule(plan, &mut random);
    let (mut world, people) = World::start(&plan.program).await?;
    let [mail, sms, intranet] = people.rooms.clone();
    let (testbed, clerk, seed) = (&world.testbed, &people.clerk, plan.seed);
    let mut mail = MailTalk::begin(testbed, clerk, mail, seed).await?;
    let mut sms = SmsTalk::begin(testbed, clerk, &people.centre, sms, seed).await?;
    let mut intranet =
        IntranetTalk::begin(testbed, clerk, people.far_ends(), intranet, seed).await?;
    let unreported = |(_, fault): &(usize, &Fault)| **fault == Fault::ReceiptsLost;
    sms.unreported =
        schedule.iter().enumerate().filter(unreported).map(|(round, _)| round).collect();

    let mut log = Log::of(world.bridge.log_file());
    let mut rounds = Vec::new();
    let now = Cell::new(0);
    for batch in schedule.chunks(PER_BATCH) {
        let stop = Cell::new(false);
        let breaking = async {
            let broken = async {
                for fault in batch {
                    let number = rounds.len();
                    now.set(number);
                    let round = round(*fault, &mut world, &people, &mut log, &mut random).await;
                    let round = round.with_context(|| {
                        let log = world.bridge.log_end();
                        format!("round {number}, {}; the log ends:\n{log}", fault.name())
                    })?;
                    tell(&format!("{number:>5}  {}", round.line()));
                    rounds.push(round);
                }
                anyhow::Ok(())
            };
            let broken = broken.await;
            stop.set(true);
            broken
        };
        tokio::try_join!(
            breaking,
            speak(&mut mail, &now, &stop),
            speak(&mut sms, &now, &stop),
            speak(&mut intranet, &now, &stop),
        )?;
        let judged = tokio::try_join!(judge(&mut mail), judge(&mut sms), judge(&mut intranet))?;
        let findings = judged.0.len() + judged.1.len() + judged.2.len();
        tell(&format!("{:>5}  drained; {findings} findings so far", rounds.len()));
    }
    let (of_mail, of_sms, of_intranet) =
        tokio::try_join!(mail.findings(), sms.findings(), intranet.findings())?;
    let dead_letters = world.bridge.dead_letters().await?;
    if let Some(log) = &plan.log {
        std::fs::copy(world.bridge.log_file(), log)?;
    }
    let [mail_, sms_, intranet_] = CHANNELS.map(|(name, _)| name);
    Ok(Outcome {
        rounds,
        findings: [(mail_, of_mail), (sms_, of_sms), (intranet_, of_intranet)].into(),
        said: [(mail_, mail.said()), (sms_, sms.said()), (intranet_, intranet.said())].into(),
        dead_letters,
        begun,
        lasted: Timestamp::now().duration_since(begun).unsigned_abs(),
    })
}

/// Every fault that is no death at a point has its share, the deaths have the rest, in turn; all
/// of them in any order.
fn schedule(plan: &Plan, random: &mut StdRng) -> Vec<Fault> {
    let (deaths, others): (Vec<_>, Vec<_>) = plan.faults.iter().partition(|fault| fault.kills());
    let share = if deaths.is_empty() { plan.rounds } else { plan.rounds.div_ceil(RARE) };
    let rare = (share * others.len()).min(plan.rounds);
    let mut schedule: Vec<Fault> = others.into_iter().cycle().take(rare).copied().collect();
    schedule.extend(deaths.into_iter().cycle().take(plan.rounds - rare));
    schedule.shuffle(random);
    schedule
}

/// Talks until `stop` is set.
async fn speak(talk: &mut impl Talk, round: &Cell<usize>, stop: &Cell<bool>) -> Result<()> {
    while !stop.get() {
        talk.speak(round.get()).await?;
        sleep(BREATH).await;
    }
    Ok(())
}

async fn round(
    fault: Fault,
    world: &mut World,
    people: &People,
    log: &mut Log,
    random: &mut StdRng,
) -> Result<Round> {
    let ended = happen(fault, world, people, random).await?;
    log.forget_before(ended.at);
    let first = log.first(ended.at, witnesses(fault)).await?;
    let recovery = first.at.duration_since(ended.at).unsigned_abs();
    let asked = world.homeserver.asked().saturating_sub(ended.asked).min(recovery);
    // It lives on for a while, so that every round gets something done, and is broken busy.
    sleep(Duration::from_millis(random.random_range(0..500))).await;
    log.read_on()?;
    let channel = |(name, worker)| Some((name, log.recovery(ended.at, worker)?));
    let channels = CHANNELS.into_iter().filter_map(channel).collect();
    Ok(Round { fault, seen: ended.seen, recovery, asked, channels })
}

impl Round {
    fn line(&self) -> String {
        let seen = match &self.seen {
            Seen::Nothing => "",
            Seen::Unreached => "  the point was not passed",
            Seen::Refused => "  refused with a clear message",
            Seen::Harmless => "  did no harm",
            Seen::Broken(how) => how,
        };
        let (all, asked) = (self.recovery.as_secs_f64(), self.asked.as_secs_f64());
        format!("{:28} {all:>6.2} s, homeserver {asked:.2} s{seen}", self.fault.name())
    }
}
