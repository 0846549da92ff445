//! Templates turn what a system said into a message. They are written in the language of Jinja
//! (the crate minijinja) and write Markdown.
//!
//! A template costs at most so much and writes at most so much; it reads no file, and knows
//! nothing but the value that it is given and these:
//!
//! | in a template | gives |
//! |---|---|
//! | `{{ value }}` | the value, without any meaning in Markdown ([`escape`]) |
//! | `{{ value \| markdown }}` | the value's own Markdown |
//! | `{{ value \| mrkdwn }}` | the value's own Slack markup |
//! | `{{ value \| code }}`, `{{ value \| block }}` | the value as code, in a line or of its own |
//! | `{{ value \| pretty }}` | a table or list as indented JSON |
//! | `{% for item in value \| each %}` | the items of a list, and nothing of anything else |
//! | `{{ value \| link(url) }}` | the value, leading to `url` if that is an address of the web |
//! | `{{ word("alert-firing", name = …) }}` | a sentence of ours in the language of the bridge |

mod error;
mod escape;
pub(crate) mod mrkdwn;
mod words;

use std::io;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, ValueKind, merge_maps};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use viadukt_api::{Content, Words};

pub(crate) use self::error::TemplateError;
pub(crate) use self::escape::text_of as plain;
#[cfg(test)]
pub(crate) use self::words::SENTENCES;
use crate::markup;

/// What one rendering may cost, in instructions of the template: some milliseconds' worth.
const FUEL: u64 = 2_000_000;
/// What one rendering may write, in bytes. A body's every character may need an escape.
const LONGEST: usize = 4 << 20;
/// How deep macros may call each other.
const DEEPEST: usize = 64;
/// The name that the one template has within its environment.
const MESSAGE: &str = "message";

/// A template, ready to be used.
pub(crate) struct Template {
    environment: Environment<'static>,
    /// The file that it came from, or the kind of system that it is built in for.
    origin: String,
}

impl Template {
    /// Reads `source`, which came from `origin`.
    pub(crate) fn new(
        origin: &str,
        source: String,
        words: &Arc<Words>,
    ) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEEPEST);
        // Without it an error knows its line only.
        environment.set_debug(true);
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            environment.set_syntax(syntax);
        }
        // What macros write is Markdown already.
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
        environment.set_formatter(|out, _, value| escape::write(out, value));
        environment.add_filter("markdown", |value: Value| marked(value, str::to_owned));
        environment.add_filter("mrkdwn", |value: Value| marked(value, mrkdwn::to_markdown));
        environment.add_filter("code", |text: String| Value::from_safe_string(escape::code(&text)));
        environment
            .add_filter("block", |text: String| Value::from_safe_string(escape::block(&text)));
        environment.add_filter("link", |text: String, url: Value| {
            Value::from_safe_string(escape::link(&text, url.as_str().unwrap_or_default()))
        });
        environment.add_filter("each", each);
        environment.add_filter("pretty", pretty);
        // It would show everything that a template knows to the room.
        environment.remove_global("debug");
        let words = Arc::clone(words);
        environment.add_function("word", move |name: &str, filling: Kwargs| {
            words::say(&words, name, &filling)
        });
        environment
            .add_template_owned(MESSAGE, source)
            .map_err(|error| TemplateError::new(origin, &error))?;
        Ok(Self { environment, origin: origin.to_owned() })
    }

    /// What becomes of `value`.
    pub(crate) fn render(&self, value: &Value) -> Result<Content, TemplateError> {
        let wrong = |error: &Error| TemplateError::new(&self.origin, error);
        let template = self.environment.get_template(MESSAGE).map_err(|error| wrong(&error))?;
        let mut written = Bounded(Vec::new());
        template.render_captured_to(value.clone(), &mut written).map_err(|error| wrong(&error))?;
        Ok(markup::from_markdown(&String::from_utf8_lossy(&written.0)))
    }
}

/// What templates and rules see: the fields of `value` by their names, the whole of it as `body`,
/// and what stands `beside` it.
pub(crate) fn context(value: &serde_json::Value, beside: Vec<(&'static str, Value)>) -> Value {
    let body = Value::from(Serde(value));
    let known = Value::from_pairs(beside.into_iter().chain([("body", body.clone())]));
    // The latter wins.
    if value.is_object() { merge_maps([body, known]) } else { known }
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::Error::other(format!("the message would be longer than {LONGEST}")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `value` as the Markdown that `read` gives; what is no text has none.
fn marked(value: Value, read: fn(&str) -> String) -> Value {
    value.as_str().map(read).map_or(value, Value::from_safe_string)
}

/// The items of a list; what is none has none.
fn each(value: Value) -> Value {
    let is_list = value.kind() == ValueKind::Seq;
    if is_list { value } else { Value::from(Vec::<Value>::new()) }
}

fn pretty(value: &Value) -> Result<String, Error> {
    serde_json::to_string_pretty(value)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the value cannot be written as JSON"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
