//! Reading configuration so that every finding comes at once, each with its line and column.
//!
//! [`Fields`] walks a TOML table and remembers what was asked for; what nobody asked for is a
//! finding as well. Nothing here reads files or the network.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// The option's full name, such as `bridges.post.imap.host`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// The findings of one file, collected while it is read.
#[derive(Debug, Default)]
pub struct Findings {
    all: RefCell<Vec<Finding>>,
    secrets: RefCell<Vec<NamedSecret>>,
    later: RefCell<Vec<Later>>,
}

/// A secret's file and the place that names it, so that `check` can look at the file later:
/// reading the configuration itself does no IO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSecret {
    /// Where it is named, in bytes of the file.
    pub span: Range<usize>,
    /// The option's full name, such as `bridges.post.imap.password_file`.
    pub path: String,
    /// The file.
    pub file: SecretFile,
}

/// Something that `check` looks at later, because it takes IO: what a named file holds.
pub struct Later {
    /// Where it is named, in bytes of the file.
    pub span: Range<usize>,
    /// The option's full name, such as `bridges.monitoring.systems.door.template_file`.
    pub path: String,
    /// Looks; the error says what is wrong.
    pub look: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Later({})", self.path)
    }
}

impl Findings {
    /// Adds one.
    pub fn add(&self, span: Range<usize>, path: impl Into<String>, message: impl Into<String>) {
        self.all.borrow_mut().push(Finding { span, path: path.into(), message: message.into() });
    }

    /// The secrets that were named so far.
    pub fn secrets(&self) -> Vec<NamedSecret> {
        self.secrets.borrow().clone()
    }

    /// What is to be looked at later, once.
    pub fn later(&self) -> Vec<Later> {
        self.later.take()
    }

    /// All of them, in the order of the file.
    pub fn into_sorted(self) -> Vec<Finding> {
        let mut all = self.all.into_inner();
        all.sort_by_key(|finding| finding.span.start);
        all
    }
}

/// One table of the configuration.
pub struct Fields<'a> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    path: String,
    findings: &'a Findings,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    /// The fields of `table`, which stands at `span` and is called `path` (empty for the root).
    pub fn new(
        table: &'a DeTable<'a>,
        span: Range<usize>,
        path: impl Into<String>,
        findings: &'a Findings,
    ) -> Self {
        Self { table, span, path: path.into(), findings, asked: RefCell::default() }
    }

    /// The value of `key`, or a finding when it is missing or unfit.
    pub fn required<T: FromToml>(&self, key: &str) -> Option<T> {
        match self.lookup(key) {
            Some(value) => self.read(key, value),
            None => {
                self.findings.add(self.span.clone(), self.name_of(key), "missing");
                None
            }
        }
    }

    /// The value of `key`; `None` when it is missing, or unfit (then with a finding).
    pub fn optional<T: FromToml>(&self, key: &str) -> Option<T> {
        self.lookup(key).and_then(|value| self.read(key, value))
    }

    /// The value of `key`; `default` when it is missing, or unfit (then with a finding).
    pub fn or<T: FromToml>(&self, key: &str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// The items of the list `key`; empty when it is missing or any item is unfit. Each unfit
    /// item is a finding at its own place.
    pub fn list<T: FromToml>(&self, key: &str) -> Vec<T> {
        self.lookup(key).and_then(|value| self.read_list(key, value)).unwrap_or_default()
    }

    /// As [`Fields::list`]; `None` when it is missing or any item is unfit.
    pub fn optional_list<T: FromToml>(&self, key: &str) -> Option<Vec<T>> {
        self.lookup(key).and_then(|value| self.read_list(key, value))
    }

    /// As [`Fields::list`], but the list must be there and have an item; `None` with a finding.
    pub fn required_list<T: FromToml>(&self, key: &str) -> Option<Vec<T>> {
        let Some(value) = self.lookup(key) else {
            self.findings.add(self.span.clone(), self.name_of(key), "missing");
            return None;
        };
        let items = self.read_list(key, value)?;
        if items.is_empty() {
            self.findings.add(value.span(), self.name_of(key), "expected at least one item");
            return None;
        }
        Some(items)
    }

    /// The table `key`, or a finding when it is missing or no table.
    pub fn table(&self, key: &str) -> Option<Fields<'a>> {
        if self.lookup(key).is_none() {
            self.findings.add(self.span.clone(), self.name_of(key), "missing table");
        }
        self.optional_table(key)
    }

    /// The table `key`; `None` when it is missing, or no table (then with a finding).
    pub fn optional_table(&self, key: &str) -> Option<Fields<'a>> {
        let value = self.lookup(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.findings.add(value.span(), self.name_of(key), "expected a table");
            return None;
        };
        Some(Fields::new(table, value.span(), self.name_of(key), self.findings))
    }

    /// The tables inside the table `key`, each with its name and the name's place.
    pub fn tables(&self, key: &str) -> Vec<(String, Range<usize>, Fields<'a>)> {
        let Some(outer) = self.optional_table(key) else { return Vec::new() };
        outer
            .table
            .iter()
            .filter_map(|(name, _)| {
                let text = name.get_ref().to_string();
                let fields = outer.optional_table(&text)?;
                Some((text, name.span(), fields))
            })
            .collect()
    }

    /// Whether `key` is there, fit or not.
    pub fn names(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Adds a finding at the value of `key` (of an item: `KEY[0]`), or at the table without one.
    pub fn object(&self, key: &str, message: impl Into<String>) {
        self.findings.add(self.span_of(key), self.name_of(key), message);
    }

    /// Lets `check` look later at what the value of `key` names.
    pub fn later(&self, key: &str, look: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        let later =
            Later { span: self.span_of(key), path: self.name_of(key), look: Box::new(look) };
        self.findings.later.borrow_mut().push(later);
    }

    /// Lets `check` look later whether the secret in `file`, which `key` names, `fits` if it is there.
    pub fn fits_later(
        &self,
        key: &str,
        file: &SecretFile,
        fits: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) {
        let file = file.clone();
        self.later(key, move || match file.read() {
            Ok(secret) => fits(secret.expose_secret()).map_err(|what| format!("{file}: {what}")),
            Err(_) => Ok(()),
        });
    }

    /// Adds a finding for every key that nobody asked for, once. Call it last.
    pub fn finish(&self) {
        let asked = self.asked.take();
        for (key, _) in self.table.iter().filter(|(k, _)| !asked.contains(k.get_ref().as_ref())) {
            let known = asked.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!("unknown option; known here: {known}");
            self.findings.add(key.span(), self.name_of(key.get_ref()), message);
        }
        self.asked.replace(self.table.keys().map(|key| key.get_ref().to_string()).collect());
    }

    fn lookup(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn read<T: FromToml>(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        match T::from_toml(value.get_ref()) {
            Ok(read) => {
                if let Some(file) = read.secret_file() {
                    let (span, path) = (value.span(), self.name_of(key));
                    let named = NamedSecret { span, path, file: file.clone() };
                    self.findings.secrets.borrow_mut().push(named);
                }
                Some(read)
            }
            Err(message) => {
                self.findings.add(value.span(), self.name_of(key), message);
                None
            }
        }
    }

    /// The items, or `None` when any of them is unfit; so that each is looked at, no early end.
    fn read_list<T: FromToml>(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<T>> {
        let Some(items) = value.get_ref().as_array() else {
            self.findings.add(value.span(), self.name_of(key), "expected a list");
            return None;
        };
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(i, item)| self.read(&format!("{key}[{i}]"), item))
            .collect();
        read.into_iter().collect()
    }

    fn name_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    fn span_of(&self, key: &str) -> Range<usize> {
        let item = key.strip_suffix(']').and_then(|key| key.split_once('['));
        let (name, index) = item.unwrap_or((key, ""));
        let value = self.table.get(name);
        let item =
            value.and_then(|list| list.get_ref().as_array()?.get(index.parse::<usize>().ok()?));
        item.or(value).map_or_else(|| self.span.clone(), Spanned::span)
    }
}

/// A value that can stand in the configuration.
pub trait FromToml: Sized {
    /// Reads it; the error says what was expected.
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String>;

    /// The file, when the value is a secret in one.
    fn secret_file(&self) -> Option<&SecretFile> {
        None
    }
}

impl FromToml for String {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "a string").map(str::to_owned)
    }
}

impl FromToml for bool {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "expected true or false".to_owned())
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl FromToml for $int {
            fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
                value
                    .as_integer()
                    .and_then(|i| <$int>::from_str_radix(i.as_str(), i.radix()).ok())
                    .ok_or_else(|| {
                        format!("expected a whole number from {} to {}", <$int>::MIN, <$int>::MAX)
                    })
            }
        }
    )*};
}
integers!(u16, u32, u64, i64);

impl<T: FromToml> FromToml for Vec<T> {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| "expected a list".to_owned())?;
        items.iter().map(|item| T::from_toml(item.get_ref())).collect()
    }
}

impl FromToml for PathBuf {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "a path").map(PathBuf::from)
    }
}

impl FromToml for Duration {
    /// A whole number and a unit: `30s`, `5m`, `12h`, `30d`.
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a time such as \"30s\", \"5m\", \"12h\" or \"30d\"";
        let (number, unit) = number_and_unit(text(value, expected)?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(format!("expected {expected}")),
        };
        number
            .and_then(|n| n.checked_mul(seconds))
            .map(Self::from_secs)
            .ok_or_else(|| format!("expected {expected}"))
    }
}

/// A number of bytes, written `512 KB`, `25 MB`, `1 GB` (decimal) or `KiB`, `MiB`, `GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl FromToml for ByteSize {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a size such as \"512 KB\", \"25 MB\" or \"1 GiB\"";
        let (number, unit) = number_and_unit(text(value, expected)?);
        let factor = match unit {
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(format!("expected {expected}")),
        };
        number
            .and_then(|n| n.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| format!("expected {expected}"))
    }
}

impl FromToml for crate::words::Language {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "\"de\" or \"en\"")?.parse()
    }
}

/// A secret in a file of its own. A relative path is looked up in `$CREDENTIALS_DIRECTORY`
/// (systemd credentials) when that is set, else from the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile(PathBuf);

impl FromToml for SecretFile {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        text(value, "the path of a file that holds the secret").map(|p| Self(PathBuf::from(p)))
    }

    fn secret_file(&self) -> Option<&SecretFile> {
        Some(self)
    }
}

impl SecretFile {
    /// The secret in the file `path`, for commands that are told it directly.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where the secret is looked for.
    pub fn path(&self) -> PathBuf {
        match std::env::var_os("CREDENTIALS_DIRECTORY") {
            Some(folder) if self.0.is_relative() => Path::new(&folder).join(&self.0),
            _ => self.0.clone(),
        }
    }

    /// Reads the secret; one line end at its end does not belong to it. The error names the
    /// file, never its content.
    pub fn read(&self) -> io::Result<SecretString> {
        let path = self.path();
        let said = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let mut secret = std::fs::read_to_string(&path).map_err(said)?;
        if secret.ends_with('\n') {
            secret.pop();
            if secret.ends_with('\r') {
                secret.pop();
            }
        }
        if secret.is_empty() {
            return Err(said(io::Error::new(io::ErrorKind::InvalidData, "the file is empty")));
        }
        Ok(SecretString::from(secret))
    }
}

impl fmt::Display for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

/// The text of a string value.
///
/// # Errors
/// `expected …` with the words given.
pub fn text<'v>(value: &'v DeValue<'_>, expected: &str) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("expected {expected}"))
}

fn number_and_unit(text: &str) -> (Option<u64>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number.parse().ok(), unit.trim_start())
}
