//! CloudEvents, outwards: a message becomes an event in structured mode (CloudEvents 1.0.2, "HTTP
//! Protocol Binding", 3.2), sent by the rules of "HTTP 1.1 Web Hooks for Event Delivery".

use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde::Serialize;
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::Fields;
use viadukt_api::{Content, Context, Reason};

use crate::client::Reach;
use crate::line::Rules;
use crate::login::Login;
use crate::payload::{self, Payload, rfc3339};
use crate::post::{BuildTakes, Posting, Shape, json, party};
use crate::system::Outgoing;

/// Reads the table.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "url");
    let login = fields.optional("token_file").map_or(Login::None, Login::Bearer);
    let source = fields.required::<String>("source");
    let event_type = fields.or("event_type", "viadukt.message".to_owned());
    for (key, value) in [("source", source.as_deref()), ("event_type", Some(event_type.as_str()))] {
        if value.is_some_and(str::is_empty) {
            fields.object(key, "expected a text that is not empty (CloudEvents 1.0.2, 3.1)");
        }
    }
    let (url, source) = (url?, source?);
    Some(Box::new(move |name, context| {
        let (url, source, event_type) = (url.clone(), source.clone(), event_type.clone());
        let login = login.header(context)?;
        Posting::build(name, CloudEvents { url, login, source, event_type }, &reach, context)
    }))
}

/// A receiver of events.
struct CloudEvents {
    url: Url,
    login: Option<HeaderValue>,
    source: String,
    event_type: String,
}

/// An event with its data in it (CloudEvents' "JSON Event Format", 3).
#[derive(Serialize)]
struct Event<'e> {
    specversion: &'static str,
    id: &'e str,
    source: &'e str,
    r#type: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'e str>,
    time: String,
    datacontenttype: &'static str,
    data: Payload<'e>,
}

impl Shape for CloudEvents {
    const RULES: Rules = Rules::Webhook;

    fn url(&self) -> &Url {
        &self.url
    }

    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        party(behind, None)
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        payload::fits(content)
    }

    fn request(&self, out: &Outgoing<'_>, _: &Context) -> Result<Request, Reason> {
        let event = Event {
            specversion: "1.0",
            id: out.id,
            source: &self.source,
            r#type: &self.event_type,
            subject: out.behind,
            time: rfc3339(out.accepted_at),
            datacontenttype: "application/json",
            data: Payload::of(out),
        };
        let media_type = "application/cloudevents+json; charset=utf-8";
        let mut request = Request::post(self.url.clone(), media_type, json(&event));
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        Ok(request)
    }
}
