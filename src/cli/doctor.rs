//! `viadukt doctor`: tries everything that the configuration names and says what is wrong.
//!
//! When viadukt runs, its own workers do the trying: the hub's encryption state has one owner.

use std::io::{self, Read, Write};
use std::sync::Arc;

use viadukt_api::inbox::Durable;
use viadukt_api::{
    AcceptError, BlobRef, BuildError, Context, Env, Intake, ItemId, Keep, Probe, SourceKey, Spool,
    SpoolWriter, Words, Worker, WorkerName, async_trait,
};

use super::client::{Ask, Running};
use super::operate::failure;
use super::table::Table;
use super::{Exit, Failure};
use crate::config::Config;
use crate::http::views::ProbeView;

pub(super) async fn doctor(
    config: &Config,
    env: &Env,
    words: Words,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let words = Arc::new(words);
    let asked = match Running::of(config) {
        Ok(running) => running.probe().await,
        Err(ask) => Err(ask),
    };
    let (probed, how) = match asked {
        Ok(probed) => (probed, "cli-doctor-running"),
        Err(Ask::NotRunning(_)) => (try_all(config, env, &words).await, "cli-doctor-alone"),
        Err(ask) => return Err(failure(config, &words, &ask)),
    };
    writeln!(out, "{}\n", words.say(how, &[]))?;
    let mut table = Table::new(
        ["cli-column-worker", "cli-column-step", "cli-column-state", "cli-column-finding"]
            .map(|key| words.say(key, &[])),
    );
    let mut exit = Exit::Ok;
    for ProbeView { worker, steps } in probed {
        for (what, result) in steps {
            let (state, finding) = match result {
                Ok(detail) => ("cli-state-good", detail),
                Err(wrong) => {
                    exit = Exit::Unavailable;
                    ("cli-state-bad", wrong)
                }
            };
            table.row([worker.to_string(), what, words.say(state, &[]), finding]);
        }
    }
    write!(out, "{table}")?;
    Ok(exit)
}

async fn try_all(config: &Config, env: &Env, words: &Arc<Words>) -> Vec<ProbeView> {
    let context = |name: &WorkerName| Context {
        name: name.clone(),
        env: env.clone(),
        spool: Arc::new(Nothing),
        keep: Keep::new(name.clone(), Arc::new(Nothing)),
        words: words.clone(),
        hooks_url: config.hooks_url(name),
    };
    let hub = WorkerName::hub();
    let built = config.hub.build(context(&hub), &config.hub_dir()).await;
    let built = built.map(|hub| hub as Arc<dyn Worker>);
    let mut probed = vec![try_one(hub, built).await];
    for bridge in &config.bridges {
        let built = bridge.section.build(context(&bridge.name)).await;
        probed.push(try_one(bridge.name.clone(), built).await);
    }
    probed
}

async fn try_one(name: WorkerName, built: Result<Arc<dyn Worker>, BuildError>) -> ProbeView {
    let probes = match built {
        Ok(worker) => worker.probe().await,
        Err(BuildError { what, remedy, .. }) => {
            vec![Probe { what: "build".to_owned(), result: Err(format!("{what}; {remedy}")) }]
        }
    };
    ProbeView::new(name, probes)
}

/// A memory and a spool that hold nothing: a probe delivers nothing and takes nothing in.
struct Nothing;

#[async_trait]
impl Durable for Nothing {
    async fn accept(&self, _: &WorkerName, _: Intake) -> Result<Vec<Option<ItemId>>, AcceptError> {
        Err(AcceptError::Store("a probe takes nothing in".to_owned()))
    }

    fn seen(&self, _: &WorkerName, _: &SourceKey) -> Result<bool, AcceptError> {
        Ok(false)
    }

    fn kept(&self, _: &WorkerName, _: &str) -> Result<Option<Vec<u8>>, AcceptError> {
        Ok(None)
    }

    fn kept_under(&self, _: &WorkerName, _: &str) -> Result<Vec<(String, Vec<u8>)>, AcceptError> {
        Ok(Vec::new())
    }
}

impl Spool for Nothing {
    fn create(&self) -> io::Result<Box<dyn SpoolWriter>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn open(&self, _: &BlobRef) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }
}
