//! Any tool that can post a body to an address: `{"text": …}`, or the shape of an incoming
//! webhook of Slack (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>)
//! or Mattermost (<https://developers.mattermost.com/integrate/webhooks/incoming/>), as JSON, as a
//! form, or a plain text. With a template of one's own, any JSON.

mod signature;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use serde_json::Value;
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Severity, Unreadable};

use self::signature::BodySignature;
use crate::guard::Scheme;
use crate::hook::{Dialect, HookTable, value_of};
use crate::markup;
use crate::notice::Notice;
use crate::reader::{Reading, severity};
use crate::received::Received;
use crate::system::Declared;

/// How such a tool speaks.
pub(crate) struct Webhook {
    signature: BodySignature,
    markup: Markup,
}

/// What the texts of a body are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Markup {
    #[default]
    Markdown,
    /// Slack's own.
    Mrkdwn,
    /// None: what looks like markup is meant as it is.
    Plain,
}

impl FromToml for Markup {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "\"markdown\", \"mrkdwn\" or \"plain\"";
        match text(value, expected)? {
            "markdown" => Ok(Self::Markdown),
            "mrkdwn" => Ok(Self::Mrkdwn),
            "plain" => Ok(Self::Plain),
            _ => Err(format!("expected {expected}")),
        }
    }
}

/// Reads the table of such a tool.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let table = HookTable::parse(fields, Webhook::parse(fields))?;
    Some(Box::new(table))
}

impl Webhook {
    /// Reads the options of its own.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        Self {
            signature: BodySignature::parse(fields),
            markup: fields.or("markup", Markup::default()),
        }
    }
}

impl Dialect for Webhook {
    fn template(&self) -> &'static str {
        macro_rules! written_in {
            ($markup:literal) => {
                concat!(
                    "{%- set written_in = '",
                    $markup,
                    "' -%}",
                    include_str!("webhook/message.j2")
                )
            };
        }
        match self.markup {
            Markup::Markdown => written_in!("markdown"),
            Markup::Mrkdwn => written_in!("mrkdwn"),
            Markup::Plain => written_in!("plain"),
        }
    }

    fn scheme(&self) -> Option<&dyn Scheme> {
        Some(&self.signature)
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let value = value_of(received)?;
        let word = |name: &str| value.get(name).and_then(Value::as_str);
        let html = word("html").filter(|html| !html.trim().is_empty());
        let content = html.map(|html| markup::from_html(html, word("text"))).unwrap_or_default();
        let remarks = markup::left_out(html, &content).into_iter().collect();
        let notice = Notice {
            speaker: word("username").map(str::to_owned),
            severity: pressing(&value),
            content,
            ..Notice::default()
        };
        Ok(Reading { remarks, ..Reading::of(value, notice) })
    }
}

/// How pressing it is: by a field of that meaning (`type` is Apprise's), or by the colour of an
/// attachment, as Slack names them.
fn pressing(value: &Value) -> Option<Severity> {
    let of_field = ["severity", "level", "type"].into_iter().filter_map(|name| value.get(name));
    let attachments = value.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let of_colour = attachments.filter_map(|attachment| attachment.get("color"));
    of_field
        .filter_map(Value::as_str)
        .find_map(severity::read)
        .or_else(|| of_colour.filter_map(Value::as_str).filter_map(severity::read).max())
}
