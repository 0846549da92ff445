//! What the table of a system that calls us says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderName;
use viadukt_api::config::Fields;
use viadukt_api::words::Language;
use viadukt_api::{BuildError, Context, Words};

use super::rules::RulesTable;
use super::{Dialect, Expiry, Hook};
use crate::guard::GuardTable;
use crate::received::Received;
use crate::system::{Declared, System};
use crate::template::{Template, context};

/// A valid table.
#[derive(Clone)]
pub(crate) struct HookTable {
    dialect: Arc<dyn Dialect>,
    guard: GuardTable,
    rules: RulesTable,
    template_file: Option<PathBuf>,
    headers: Vec<String>,
    expires: Option<Expiry>,
    owner: Option<String>,
}

impl HookTable {
    /// Reads the options that every hook has; those of its own the `dialect` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: impl Dialect + 'static) -> Option<Self> {
        let dialect: Arc<dyn Dialect> = Arc::new(dialect);
        let guard = GuardTable::parse(fields, dialect.scheme().is_some());
        let rules = RulesTable::parse(fields);
        let template_file = fields.optional::<PathBuf>("template_file");
        let example_file = fields.optional::<PathBuf>("example_file");
        let headers = headers(fields);
        match (&template_file, example_file) {
            (Some(template), Some(example)) => {
                let (dialect, template) = (Arc::clone(&dialect), template.clone());
                let beside = headers.clone();
                fields.later("template_file", move || {
                    try_out(&*dialect, &template, &example, &beside)
                });
            }
            (Some(_), None) => fields.object(
                "template_file",
                "needs `example_file`: a body of the system to try the template with",
            ),
            (None, Some(_)) => fields.object("example_file", "goes with `template_file` alone"),
            (None, None) => {}
        }
        let expires = fields.optional("expires");
        let owner = fields.optional("owner");
        let guard = guard?;
        Some(Self { dialect, guard, rules, template_file, headers, expires, owner })
    }

    /// As [`HookTable::parse`], for systems that may also only be spoken to.
    pub(crate) fn parse_if_called(
        fields: &Fields<'_>,
        dialect: impl Dialect + 'static,
    ) -> Option<Self> {
        if GuardTable::is_there(fields) { Self::parse(fields, dialect) } else { None }
    }

    /// Reads secrets and the template.
    pub(crate) fn hook(&self, name: &str, context: &Context) -> Result<Hook, BuildError> {
        let wrong = |what: String, remedy: String| BuildError {
            worker: context.name.clone(),
            what: format!("system {name}: {what}"),
            remedy,
        };
        let guard = self.guard.build(self.dialect.scheme());
        let template = match &self.template_file {
            Some(file) => load(file, &context.words),
            None => built_in(&*self.dialect, &context.words),
        };
        Ok(Hook {
            name: name.to_owned(),
            dialect: Arc::clone(&self.dialect),
            guard: guard.map_err(|(what, remedy)| wrong(what, remedy))?,
            template: template
                .map_err(|what| wrong(what, "`viadukt check` tries it out".to_owned()))?,
            is_own_template: self.template_file.is_some(),
            rules: self.rules.build(),
            headers: self.headers.clone(),
            expiry: self.expires,
            owner: self.owner.clone(),
            context: context.clone(),
        })
    }
}

impl Declared for HookTable {
    fn build(&self, name: &str, context: &Context) -> Result<Box<dyn System>, BuildError> {
        Ok(Box::new(self.hook(name, context)?))
    }

    fn is_called(&self) -> bool {
        true
    }
}

/// The template that `dialect` brings.
pub(crate) fn built_in(dialect: &dyn Dialect, words: &Arc<Words>) -> Result<Template, String> {
    Template::new("the built-in template", dialect.template().to_owned(), words)
        .map_err(|error| error.to_string())
}

/// The template in `file`.
pub(crate) fn load(file: &Path, words: &Arc<Words>) -> Result<Template, String> {
    let origin = file.display().to_string();
    let source = std::fs::read_to_string(file).map_err(|error| format!("{origin}: {error}"))?;
    Template::new(&origin, source, words).map_err(|error| error.to_string())
}

/// Renders the template in a file with the body in another, as `viadukt check` does.
fn try_out(
    dialect: &dyn Dialect,
    template: &Path,
    example: &Path,
    headers: &[String],
) -> Result<(), String> {
    let template = load(template, &Arc::new(Words::new(Language::default())))?;
    let wrong = |what: &str| format!("{}: {what}", example.display());
    let body = std::fs::read(example).map_err(|error| wrong(&error.to_string()))?;
    let received = Received {
        system: "example".to_owned(),
        id: "example".to_owned(),
        at: viadukt_api::Timestamp(0),
        // A header is there or is not; the example stands for a call that has them.
        beside: headers.iter().map(|name| (name.clone(), "example".to_owned())).collect(),
        protection: "none".to_owned(),
        body: body.into(),
    };
    let reading = dialect.read(&received).map_err(|_| wrong("nothing that such a system sends"))?;
    let value = context(&reading.value, &received.beside);
    template.render(&value).map(drop).map_err(|error| error.to_string())
}

/// The names of `headers`, as HTTP/2 writes them. Those that prove who calls are kept by nobody.
fn headers(fields: &Fields<'_>) -> Vec<String> {
    let names: Vec<String> = fields.list("headers");
    let read = names.iter().map(|name| name.parse::<HeaderName>().ok());
    let read: Option<Vec<_>> = read.collect();
    let Some(read) = read else {
        fields.object("headers", "expected names of headers such as \"X-GitHub-Event\"");
        return Vec::new();
    };
    if read.iter().any(|name| matches!(name.as_str(), "authorization" | "cookie")) {
        fields.object("headers", "secrets are not kept");
    }
    read.into_iter().map(|name| name.as_str().to_owned()).collect()
}
