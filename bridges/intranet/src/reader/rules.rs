//! Rules by field: what an operator says about a system's values, in the expressions of the
//! template language: `stream = "labels.site"`, `ends = "status == 'resolved'"`.

use minijinja::{Environment, UndefinedBehavior, Value};
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Matter, MessageId};

use super::severity;
use crate::notice::Notice;
use crate::template::context;

/// What evaluating one rule may cost.
const FUEL: u64 = 10_000;
/// Longer names of streams and longer ids are nobody's.
const LONGEST: usize = 200;

/// The rules of one system.
pub(crate) struct Rules {
    environment: Environment<'static>,
    id: Option<Rule>,
    stream: Option<Rule>,
    severity: Option<Rule>,
    matter: Option<Rule>,
    ends: Option<Rule>,
}

/// What the table says of them.
#[derive(Clone)]
pub(crate) struct RulesTable {
    id: Option<Rule>,
    stream: Option<Rule>,
    severity: Option<Rule>,
    matter: Option<Rule>,
    ends: Option<Rule>,
}

/// An expression that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule(String);

impl FromToml for Rule {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let written = text(value, "a field such as \"labels.site\"")?;
        let wrong =
            |error: minijinja::Error| format!("expected a field such as \"labels.site\": {error}");
        environment().compile_expression(written).map_err(wrong)?;
        Ok(Self(written.to_owned()))
    }
}

impl RulesTable {
    /// Reads them; `id` only of systems that do not tell everything apart themselves.
    pub(super) fn parse(fields: &Fields<'_>, with_id: bool) -> Self {
        let table = Self {
            id: if with_id { fields.optional("id") } else { None },
            stream: fields.optional("stream"),
            severity: fields.optional("severity"),
            matter: fields.optional("matter"),
            ends: fields.optional("ends"),
        };
        if table.ends.is_some() && table.matter.is_none() {
            fields.object("ends", "says when a matter ends: `matter` must say what it is");
        }
        table
    }

    pub(super) fn build(&self) -> Rules {
        let Self { id, stream, severity, matter, ends } = self.clone();
        Rules { environment: environment(), id, stream, severity, matter, ends }
    }
}

impl Rules {
    /// The id that the rule finds in what `read` gives; without a rule nothing is read. Headers
    /// do not count, since no signature covers them.
    pub(super) fn id(&self, read: impl FnOnce() -> Option<serde_json::Value>) -> Option<String> {
        let rule = self.id.as_ref()?;
        self.text(rule, &context(&read()?, Vec::new()))
    }

    /// Adds to `notice` what the rules find in `value`.
    pub(super) fn apply(&self, value: &Value, notice: &mut Notice) {
        let find = |rule: &Option<Rule>| rule.as_ref().and_then(|rule| self.text(rule, value));
        if let Some(stream) = find(&self.stream) {
            notice.stream = Some(stream);
        }
        if let Some(word) = find(&self.severity) {
            notice.severity = severity::read(&word).or(notice.severity);
        }
        if let Some(id) = find(&self.matter) {
            let ends = self.ends.as_ref().is_some_and(|rule| self.of(rule, value).is_true());
            notice.matter = Some(Matter { id: MessageId::new(id), ends, handle: None });
        }
    }

    /// What `rule` finds; nothing where it does not fit.
    fn of(&self, rule: &Rule, value: &Value) -> Value {
        let expression = self.environment.compile_expression(&rule.0);
        expression.and_then(|expression| expression.eval(value.clone())).unwrap_or_default()
    }

    fn text(&self, rule: &Rule, value: &Value) -> Option<String> {
        let found = self.of(rule, value);
        if found.is_undefined() || found.is_none() {
            return None;
        }
        let found = found.to_string();
        let line: String = found.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        Some(line).filter(|line| !line.is_empty())
    }
}

/// What is not there is not there: a rule is about values of every shape.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_fuel(Some(FUEL));
    environment.remove_global("debug");
    environment
}
