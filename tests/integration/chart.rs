//! The chart, rendered by Helm's own engine over the cases of `helm/viadukt/ci/`.

mod config;
mod defence;
mod monitoring;
mod readme;
mod refusal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use viadukt_testbed::servers::helm::{self, Rendered};

/// The oldest Kubernetes that `kubeVersion` allows, and the newest whose schemas there are.
const VERSIONS: [&str; 2] = ["1.29", "1.37"];

/// The kinds that the Prometheus operator brings.
const OF_THE_OPERATOR: [&str; 2] = ["PrometheusRule", "ServiceMonitor"];

/// A case, rendered.
struct Release {
    case: String,
    objects: Vec<Value>,
    notes: String,
}

impl Release {
    /// `case` of `chart`, with more values over it.
    async fn of(chart: &Path, case: &str, more: &[&str]) -> Result<Self> {
        let rendered = render(chart, case, more).await?;
        Self::read(case, rendered).await
    }

    /// Every case.
    async fn all() -> Result<Vec<Self>> {
        let cases = cases()?;
        let releases: Vec<_> = cases.values().map(|values| vec![values.clone()]).collect();
        let rendered = helm::render(&chart(), &releases).await?;
        let mut all = Vec::new();
        for (case, rendered) in cases.keys().zip(rendered) {
            all.push(Self::read(case, rendered).await?);
        }
        Ok(all)
    }

    async fn read(case: &str, rendered: Rendered) -> Result<Self> {
        let files = rendered.result.map_err(|wrong| anyhow!("{case}: {wrong}"))?;
        let is_notes = |path: &str| path.ends_with("NOTES.txt");
        let manifests: Vec<_> =
            files.iter().filter(|(path, _)| !is_notes(path)).map(|(_, text)| &**text).collect();
        let read = helm::read(&manifests, &VERSIONS).await?;
        ensure!(read.findings.is_empty(), "{case}: {:#?}", read.findings);
        let known = |kind: &String| OF_THE_OPERATOR.contains(&kind.as_str());
        ensure!(read.foreign.iter().all(known), "{case}: no schema for {:?}", read.foreign);
        ensure!(rendered.lint.is_empty(), "{case}: {:#?}", rendered.lint);
        let notes = files.into_iter().find(|(path, _)| is_notes(path));
        let notes = notes.map(|(_, text)| text).unwrap_or_default();
        Ok(Self { case: case.to_owned(), objects: read.objects, notes })
    }

    fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.objects.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The one object of a kind.
    fn the(&self, kind: &str) -> Result<&Value> {
        let [one] = self.of_kind(kind)[..] else {
            return Err(anyhow!("{}: {} of {kind}", self.case, self.of_kind(kind).len()));
        };
        Ok(one)
    }

    /// The pods, viadukt's own first.
    fn pods(&self) -> Result<Vec<&Value>> {
        let own = &self.the("StatefulSet")?["spec"]["template"];
        Ok(std::iter::once(own).chain(self.of_kind("Pod")).collect())
    }
}

async fn render(chart: &Path, case: &str, more: &[&str]) -> Result<Rendered> {
    let values = cases()?.remove(case).with_context(|| format!("no case {case}"))?;
    let layers = std::iter::once(values).chain(more.iter().map(|&more| more.to_owned()));
    let rendered = helm::render(chart, &[layers.collect()]).await?;
    rendered.into_iter().next().context("no answer")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn chart() -> PathBuf {
    root().join("helm/viadukt")
}

/// The values of each case, by its name.
fn cases() -> Result<BTreeMap<String, String>> {
    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(chart().join("ci"))? {
        let path = entry?.path();
        let name = path.file_stem().context("a file without a name")?;
        cases.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path)?);
    }
    ensure!(cases.len() >= 4, "only {:?}", cases.keys());
    Ok(cases)
}

#[tokio::test]
async fn every_case_is_what_kubernetes_takes_and_lint_finds_nothing() -> Result<()> {
    for release in Release::all().await? {
        let set = release.the("StatefulSet")?;
        assert_eq!(set["spec"]["replicas"], 1, "{}", release.case);
        assert!(release.notes.contains("doctor"), "{}: {}", release.case, release.notes);
        let names: Vec<_> = release.objects.iter().map(|o| (&o["kind"], &o["metadata"])).collect();
        for (at, (kind, metadata)) in names.iter().enumerate() {
            let again = names[..at].iter().any(|(k, m)| k == kind && m["name"] == metadata["name"]);
            assert!(!again, "{}: {kind} {} twice", release.case, metadata["name"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_defaults_lint_and_say_what_is_missing() -> Result<()> {
    let rendered = helm::render(&chart(), &[vec!["{}".to_owned()]]).await?;
    let [Rendered { result: Err(missing), lint, .. }] = &rendered[..] else {
        return Err(anyhow!("{rendered:#?}"));
    };
    assert_eq!(lint, &[""; 0]);
    assert!(missing.contains(" is missing: "), "{missing}");
    Ok(())
}

#[tokio::test]
async fn the_pod_has_time_to_drain_and_is_told_apart_from_what_it_waits_for() -> Result<()> {
    let release = Release::of(&chart(), "everything", &["drainSeconds: 90"]).await?;
    let set = release.the("StatefulSet")?;
    let pod = &set["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 100);
    let probes = &pod["containers"][0];
    assert_eq!(probes["startupProbe"]["httpGet"]["path"], "/health/live");
    assert_eq!(probes["livenessProbe"]["httpGet"]["path"], "/health/live");
    assert_eq!(probes["readinessProbe"]["httpGet"]["path"], "/health/ready");
    // A homeserver that is down makes the pod unready; callers must reach it nevertheless.
    for service in release.of_kind("Service") {
        assert_eq!(service["spec"]["publishNotReadyAddresses"], true);
    }
    let budget = release.the("PodDisruptionBudget")?;
    assert_eq!(budget["spec"]["selector"], set["spec"]["selector"]);
    Ok(())
}

#[test]
fn the_chart_is_of_the_programs_version() -> Result<()> {
    let chart = fs::read_to_string(chart().join("Chart.yaml"))?;
    let version = concat!("\nappVersion: ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(chart.contains(version), "expected{version}in:\n{chart}");
    Ok(())
}
