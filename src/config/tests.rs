//! Cases are files: `tests/config/NAME.toml` beside `NAME.expected`, the findings. With
//! `UPDATE_EXPECTED=1` a run writes the expected files anew.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use viadukt_api::config::{ByteSize, Fields, SecretFile};
use viadukt_api::{
    Address, BuildError, Context, Hub, HubSection, Kind, Level, Section, Severity, Tool, Worker,
    WorkerName, async_trait,
};

use super::*;
use crate::ledger::Place;

#[test]
fn every_case_gives_its_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let findings = Config::parse(&text, &registry()).err().unwrap_or_default();
        let file = Path::new(path.file_name().unwrap());
        let found = Report { file, text: &text, findings: &findings }.to_string();
        let expected_file = path.with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&expected_file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
    assert!(seen >= 5, "only {seen} cases in {}", folder.display());
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(include_str!("../../tests/config/minimal.toml"));
    assert_eq!(config.data_dir, Path::new("/var/lib/viadukt"));
    assert_eq!(config.key_file, Path::new("/var/lib/viadukt/viadukt.key"));
    assert_eq!(config.language, Language::En);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.public, None);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.drain_deadline, Duration::from_secs(20));
    assert!(!config.invites.may_invite(&Address::new("@anna:amt.example")));
    let [bridge] = config.bridges.as_slice() else { panic!("one bridge") };
    assert_eq!(bridge.room.existing, None);
    assert_eq!(bridge.room.name, "post");
    assert_eq!(bridge.rules.senders.power_level, 0);
    assert!(bridge.sources.contain("203.0.113.9".parse().unwrap()));
    assert_eq!(bridge.rules.limits, BridgeLimits::default());
    assert_eq!(bridge.rules.answers, Answers::new("post"));
    assert_eq!(config.zone, Zone::default());
}

#[test]
fn what_is_said_is_taken() {
    let config = parse(include_str!("../../tests/config/full.toml"));
    assert_eq!(config.key_file, Path::new("/run/credentials/viadukt.key"));
    assert_eq!(config.language, Language::De);
    assert_eq!(config.log.level, LogLevel(tracing::Level::DEBUG));
    assert_eq!(config.limits.min_free_space, ByteSize(1 << 30));
    let backup = config.backup.as_ref().unwrap();
    assert_eq!((backup.every.as_secs(), backup.keep), (6 * 3_600, 3));
    assert_eq!(backup.recipients.len(), 1);
    assert!(config.invites.may_invite(&Address::new("@anna:amt.example")));
    let names: Vec<_> = config.bridges.iter().map(|bridge| bridge.name.as_str()).collect();
    assert_eq!(names, ["post", "presse"]);
    let post = &config.bridges[0];
    assert_eq!(post.room.existing.as_deref(), Some("#post:amt.example"));
    assert!(!post.sources.contain("203.0.113.9".parse().unwrap()));
    let hooks = config.hooks_url(&post.name).unwrap();
    assert_eq!(hooks, "https://Amt.example:443/viadukt/hooks/post");
    let public = config.public.as_ref().unwrap();
    assert_eq!(public.base_url, "https://Amt.example:443/viadukt");
    assert!(public.trusted_proxies.contain("10.1.2.3".parse().unwrap()));
    assert_eq!(public.proxy_header, ProxyHeader::Forwarded);
    assert_eq!((public.max_body, public.rate, public.burst), (ByteSize(64_000), 5, 10));
    let bauamt = &post.rooms.further[&Place::Team("bauamt".to_owned())];
    assert_eq!((bauamt.spec.name.as_str(), bauamt.spec.invite.len()), ("Bauamt", 1));
    assert_eq!((bauamt.senders.power_level, bauamt.via.len()), (0, 1));
    let birthplace = |via: &str| post.rooms.birthplace(Some(&Address::new(via)));
    assert_eq!(birthplace(bauamt.via[0].as_str()), Place::Team("bauamt".to_owned()));
    assert_eq!(birthplace("+4930555/7/a"), Place::Team("bauamt".to_owned()));
    assert_eq!(birthplace("+49305551"), Place::Main);
    let intake = &post.rooms.further[&Place::Intake];
    assert_eq!(intake.spec.existing.as_deref(), Some("#eingang:amt.example"));
    assert_eq!(intake.senders, post.rules.senders, "as in the bridge's room");
    assert_eq!(config.bridges[1].rooms.birthplace(None), Place::Own);
    let levels = [post.rules.level, bauamt.level, intake.level, config.bridges[1].rules.level];
    let (normal, high) = (Some(Level::Normal), Some(Level::High));
    assert_eq!(levels, [high, normal, high, None]);
    let notices = &post.rules.notices;
    assert_eq!(notices.flood, Flood { most: 20, span: Duration::from_secs(60) });
    assert_eq!(notices.called_by(Some(Severity::Critical)).len(), 2);
    assert_eq!((notices.called_by(Some(Severity::Info)).len(), notices.marks), (0, false));
    let Rules { limits, answers, .. } = &post.rules;
    assert_eq!(limits.per_user, Some(Allowance { units: 200, period: Period::Day }));
    assert_eq!(limits.per_recipient, Some(Allowance { units: 5, period: Period::Hour }));
    assert!(limits.quiet_hours.is_some() && limits.paused);
    assert!(answers.out_of_hours && answers.office_hours.len() == 2);
    assert_eq!((answers.name.as_str(), answers.help_text.as_deref()), ("Amt", Some("115")));
    assert_eq!(config.bridges[1].rules.answers, Answers::new("Pressestelle"));
}

#[test]
fn a_secret_that_is_missing_or_open_to_all_is_a_finding() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let text = include_str!("../../tests/config/minimal.toml")
        .replace("\"imap.password\"", &format!("{file:?}"));
    let found = |text: &str| -> Vec<String> {
        let findings = Config::examine(text, &registry()).err().unwrap_or_default();
        findings.into_iter().map(|found| format!("{}: {}", found.path, found.message)).collect()
    };
    let password = "bridges.post.imap.password_file: ";
    assert!(found(&text)[0].starts_with(password) && found(&text)[0].contains("No such file"));
    std::fs::write(&file, "hunter2\n").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(found(&text)[0].contains("chmod o-rwx"));
    let both = found(&format!("time_zone = \"Europe/Atlantis\"\n{text}"));
    assert!(both[0].starts_with("time_zone: ") && both[1].starts_with(password), "{both:?}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(found(&text), [""; 0]);
}

fn parse(text: &str) -> Config {
    Config::parse(text, &registry()).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// A hub with one option, kinds `letter` and `fax` with a nested table, and `pager`, which is
/// the same and called over HTTP.
pub(crate) fn registry() -> Registry {
    Registry {
        hub: Box::new(Nowhere),
        kinds: ["letter", "fax", "pager"].map(|kind| Box::new(Letter(kind)) as _).into(),
        starters: Vec::new(),
    }
}

struct Nowhere;

impl HubKind for Nowhere {
    fn parse(&self, fields: &Fields<'_>) -> Option<Box<dyn HubSection>> {
        fields.required::<String>("homeserver")?;
        Some(Box::new(Self))
    }
}

struct Letter(&'static str);

/// `letter read` repeats its words and fails without any.
static TOOLS: [Tool; 1] = [Tool {
    noun: "letter",
    verb: "read",
    about: "Read a letter",
    run: |words, out| {
        let said = words.join(" ");
        if said.is_empty() {
            return Err("name a letter".to_owned());
        }
        writeln!(out, "{said}").map_err(|e| e.to_string())
    },
}];

impl Kind for Letter {
    fn name(&self) -> &'static str {
        self.0
    }

    fn tools(&self) -> &'static [Tool] {
        if self.0 == "letter" { &TOOLS } else { &[] }
    }

    fn parse(&self, _name: &WorkerName, fields: &Fields<'_>) -> Option<Box<dyn Section>> {
        let imap = fields.table("imap")?;
        let host = imap.required::<String>("host");
        imap.or("port", 993u16);
        imap.optional::<SecretFile>("password_file");
        imap.finish();
        host.map(|_| Box::new(Somewhere { called: self.0 == "pager" }) as Box<dyn Section>)
    }
}

#[async_trait]
impl HubSection for Nowhere {
    async fn build(&self, context: Context, _: &Path) -> Result<Arc<dyn Hub>, BuildError> {
        Err(unbuildable(context))
    }
}

struct Somewhere {
    called: bool,
}

#[async_trait]
impl Section for Somewhere {
    async fn build(&self, context: Context) -> Result<Arc<dyn Worker>, BuildError> {
        Err(unbuildable(context))
    }

    fn is_called(&self) -> bool {
        self.called
    }
}

fn unbuildable(context: Context) -> BuildError {
    BuildError { worker: context.name, what: "a test builds nothing".into(), remedy: String::new() }
}
