//! Microsoft Teams: a card in a channel or chat, by a workflow that begins "when a Teams webhook
//! request is received". The address of the workflow is the secret.

use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::Fields;
use viadukt_api::{Content, Context, Reason};

use crate::client::Reach;
use crate::post::{BuildTakes, Posting, Shape, json, only_takes, party};
use crate::speech::{AROUND, Speech, is_text};
use crate::system::{Outgoing, SystemKind};

/// The line in [`crate::systems::SYSTEMS`].
pub(crate) const TEAMS: SystemKind =
    SystemKind { name: "teams", parse: |fields| only_takes(parse(fields)) };

/// About 28 KB, all of the message counted (Microsoft's reference of the Teams connector, "Known
/// issues and limitations").
const LARGEST: usize = 28_000;

/// Reads the table.
fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url_file = reach.url_file(fields);
    let url_file = url_file?;
    Some(Box::new(move |name, context| {
        let teams = Teams { url: reach.secret_url(&url_file, context)? };
        Posting::build(name, teams, &reach, context)
    }))
}

/// A workflow.
struct Teams {
    url: Url,
}

/// A message with a card, as the workflow's template expects it.
#[derive(Serialize)]
struct Message<'m> {
    r#type: &'static str,
    attachments: [Attachment<'m>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'m> {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card<'m>,
}

/// An Adaptive Card (its schema, 1.4).
#[derive(Serialize)]
struct Card<'m> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: Vec<TextBlock<'m>>,
}

#[derive(Serialize)]
struct TextBlock<'m> {
    r#type: &'static str,
    text: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    wrap: bool,
}

fn message(name: Option<&str>, text: &str) -> Vec<u8> {
    let block = |text, weight| TextBlock { r#type: "TextBlock", text, weight, wrap: true };
    let name = name.map(|name| block(name, Some("Bolder")));
    let content = Card {
        schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        r#type: "AdaptiveCard",
        version: "1.4",
        body: name.into_iter().chain([block(text, None)]).collect(),
    };
    let content_type = "application/vnd.microsoft.card.adaptive";
    let attachment = Attachment { content_type, content_url: None, content };
    json(&Message { r#type: "message", attachments: [attachment] })
}

impl Shape for Teams {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, Some(&[]))
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, LARGEST)?;
        // A name's letters may take four bytes each.
        match message(Some(""), content.text.trim()).len() + 4 * AROUND > LARGEST {
            true => Err(Reason::new("intranet-too-large").with("limit", "28 KB")),
            false => Ok(()),
        }
    }

    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let Speech { name, text } = Speech::of(out, &at.words);
        let body = message(name.as_deref(), &text);
        Ok(Request::post(self.url.clone(), "application/json", body))
    }
}
