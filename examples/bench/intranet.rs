//! The intranet: calls and MQTT, journalled with every sync while they are brought on to a hub in
//! memory; and calls into an encrypted room, against a raw send loop.

mod caller;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Error, Result, bail, ensure};
use futures_util::future::try_join_all;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use toml::de::DeTable;
use viadukt::config::{ProxyHeader, Public};
use viadukt::http::front::{Bounds, Front};
use viadukt::observe::Metrics;
use viadukt_api::config::{ByteSize, Fields, Findings};
use viadukt_api::fake::FakeWorker;
use viadukt_api::network::Networks;
use viadukt_api::{Env, Inbox, Kind, Section, WorkerName};
use viadukt_intranet::Intranet;
use viadukt_testbed::servers::{Authority, Mosquitto};
use viadukt_testbed::{INTRANET_BRIDGE, INTRANET_ROOM};

use self::caller::{Call, Caller};
use crate::engine::Engine;
use crate::figures::{Figures, Target, median};
use crate::mails::text;
use crate::world::World;

const ROUNDS: usize = 3;
/// Calls of a round; a build without optimisation only shows that it works.
const CALLS: u32 = if cfg!(debug_assertions) { 640 } else { 32_000 };
const CONNECTIONS: u32 = 64;
/// MQTT messages of a round.
const MESSAGES: u32 = if cfg!(debug_assertions) { 640 } else { 16_000 };
/// Topics that they are published under.
const TOPICS: u32 = 8;
/// As many as viadukt itself sends at the same time.
const IN_FLIGHT: u32 = 32;
const EVENTS: u32 = 400;
const TOKEN: &str = "geheim-geheim-geheim-geheim";

/// What is taken on the disk, between a front door or a broker and a hub in memory.
///
/// # Errors
/// Something did not start, or failed.
pub async fn measure(folder: &Path, figures: &mut Figures) -> Result<()> {
    let (mut rates, mut slowest, mut messages) = (vec![], vec![], vec![]);
    let authority = Authority::new()?;
    let broker = Mosquitto::start_unsaved(&authority).await?;
    for _ in 0..ROUNDS {
        let (rate, slow) = called(folder).await?;
        rates.push(rate);
        slowest.push(slow * 1e3);
        messages.push(published(folder, &broker).await?);
    }
    let name = "webhooks accepted, 64 connections";
    figures.add(name, (median(rates), "calls/s"), None, Target::AtLeast(5_000.0));
    let name = "the same, the slowest of a hundred";
    figures.add(name, (median(slowest), "ms"), None, Target::AtMost(50.0));
    let name = "MQTT in, QoS 1";
    figures.add(name, (median(messages), "messages/s"), None, Target::AtLeast(3_000.0));
    Ok(())
}

/// Calls a second that were answered, and how many seconds 99 of 100 took at most.
async fn called(folder: &Path) -> Result<(f64, f64)> {
    let token = folder.join("hook.token");
    std::fs::write(&token, TOKEN)?;
    let section = section(&format!("[systems.app]\n{}", system(&token)))?;
    let build = async |context| Ok(section.build(context).await?);
    let engine = Engine::start(folder, &name()?, FakeWorker::counting(), build).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(front(&engine, port)?.serve(listener, stop.clone()));

    let begin = Instant::now();
    let callers = (0..CONNECTIONS).map(|number| async move {
        let mut caller = Caller::connect(port, &format!("/hooks/{}/app", name()?)).await?;
        let mut took = Vec::new();
        for call in 0..CALLS / CONNECTIONS {
            let begin = Instant::now();
            caller.call(&call_of(number, call, "bench")).await?;
            took.push(begin.elapsed().as_secs_f64());
        }
        anyhow::Ok(took)
    });
    let mut took = try_join_all(callers).await?.concat();
    let rate = f64::from(CALLS) / begin.elapsed().as_secs_f64();
    stop.cancel();
    serving.await??;
    engine.end().await?;
    took.sort_by(f64::total_cmp);
    let slow = took.get(took.len() * 99 / 100).copied().context("nobody called")?;
    Ok((rate, slow))
}

/// Messages a second from the first published to the last one shown.
async fn published(folder: &Path, broker: &Mosquitto) -> Result<f64> {
    let password = folder.join("mqtt.password");
    std::fs::write(&password, Mosquitto::PASSWORD)?;
    let section = section(&format!(
        "[systems.house]
        speaks = 'mqtt'
        url = 'mqtt://127.0.0.1:{}'
        user = {:?}
        password_file = {password:?}
        subscribe = ['bench/#']",
        broker.port,
        Mosquitto::USER,
    ))?;
    let build = async |context| Ok(section.build(context).await?);
    let mut engine = Engine::start(folder, &name()?, FakeWorker::counting(), build).await?;
    // It counts from when the bridge listens.
    broker.publish("bench/first", &["first"]).await?;
    engine.shown(1).await?;
    let text = text();
    let begin = Instant::now();
    let publishers = (0..TOPICS).map(|topic| {
        let texts: Vec<_> = (0..MESSAGES / TOPICS).map(|n| format!("{topic}.{n} {text}")).collect();
        async move {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            broker.publish(&format!("bench/{topic}"), &texts).await
        }
    });
    try_join_all(publishers).await?;
    engine.shown(u64::from(MESSAGES) + 1).await?;
    let rate = f64::from(MESSAGES) / begin.elapsed().as_secs_f64();
    engine.end().await?;
    Ok(rate)
}

/// Calls into an encrypted room. The bridge starts again with the intranet.
///
/// # Errors
/// The servers failed.
pub async fn into_room(world: &mut World, figures: &mut Figures) -> Result<()> {
    let port = add_to(world).await?;
    let path = format!("/hooks/{INTRANET_BRIDGE}/app");
    world.clerk().await?.join(INTRANET_ROOM).await?;
    world.close_clerk();
    let (mut raw, mut rates) = (vec![], vec![]);
    for round in 0..ROUNDS {
        raw.push(world.raw.rate(EVENTS, usize::try_from(IN_FLIGHT)?).await?);
        let mut log = world.log();
        let callers = (0..IN_FLIGHT).map(|number| {
            let path = &path;
            async move {
                let mut caller = Caller::connect(port, path).await?;
                for call in 0..EVENTS.div_ceil(IN_FLIGHT) {
                    caller.call(&call_of(number, call, &format!("round{round}"))).await?;
                }
                anyhow::Ok(())
            }
        });
        try_join_all(callers).await?;
        let sent = log.events(EVENTS).await?;
        let (Some(first), Some(last)) = (sent.first(), sent.last()) else { continue };
        rates.push(f64::from(EVENTS - 1) / last.since(*first));
    }
    let name = "webhook to encrypted room (baseline: raw send loop)";
    let rate = (median(rates), "events/s");
    figures.add(name, rate, Some(median(raw)), Target::PartOfBaseline(0.9));
    Ok(())
}

/// Starts the bridge again with the intranet; gives the port of its front door.
async fn add_to(world: &mut World) -> Result<u16> {
    let hooks = world.bridge.open_hooks()?;
    let port = hooks.trim_start_matches("http://127.0.0.1:").split('/').next();
    let port = port.context("no port")?.parse()?;
    let public = world.bridge.config.get_mut("public").and_then(toml::Value::as_table_mut);
    let public = public.context("no [public]")?;
    for bound in ["rate", "burst"] {
        public.insert(bound.to_owned(), 1_000_000.into());
    }
    let token = world.testbed.secret("hook.token", TOKEN)?;
    let options =
        format!("notices = {{ flood = '1000000/1s' }}\n[systems.app]\n{}", system(&token));
    world.testbed.add_intranet(&mut world.bridge, &options)?;
    ensure!(world.bridge.terminate().await?.success(), "it did not end well");
    world.bridge.start()?;
    world.bridge.ready().await?;
    Ok(port)
}

/// The table of an application with several conversations.
fn system(token: &Path) -> String {
    format!("speaks = 'standard-webhooks'\nstream = 'data.thread'\ntoken_files = [{token:?}]")
}

/// The call number `call` of the application's conversation `thread`.
fn call_of(thread: u32, call: u32, run: &str) -> Call {
    let data = serde_json::json!({ "thread": format!("{run}-{thread}"), "text": text() });
    Call {
        headers: format!("Authorization: Bearer {TOKEN}\r\nwebhook-id: {run}-{thread}-{call}\r\n"),
        body: serde_json::json!({ "data": data }).to_string(),
    }
}

/// The front door before the bridge of `engine`.
fn front(engine: &Engine, port: u16) -> Result<Front> {
    let public = Public {
        listen: ([127, 0, 0, 1], port).into(),
        base_url: format!("http://127.0.0.1:{port}"),
        trusted_proxies: Networks::default(),
        proxy_header: ProxyHeader::default(),
        max_body: ByteSize(1_000_000),
        rate: 1_000_000,
        burst: 1_000_000,
    };
    let metrics = Arc::new(Metrics::new(&*Env::system().clock)?);
    let mut front = Front::new(public, Bounds::default(), metrics);
    let sources = Networks::of(&["127.0.0.0/8"]).map_err(Error::msg)?;
    let inbox = Inbox::new(name()?, engine.journal.clone());
    front.add(name()?, Arc::clone(&engine.far), inbox, sources);
    Ok(front)
}

fn name() -> Result<WorkerName> {
    INTRANET_BRIDGE.parse().map_err(Error::msg)
}

fn section(toml: &str) -> Result<Box<dyn Section>> {
    let findings = Findings::default();
    let table = DeTable::parse(toml)?;
    let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
    let section = Intranet.parse(&name()?, &fields);
    fields.finish();
    match section {
        Some(section) => Ok(section),
        None => bail!("the bridge's options: {:?}", findings.into_sorted()),
    }
}
