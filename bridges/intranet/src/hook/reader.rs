//! What a call brings, and what is made of it once it is journalled.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderName;
use viadukt_api::config::Fields;
use viadukt_api::{Call, HookError, MessageId, Protection, Reason, Timestamp, Unreadable, Words};

use super::rules::{Rules, RulesTable};
use super::{Dialect, Reading, Taken};
use crate::guard::{Proof, Scheme, header};
use crate::notice::Notice;
use crate::received::Received;
use crate::template::{Template, context};

/// What the table says of reading.
#[derive(Clone)]
pub(crate) struct ReaderTable {
    dialect: Arc<dyn Dialect>,
    rules: RulesTable,
    template_file: Option<PathBuf>,
    headers: Vec<String>,
    owner: Option<String>,
}

/// Reads what a system brings.
pub(crate) struct Reader {
    /// The system's name in the configuration.
    name: String,
    dialect: Arc<dyn Dialect>,
    template: Template,
    /// The template is the operator's, who wants it for everything.
    is_own_template: bool,
    rules: Rules,
    /// The headers that are kept beside a body, for the template and the rules.
    headers: Vec<String>,
    /// Who is to be told when something is wrong with it.
    owner: Option<String>,
}

impl ReaderTable {
    /// Reads the options of every hook; those of its own the `dialect` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: Arc<dyn Dialect>) -> Self {
        let rules = RulesTable::parse(fields);
        let template_file = fields.optional::<PathBuf>("template_file");
        let example_file = fields.optional::<PathBuf>("example_file");
        let headers = headers(fields, &*dialect);
        let owner = fields.optional("owner");
        match (&template_file, example_file) {
            (Some(template), Some(example)) => {
                let (dialect, template) = (Arc::clone(&dialect), template.clone());
                let headers = headers.clone();
                fields.later("template_file", move || {
                    try_out(&*dialect, &template, &example, &headers)
                });
            }
            (Some(_), None) => fields.object(
                "template_file",
                "needs `example_file`: a body of the system to try the template with",
            ),
            (None, Some(_)) => fields.object("example_file", "goes with `template_file` alone"),
            (None, None) => {}
        }
        Self { dialect, rules, template_file, headers, owner }
    }

    /// How the system speaks.
    pub(super) fn dialect(&self) -> &dyn Dialect {
        &*self.dialect
    }

    /// Reads the template.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(crate) fn build(&self, name: &str, words: &Arc<Words>) -> Result<Reader, String> {
        let template = match &self.template_file {
            Some(file) => load(file, words)?,
            None => {
                let source = self.dialect.template().to_owned();
                Template::new("the built-in template", source, words).map_err(|e| e.to_string())?
            }
        };
        Ok(Reader {
            name: name.to_owned(),
            dialect: Arc::clone(&self.dialect),
            template,
            is_own_template: self.template_file.is_some(),
            rules: self.rules.build(),
            headers: self.headers.clone(),
            owner: self.owner.clone(),
        })
    }
}

impl Reader {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// How the system speaks.
    pub(crate) fn dialect(&self) -> &dyn Dialect {
        &*self.dialect
    }

    /// Takes apart `call`, which has given `proof`.
    ///
    /// # Errors
    /// The body is nothing that such a system sends.
    pub(crate) fn take(
        &self,
        call: &Call,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Vec<Received>, HookError> {
        let taken = self.dialect.take(call)?.into_iter().enumerate();
        let received = taken.map(|(number, Taken { id, beside, body })| {
            let key = || match (proof.key(&call.body, now), number) {
                (key, 0) => key,
                (key, number) => format!("{key}+{number}"),
            };
            let mut received = Received {
                system: self.name.clone(),
                id: id.unwrap_or_else(key),
                at: now,
                beside: self.kept(call, beside),
                protection: Protection::of_call(&call.url),
                body,
            };
            if let Some(id) = self.rules.id(|| self.dialect.read(&received).ok()) {
                received.id = id;
            }
            received
        });
        Ok(received.collect())
    }

    /// Reads what was taken.
    ///
    /// # Errors
    /// It says nothing that can be shown, or the template does not fit it.
    pub(crate) fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        let Reading { value, mut notice } = self.dialect.read(received)?;
        let value = context(&value, &received.beside);
        let is_said = !notice.content.text.is_empty() || notice.content.html.is_some();
        if self.is_own_template || !is_said {
            notice.content = self.template.render(&value).map_err(|error| {
                let reason = match &self.owner {
                    None => Reason::new("intranet-template-fails"),
                    Some(owner) => {
                        Reason::new("intranet-template-fails-owned").with("owner", owner)
                    }
                };
                Unreadable { reason: reason.with("error", error.to_string()) }
            })?;
        }
        self.rules.apply(&value, &mut notice);
        if let Some(matter) = &mut notice.matter {
            // Ids of matters are unique within the bridge, those of a system within it.
            matter.id = MessageId::new(format!("{}/{}", self.name, matter.id.as_str()));
        }
        Ok(notice)
    }

    /// What stands beside a body: what the dialect needs, and what the table asks for.
    fn kept(&self, call: &Call, mut beside: Vec<(String, String)>) -> Vec<(String, String)> {
        for name in &self.headers {
            if let Some(value) = header(call, name) {
                beside.push((name.clone(), value.to_owned()));
            }
        }
        beside
    }
}

fn load(file: &Path, words: &Arc<Words>) -> Result<Template, String> {
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
    let template = load(template, &Arc::new(Words::new(Default::default())))?;
    let wrong = |what: &str| format!("{}: {what}", example.display());
    let body = std::fs::read(example).map_err(|error| wrong(&error.to_string()))?;
    let received = Received {
        system: "example".to_owned(),
        id: "example".to_owned(),
        at: Timestamp(0),
        // The example stands for a call that has them all.
        beside: headers.iter().map(|name| (name.clone(), "example".to_owned())).collect(),
        protection: Protection::Unknown,
        body: body.into(),
    };
    let reading = dialect.read(&received).map_err(|_| wrong("nothing that such a system sends"))?;
    let value = context(&reading.value, &received.beside);
    template.render(&value).map(drop).map_err(|error| error.to_string())
}

/// The names of `headers`, as HTTP/2 writes them. Those that prove who calls are kept by nobody.
fn headers(fields: &Fields<'_>, dialect: &dyn Dialect) -> Vec<String> {
    let names: Vec<String> = fields.list("headers");
    let read: Option<Vec<HeaderName>> = names.iter().map(|name| name.parse().ok()).collect();
    let Some(read) = read else {
        fields.object("headers", "expected names of headers such as \"X-GitHub-Event\"");
        return Vec::new();
    };
    let token = fields.optional::<String>("token_header");
    let signature = dialect.scheme().map(Scheme::header);
    let proofs = ["authorization", "cookie"].into_iter().chain(token.as_deref()).chain(signature);
    let proofs: Vec<_> = proofs.collect();
    let is_proof = |name: &HeaderName| proofs.iter().any(|p| name.as_str().eq_ignore_ascii_case(p));
    if read.iter().any(is_proof) {
        fields.object("headers", "secrets are not kept");
    }
    read.into_iter().map(|name| name.as_str().to_owned()).collect()
}
