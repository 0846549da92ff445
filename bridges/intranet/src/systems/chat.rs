//! Mattermost, Rocket.Chat and Slack: a message by an incoming webhook, whose shape Slack
//! invented. The webhook's address is the secret; the party behind the system is a channel.

use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::Fields;
use viadukt_api::{Content, Context, Reason};

use crate::client::Reach;
use crate::post::{BuildTakes, Posting, Shape, json, only_takes, party};
use crate::speech::{AROUND, Speech, is_text};
use crate::system::{Outgoing, SystemKind};

/// The line of Mattermost in [`crate::systems::SYSTEMS`].
pub(crate) const MATTERMOST: SystemKind =
    SystemKind { name: "mattermost", parse: |fields| only_takes(parse(fields, &MATTERMOST_TASTE)) };
/// The line of Rocket.Chat.
pub(crate) const ROCKETCHAT: SystemKind =
    SystemKind { name: "rocketchat", parse: |fields| only_takes(parse(fields, &ROCKETCHAT_TASTE)) };
/// The line of Slack.
pub(crate) const SLACK: SystemKind =
    SystemKind { name: "slack", parse: |fields| only_takes(parse(fields, &SLACK_TASTE)) };

/// In what the three differ.
struct Taste {
    /// What makes letters bold.
    bold: &'static str,
    /// Whether `&`, `<` and `>` are marks (Slack, "Formatting text for app surfaces").
    is_escaped: bool,
    /// Whether a webhook may write to other channels than its own.
    has_channels: bool,
    /// In characters.
    longest: usize,
}

/// The limit: Mattermost's developer documentation, "Incoming webhooks".
const MATTERMOST_TASTE: Taste =
    Taste { bold: "**", is_escaped: false, has_channels: true, longest: 16_383 };
/// The limit: Rocket.Chat's setting "Maximum Allowed Message Size", as it is delivered.
const ROCKETCHAT_TASTE: Taste =
    Taste { bold: "*", is_escaped: false, has_channels: true, longest: 5_000 };
/// The limit: Slack's `chat.postMessage`, "Truncating content". A webhook of an app has a channel
/// of its own and no other.
const SLACK_TASTE: Taste =
    Taste { bold: "*", is_escaped: true, has_channels: false, longest: 40_000 };

/// Reads the table; only its `channels` can be written to besides the webhook's own.
fn parse(fields: &Fields<'_>, taste: &'static Taste) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url_file = reach.url_file(fields);
    let channels = if taste.has_channels { fields.list("channels") } else { Vec::new() };
    let url_file = url_file?;
    Some(Box::new(move |name, context| {
        let url = reach.secret_url(&url_file, context)?;
        let chat = Chat { url, channels: channels.clone(), taste };
        Posting::build(name, chat, &reach, context)
    }))
}

/// An incoming webhook.
struct Chat {
    url: Url,
    channels: Vec<String>,
    taste: &'static Taste,
}

#[derive(Serialize)]
struct Message<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'m str>,
    text: String,
}

impl Shape for Chat {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, Some(&self.channels))
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, self.taste.longest - AROUND)
    }

    /// The text goes as it was written: what people write in a room with Markdown, these systems
    /// show as they do.
    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let Speech { name, text } = Speech::of(out, &at.words);
        let Taste { bold, .. } = self.taste;
        let text = match name.map(|name| unmarked(&name)).unwrap_or_default() {
            none if none.is_empty() => text,
            name => format!("{bold}{name}{bold}: {text}"),
        };
        let text = if self.taste.is_escaped { escape(&text) } else { text };
        let message = Message { channel: out.behind, text };
        Ok(Request::post(self.url.clone(), "application/json", json(&message)))
    }
}

/// A name without what would end its bold letters, or make it call somebody.
fn unmarked(name: &str) -> String {
    let marks = ['*', '_', '~', '`', '@', '#', '[', ']', '\\'];
    let words = name.split(|c: char| c.is_whitespace() || marks.contains(&c));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
