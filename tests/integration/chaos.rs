//! The short form of `make chaos`: a few faults for each channel, while people talk on all of
//! them at once.

use anyhow::{Result, ensure};
use viadukt_chaos::{Fault, Plan, Report, run};

use crate::scene::program;

const SEED: u64 = 3;

const FAULTS: [Fault; 11] = [
    Fault::KillAt("accept.committed"),
    Fault::KillAt("deliver.answered"),
    Fault::Kill,
    Fault::StoreTruncated,
    Fault::HomeserverAnswersLost,
    Fault::ImapDropped,
    Fault::SmtpHangsAfterDot,
    Fault::GatewayAnswersLost,
    Fault::ReceiptsDoubled,
    Fault::BrokerKilled,
    Fault::ApplicationFails,
];

#[tokio::test]
async fn whatever_breaks_nothing_is_lost_and_nothing_doubled_untold() -> Result<()> {
    let (faults, rounds) = (FAULTS.to_vec(), FAULTS.len());
    let plan = Plan { program: program().to_owned(), seed: SEED, rounds, faults, log: None };
    let outcome = run(&plan, |line| eprintln!("{line}")).await?;
    let broken = Report::broken(&outcome);
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}
