//! What the commands were asked for.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::{Timestamp, Words};

use crate::guard::Proof;
use crate::hook::{Calls, Dialect, SavedCall};
use crate::notice::Notice;
use crate::reader::{Reader, ReaderTable};
use crate::received::Received;
use crate::systems::{HOOKS, LISTENED, ParseDialect};

/// What a command was asked for.
#[derive(Default)]
pub(crate) struct Asked {
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
        let mut asked = Self::default();
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

    /// Something of `kind` whose table has these `options`.
    #[cfg(test)]
    pub(crate) fn of(kind: &str, options: &str) -> Self {
        Self { kind: kind.to_owned(), options: options.to_owned(), ..Self::default() }
    }

    fn option(&mut self, line: &str) {
        self.options.push_str(line);
        self.options.push('\n');
    }

    /// What becomes of what `file` holds, each with its id.
    ///
    /// # Errors
    /// What is wrong with the options, the file or the template.
    pub(crate) fn notices(
        &self,
        file: &[u8],
        words: &Arc<Words>,
        now: Timestamp,
    ) -> Result<Vec<(String, Notice)>, String> {
        let (reader, received) = if let Some((_, parse)) = self.found(LISTENED) {
            let (reads, table) = self.with_fields("", |fields| {
                let reads = parse(fields);
                (Arc::clone(&reads), ReaderTable::parse(fields, reads))
            })?;
            (table.reader(&self.kind, words)?, reads.examples(file)?)
        } else {
            let (calls, reader) = self.calls(words)?;
            let call = SavedCall::read(file, calls.dialect(), self.headers.clone())?.0;
            let taken = calls.take(&self.kind, &call, Proof::Signed, now);
            (reader, taken.map_err(|error| error.to_string())?)
        };
        let read = |received: Received| match reader.read(&received) {
            Ok(notice) => Ok((reader.id(&received).unwrap_or(received.id), notice)),
            Err(unreadable) => Err(words.reason(&unreadable.reason)),
        };
        received.into_iter().map(read).collect()
    }

    /// How such a system speaks, if it is one that calls.
    pub(super) fn dialect(&self) -> Result<Arc<dyn Dialect>, String> {
        let parse = self.hook()?;
        self.with_fields("", |fields| {
            let dialect = parse(fields);
            // What is no option of its own is one of reading.
            ReaderTable::parse(fields, Arc::new(Calls::parse(fields, Arc::clone(&dialect))));
            dialect
        })
    }

    /// What takes calls of such a system apart, and what reads what they bring.
    fn calls(&self, words: &Arc<Words>) -> Result<(Calls, Reader), String> {
        let parse = self.hook()?;
        let names = self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>();
        let (calls, table) = self.with_fields(&format!("headers = {names:?}\n"), |fields| {
            let calls = Calls::parse(fields, parse(fields));
            let table = ReaderTable::parse(fields, Arc::new(calls.clone()));
            (calls, table)
        })?;
        Ok((calls, table.reader(&self.kind, words)?))
    }

    /// How systems of this kind speak that call us, by the options of their table.
    fn hook(&self) -> Result<ParseDialect, String> {
        self.found(HOOKS).map(|(_, parse)| *parse).ok_or_else(|| {
            let listened = LISTENED.iter().map(|(name, _)| *name);
            let known = HOOKS.iter().map(|(name, _)| *name).chain(listened);
            let known = known.collect::<Vec<_>>().join(", ");
            format!("no kind of system that can be tried is called {}: {known}", self.kind)
        })
    }

    fn found<T>(&self, kinds: &'static [(&'static str, T)]) -> Option<&'static (&'static str, T)> {
        kinds.iter().find(|(name, _)| *name == self.kind)
    }

    /// What `parse` makes of a table with the options and `further` lines.
    fn with_fields<T>(
        &self,
        further: &str,
        parse: impl FnOnce(&Fields<'_>) -> T,
    ) -> Result<T, String> {
        let table = format!("{}{further}", self.options);
        let document = DeTable::parse(&table).map_err(|e| format!("--option: {}", e.message()))?;
        let findings = Findings::default();
        let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
        let parsed = parse(&fields);
        fields.finish();
        match findings.into_sorted().first() {
            None => Ok(parsed),
            Some(finding) => Err(format!("{}: {}", finding.path, finding.message)),
        }
    }
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}
