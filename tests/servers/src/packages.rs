//! Programs and libraries from PyPI that speak to our hooks, or check what we send or ship: none of
//! them is ours.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::cache::installed;
use crate::web::Request;

// The releases that `tests/setup` installs.
const APPRISE: &str = "apprise-2.3.0";
const STANDARD_WEBHOOKS: &str = "standardwebhooks-1.1.0";
const CLOUD_EVENTS: &str = "cloudevents-2.2.0";
const HADOLINT: &str = "bin-2.15.1";
const PROMETHEUS_CLIENT: &str = "prometheus_client-0.26.0";

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a notice with apprise to what `url` names, `json://127.0.0.1:80/path` for example.
///
/// # Errors
/// It is not installed, or says that it could not send; the error holds its words.
pub async fn apprise(url: &str, title: &str, body: &str) -> io::Result<()> {
    let words = ["-vv", "-t", title, "-b", body, url];
    run(APPRISE, "apprise", &words, "").await.map(drop)
}

/// The official library of Standard Webhooks signs: gives `webhook-signature`. `timestamp` is in
/// seconds since 1970.
///
/// # Errors
/// It is not installed, or does not like the secret.
pub async fn sign(secret: &str, id: &str, timestamp: i64, body: &str) -> io::Result<String> {
    let ask = json!({ "secret": secret, "id": id, "timestamp": timestamp, "body": body });
    python(STANDARD_WEBHOOKS, include_str!("packages/sign.py"), &ask).await
}

/// The official library of Standard Webhooks verifies a request: gives why it does not believe
/// it, or nothing.
///
/// # Errors
/// It is not installed, or does not like the secret.
pub async fn verify(secret: &str, request: &Request) -> io::Result<Option<String>> {
    let headers: serde_json::Map<_, _> =
        request.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let ask = json!({ "secret": secret, "headers": headers, "body": request.text() });
    python(STANDARD_WEBHOOKS, include_str!("packages/verify.py"), &ask).await
}

/// How the SDK of CloudEvents puts an event into a request (HTTP Protocol Binding 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Attributes as headers, the data as the body (3.1).
    Binary,
    /// All of it as the body (3.2).
    Structured,
}

/// The headers and the body by which the official SDK sends an event with `attributes`, whose
/// `time` may be missing, and `data`.
///
/// # Errors
/// It is not installed, or does not like the event.
pub async fn cloud_event(
    mode: Mode,
    attributes: &Value,
    data: &Value,
) -> io::Result<(Vec<(String, String)>, String)> {
    let binary = mode == Mode::Binary;
    let ask = json!({ "binary": binary, "attributes": attributes, "data": data });
    python(CLOUD_EVENTS, include_str!("packages/event.py"), &ask).await
}

/// What hadolint finds in the container file `file`: nothing, hopefully.
///
/// # Errors
/// It is not installed.
pub async fn hadolint(file: &Path) -> io::Result<String> {
    let file = file.display().to_string();
    run(HADOLINT, "hadolint", &["--no-fail", &file], "").await
}

/// The parser of Prometheus' Python library reads an OpenMetrics exposition: gives the type of
/// each family by its name.
///
/// # Errors
/// It is not installed, or does not like the exposition; the error holds its words.
pub async fn open_metrics(text: &str) -> io::Result<BTreeMap<String, String>> {
    python(PROMETHEUS_CLIENT, include_str!("packages/families.py"), &json!(text)).await
}

/// Runs `script`, which reads `ask` as JSON and writes its answer as JSON.
pub(crate) async fn python<T: DeserializeOwned>(
    package: &str,
    script: &str,
    ask: &Value,
) -> io::Result<T> {
    let answer = run(package, "python", &["-c", script], &ask.to_string()).await?;
    Ok(serde_json::from_str(&answer)?)
}

/// Runs a program of `package` to its end; gives what it printed.
async fn run(package: &str, program: &str, words: &[&str], input: &str) -> io::Result<String> {
    let path = installed(package).join("bin").join(program);
    if !path.exists() {
        let what = format!("{} does not exist; run tests/setup", path.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, what));
    }
    let mut command = Command::new(path);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = timeout(PATIENCE, child.wait_with_output()).await??;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{package}: {said}{errors}")));
    }
    Ok(said)
}
