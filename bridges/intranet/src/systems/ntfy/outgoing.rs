//! ntfy, outwards: a message becomes a notification on a topic (ntfy's documentation, "Publish as
//! JSON"). The party behind the system is the topic.

use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, FromToml};
use viadukt_api::{Content, Context, Reason};

use crate::client::Reach;
use crate::login::Login;
use crate::post::{BuildTakes, Posting, Shape, json, needed_party};
use crate::speech::{Speech, is_text};
use crate::system::Outgoing;

/// A server turns a longer text into an attachment ("Limitations": 4,096 bytes). A correction's
/// note must find room as well.
const LARGEST: usize = 4_000;

/// Reads the table: `topics` are those that may be written to.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let login = Login::parse(fields, "");
    let topics = fields.required_list::<Topic>("topics");
    let priority = fields.or("priority", 3);
    if !(1..=5).contains(&priority) {
        fields.object("priority", "expected a number from 1 to 5");
    }
    let tags = fields.list("tags");
    let topics: Vec<_> = topics?.into_iter().map(|topic| topic.0).collect();
    let url = url?;
    Some(Box::new(move |name, context| {
        let (url, topics, tags) = (url.clone(), topics.clone(), tags.clone());
        let login = login.header(context)?;
        Posting::build(name, Ntfy { url, login, topics, priority, tags }, &reach, context)
    }))
}

/// A topic as ntfy takes it (its `server.go`, `topicRegex`).
struct Topic(String);

impl FromToml for Topic {
    fn from_toml(value: &toml::de::DeValue<'_>) -> Result<Self, String> {
        let topic = String::from_toml(value)?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        match (1..=64).contains(&topic.len()) && topic.bytes().all(fits) {
            true => Ok(Self(topic)),
            false => Err("expected up to 64 letters, digits, hyphens and underscores".to_owned()),
        }
    }
}

/// An ntfy server.
struct Ntfy {
    url: Url,
    login: Option<HeaderValue>,
    topics: Vec<String>,
    priority: u16,
    tags: Vec<String>,
}

#[derive(Serialize)]
struct Message<'m> {
    topic: &'m str,
    message: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'m str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'m [String],
    priority: u16,
}

impl Shape for Ntfy {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        needed_party(behind, Some(&self.topics))
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, LARGEST)?;
        match content.text.trim().len() > LARGEST {
            true => Err(Reason::new("intranet-too-large").with("limit", "4 KB")),
            false => Ok(()),
        }
    }

    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let Speech { name, text } = Speech::of(out, &at.words);
        let message = Message {
            topic: out.behind.unwrap_or_default(),
            message: &text,
            title: name.as_deref(),
            tags: &self.tags,
            priority: self.priority,
        };
        let mut request = Request::post(self.url.clone(), "application/json", json(&message));
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        Ok(request)
    }
}
