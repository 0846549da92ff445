//! What an operator sees: metrics as Prometheus reads them, dashboards and rules.
#![allow(clippy::print_stdout, reason = "with --nocapture a person reads the table")]

mod panels;
mod shape;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use matrix_sdk::reqwest::{Client, header};
use serde_json::Value;
use viadukt_testbed::servers::{Prometheus, Sample, Stage, packages};
use viadukt_testbed::until;

use crate::scene::Scene;
use panels::Panel;

/// What the variables of a dashboard are filled with. A rate over the whole play, so that a slow
/// machine sees the same.
const VARIABLES: [(&str, &str); 4] =
    [("$__rate_interval", "5m"), ("$__range", "5m"), ("$job", ".*"), ("$bridge", ".*")];

#[tokio::test]
async fn every_panel_is_filled_and_every_rule_evaluates_after_a_real_run() -> Result<()> {
    let scene = Scene::prepared(|_, bridge| {
        let limits = toml::Table::from_iter([("per_bridge".to_owned(), "1000/day".into())]);
        bridge.mail_config()?.insert("limits".to_owned(), limits.into());
        Ok(())
    })
    .await?;
    let rules = shape::root().join("helm/viadukt/rules/*.yaml");
    let prometheus = Prometheus::start(scene.bridge.port(), &rules).await?;
    // Scraped before anything happens: a rate needs a beginning.
    has(&prometheus, "viadukt_delivery_seconds_count").await?;

    let question = scene.question("Antrag", "Eine Frage.").await?;
    scene.answer(&question, "Eine Antwort.").await?;
    scene.testbed.postfix.answer(Stage::Recipient, Some("550 5.7.1 No"));
    scene.clerk.answer(&question, "Vergeblich.").await?;
    scene.notice("nicht zugestellt").await?;
    scene.testbed.postfix.answer(Stage::Recipient, None);
    has(&prometheus, "viadukt_dead_letters == 1").await?;
    has(&prometheus, "increase(viadukt_first_answer_seconds_count[5m]) > 0").await?;

    let mut empty = Vec::new();
    for panel in Panel::all()? {
        for query in &panel.queries {
            let samples = prometheus.query(&filled(query)?).await;
            let samples = samples.with_context(|| format!("{}: {query}", panel.title))?;
            let shown: Vec<_> = samples.iter().map(in_words).collect();
            println!("{:24} | {:42} | {}", panel.board, panel.title, shown.join("; "));
            if samples.iter().all(|sample| sample.value.is_nan()) {
                empty.push(format!("{} / {}: {query}", panel.board, panel.title));
            }
        }
    }
    ensure!(empty.is_empty(), "these show nothing:\n{}", empty.join("\n"));
    check_rules(&prometheus).await
}

#[tokio::test]
async fn both_formats_are_what_their_parsers_expect() -> Result<()> {
    let scene = Scene::begin().await?;
    scene.question("Antrag", "Eine \"Frage\".").await?;
    let (kind, open) = metrics(&scene, "application/openmetrics-text; version=1.0.0").await?;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let families = packages::open_metrics(&open).await?;
    for (name, kind) in [
        ("viadukt_accepted_items", "counter"),
        ("viadukt_delivery_seconds", "histogram"),
        ("viadukt_build", "info"),
        ("viadukt_worker_up", "gauge"),
    ] {
        assert_eq!(families.get(name).map(String::as_str), Some(kind), "{name}");
    }
    let (kind, text) = metrics(&scene, "text/plain").await?;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    shape::promtool(&["check", "metrics"], &text).await
}

/// Every rule was evaluated without an error, every recording rule has a value, and everything
/// that an alert asks for is there: an alert on a name that nobody has would never fire.
async fn check_rules(prometheus: &Prometheus) -> Result<()> {
    let rules = until("all rules are evaluated", async || {
        let groups = prometheus.get("/api/v1/rules").await?;
        let groups = groups["groups"].as_array().cloned().unwrap_or_default();
        let rules: Vec<Value> =
            groups.iter().flat_map(|group| group["rules"].as_array().cloned()).flatten().collect();
        let is_evaluated =
            !rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown");
        Ok(is_evaluated.then_some(rules))
    })
    .await?;
    for rule in &rules {
        let (name, query) = (&rule["name"], rule["query"].as_str().context("no query")?);
        ensure!(rule["health"] == "ok", "{name}: {}", rule["lastError"]);
        if rule["type"] == "recording" {
            let samples = prometheus.query(name.as_str().context("no name")?).await?;
            ensure!(!samples.is_empty(), "{name} records nothing");
        }
        let words = query.split(|c: char| !c.is_ascii_alphanumeric() && !"_:".contains(c));
        let is_metric = |word: &&str| {
            ["viadukt_", "process_", "job:", "worker_direction:"]
                .iter()
                .any(|p| word.starts_with(p))
        };
        for metric in words.filter(is_metric) {
            let samples = prometheus.query(metric).await?;
            ensure!(!samples.is_empty(), "{name} asks for {metric}, which is not there");
        }
        println!("{:30} | {}", name.as_str().unwrap_or_default(), rule["state"]);
    }
    Ok(())
}

/// Waits until `query` has an answer.
async fn has(prometheus: &Prometheus, query: &str) -> Result<()> {
    until(format!("Prometheus has {query}"), async || {
        Ok((!prometheus.query(query).await?.is_empty()).then_some(()))
    })
    .await
}

fn filled(query: &str) -> Result<String> {
    let fill = |query: String, (name, value): &(&str, &str)| query.replace(name, value);
    let query = VARIABLES.iter().fold(query.to_owned(), fill);
    ensure!(!query.contains('$'), "{query} has a variable that nobody fills");
    Ok(query)
}

fn in_words(sample: &Sample) -> String {
    let known = ["worker", "direction", "outcome", "reason", "version"];
    let labels = known.iter().filter_map(|name| sample.labels[name].as_str());
    labels.chain([sample.value.to_string().as_str()]).collect::<Vec<_>>().join(" ")
}

/// The type and the text that `/metrics` answers to whoever accepts `accept`.
async fn metrics(scene: &Scene, accept: &str) -> Result<(String, String)> {
    let url = format!("http://127.0.0.1:{}/metrics", scene.bridge.port());
    let answer = Client::new().get(url).header(header::ACCEPT, accept).send().await?;
    let kind = answer.headers()[header::CONTENT_TYPE].to_str()?.to_owned();
    Ok((kind, answer.text().await?))
}

/// Files of `folder` of the repository whose names end with `end`, in order.
fn files(folder: &str, end: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(shape::root().join(folder))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "{folder} has no file that ends with {end}");
    Ok(files)
}

fn name_of(file: &Path) -> String {
    file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
