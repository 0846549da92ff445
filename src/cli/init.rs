//! `viadukt init`: asks a few questions and writes a configuration with which `viadukt check` is
//! content, the files with the secrets, and the unit for systemd. Nothing is overwritten.

mod ask;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use viadukt_api::Words;
use viadukt_api::words::Language;

use super::{Exit, Failure};
use crate::config::{Config, Registry, Report};

use ask::Questions;

/// The unit that the packages install, too.
const UNIT: &str = include_str!("../../packaging/systemd/viadukt.service");

/// What was said on the command line already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// Where to write to.
    pub folder: PathBuf,
    /// Answers by the names of their questions.
    pub answers: BTreeMap<String, String>,
    /// Files with secrets by the names of their questions.
    pub secrets: BTreeMap<String, PathBuf>,
}

/// A kind of bridge to begin with.
pub struct Starter {
    /// The word behind `kind =`.
    pub kind: &'static str,
    /// What is asked about it.
    pub asks: &'static [Ask],
    /// The table of the configuration in German and in English, with `{{NAME}}` in the place of
    /// each answer.
    pub german: &'static str,
    /// See [`Starter::german`].
    pub english: &'static str,
}

/// A question.
pub struct Ask {
    /// The name of its answer.
    pub name: &'static str,
    /// The question: a sentence's key in `locales/`.
    pub question: &'static str,
    /// The answer of somebody who only presses Enter.
    pub usual: Option<&'static str>,
    /// The answer goes into a file of its own, which only viadukt's user can read.
    pub is_secret: bool,
}

/// What is asked in any case, before what the kind of bridge asks.
const ASKS: &[Ask] = &[
    Ask { name: "homeserver", question: "init-homeserver", usual: None, is_secret: false },
    Ask { name: "user", question: "init-user", usual: None, is_secret: false },
    Ask { name: "matrix.password", question: "init-matrix-password", usual: None, is_secret: true },
    Ask { name: "senders", question: "init-senders", usual: None, is_secret: false },
    Ask { name: "name", question: "init-name", usual: Some("post"), is_secret: false },
];

pub(super) fn init(said: &Init, registry: &Registry, out: &mut dyn Write) -> Result<Exit, Failure> {
    let mut questions = Questions::new(said, out)?;
    let language = questions.language()?;
    let starter = questions.starter(&registry.starters)?;
    let mut answers = BTreeMap::new();
    let mut secrets = Vec::new();
    for ask in ASKS.iter().chain(starter.asks) {
        let answer = questions.ask(ask)?;
        if ask.is_secret {
            let file = said.folder.join(ask.name);
            answers.insert(ask.name.to_owned(), file.display().to_string());
            secrets.push((file, answer));
        } else {
            answers.insert(ask.name.to_owned(), answer);
        }
    }
    let data_dir = said.answers.get("data_dir").cloned();
    let data_dir = data_dir.unwrap_or_else(|| Config::DEFAULT_DATA_DIR.to_owned());
    answers.insert("recovery_key".to_owned(), format!("{data_dir}/recovery.key"));
    answers.insert("data_dir".to_owned(), data_dir);
    let text = configuration(language, starter, &answers);
    write_all(said, &text, &secrets, registry)?;
    let words = Words::new(language);
    let folder = said.folder.display().to_string();
    writeln!(out, "\n{}", words.say("cli-init-done", &[("folder", &folder)]))?;
    Ok(Exit::Ok)
}

/// The configuration with the answers in it.
fn configuration(
    language: Language,
    starter: &Starter,
    answers: &BTreeMap<String, String>,
) -> String {
    let (head, table) = match language {
        Language::De => (include_str!("init/de.toml"), starter.german),
        Language::En => (include_str!("init/en.toml"), starter.english),
    };
    let mut text = format!("{head}\n{table}");
    for (name, answer) in answers {
        // As TOML writes strings, whatever stands in them; a table's name needs none.
        let quoted = toml::Value::String(answer.clone()).to_string();
        text = text.replace(&format!("[bridges.{{{{{name}}}}}"), &format!("[bridges.{answer}"));
        text = text.replace(&format!("{{{{{name}}}}}"), &quoted);
    }
    text
}

/// Writes everything, once it is known that the configuration is good and nothing is there.
fn write_all(
    said: &Init,
    text: &str,
    secrets: &[(PathBuf, String)],
    registry: &Registry,
) -> Result<(), Failure> {
    let file = said.folder.join("viadukt.toml");
    if let Err(findings) = Config::parse(text, registry) {
        let report = Report { file: &file, text, findings: &findings }.to_string();
        return Err(Failure::new(Exit::Usage, report.trim_end()));
    }
    let unit = said.folder.join("viadukt.service");
    let start = format!("ExecStart=/usr/bin/viadukt --config {} run", file.display());
    let unit_text = UNIT.replace("ExecStart=/usr/bin/viadukt run", &start);
    let texts = secrets.iter().map(|(path, secret)| (path, format!("{secret}\n"), 0o600));
    let others = [(&file, text.to_owned(), 0o640), (&unit, unit_text, 0o644)];
    let all: Vec<_> = texts.chain(others).collect();
    if let Some((there, _, _)) = all.iter().find(|(path, _, _)| path.exists()) {
        return Err(exists(there));
    }
    fs::create_dir_all(&said.folder)?;
    for (path, text, mode) in all {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(path),
            _ => Failure::new(Exit::Unavailable, format!("{}: {error}", path.display())),
        })?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let message = format!(
        "{}: exists and is not overwritten; move it away, or name another folder",
        path.display()
    );
    Failure::new(Exit::Usage, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;
    use viadukt_api::config::Fields;
    use viadukt_api::{HubKind, HubSection};

    use super::*;
    use crate::config::tests;

    const STARTER: Starter = Starter {
        kind: "letter",
        asks: &[Ask {
            name: "imap.password",
            question: "init-mail-password",
            usual: None,
            is_secret: true,
        }],
        german: "[bridges.{{name}}]\nkind = \"letter\"\nsenders = [{{senders}}]\n\
                 imap.host = \"x\"\nimap.password_file = {{imap.password}}\n",
        english: "",
    };

    /// A hub that knows what the real one needs.
    struct Hub(Box<dyn HubKind>);

    impl HubKind for Hub {
        fn parse(&self, fields: &Fields<'_>) -> Option<Box<dyn HubSection>> {
            for needed in ["user", "password_file", "recovery_key_file"] {
                fields.required::<String>(needed)?;
            }
            self.0.parse(fields)
        }
    }

    fn registry() -> Registry {
        let others = tests::registry();
        Registry { hub: Box::new(Hub(others.hub)), starters: vec![STARTER], kinds: others.kinds }
    }

    fn said(folder: &TempDir) -> Init {
        let secret = folder.path().join("secret");
        fs::write(&secret, "hunter2\n").unwrap();
        let answer = |name: &str, answer: &str| (name.to_owned(), answer.to_owned());
        Init {
            folder: folder.path().join("viadukt"),
            answers: BTreeMap::from([
                answer("language", "de"),
                answer("kind", "letter"),
                answer("homeserver", "https://matrix.amt.example"),
                answer("user", "@post:amt.example"),
                answer("senders", "*:amt.example"),
                answer("name", "eingang"),
            ]),
            secrets: ["matrix.password", "imap.password"]
                .map(|name| (name.to_owned(), secret.clone()))
                .into(),
        }
    }

    #[test]
    fn what_is_written_is_good_and_is_not_overwritten() {
        let folder = TempDir::new().unwrap();
        let registry = registry();
        let mut out = Vec::new();
        assert_eq!(init(&said(&folder), &registry, &mut out).unwrap(), Exit::Ok);
        let written = |name: &str| folder.path().join("viadukt").join(name);
        let text = fs::read_to_string(written("viadukt.toml")).unwrap();
        assert!(text.contains("[bridges.eingang]"), "{text}");
        assert!(Config::parse(&text, &registry).is_ok(), "{text}");
        let secret = written("imap.password");
        assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(secret).unwrap(), "hunter2\n");
        assert!(
            fs::read_to_string(written("viadukt.service")).unwrap().contains("viadukt.toml run")
        );
        let again = init(&said(&folder), &registry, &mut out).unwrap_err();
        assert!(again.message.contains("not overwritten"), "{again}");
    }

    #[test]
    fn wrong_answers_write_nothing() {
        let folder = TempDir::new().unwrap();
        let registry = registry();
        let mut said = said(&folder);
        said.answers.insert("senders".to_owned(), "everybody".to_owned());
        let failure = init(&said, &registry, &mut Vec::new()).unwrap_err();
        assert!(failure.message.contains("expected \"@user:server\""), "{failure}");
        assert!(!said.folder.exists());
        said.answers.remove("name");
        let failure = init(&said, &registry, &mut Vec::new()).unwrap_err();
        assert!(failure.message.contains("senders"), "the name has a usual answer: {failure}");
        said.answers.remove("user");
        let failure = init(&said, &registry, &mut Vec::new()).unwrap_err();
        assert!(failure.message.contains("--set user="), "{failure}");
    }
}
