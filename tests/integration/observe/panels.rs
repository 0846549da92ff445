//! The dashboards, as Grafana reads them.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::{files, name_of};

/// A dashboard, as far as it is ours to check.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    pub uid: String,
    pub title: String,
    pub description: String,
    pub schema_version: u64,
    pub templating: Templating,
    pub panels: Vec<Value>,
}

#[derive(Deserialize)]
pub struct Templating {
    pub list: Vec<Value>,
}

/// A panel and what it asks Prometheus.
pub struct Panel {
    pub board: String,
    pub title: String,
    pub queries: Vec<String>,
}

impl Dashboard {
    /// All of them.
    pub fn all() -> Result<Vec<Self>> {
        let read = |file: &std::path::PathBuf| {
            let text = std::fs::read_to_string(file)?;
            serde_json::from_str(&text).with_context(|| name_of(file))
        };
        files("helm/viadukt/dashboards", ".json")?.iter().map(read).collect()
    }
}

impl Panel {
    /// The panels of all dashboards, without the rows that only group them.
    pub fn all() -> Result<Vec<Self>> {
        let mut panels = Vec::new();
        for board in Dashboard::all()? {
            for panel in board.panels.iter().filter(|panel| panel["type"] != "row") {
                let title = panel["title"].as_str().context("a panel without a title")?.to_owned();
                let targets = panel["targets"].as_array().with_context(|| title.clone())?;
                let queries = targets.iter().filter_map(|target| target["expr"].as_str());
                let queries = queries.map(str::to_owned).collect();
                panels.push(Self { board: board.uid.clone(), title, queries });
            }
        }
        Ok(panels)
    }
}
