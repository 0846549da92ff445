//! What goes over the line to each kind of system, byte for byte, in `tests/outgoing/`. Each case
//! names the documentation that its expected request was compared with.
//!
//! `UPDATE_CASES=1` writes the expected requests anew.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::post::testing::{Does, Said, StandIn, noon, system};
use crate::systems::SYSTEMS;

/// A case: `NAME.toml`. The request that it makes is in `NAME.request`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The documentation.
    source: String,
    /// The system's table; `{folder}` is where the secrets are, `{url}` where the server is.
    system: toml::Table,
    /// Secrets by the name of their file.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    sender: String,
    to: Option<String>,
    text: String,
    html: Option<String>,
    #[serde(default)]
    correction: bool,
    /// What the documentation says of a message that was taken.
    status: String,
    #[serde(default)]
    answer: String,
}

impl Case {
    fn said(&self) -> Said {
        let mut said = Said::by(&self.sender, &self.text);
        said.behind.clone_from(&self.to);
        said.correction = self.correction;
        said.content.html.clone_from(&self.html);
        said
    }
}

/// Sends what the case says; gives what the server heard.
async fn on_the_line(case: &Case) -> String {
    let server = StandIn::new(&[Does::says(&case.status, "", &case.answer)]).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in &case.secrets {
        let secret = secret.replace("{url}", &server.url());
        std::fs::write(folder.path().join(name), secret).unwrap();
    }
    let mut table = case.system.clone();
    table.insert("networks".to_owned(), vec!["127.0.0.1"].into());
    let table = table.to_string().replace("{url}", &server.url());
    let system = system(&table, folder.path(), &noon());
    let said = case.said();
    system.takes().unwrap().send(&said.out()).await.unwrap();
    server.heard().remove(0)
}

#[tokio::test]
async fn each_system_is_told_as_its_documentation_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outgoing");
    let mut spoken = Vec::new();
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "toml")) {
        let case = std::fs::read_to_string(file).unwrap();
        let case: Case =
            toml::from_str(&case).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert!(case.source.starts_with("https://"), "{} has no source", file.display());
        spoken.push(case.system["speaks"].as_str().unwrap().to_owned());
        let found = on_the_line(&case).await;
        let expected = file.with_extension("request");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        let written = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, written, "{}", expected.display());
    }
    // Alertmanager takes deeds alone (`systems/alerts/silence/tests.rs`), MQTT no HTTP, and the
    // others nothing.
    let others = ["alertmanager", "feed", "fit-connect", "grafana", "mqtt", "webhook"];
    for kind in SYSTEMS.iter().filter(|kind| !others.contains(&kind.name)) {
        assert!(spoken.iter().any(|name| name == kind.name), "{} has no case", kind.name);
    }
}
