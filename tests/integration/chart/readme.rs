//! The table of values in the chart's README.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;
use viadukt_testbed::servers::helm;

use super::chart;

/// Each row names a value and its default; each value has a row, or one of a table around it has.
#[tokio::test]
async fn the_table_of_values_is_whole_and_true() -> Result<()> {
    let rows = rows(&fs::read_to_string(chart().join("README.md"))?);
    let mut values = BTreeMap::new();
    flatten(&helm::defaults(&chart()).await?, "", &mut values);
    for (path, value) in &values {
        let is_leaf = value.as_object().is_none_or(serde_json::Map::is_empty);
        let covers = |row: &String| path == row || path.starts_with(&format!("{row}."));
        assert!(!is_leaf || rows.keys().any(covers), "{path} is not in the table");
    }
    for (path, default) in &rows {
        let value = values.get(path).with_context(|| format!("there is no value {path}"))?;
        let (shown, is_long) = (value.to_string(), default == "below");
        assert!(is_long || *default == shown, "{path}: {default}, in truth {shown}");
    }
    Ok(())
}

/// The rows: a path, and the default beside it.
fn rows(text: &str) -> BTreeMap<String, String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let row = |(path, rest): (&str, &str)| {
        let (default, _) = rest.split_once(" |")?;
        Some((path.to_owned(), plain(default)))
    };
    let rows: BTreeMap<_, _> = cells.filter_map(row).collect();
    assert!(rows.len() > 30, "only {rows:?}");
    rows
}

/// Every value and every table of values by its path.
fn flatten(value: &Value, path: &str, all: &mut BTreeMap<String, Value>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        all.insert(path.clone(), inner.clone());
        flatten(inner, &path, all);
    }
}
