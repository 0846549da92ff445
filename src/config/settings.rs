//! The small tables: `[http]`, `[log]`, `[limits]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{ByteSize, Fields, FromToml, text};

use super::Console;

/// `[http]`: the internal listener (health, metrics, what `viadukt trace` asks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// `[http.console]`; without it there are no pages.
    pub console: Option<Console>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)), console: None }
    }
}

impl Http {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let default = Self::default();
        let listen = fields.or("listen", Listen(default.listen)).0;
        let console = fields.optional_table("console").map(|fields| Console::read(&fields));
        fields.finish();
        Self { listen, console }
    }
}

/// Where a listener listens.
pub(super) struct Listen(pub SocketAddr);

impl FromToml for Listen {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "an address and a port such as \"127.0.0.1:9090\" or \"[::1]:9090\"";
        let read = text(value, expected)?.parse().map_err(|_| format!("expected {expected}"))?;
        Ok(Self(read))
    }
}

/// `[log]`: what is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// In which form.
    pub format: LogFormat,
    /// How much.
    pub level: LogLevel,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For reading in a terminal.
    Human,
}

/// The least weight of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(pub tracing::Level);

impl Default for LogLevel {
    fn default() -> Self {
        Self(tracing::Level::INFO)
    }
}

impl Log {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let default = Self::default();
        let log = Self {
            format: fields.or("format", default.format),
            level: fields.or("level", default.level),
        };
        fields.finish();
        log
    }
}

impl FromToml for LogFormat {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some("json") => Ok(Self::Json),
            Some("human") => Ok(Self::Human),
            _ => Err("expected \"json\" or \"human\"".to_owned()),
        }
    }
}

impl FromToml for LogLevel {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"";
        let level = match text(value, expected)? {
            "error" => tracing::Level::ERROR,
            "warn" => tracing::Level::WARN,
            "info" => tracing::Level::INFO,
            "debug" => tracing::Level::DEBUG,
            "trace" => tracing::Level::TRACE,
            _ => return Err(format!("expected {expected}")),
        };
        Ok(Self(level))
    }
}

/// `[limits]`: how far viadukt goes before it says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// With less free space than this where the data lies, nothing new is accepted.
    pub min_free_space: ByteSize,
    /// With this many deliveries waiting, nothing new is accepted.
    pub max_queued_deliveries: u64,
    /// How long a stop waits for deliveries under way.
    pub drain_deadline: Duration,
    /// How long a dead letter is kept for a person to decide.
    pub dead_letter_retention: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            min_free_space: ByteSize(256_000_000),
            max_queued_deliveries: 100_000,
            drain_deadline: Duration::from_secs(20),
            dead_letter_retention: Duration::from_secs(30 * 86_400),
        }
    }
}

impl Limits {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let default = Self::default();
        let limits = Self {
            min_free_space: fields.or("min_free_space", default.min_free_space),
            max_queued_deliveries: fields
                .or("max_queued_deliveries", default.max_queued_deliveries),
            drain_deadline: fields.or("drain_deadline", default.drain_deadline),
            dead_letter_retention: fields
                .or("dead_letter_retention", default.dead_letter_retention),
        };
        fields.finish();
        limits
    }
}
