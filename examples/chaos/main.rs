//! Breaks everything that viadukt stands on while people talk through it, and judges what
//! arrived. `make chaos` builds what is needed and runs this; it needs root.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use viadukt::failpoint::POINTS;
use viadukt_chaos::{Fault, Plan, Report, run, soak};

/// So many rounds when nobody asks for another number: more than a thousand of them kill.
const ROUNDS: usize = 1_400;

#[derive(Parser)]
struct Arguments {
    /// Repeats the schedule of a run
    #[arg(long, env = "SEED", default_value_t = 1)]
    seed: u64,
    /// How many rounds, one fault each
    #[arg(long, env = "ROUNDS", default_value_t = ROUNDS)]
    rounds: usize,
    /// What may break, apart by commas: "points", "point:NAME", "kill" …; everything by default
    #[arg(long, env = "FAULTS", value_delimiter = ',')]
    faults: Vec<String>,
    /// The program under test; by default the one that was built beside this
    #[arg(long, env = "PROGRAM")]
    program: Option<PathBuf>,
    /// Soaks for so many minutes instead, at seven tenths of the limit
    #[arg(long, env = "SOAK")]
    soak: Option<u64>,
    /// Also writes the page docs/reliability.md
    #[arg(long, env = "PAGE")]
    page: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    // Whatever ends first: the servers stop, and the small disk goes, when the run is dropped.
    tokio::select! {
        ended = perform(Arguments::parse()) => ended,
        _ = tokio::signal::ctrl_c() => bail!("broken off"),
        _ = terminate.recv() => bail!("broken off"),
    }
}

async fn perform(arguments: Arguments) -> Result<()> {
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(3).context("this program lies in no target folder")?;
    let beside = here.ancestors().nth(2).map(|folder| folder.join("viadukt"));
    let program = arguments.program.clone().or(beside).context("no program")?;
    anyhow::ensure!(program.exists(), "{} does not exist; use `make chaos`", program.display());
    let folder = target.join("chaos");
    std::fs::create_dir_all(&folder)?;
    let plan = Plan {
        program,
        seed: arguments.seed,
        rounds: arguments.rounds,
        faults: faults(&arguments.faults)?,
        log: Some(folder.join("viadukt.log")),
    };
    if let Some(minutes) = arguments.soak {
        return soaked(&plan, minutes, &folder.join("soak.json")).await;
    }
    let outcome = run(&plan, |line| println!("{line}")).await?;
    let report = Report::of(&plan, &outcome, arguments.command());
    write(&folder.join("results.json"), &report.to_json()?)?;
    println!("\n{}", report.to_page());
    if let Some(page) = &arguments.page {
        write(page, &report.to_page())?;
    }
    let broken = Report::broken(&outcome);
    if !broken.is_empty() {
        bail!("{} broke a promise:\n{}", arguments.command(), broken.join("\n"));
    }
    Ok(())
}

async fn soaked(plan: &Plan, minutes: u64, results: &Path) -> Result<()> {
    let span = Duration::from_secs(minutes * 60);
    let soak = soak(plan, span, |line| println!("{line}")).await?;
    let json = serde_json::to_string_pretty(&soak)? + "\n";
    write(results, &json)?;
    println!("{json}");
    let quiet = soak.findings.is_empty() && soak.dead_letters.is_empty();
    anyhow::ensure!(quiet, "the soak broke a promise; see above");
    Ok(())
}

impl Arguments {
    /// The command that repeats this run.
    fn command(&self) -> String {
        let mut command = format!("SEED={} ROUNDS={}", self.seed, self.rounds);
        if !self.faults.is_empty() {
            command += &*format!(" FAULTS={}", self.faults.join(","));
        }
        command + " make chaos"
    }
}

fn faults(names: &[String]) -> Result<Vec<Fault>> {
    if names.is_empty() {
        return Ok(Fault::all(POINTS));
    }
    let named = names.iter().map(|name| Fault::named(name, POINTS).map_err(Error::msg));
    Ok(named.collect::<Result<Vec<_>>>()?.concat())
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())?;
    println!("written to {}", path.display());
    Ok(())
}
