//! A gateway as a TOML file declares it: the presets are such files, and operators write their
//! own. `docs/sms-gateways.md` explains every field.

use std::path::Path;

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use toml::de::DeTable;
use url::Url;
use viadukt_api::config::{Fields, Finding, Findings};
use viadukt_api::{Answer, Timestamp};

use super::answer::AnswerShape;
use super::hook::{Arrival, HookShape};
use super::place::Setting;
use super::request::RequestShape;
use super::signature::SignatureShape;

/// A gateway: how it takes messages, and how it calls us.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    /// Where it is, if everybody finds it at the same place.
    pub(crate) url: Option<String>,
    pub(crate) request: RequestShape,
    pub(crate) answer: AnswerShape,
    /// In the order of their names; the first that fits a call takes it.
    pub(crate) hooks: Vec<HookShape>,
    pub(crate) signature: Option<SignatureShape>,
    pub(crate) reply: Reply,
}

/// What a call is answered once it is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// The kinds of content in which gateways want to be answered.
const CONTENT_TYPES: [&str; 3] = ["text/plain", "text/xml", "application/json"];

impl Declaration {
    /// Reads the text of a file; all findings, each with its line and column.
    pub(crate) fn read(source: &str) -> Result<Self, Vec<String>> {
        let table = match DeTable::parse(source) {
            Ok(table) => table,
            Err(error) => {
                let place = place(source, error.span().map_or(0, |span| span.start));
                return Err(vec![format!("{place}: {}", error.message())]);
            }
        };
        let findings = Findings::default();
        let fields = Fields::new(table.get_ref(), table.span(), "", &findings);
        let declaration = Self::parse(&fields);
        let shown = |finding: Finding| {
            format!("{}: {}: {}", place(source, finding.span.start), finding.path, finding.message)
        };
        let findings: Vec<_> = findings.into_sorted().into_iter().map(shown).collect();
        match declaration {
            Some(declaration) if findings.is_empty() => Ok(declaration),
            _ => Err(findings),
        }
    }

    /// Reads a file; the error names it in each of its lines.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        let named = |why: &str| format!("{}:{why}", path.display());
        let source = std::fs::read_to_string(path).map_err(|e| named(&format!(" {e}")))?;
        Self::read(&source).map_err(|findings| {
            findings.iter().map(|why| named(why)).collect::<Vec<_>>().join("\n")
        })
    }

    /// Reads a table.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let url = fields.optional::<String>("url");
        if url.as_deref().is_some_and(|url| Url::parse(url).is_err()) {
            fields.object("url", "expected an address such as \"https://gateway.example\"");
        }
        let request = fields.table("request").and_then(|fields| RequestShape::parse(&fields));
        let answer = fields.table("answer").and_then(|fields| AnswerShape::parse(&fields));
        let tables = fields.tables("hooks");
        let count = tables.len();
        let hooks: Vec<_> =
            tables.into_iter().filter_map(|(_, _, fields)| HookShape::parse(&fields)).collect();
        let whole = hooks.len() == count;
        let signature =
            fields.optional_table("signature").and_then(|fields| SignatureShape::parse(&fields));
        if count > 0 && signature.is_none() {
            fields.object("signature", "missing: hooks need a `scheme` by which callers are known");
        }
        let needs_address =
            request.as_ref().is_some_and(|request| request.needs().contains(&Setting::HooksUrl));
        if count == 0 && needs_address {
            fields.object("request", "{hooks_url} is nowhere without hooks; mark it with ?");
        }
        let reply = fields.optional_table("reply");
        let reply = reply.map_or_else(|| Some(Reply::empty()), |fields| Reply::parse(&fields));
        fields.finish();
        let declared =
            Self { url, request: request?, answer: answer?, hooks, signature, reply: reply? };
        whole.then_some(declared)
    }

    /// The hook for a call to `path` that says `value`.
    pub(crate) fn hook(&self, path: &str, value: &Value) -> Option<&HookShape> {
        self.hooks.iter().find(|hook| hook.fits(path, value))
    }

    /// Whether any hook is called at `path`.
    pub(crate) fn has_hook_at(&self, path: &str) -> bool {
        self.hooks.iter().any(|hook| hook.is_at(path))
    }

    /// The hook that a body is most likely for, when nobody knows where it was sent: one that
    /// can read it, receipts before texts, because a text may lack almost everything.
    pub(crate) fn likely_hook(&self, value: &Value) -> Option<&HookShape> {
        let readable = |hook: &&HookShape| {
            hook.is_about(value) && hook.read(value, Arrival::new(Timestamp(0), "")).is_ok()
        };
        let receipts = self.hooks.iter().filter(|hook| hook.is_for_receipts());
        let others = self.hooks.iter().filter(|hook| !hook.is_for_receipts());
        receipts.chain(others).find(readable)
    }
}

impl Reply {
    /// As the listener gives it.
    pub(crate) fn answer(&self) -> Answer {
        Answer {
            status: self.status,
            content_type: self.content_type,
            body: self.body.clone(),
            headers: HeaderMap::new(),
        }
    }

    fn empty() -> Self {
        Self { status: StatusCode::OK, content_type: CONTENT_TYPES[0], body: String::new() }
    }

    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let status = match fields.or::<u16>("status", 200) {
            200 => Some(StatusCode::OK),
            202 => Some(StatusCode::ACCEPTED),
            204 => Some(StatusCode::NO_CONTENT),
            _ => {
                fields.object("status", "expected 200, 202 or 204");
                None
            }
        };
        let said = fields.or("content_type", CONTENT_TYPES[0].to_owned());
        let content_type = CONTENT_TYPES.into_iter().find(|known| *known == said);
        if content_type.is_none() {
            let known = CONTENT_TYPES.join("\", \"");
            fields.object("content_type", format!("expected one of \"{known}\""));
        }
        let body = fields.or("body", String::new());
        fields.finish();
        Some(Self { status: status?, content_type: content_type?, body })
    }
}

/// `LINE:COLUMN` of a byte.
fn place(source: &str, byte: usize) -> String {
    let before = source.get(..byte).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let found = Declaration::read(
            r#"url = "nowhere"
[request]
method = "GET"
path = "/send/{nobody}"
form = { To = "{to}", Bis = "{validity:minutes}" }
[answer]
shape = "xml"
taken = { field = "status" }
[hooks.message]
brings = "text"
colour = "blue"
[hooks.receipt]
brings = "receipt"
of = "a..b"
state = "state"
states = { delivered = ["1"], failed = ["1"] }
[reply]
status = 500
"#,
        );
        let found = found.unwrap_err();
        let expected = [
            "1:1: signature: missing: hooks need a `scheme` by which callers are known",
            "1:7: url: expected an address such as \"https://gateway.example\"",
            "4:8: request.path: {nobody} is not known; known: to, from, text, reference, \
             coding:A|B, parts, validity:minutes, validity:seconds, receipt_url, account, user, \
             secret, service, hooks_url, hook_secret",
            "5:8: request.form: Bis: {validity:…}, {receipt_url}, {text:gsm} and {text:ucs2hex} may \
             have no value: mark them with ?, as in {receipt_url?}; the field is then left out",
            "7:9: answer.shape: expected \"json\" or \"text\"",
            "8:9: answer.taken.is: missing: the values that fit, here or as `starts`",
            "9:1: hooks.message.from: missing",
            "14:6: hooks.receipt.of: expected a path such as \"messages[*].id\"",
            "16:10: hooks.receipt.states: \"1\" stands there twice",
            "18:10: reply.status: expected 200, 202 or 204",
        ];
        assert_eq!(found, expected);
    }

    /// The example that explains every field, in the documentation.
    #[test]
    fn the_documented_example_is_a_good_declaration() {
        let page = include_str!("../../../../docs/sms-gateways.md");
        let (_, own) = page.split_once("## A gateway of your own").unwrap();
        let (_, block) = own.split_once("```toml\n").unwrap();
        let (example, _) = block.split_once("```").unwrap();
        Declaration::read(example).unwrap();
    }

    #[test]
    fn an_address_that_nobody_calls_is_named() {
        let found = Declaration::read("[request]\npath = '/?to={hooks_url}'\n[answer]\n");
        let expected = "1:1: request: {hooks_url} is nowhere without hooks; mark it with ?";
        assert_eq!(found.unwrap_err(), [expected]);
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_too() {
        let found = Declaration::read("[request]\npath =\n").unwrap_err();
        assert!(found[0].starts_with("2:7: "), "{found:?}");
    }
}
