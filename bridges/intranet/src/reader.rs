//! What is made of what a system brought, whether it calls us or we listen to it: a message, by a
//! template ([`crate::template`]) and by [`rules`], until its time is over ([`expiry`]). How a kind
//! of system is read is its own ([`Reads`]); everything else is here, and the same for all.

pub(crate) mod expiry;
mod rules;
pub(crate) mod severity;
pub(crate) mod told;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;

use minijinja::Value;
use viadukt_api::config::Fields;
use viadukt_api::{BuildError, Context, MessageId, Reason, Unreadable, Words};

use self::expiry::Expiry;
use self::rules::{Rules, RulesTable};
use crate::client;
use crate::markup;
use crate::notice::Notice;
use crate::received::Received;
use crate::template::{Template, context};

/// How what a kind of system brings is read. Pure.
pub(crate) trait Reads: Send + Sync {
    /// The built-in template, for the values that [`Reads::read`] gives. Empty where the content
    /// is always there without one.
    fn template(&self) -> &'static str;

    /// Reads it, once it is journalled.
    ///
    /// # Errors
    /// It says nothing that can be shown.
    fn read(&self, received: &Received) -> Result<Reading, Unreadable>;

    /// What templates and rules know besides the fields of the value, by name.
    fn beside(&self, received: &Received) -> Vec<(&'static str, Value)> {
        let _ = received;
        Vec::new()
    }

    /// What a file holds that an operator has saved to try a template with.
    ///
    /// # Errors
    /// It is nothing that such a system brings.
    fn examples(&self, file: &[u8]) -> Result<Vec<Received>, String>;

    /// Whether such a system tells everything apart itself, so that no rule may.
    fn brings_ids(&self) -> bool {
        false
    }
}

/// What was read of a thing.
pub(crate) struct Reading {
    /// What it says, for the template and the rules. Without it neither is asked.
    pub(crate) value: Option<serde_json::Value>,
    /// What is known of it besides. With content, the built-in template is not asked.
    pub(crate) notice: Notice,
    /// What people must know of how it came, or of content that is there; each is a line below what
    /// it says.
    pub(crate) remarks: Vec<Reason>,
}

impl Reading {
    /// A thing that says `value`, with what is known of it besides.
    pub(crate) fn of(value: serde_json::Value, notice: Notice) -> Self {
        Self { value: Some(value), notice, remarks: Vec::new() }
    }
}

/// What the table of a system that brings something says of reading it.
#[derive(Clone)]
pub(crate) struct ReaderTable {
    reads: Arc<dyn Reads>,
    rules: RulesTable,
    template_file: Option<PathBuf>,
    owner: Option<String>,
    expires: Option<Expiry>,
}

/// Reads what a system brings.
pub(crate) struct Reader {
    /// The system's name in the configuration.
    name: String,
    reads: Arc<dyn Reads>,
    template: Template,
    /// The template is the operator's, who wants it for everything.
    is_own_template: bool,
    rules: Rules,
    /// Who is to be told when something is wrong with it.
    owner: Option<String>,
    expiry: Option<Expiry>,
    words: Arc<Words>,
}

impl ReaderTable {
    /// Reads the options that all have; those of its own `reads` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, reads: Arc<dyn Reads>) -> Self {
        let rules = RulesTable::parse(fields, !reads.brings_ids());
        let template_file = fields.optional::<PathBuf>("template_file");
        let example_file = fields.optional::<PathBuf>("example_file");
        match (&template_file, example_file) {
            (Some(template), Some(example)) => {
                let (reads, template) = (Arc::clone(&reads), template.clone());
                fields.later("template_file", move || trial::run(&*reads, &template, &example));
            }
            (Some(_), None) => fields.object(
                "template_file",
                "needs `example_file`: what the system brings, to try the template with",
            ),
            (None, Some(_)) => fields.object("example_file", "goes with `template_file` alone"),
            (None, None) => {}
        }
        let owner = fields.optional("owner");
        Self { reads, rules, template_file, owner, expires: fields.optional("expires") }
    }

    /// Reads the template; for the system `name` of the bridge in `context`.
    pub(crate) fn build(&self, name: &str, context: &Context) -> Result<Reader, BuildError> {
        self.reader(name, &context.words).map_err(|what| {
            let what = format!("system {name}: {what}");
            client::error(context, what, "`viadukt check` tries it out")
        })
    }

    /// The same without a bridge.
    ///
    /// # Errors
    /// What is wrong with the template, and where.
    pub(crate) fn reader(&self, name: &str, words: &Arc<Words>) -> Result<Reader, String> {
        let template = match &self.template_file {
            Some(file) => trial::load(file, words)?,
            None => {
                let source = self.reads.template().to_owned();
                Template::new("the built-in template", source, words).map_err(|e| e.to_string())?
            }
        };
        Ok(Reader {
            name: name.to_owned(),
            reads: Arc::clone(&self.reads),
            template,
            is_own_template: self.template_file.is_some(),
            rules: self.rules.build(),
            owner: self.owner.clone(),
            expiry: self.expires,
            words: Arc::clone(words),
        })
    }
}

impl Reader {
    /// The system's name in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The day from which on nothing is taken from it.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.expiry
    }

    /// The id that the rule finds in `received`.
    pub(crate) fn id(&self, received: &Received) -> Option<String> {
        self.rules.id(|| self.reads.read(received).ok()?.value)
    }

    /// Reads what the system brought.
    ///
    /// # Errors
    /// It says nothing that can be shown, or the template does not fit it.
    pub(crate) fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        if let Some(told) = told::read(received) {
            return Ok(told);
        }
        let Reading { value, mut notice, mut remarks } = self.reads.read(received)?;
        if let Some(value) = value {
            let value = context(&value, self.reads.beside(received));
            let is_said = !notice.content.text.is_empty() || notice.content.html.is_some();
            if self.is_own_template || !is_said {
                if is_said {
                    // They are about what the operator's template takes the place of.
                    remarks.clear();
                }
                let rendered = self.template.render(&value);
                notice.content = rendered.map_err(|error| self.unfit(&error.to_string()))?;
            }
            self.rules.apply(&value, &mut notice);
        }
        for remark in &remarks {
            markup::add_line(&mut notice.content, &self.words.reason(remark));
        }
        if let Some(matter) = &mut notice.matter {
            // Ids of matters are unique within the bridge, those of a system within it.
            matter.id = MessageId::new(format!("{}/{}", self.name, matter.id.as_str()));
        }
        Ok(notice)
    }

    /// The template does not fit what came.
    fn unfit(&self, error: &str) -> Unreadable {
        let reason = match &self.owner {
            None => Reason::new("intranet-template-fails"),
            Some(owner) => Reason::new("intranet-template-fails-owned").with("owner", owner),
        };
        Unreadable { reason: reason.with("error", error) }
    }
}
