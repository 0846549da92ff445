//! What can be checked without a run: the shape of dashboards, the rules' own tests, runbooks.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::panels::Dashboard;
use super::{files, name_of};

/// Where the rules say that runbooks are.
const RUNBOOKS: &str = "runbook_url: https://example.org/viadukt/docs/runbooks/";

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn dashboards_are_complete_and_nothing_overlaps() -> Result<()> {
    let mut uids = BTreeSet::new();
    for board in Dashboard::all()? {
        let title = &board.title;
        ensure!(uids.insert(board.uid.clone()), "{title}: another one has its uid");
        ensure!(board.schema_version >= 39 && !board.description.is_empty(), "{title}");
        let variables: Vec<_> =
            board.templating.list.iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(variables, ["datasource", "job", "bridge"], "{title}");
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in &board.panels {
            let place = format!("{title} / {}", panel["title"]);
            ensure!(ids.insert(panel["id"].as_u64().context("no id")?), "{place}: its id is taken");
            for cell in covered(panel).with_context(|| place.clone())? {
                ensure!(cell.0 < 24 && cells.insert(cell), "{place}: it covers another one");
            }
            if panel["type"] != "row" {
                check_panel(panel).context(place)?;
            }
        }
    }
    Ok(())
}

fn check_panel(panel: &Value) -> Result<()> {
    let kinds = ["timeseries", "stat", "table"];
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    ensure!(kinds.iter().any(|kind| panel["type"] == *kind), "its type is {}", panel["type"]);
    ensure!(is_text(&panel["title"]) && is_text(&panel["description"]), "title or description");
    ensure!(is_text(&panel["fieldConfig"]["defaults"]["unit"]), "it has no unit");
    ensure!(panel["datasource"]["uid"] == "${datasource}", "its data source is fixed");
    let targets = panel["targets"].as_array().context("it asks nothing")?;
    let refs: BTreeSet<_> = targets.iter().filter_map(|target| target["refId"].as_str()).collect();
    ensure!(!targets.is_empty() && refs.len() == targets.len(), "refId twice, or no query");
    let asks = |target: &Value| target["expr"].as_str().is_some_and(|expr| expr.contains("$job"));
    ensure!(targets.iter().all(asks), "a query does not keep to $job");
    Ok(())
}

/// The cells of the grid that a panel covers.
fn covered(panel: &Value) -> Option<Vec<(u64, u64)>> {
    let of = |name: &str| panel["gridPos"][name].as_u64();
    let (x, y, w, h) = (of("x")?, of("y")?, of("w")?, of("h")?);
    Some((x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))).collect())
}

#[test]
fn each_alert_has_its_runbook_and_its_test_and_each_runbook_its_alert() -> Result<()> {
    let read = |files: Vec<PathBuf>| {
        files.iter().map(std::fs::read_to_string).collect::<Result<String, _>>()
    };
    let rules = read(files("helm/viadukt/rules", ".yaml")?)?;
    let tests = read(files("tests/rules", ".yaml")?)?;
    let after = |begin: &'static str| {
        rules.lines().filter_map(move |line| line.trim().strip_prefix(begin)).collect::<Vec<_>>()
    };
    let (alerts, links) = (after("- alert: "), after(RUNBOOKS));
    let named: Vec<_> = links.iter().filter_map(|link| link.strip_suffix(".md")).collect();
    assert_eq!(alerts, named, "each alert links its own runbook");
    for alert in &alerts {
        ensure!(tests.contains(&format!("alertname=\"{alert}\"")), "{alert} is never shown firing");
    }
    let runbooks = files("docs/runbooks", ".md")?;
    let written: BTreeSet<_> = runbooks.iter().map(|file| name_of(file)).collect();
    let mut alerts: BTreeSet<_> = alerts.into_iter().map(str::to_owned).collect();
    alerts.insert("README".to_owned());
    assert_eq!(written, alerts);
    Ok(())
}

#[test]
fn runbooks_say_what_it_means_what_to_look_at_and_what_to_do() -> Result<()> {
    for file in files("docs/runbooks", ".md")? {
        let (name, text) = (name_of(&file), std::fs::read_to_string(&file)?);
        if name == "README" {
            continue;
        }
        let headings: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
        let title = format!("# {name}");
        let expected = [title.as_str(), "## What it means", "## Look at", "## Do"];
        assert_eq!(headings, expected, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn rules_fire_when_they_must_and_not_else() -> Result<()> {
    for test in files("tests/rules", ".yaml")? {
        promtool(&["test", "rules", &test.to_string_lossy()], "").await?;
    }
    Ok(())
}

/// Runs `promtool` with `input`; what it finds wrong is the error.
pub async fn promtool(words: &[&str], input: &str) -> Result<()> {
    let mut command = Command::new("promtool");
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("promtool is not installed; run tests/setup")?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "promtool: {}", String::from_utf8_lossy(&said));
    Ok(())
}
