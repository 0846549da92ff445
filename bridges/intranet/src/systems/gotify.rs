//! Gotify: messages to the devices of a user (Gotify's REST API, `POST /message`).

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Content, Context, Reason};

use crate::client::{Reach, below};
use crate::login::{fits_in_header, secret_header};
use crate::post::{BuildTakes, Posting, Shape, json, only_takes, party};
use crate::speech::{Speech, is_text};
use crate::system::{Outgoing, SystemKind};

/// The line in [`crate::systems::SYSTEMS`].
pub(crate) const GOTIFY: SystemKind =
    SystemKind { name: "gotify", parse: |fields| only_takes(parse(fields)) };

const KEY: HeaderName = HeaderName::from_static("x-gotify-key");
/// Gotify sets no limit; no notification needs more.
const LONGEST: usize = 16_000;

/// Reads the table.
fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let (url, token_file) = (reach.url(fields, "url"), fields.required::<SecretFile>("token_file"));
    if let Some(file) = &token_file {
        fields.fits_later("token_file", file, fits_in_header);
    }
    let priority = fields.or("priority", 5);
    if priority > 10 {
        fields.object("priority", "expected a number from 0 to 10");
    }
    let (url, token_file) = (url?, token_file?);
    Some(Box::new(move |name, context| {
        let token = secret_header("", &token_file, context)?;
        Posting::build(name, Gotify { url: url.clone(), token, priority }, &reach, context)
    }))
}

/// An application of a Gotify server.
struct Gotify {
    url: Url,
    token: HeaderValue,
    priority: u16,
}

#[derive(Serialize)]
struct Message<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'m str>,
    message: &'m str,
    priority: u16,
}

impl Shape for Gotify {
    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, Some(&[]))
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        is_text(content, LONGEST)
    }

    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let Speech { name, text } = Speech::of(out, &at.words);
        let message = Message { title: name.as_deref(), message: &text, priority: self.priority };
        let request =
            Request::post(below(&self.url, &["message"]), "application/json", json(&message));
        Ok(request.with(KEY, self.token.clone()))
    }
}
