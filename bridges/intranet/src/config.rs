//! The options of a `kind = "intranet"` bridge.

use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{BuildError, Context, Level, Patience, Section, Worker, async_trait};

use crate::notice::Manner;
use crate::system::{Declared, SystemKind};
use crate::systems::SYSTEMS;
use crate::worker::IntranetWorker;

/// A bridge's section, valid as far as it can be checked without the network.
pub(crate) struct IntranetSection {
    systems: Vec<(Manner, Box<dyn Declared>)>,
    patience: Patience,
}

impl IntranetSection {
    /// Reads the section; `None` when something needed is missing or unfit. The caller asks
    /// the general options and calls `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let patience = Patience::read(fields, &default_patience());
        let tables = fields.tables("systems");
        if tables.is_empty() {
            fields.object("systems", "missing: a table `systems.NAME` for each system");
            return None;
        }
        let read: Vec<_> = tables.iter().map(|(name, _, table)| system(name, table)).collect();
        let systems = read.into_iter().collect::<Option<_>>()?;
        Some(Self { systems, patience })
    }
}

fn system(name: &str, fields: &Fields<'_>) -> Option<(Manner, Box<dyn Declared>)> {
    let name_fits = fits_as_name(name);
    if !name_fits {
        fields.object("", "expected a name of lower-case letters, digits and hyphens");
    }
    let kind = fields.required::<Speaks>("speaks");
    let manner = Manner {
        name: name.to_owned(),
        title: fields.optional("title"),
        level: fields.optional::<LevelName>("level").map(|level| level.0),
    };
    let declared = kind.and_then(|kind| (kind.0.parse)(fields));
    fields.finish();
    Some((manner, declared?)).filter(|_| name_fits)
}

/// It is a part of addresses and of paths.
fn fits_as_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(fits)
}

struct Speaks(&'static SystemKind);

impl FromToml for Speaks {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let names = SYSTEMS.iter().map(|kind| format!("\"{}\"", kind.name));
        let expected = names.collect::<Vec<_>>().join(", ");
        let name = text(value, &expected)?;
        let kind = SYSTEMS.iter().find(|kind| kind.name == name);
        kind.map(Self).ok_or_else(|| format!("expected one of {expected}"))
    }
}

struct LevelName(Level);

impl FromToml for LevelName {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"normal\", \"high\" or \"very-high\"";
        match text(value, expected)? {
            "normal" => Ok(Self(Level::Normal)),
            "high" => Ok(Self(Level::High)),
            "very-high" => Ok(Self(Level::VeryHigh)),
            _ => Err(format!("expected {expected}")),
        }
    }
}

/// The schedule that Standard Webhooks recommends ("Deliverability and reliability"), which
/// suits every system that is away for a night.
fn default_patience() -> Patience {
    let minutes = [5, 30, 120, 300, 600, 840, 1_200, 1_440].map(|m| Duration::from_secs(m * 60));
    let pauses = std::iter::once(Duration::from_secs(5)).chain(minutes).collect();
    Patience {
        pauses,
        give_up_after: Duration::from_secs(75 * 3_600 + 35 * 60),
        tell_after: Duration::from_secs(15 * 60),
    }
}

#[async_trait]
impl Section for IntranetSection {
    async fn build(&self, context: Context) -> Result<Arc<dyn Worker>, BuildError> {
        let mut systems = Vec::new();
        for (manner, declared) in &self.systems {
            systems.push((manner.clone(), declared.build(&manner.name, &context)?));
        }
        Ok(Arc::new(IntranetWorker::new(systems, self.patience.clone(), context)))
    }

    fn is_called(&self) -> bool {
        self.systems.iter().any(|(_, declared)| declared.is_called())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use toml::de::DeTable;
    use viadukt_api::config::{Finding, Findings};

    use super::*;

    const EXAMPLE: &str = include_str!("../../../config.example.toml");

    fn found(text: &str, path: &[&str]) -> Vec<Finding> {
        let document = DeTable::parse(text).unwrap();
        let findings = Findings::default();
        let root = Fields::new(document.get_ref(), 0..0, "", &findings);
        let bridge = path.iter().fold(root, |fields, key| fields.optional_table(key).unwrap());
        let _section = IntranetSection::parse(&bridge);
        findings.into_sorted()
    }

    /// The options in the example's tables of systems that `is_wanted` picks by their first
    /// lines: those of the table itself, and those that are commented out.
    fn options(is_wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let tables = EXAMPLE.split("\n[bridges.monitoring.systems.").skip(1);
        let lines = tables.filter(|table| is_wanted(table)).flat_map(str::lines);
        lines.filter_map(|line| Some(line.trim_start_matches('#').split_once(" = ")?.0)).collect()
    }

    #[test]
    fn the_example_is_read_and_holds_every_option_of_every_kind() {
        assert_eq!(found(EXAMPLE, &["bridges", "monitoring"]), []);
        // The first of those that call and of those that take messages speak for the others.
        let shared =
            options(|table| ["door]", "application]"].iter().any(|t| table.starts_with(t)));
        for SystemKind { name, .. } in SYSTEMS {
            let own = options(|table| table.contains(&format!("speaks = \"{name}\"")));
            assert!(!own.is_empty(), "no example of {name}");
            // Each is asked for both ways, where it knows both.
            for needed in
                ["token_files = ['x']", "url = 'https://x'", "subscribe = ['x']\ntopics = ['x']"]
            {
                let table = format!("[systems.x]\nspeaks = '{name}'\n{needed}\nno_option = true");
                let found = found(&table, &[]);
                let unknown = found.iter().find(|finding| finding.path.ends_with("no_option"));
                let (_, known) = unknown.unwrap().message.split_once("known here: ").unwrap();
                for option in known.split(", ") {
                    let is_there = own.contains(&option) || shared.contains(&option);
                    assert!(is_there, "the example of {name} lacks {option}");
                }
            }
        }
    }

    #[test]
    fn the_usual_patience_is_what_the_example_says() {
        let document = DeTable::parse(EXAMPLE).unwrap();
        let findings = Findings::default();
        let root = Fields::new(document.get_ref(), 0..0, "", &findings);
        let bridge = root.table("bridges").unwrap().table("monitoring").unwrap();
        let other = Patience {
            pauses: vec![Duration::ZERO],
            give_up_after: Duration::ZERO,
            tell_after: Duration::ZERO,
        };
        assert_eq!(Patience::read(&bridge, &other), default_patience());
    }
}
