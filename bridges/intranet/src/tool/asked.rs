//! What the commands were asked for.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use toml::de::DeTable;
use viadukt_api::Words;
use viadukt_api::config::{Fields, Findings};

use crate::hook::{Reader, ReaderTable};
use crate::systems::HOOKS;

/// What a command was asked for.
pub(super) struct Asked {
    pub(super) kind: String,
    pub(super) file: String,
    pub(super) as_json: bool,
    pub(super) headers: HeaderMap,
    pub(super) url: Option<String>,
    pub(super) secret_file: Option<String>,
    pub(super) token_file: Option<String>,
    /// Lines of the system's table.
    options: String,
}

pub(super) fn is_help(words: &[String]) -> bool {
    words.iter().any(|word| word == "--help" || word == "-h")
}

impl Asked {
    /// Reads the words of a command that is used as `usage` says.
    pub(super) fn read(words: &[String], usage: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{what}\n\n{usage}");
        let mut names = Vec::new();
        let mut asked = Self::of("", "");
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().cloned().ok_or_else(|| wrong("a value is missing"));
            // An option that the usage does not name is none of this command's.
            if word.starts_with("--") && !usage.contains(word.as_str()) {
                return Err(wrong(&format!("unknown option {word}")));
            }
            match word.as_str() {
                "--json" => asked.as_json = true,
                "--url" => asked.url = Some(next()?),
                "--secret-file" => asked.secret_file = Some(next()?),
                "--token-file" => asked.token_file = Some(next()?),
                "--template" => {
                    let file = toml::Value::String(next()?);
                    asked.option(&format!("template_file = {file}\nexample_file = {file}"));
                }
                "--option" => asked.option(&next()?),
                "--header" => {
                    let (name, value) = header(&next()?).ok_or_else(|| wrong("no header"))?;
                    asked.headers.append(name, value);
                }
                name => names.push(name.to_owned()),
            }
        }
        let [kind, file] =
            <[String; 2]>::try_from(names).map_err(|_| wrong("name a kind and a file"))?;
        Ok(Self { kind, file, ..asked })
    }

    /// The body in `file`, as if a system of `kind` had brought it.
    pub(super) fn of(kind: &str, file: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            file: file.to_owned(),
            as_json: false,
            headers: HeaderMap::new(),
            url: None,
            secret_file: None,
            token_file: None,
            options: String::new(),
        }
    }

    fn option(&mut self, line: &str) {
        self.options.push_str(line);
        self.options.push('\n');
    }

    /// What reads calls of such a system.
    pub(super) fn reader(&self) -> Result<Reader, String> {
        let Some((_, parse)) = HOOKS.iter().find(|(name, _)| *name == self.kind) else {
            let known = HOOKS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(format!("no kind of hook is called {}: {known}", self.kind));
        };
        let names = self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>();
        let table = format!("{}headers = {names:?}\n", self.options);
        let document = DeTable::parse(&table).map_err(|e| format!("--option: {}", e.message()))?;
        let findings = Findings::default();
        let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
        let table = ReaderTable::parse(&fields, parse(&fields));
        fields.finish();
        if let Some(finding) = findings.into_sorted().first() {
            return Err(format!("{}: {}", finding.path, finding.message));
        }
        table.build(&self.kind, &Arc::new(Words::new(Default::default())))
    }

    /// What a system of this kind says of `body`.
    pub(super) fn content_type(&self, body: &[u8]) -> &'static str {
        let is_bare = !self.headers.keys().any(|name| name.as_str().starts_with("ce-"));
        match body.trim_ascii_start().first() {
            Some(b'{') if self.kind == "cloudevents" && is_bare => "application/cloudevents+json",
            Some(b'[') if self.kind == "cloudevents" && is_bare => {
                "application/cloudevents-batch+json"
            }
            Some(b'{' | b'[') => "application/json",
            _ => "text/plain; charset=utf-8",
        }
    }
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}
