//! Standard Webhooks, outwards: a message becomes a signed POST
//! (<https://www.standardwebhooks.com>, specification 1.0).

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::{Content, Context, Reason};

use super::key::SigningKey;
use crate::client::{Reach, error, secret};
use crate::line::Rules;
use crate::post::{BuildTakes, Posting, Shape, json, party};
use crate::system::Outgoing;
use crate::told::{self, Told, rfc3339};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// Reads the table. Each of `signing_key_files` signs, so that one can follow another.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let files = fields.required_list::<SecretFile>("signing_key_files");
    let (url, files) = (url?, files?);
    Some(Box::new(move |name, context| {
        let read = files.iter().map(|file| {
            let unfit = |what| error(context, format!("{file}: {what}"), "put such a key there");
            SigningKey::read(&secret(file, context)?).map_err(unfit)
        });
        let keys = read.collect::<Result<_, _>>()?;
        Posting::build(name, Standard { url: url.clone(), keys }, &reach, context)
    }))
}

/// A receiver.
struct Standard {
    url: Url,
    keys: Vec<SigningKey>,
}

/// The body, by the specification's "Payload structure".
#[derive(Serialize)]
struct Event<'e> {
    r#type: &'static str,
    timestamp: String,
    data: Told<'e>,
}

impl Shape for Standard {
    const RULES: Rules = Rules::Webhook;

    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, None)
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        told::fits(content)
    }

    /// The timestamp beside the signature is the attempt's, the one in the body the message's:
    /// receivers refuse what was signed long ago.
    fn request(&self, out: &Outgoing<'_>, at: &Context) -> Result<Request, Reason> {
        let timestamp = rfc3339(out.accepted_at);
        let body = json(&Event { r#type: "message", timestamp, data: Told::of(out) });
        let seconds = (at.env.now().0 / 1_000).to_string();
        let signed = [out.id.as_bytes(), b".", seconds.as_bytes(), b".", &body].concat();
        let signatures: Vec<_> = self.keys.iter().map(|key| key.sign(&signed)).collect();

        let mut request = Request::post(self.url.clone(), "application/json", body);
        let fields = [(ID, out.id), (TIMESTAMP, &seconds), (SIGNATURE, &signatures.join(" "))];
        for (name, value) in fields {
            request.headers.extend(HeaderValue::try_from(value).map(|value| (name, value)));
        }
        Ok(request)
    }
}
