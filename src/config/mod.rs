//! The configuration: read and validated in one go, without IO, every finding at once and each
//! with its line and column.
//!
//! The library knows no kind of bridge; the binary fills the [`Registry`].

mod answers;
mod backup;
mod bridge;
mod console;
mod files;
mod hours;
mod limits;
mod notices;
mod public;
mod report;
mod rooms;
mod rules;
mod settings;

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml::de::DeTable;
use viadukt_api::config::{Fields, Finding, Findings};
use viadukt_api::words::Language;
use viadukt_api::{HubKind, HubSection, Kind, WorkerName};

use crate::backup::{DataDir, Schedule};
use crate::cli::Starter;

pub use answers::Answers;
pub use bridge::Bridge;
pub use console::{Console, Oidc};
pub use hours::{OfficeHours, Span, Zone};
pub use limits::{Allowance, BridgeLimits, Period};
pub use notices::{Flood, Notices};
pub use public::{ProxyHeader, Public};
pub use report::Report;
pub use rooms::{Further, Rooms};
pub use rules::{Denied, Invites, Reply, Rules, Senders, UserPattern};
pub use settings::{Http, Limits, Log, LogFormat, LogLevel};

/// What there is to configure: the hub and the kinds of bridges.
pub struct Registry {
    /// The Matrix side.
    pub hub: Box<dyn HubKind>,
    /// The kinds of far sides, in the order in which `--help` and findings list them.
    pub kinds: Vec<Box<dyn Kind>>,
    /// The kinds that `viadukt init` can begin with.
    pub starters: Vec<Starter>,
}

/// A valid configuration.
pub struct Config {
    /// Where everything lies that must survive.
    pub data_dir: PathBuf,
    /// The key that encrypts it.
    pub key_file: PathBuf,
    /// What viadukt speaks to people.
    pub language: Language,
    /// The zone in which times of day are meant.
    pub zone: Zone,
    /// `[http]`
    pub http: Http,
    /// `[public]`; without it nobody outside can call a bridge.
    pub public: Option<Public>,
    /// `[backup]`; without it nobody makes exports but by hand.
    pub backup: Option<Schedule>,
    /// `[log]`
    pub log: Log,
    /// `[limits]`
    pub limits: Limits,
    /// `[matrix]`, the hub's own part.
    pub hub: Box<dyn HubSection>,
    /// `[matrix] invites`
    pub invites: Invites,
    /// `[bridges.NAME]`, in order of the names.
    pub bridges: Vec<Bridge>,
}

impl Config {
    /// Where the configuration is looked for unless told otherwise.
    pub const DEFAULT_FILE: &'static str = "/etc/viadukt/viadukt.toml";

    /// Where [`Config::data_dir`] is unless told otherwise.
    pub const DEFAULT_DATA_DIR: &'static str = "/var/lib/viadukt";

    /// Where the hub keeps its own state.
    pub fn hub_dir(&self) -> PathBuf {
        self.data_dir.join("matrix")
    }

    /// Where everything lies that must survive, and what opens it.
    pub fn data(&self) -> DataDir {
        DataDir { path: self.data_dir.clone(), key_file: self.key_file.clone() }
    }

    /// Where far sides reach the hooks of `worker`; `None` without a public listener.
    pub fn hooks_url(&self, worker: &WorkerName) -> Option<String> {
        let public = self.public.as_ref()?;
        Some(format!("{}/hooks/{worker}", public.base_url))
    }

    /// Reads the text of a configuration file. The error holds every finding, in the order of
    /// the file; [`Report`] shows them.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self, Vec<Finding>> {
        Self::with_findings(text, registry, |_| {})
    }

    /// As [`Config::parse`], and looks besides into the files that it names, which is IO: what is
    /// wrong with these is found together with what is wrong with the text.
    pub fn examine(text: &str, registry: &Registry) -> Result<Self, Vec<Finding>> {
        Self::with_findings(text, registry, files::examine)
    }

    fn with_findings(
        text: &str,
        registry: &Registry,
        further: fn(&Findings),
    ) -> Result<Self, Vec<Finding>> {
        let findings = Findings::default();
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            findings.add(error.span().unwrap_or(0..0), "", error.message());
        }
        let root = Fields::new(document.get_ref(), 0..0, "", &findings);
        let config = Self::read(&root, registry, &findings);
        further(&findings);
        let all = without_echoes(text, findings.into_sorted());
        // A part that is missing without a finding would be a slip of that part's parser.
        config.filter(|_| all.is_empty()).ok_or(all)
    }

    fn read(root: &Fields<'_>, registry: &Registry, findings: &Findings) -> Option<Self> {
        let data_dir = root.or("data_dir", PathBuf::from(Self::DEFAULT_DATA_DIR));
        let key_file = root.optional("key_file");
        let language = root.or("language", Language::default());
        let zone = root.or("time_zone", Zone::default());
        let http = root.optional_table("http").map(|f| Http::read(&f));
        let public = root.optional_table("public").map(|f| Public::read(&f));
        let backup = root.optional_table("backup").map(|f| backup::read(&f));
        let log = root.optional_table("log").map(|f| Log::read(&f));
        let limits = root.optional_table("limits").map(|f| Limits::read(&f));
        let matrix = root.table("matrix").map(|fields| {
            let invites = Invites(fields.list("invites"));
            let hub = registry.hub.parse(&fields);
            fields.finish();
            (hub, invites)
        });
        let bridges = bridge::read_all(root, &registry.kinds, public.is_some(), findings);
        root.finish();
        let (hub, invites) = matrix?;
        Some(Self {
            key_file: key_file.unwrap_or_else(|| data_dir.join("viadukt.key")),
            data_dir,
            language,
            zone,
            http: http.unwrap_or_default(),
            public: public.flatten(),
            backup: backup.flatten(),
            log: log.unwrap_or_default(),
            limits: limits.unwrap_or_default(),
            hub: hub?,
            invites,
            bridges,
        })
    }
}

/// On a line that is no TOML, the parser's guesses about the rest of the line are noise: the
/// first finding says enough.
fn without_echoes(text: &str, findings: Vec<Finding>) -> Vec<Finding> {
    let mut broken = BTreeSet::new();
    findings
        .into_iter()
        .filter(|finding| {
            let (line, _) = report::place(text, finding.span.start);
            let syntax = finding.path.is_empty();
            !broken.contains(&line) && (!syntax || broken.insert(line))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
