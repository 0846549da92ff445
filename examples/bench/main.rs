//! Measures speed and size and compares them with what the same machine can do at best:
//! a raw send loop against the same homeserver, a raw sync of the same disk, a raw client of the
//! same SMS centre.
//!
//! `make bench` builds what is needed and runs this. The figures are printed as a table and
//! written to `target/bench/results.json`. With names of measurements as arguments only those
//! are made: `cargo run --release --example bench -- pipeline`.
#![allow(clippy::print_stdout, reason = "it talks to a person")]

mod engine;
mod figures;
mod intranet;
mod inward;
mod latency;
mod mails;
mod memory;
mod outward;
mod pipeline;
mod process;
mod raw;
mod sms;
mod start;
mod world;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::figures::Figures;
use crate::world::World;

#[derive(Parser)]
struct Arguments {
    /// What to measure; everything by default
    only: Vec<Measurement>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// The pipeline between two sides in memory, on a store on this disk
    Pipeline,
    /// SMS to and from an SMS centre, against a bare client and Kannel
    Sms,
    /// Webhooks and MQTT taken, journalled on this disk, with a hub in memory
    Intranet,
    /// Resident memory of an idle process
    Idle,
    /// Requests to the homeserver for an answer
    Outward,
    /// Mail to encrypted room: throughput, processor time, requests
    Inward,
    /// Webhook to encrypted room
    Hooks,
    /// From the mail server's notice to the event
    Latency,
    /// Start with a hundred thousand mappings
    Start,
    /// Resident memory with ten thousand deliveries waiting
    Waiting,
    /// Resident memory with ten thousand open SMS conversations
    SmsMemory,
}

/// What is measured without the world that all others are measured in.
const ALONE: [Measurement; 4] =
    [Measurement::Pipeline, Measurement::Sms, Measurement::Intranet, Measurement::SmsMemory];

#[tokio::main]
async fn main() -> Result<()> {
    let chosen = Arguments::parse().only;
    let chosen = |measurement| chosen.is_empty() || chosen.contains(&measurement);
    let folder = target()?.join("bench");
    std::fs::create_dir_all(&folder)?;
    let mut figures = Figures::default();

    println!("load before: {}", process::load()?);
    if chosen(Measurement::Pipeline) {
        pipeline::measure(&folder, &mut figures).await?;
    }
    if chosen(Measurement::Sms) {
        sms::measure(&folder, &mut figures).await?;
    }
    if chosen(Measurement::Intranet) {
        intranet::measure(&folder, &mut figures).await?;
    }
    let others = Measurement::value_variants().iter().filter(|m| !ALONE.contains(m));
    if others.copied().any(chosen) {
        let mut world = World::start().await?;
        let measured = with_servers(&mut world, chosen, &mut figures).await;
        measured.with_context(|| format!("viadukt's log ends:\n{}", world.bridge.log_end()))?;
    }
    if chosen(Measurement::SmsMemory) {
        sms::memory::measure(&world::program()?, &mut figures).await?;
    }

    println!("\n{figures}\nload after: {}", process::load()?);
    let results = folder.join("results.json");
    std::fs::write(&results, figures.to_json()?)?;
    println!("written to {}", results.display());
    Ok(())
}

async fn with_servers(
    world: &mut World,
    chosen: impl Fn(Measurement) -> bool,
    figures: &mut Figures,
) -> Result<()> {
    if chosen(Measurement::Idle) {
        memory::idle(world, figures).await?;
    }
    if chosen(Measurement::Outward) {
        outward::measure(world, figures).await?;
    }
    if chosen(Measurement::Inward) {
        inward::measure(world, figures).await?;
    }
    if chosen(Measurement::Latency) {
        latency::measure(world, figures).await?;
    }
    if chosen(Measurement::Hooks) {
        intranet::into_room(world, figures).await?;
    }
    if chosen(Measurement::Start) {
        start::measure(world, figures).await?;
    }
    if chosen(Measurement::Waiting) {
        memory::waiting(world, figures).await?;
    }
    Ok(())
}

/// The build's target folder, in which this program lies.
fn target() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    here.ancestors().nth(3).map(PathBuf::from).context("this program lies in no target folder")
}
