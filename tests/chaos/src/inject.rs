//! How each fault is done, and undone.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use viadukt_testbed::servers::smsc::{Behaviour, Receipts};
use viadukt_testbed::servers::{Reply, Stage, Trouble};
use viadukt_testbed::{INTRANET_BRIDGE, SMS_BRIDGE};

use crate::damage;
use crate::fault::Fault;
use crate::run::Seen;
use crate::world::{People, World, usual};

/// The library that shows a program another time (package faketime).
const OTHER_TIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// How long a named point may stay unreached.
const UNREACHED: Duration = Duration::from_secs(15);
/// The exit code of a program that cannot go on (sysexits.h).
const UNAVAILABLE: i32 = 69;
/// The name of the mail bridge.
const MAIL_BRIDGE: &str = "buergerpost";

/// How a fault ended.
pub struct Ended {
    /// When it was over: viadukt was started again, or the servers worked again.
    pub at: Timestamp,
    /// How the homeserver had been asked until then.
    pub asked: Duration,
    /// What came of it.
    pub seen: Seen,
}

/// Whose deliveries show that the fault is over; anybody's without one.
pub fn witnesses(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::SmtpHangsInData | Fault::SmtpHangsAfterDot | Fault::SmtpPutsOff => &[MAIL_BRIDGE],
        Fault::GatewayThrottled | Fault::GatewayUnbound | Fault::GatewayAnswersLost => {
            &[SMS_BRIDGE]
        }
        Fault::BrokerKilled | Fault::ApplicationFails => &[INTRANET_BRIDGE],
        Fault::HomeserverAway
        | Fault::HomeserverLimits
        | Fault::HomeserverFails
        | Fault::HomeserverAnswersLost
        | Fault::HomeserverKilled => &["matrix"],
        _ => &[],
    }
}

/// Lets `fault` happen to the running viadukt, and end. viadukt runs afterwards.
///
/// # Errors
/// viadukt did something else than it promises, or a server failed.
pub async fn happen(
    fault: Fault,
    world: &mut World,
    people: &People,
    random: &mut StdRng,
) -> Result<Ended> {
    let span = Duration::from_millis(random.random_range(500..4_000));
    let mut seen = Seen::Nothing;
    match fault {
        Fault::KillAt(point) => seen = die_at(point, world, random).await?,
        Fault::Kill => {
            sleep(span / 8).await;
            world.bridge.kill9().await?;
        }
        Fault::Stop => {
            world.bridge.pause()?;
            sleep(span * 2).await;
            world.bridge.resume()?;
        }
        Fault::DiskFull => fill_disk(world, span).await?,
        Fault::StoreTruncated | Fault::StoreBitFlipped => {
            world.bridge.kill9().await?;
            seen = damage::refused(world, people, fault, random).await?;
        }
        Fault::DiskError => seen = refuse_syncs(world).await?,
        Fault::Clock => change_clock(world, span).await?,
        Fault::HomeserverKilled => {
            world.testbed.synapse.kill().await?;
            world.testbed.synapse.resume().await?;
        }
        Fault::HomeserverAway
        | Fault::HomeserverLimits
        | Fault::HomeserverFails
        | Fault::HomeserverAnswersLost => {
            world.homeserver.trouble(trouble(fault));
            sleep(span).await;
            world.homeserver.trouble(Trouble::None);
        }
        Fault::ImapDropped => {
            for _ in 0..4 {
                sleep(span / 4).await;
                world.imap.cut();
            }
        }
        Fault::SmtpHangsInData | Fault::SmtpHangsAfterDot => hang(fault, world, span).await,
        Fault::SmtpPutsOff => {
            world.testbed.postfix.answer(Stage::Recipient, Some("450 4.3.0 Come back later"));
            sleep(span).await;
            world.testbed.postfix.answer(Stage::Recipient, None);
        }
        Fault::GatewayThrottled
        | Fault::GatewayAnswersLost
        | Fault::ReceiptsLost
        | Fault::ReceiptsDoubled
        | Fault::ReceiptsReordered => {
            people.centre.behave(&behaviour(fault, random)).await?;
            sleep(span).await;
            people.centre.behave(&usual()).await?;
            people.centre.release().await?;
        }
        Fault::GatewayUnbound => {
            people.centre.hang_up().await?;
            sleep(span / 2).await;
            people.centre.pause().await?;
            sleep(span / 2).await;
            people.centre.resume().await?;
        }
        Fault::BrokerKilled => {
            world.broker.kill()?;
            sleep(span / 2).await;
            world.broker.resume().await?;
        }
        Fault::ApplicationFails => {
            people.application.answer(Reply::status(503));
            sleep(span).await;
            people.application.pause().await;
            people.application.answer(Reply::status(200));
            people.application.resume().await?;
        }
    }
    let (at, asked) = (Timestamp::now(), world.homeserver.asked());
    if !world.bridge.runs()? {
        world.bridge.start()?;
    }
    Ok(Ended { at, asked, seen })
}

fn trouble(fault: Fault) -> Trouble {
    match fault {
        Fault::HomeserverLimits => Trouble::Answers(
            429,
            r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":500}"#,
        ),
        Fault::HomeserverFails => {
            Trouble::Answers(500, r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#)
        }
        Fault::HomeserverAnswersLost => Trouble::LostAnswers,
        _ => Trouble::Away,
    }
}

fn behaviour(fault: Fault, random: &mut StdRng) -> Behaviour {
    let some = random.random_range(1..4);
    match fault {
        Fault::GatewayThrottled => Behaviour { refuse: some, ..usual() },
        Fault::GatewayAnswersLost => Behaviour { lose: some, ..usual() },
        Fault::ReceiptsDoubled => Behaviour { receipts: Receipts::Twice, ..usual() },
        Fault::ReceiptsReordered => Behaviour { receipts: Receipts::Late, ..usual() },
        _ => Behaviour { receipts: Receipts::None, ..usual() },
    }
}

/// A new life of the program, which ends by itself at a pass of `point`.
async fn die_at(point: &str, world: &mut World, random: &mut StdRng) -> Result<Seen> {
    let passes = random.random_range(1..=6);
    world.bridge.kill9().await?;
    world.bridge.set_env("VIADUKT_FAILPOINT", Some(&format!("{point}:{passes}")));
    world.bridge.start()?;
    world.bridge.set_env("VIADUKT_FAILPOINT", None);
    let died = timeout(UNREACHED, async {
        while world.bridge.runs()? {
            sleep(Duration::from_millis(2)).await;
        }
        anyhow::Ok(())
    });
    if let Ok(died) = died.await {
        return died.map(|()| Seen::Nothing);
    }
    world.bridge.kill9().await?;
    Ok(Seen::Unreached)
}

async fn fill_disk(world: &World, span: Duration) -> Result<()> {
    world.disk.fill(0)?;
    sleep(span * 2).await;
    // Where it ended, whoever starts it again does so after there is space.
    world.disk.free()
}

/// Every fdatasync fails from now on: viadukt must stop acknowledging and end.
async fn refuse_syncs(world: &mut World) -> Result<Seen> {
    let pid = world.bridge.pid().context("viadukt does not run")?.to_string();
    let said_before = world.bridge.log().len();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-p", &pid, "-e", "trace=fdatasync"]);
    strace.args(["-e", "inject=fdatasync:error=EIO"]).kill_on_drop(true);
    let mut strace = strace.spawn().context("cannot start strace (tests/setup installs it)")?;
    let status = world.bridge.ended().await.context("it went on without a durable disk")?;
    strace.wait().await?;
    let said = world.bridge.log();
    let said = said.get(said_before..).unwrap_or_default();
    let clear = status.code() == Some(UNAVAILABLE) && said.contains("os error 5");
    Ok(match clear {
        true => Seen::Refused,
        false => Seen::Broken(format!("it ended with {status} when the disk failed:\n{said}")),
    })
}

/// A life in which the clock goes a day ahead, then a day behind what is right.
async fn change_clock(world: &mut World, span: Duration) -> Result<()> {
    ensure!(Path::new(OTHER_TIME).exists(), "{OTHER_TIME} is missing; run tests/setup");
    let file = world.testbed.folder().join("time");
    std::fs::write(&file, "+0")?;
    let file_name = file.display().to_string();
    let env = [
        ("LD_PRELOAD", OTHER_TIME),
        ("FAKETIME_TIMESTAMP_FILE", &file_name),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    world.bridge.kill9().await?;
    for (name, value) in env {
        world.bridge.set_env(name, Some(value));
    }
    world.bridge.start()?;
    for (name, _) in env {
        world.bridge.set_env(name, None);
    }
    world.bridge.ready().await?;
    for offset in ["+1d", "-1d", "+0"] {
        std::fs::write(&file, offset)?;
        sleep(span).await;
    }
    world.bridge.kill9().await
}

async fn hang(fault: Fault, world: &World, span: Duration) {
    let postfix = &world.testbed.postfix;
    let after_dot = fault == Fault::SmtpHangsAfterDot;
    postfix.hang(Some(if after_dot { Stage::Data } else { Stage::Begin }));
    sleep(span).await;
    if after_dot {
        world.smtp.cut();
    }
    postfix.hang(None);
}
