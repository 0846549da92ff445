//! Helm's own engine from the package helm-python-sdk, and the schemas of Kubernetes from the
//! package kubernetes-validate: both work without a cluster and without a network.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::packages::python;

// The releases that `tests/setup` installs.
const HELM: &str = "sdk-0.2.2";
const KUBERNETES: &str = "validate-1.37.0";

/// What became of a chart with some values.
#[derive(Debug, Deserialize)]
pub struct Rendered {
    /// The values that were given, one layer over the other.
    pub values: Value,
    /// The templates' results by path; or why there are none.
    pub result: Result<BTreeMap<String, String>, String>,
    /// What `helm lint --strict` says, hints aside.
    pub lint: Vec<String>,
}

/// What Kubernetes makes of manifests.
#[derive(Debug, Deserialize)]
pub struct Read {
    /// The objects in them.
    pub objects: Vec<Value>,
    /// What no version of the API takes, as its schema says it.
    pub findings: Vec<String>,
    /// The kinds that Kubernetes itself does not have.
    pub foreign: Vec<String>,
}

/// Renders `chart` once for each of `releases`, as the release "amt" in the namespace "post". A
/// release is layers of values, each in YAML (which every JSON is), the last on top.
///
/// # Errors
/// The package is not installed; or the chart cannot be loaded at all.
pub async fn render(chart: &Path, releases: &[Vec<String>]) -> io::Result<Vec<Rendered>> {
    let ask = json!({ "chart": chart, "releases": releases });
    python(HELM, include_str!("packages/render.py"), &ask).await
}

/// The values in `chart`'s own values.yaml.
///
/// # Errors
/// As with [`render`].
pub async fn defaults(chart: &Path) -> io::Result<Value> {
    let script = "import json, sys; from helm_python import Chart; \
                  print(json.dumps(Chart.load(json.load(sys.stdin)).values))";
    python(HELM, script, &json!(chart)).await
}

/// Reads manifests, each of one object or several, and holds them against the strict schemas of
/// each of `versions` of Kubernetes.
///
/// # Errors
/// The package is not installed; or something is no YAML.
pub async fn read(manifests: &[&str], versions: &[&str]) -> io::Result<Read> {
    let ask = json!({ "manifests": manifests, "versions": versions });
    python(KUBERNETES, include_str!("packages/kubernetes.py"), &ask).await
}
