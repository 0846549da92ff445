//! What the Prometheus operator and Grafana's sidecar get. Kubernetes has no schemas for the
//! operator's kinds; their shape is checked by hand, after its API reference.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Release, chart};

/// A rule whose words must come through as they are, though templates look like this as well.
const RULES: &str = r#"groups:
  - name: viadukt
    rules:
      - alert: Planted
        expr: up{job="viadukt"} == 0 # a comment
        annotations:
          summary: "{{ $labels.instance }} is down"
"#;

#[tokio::test]
async fn the_service_monitor_finds_the_internal_service() -> Result<()> {
    let release = Release::of(&chart(), "everything", &[]).await?;
    let monitor = release.the("ServiceMonitor")?;
    assert_eq!(monitor["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
    let endpoint = &monitor["spec"]["endpoints"][0];
    let expected = json!({
        "port": "internal", "path": "/metrics", "interval": "15s", "scrapeTimeout": "10s",
    });
    assert_eq!(endpoint, &expected);
    let labels = monitor["spec"]["selector"]["matchLabels"].as_object().context("no labels")?;
    let fits = |service: &&&Value| {
        labels.iter().all(|(label, value)| &service["metadata"]["labels"][label] == value)
    };
    let services = release.of_kind("Service");
    let [service] = services.iter().filter(fits).collect::<Vec<_>>()[..] else {
        panic!("{services:#?}");
    };
    assert_eq!(service["spec"]["ports"][0]["name"], "internal");
    Ok(())
}

#[tokio::test]
async fn rules_and_dashboards_come_along_as_they_stand() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let planted = copy(folder.path())?;
    fs::create_dir_all(planted.join("rules/tests"))?;
    fs::create_dir_all(planted.join("dashboards"))?;
    fs::write(planted.join("rules/planted.yaml"), RULES)?;
    fs::write(planted.join("rules/tests/planted.yaml"), "rule_files: [planted.yaml]\n")?;
    let dashboard = json!({ "title": "Übersicht", "panels": [{ "legend": "{{bridge}}" }] });
    fs::write(planted.join("dashboards/planted.json"), format!("{dashboard:#}\n"))?;

    let release = Release::of(&planted, "everything", &[]).await?;
    let named = |kind: &str, name: &str| {
        let all = release.of_kind(kind);
        let one = all.into_iter().find(|object| object["metadata"]["name"] == name).cloned();
        one.with_context(|| format!("no {kind} {name}"))
    };
    let rules = named("PrometheusRule", "amt-bridge-planted")?;
    assert_eq!(rules["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(rules["metadata"]["labels"]["release"], "prometheus");
    let rule = &rules["spec"]["groups"][0]["rules"][0];
    assert_eq!(rule["annotations"]["summary"], "{{ $labels.instance }} is down");
    assert_eq!(rule["expr"], "up{job=\"viadukt\"} == 0");

    let map = named("ConfigMap", "amt-bridge-dashboard-planted")?;
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    assert_eq!(map["metadata"]["annotations"]["grafana_folder"], "viadukt");
    let text = map["data"]["planted.json"].as_str().context("no dashboard")?;
    assert_eq!(serde_json::from_str::<Value>(text)?, dashboard);
    Ok(())
}

#[tokio::test]
async fn without_rules_and_dashboards_there_are_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bare = copy(folder.path())?;
    for part in ["rules", "dashboards"] {
        let _ = fs::remove_dir_all(bare.join(part));
    }
    let release = Release::of(&bare, "everything", &[]).await?;
    assert_eq!(release.of_kind("PrometheusRule").len(), 0);
    assert_eq!(release.of_kind("ConfigMap").len(), 1, "the configuration");
    Ok(())
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_there() -> Result<()> {
    let release = Release::of(&chart(), "minimal", &[]).await?;
    for kind in ["ServiceMonitor", "PrometheusRule", "Ingress"] {
        assert_eq!(release.of_kind(kind).len(), 0, "{kind}");
    }
    Ok(())
}

/// A copy of the chart to plant something in.
fn copy(folder: &Path) -> Result<std::path::PathBuf> {
    let copied = Command::new("cp").arg("-r").arg(chart()).arg(folder).status()?;
    ensure!(copied.success(), "cp failed");
    Ok(folder.join("viadukt"))
}
