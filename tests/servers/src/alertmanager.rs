//! Prometheus Alertmanager: alerts are fired and resolved here as Prometheus does it, and it
//! calls a hook.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::ask;
use crate::ports::free_port;
use crate::process::{Process, eventually, tied_to_us};

/// A running Alertmanager.
pub struct Alertmanager {
    folder: TempDir,
    process: Option<Process>,
    /// The port of its API.
    pub port: u16,
}

/// Labels or annotations.
pub type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A silence, as its API tells of it (`gettableSilence`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Who asked for it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// What it matches.
    pub matchers: Vec<Matcher>,
    /// From when.
    #[serde(deserialize_with = "time")]
    pub starts_at: Timestamp,
    /// Until when.
    #[serde(deserialize_with = "time")]
    pub ends_at: Timestamp,
    status: Status,
}

/// What a silence asks of one label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether the value is a pattern.
    pub is_regex: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Status {
    state: String,
}

impl Silence {
    /// Whether it holds now.
    pub fn is_active(&self) -> bool {
        self.status.state == "active"
    }
}

impl Alertmanager {
    /// Starts it with one receiver, `hook`, which is called with the bearer `token` as soon as an
    /// alert fires, changes or resolves. Alerts are grouped by their name.
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(hook: &str, token: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("alertmanager").tempdir()?;
        std::fs::write(folder.path().join("alertmanager.yml"), configuration(hook, token))?;
        let mut alertmanager = Self { folder, process: None, port: free_port()? };
        alertmanager.resume().await?;
        Ok(alertmanager)
    }

    /// Where its API is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Stops it; silences stay on disk, alerts do not.
    pub fn pause(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// It did not start.
    pub async fn resume(&mut self) -> io::Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let output = self.path("output");
        let mut command = tied_to_us("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", self.path("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", self.path("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--cluster.listen-address=");
        let mut process = Process::start(&mut command, &output)?;
        process.ready(&[self.port], &output).await?;
        self.process = Some(process);
        let is_ready = async || matches!(self.ask("GET", "/-/ready", "").await, Ok((200, _)));
        eventually(is_ready).await
    }

    /// Fires an alert, or says that it fires still. Its identity are its labels.
    ///
    /// # Errors
    /// It did not take it.
    pub async fn fire(&self, labels: Pairs<'_>, annotations: Pairs<'_>) -> io::Result<()> {
        let (labels, annotations) = (pairs(labels), pairs(annotations));
        self.alert(&json!({ "labels": labels, "annotations": annotations })).await
    }

    /// Resolves an alert.
    ///
    /// # Errors
    /// It did not take that.
    pub async fn resolve(&self, labels: Pairs<'_>, annotations: Pairs<'_>) -> io::Result<()> {
        let (labels, annotations) = (pairs(labels), pairs(annotations));
        let ends = Timestamp::now().to_string();
        self.alert(&json!({ "labels": labels, "annotations": annotations, "endsAt": ends })).await
    }

    async fn alert(&self, alert: &Value) -> io::Result<()> {
        self.ok("POST", "/api/v2/alerts", &json!([alert]).to_string()).await.map(drop)
    }

    /// The silences that it knows, also those that are over.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn silences(&self) -> io::Result<Vec<Silence>> {
        Ok(serde_json::from_str(&self.ok("GET", "/api/v2/silences", "").await?)?)
    }

    /// What it printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("output")).unwrap_or_default()
    }

    async fn ok(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let (status, answer) = self.ask(method, path, body).await?;
        match status {
            200 => Ok(answer),
            _ => Err(io::Error::other(format!("alertmanager: {status} {answer}"))),
        }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        ask(self.port, method, path, body).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(de::Error::custom)
}

fn pairs<'a>(pairs: Pairs<'a>) -> BTreeMap<&'a str, &'a str> {
    pairs.iter().copied().collect()
}

fn configuration(hook: &str, token: &str) -> String {
    format!(
        "route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 100ms
  repeat_interval: 1h
receivers:
  - name: hook
    webhook_configs:
      - url: {hook}
        send_resolved: true
        http_config:
          authorization:
            credentials: {token}
"
    )
}
