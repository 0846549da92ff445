//! Prometheus: scrapes one program, evaluates rules, answers queries.

use std::io;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::ask;
use crate::ports::free_port;
use crate::process::{Process, eventually, tied_to_us};

/// A running Prometheus.
pub struct Prometheus {
    _process: Process,
    _folder: TempDir,
    port: u16,
}

/// One value of the answer to a query, and the labels that it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: Value,
    /// The value; it may be no number.
    pub value: f64,
}

impl Prometheus {
    /// Starts it: every second it scrapes `/metrics` of `port` on loopback as the job `viadukt`,
    /// and evaluates the rules that the pattern `rules` names.
    ///
    /// # Errors
    /// It is not installed, or did not start; the error holds what it printed.
    pub async fn start(port: u16, rules: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("prometheus").tempdir()?;
        let (config, output) = (folder.path().join("prometheus.yml"), folder.path().join("output"));
        std::fs::write(&config, configuration(port, rules))?;
        let own_port = free_port()?;
        let mut command = tied_to_us("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{own_port}"));
        let mut process = Process::start(&mut command, &output)?;
        process.ready(&[own_port], &output).await?;
        let prometheus = Self { _process: process, _folder: folder, port: own_port };
        eventually(async || matches!(ask(own_port, "GET", "/-/ready", "").await, Ok((200, _))))
            .await?;
        Ok(prometheus)
    }

    /// Evaluates `query` now; several samples, or one without labels.
    ///
    /// # Errors
    /// It does not answer, or cannot evaluate the query; the error holds its words.
    pub async fn query(&self, query: &str) -> io::Result<Vec<Sample>> {
        let data = self.get(&format!("/api/v1/query?query={}", escaped(query))).await?;
        let sample = |labels: &Value, value: &Value| {
            let value = value[1].as_str().and_then(|value| value.parse().ok());
            Sample { labels: labels.clone(), value: value.unwrap_or(f64::NAN) }
        };
        Ok(match &data["result"] {
            Value::Array(scalar) if data["resultType"] == "scalar" => {
                vec![sample(&Value::Null, &Value::Array(scalar.clone()))]
            }
            Value::Array(vector) => {
                vector.iter().map(|one| sample(&one["metric"], &one["value"])).collect()
            }
            _ => Vec::new(),
        })
    }

    /// The data of what it answers to `path`, below `/api/v1/` for example.
    ///
    /// # Errors
    /// It does not answer, or says that something is wrong.
    pub async fn get(&self, path: &str) -> io::Result<Value> {
        let (status, answer) = ask(self.port, "GET", path, "").await?;
        let mut answer: Value = serde_json::from_str(&answer)?;
        match status {
            200 => Ok(answer["data"].take()),
            _ => Err(io::Error::other(format!("{status} {}", answer["error"]))),
        }
    }
}

/// RFC 3986 2.1, for everything that is not surely harmless.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn configuration(port: u16, rules: &Path) -> String {
    format!(
        "global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - {}
scrape_configs:
  - job_name: viadukt
    static_configs:
      - targets: ['127.0.0.1:{port}']
",
        rules.display()
    )
}
