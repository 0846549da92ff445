//! From a message to the HTTP request that sends it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use toml::de::DeValue;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use viadukt_api::client::Request;
use viadukt_api::config::{Fields, FromToml, text};

use super::place::Setting;
use super::template::{Facts, Template};

/// How a message is sent.
#[derive(Clone, Debug)]
pub(crate) struct RequestShape {
    method: Method,
    /// Behind the base address.
    path: Template,
    query: Pairs,
    headers: Pairs,
    basic: Option<(Template, Template)>,
    body: Body,
    /// Where receipts of one message go: its own reference may stand in the address.
    pub(crate) receipt_url: Option<Template>,
    /// What to ask to see whether the login is good, without sending anything.
    probe: Option<Template>,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Form(Pairs),
    Json(Json),
}

impl RequestShape {
    /// Reads `[request]`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let method = fields.or("method", "POST".to_owned());
        let method = match method.as_str() {
            "GET" => Some(Method::GET),
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            _ => {
                fields.object("method", "expected \"GET\", \"POST\" or \"PUT\"");
                None
            }
        };
        let path = fields.required("path");
        let basic = match fields.list::<Template>("basic") {
            none if none.is_empty() => None,
            pair => match <[Template; 2]>::try_from(pair) {
                Ok([user, password]) => Some((user, password)),
                Err(_) => {
                    fields.object(
                        "basic",
                        "expected a user and a password: [\"{user}\", \"{secret}\"]",
                    );
                    None
                }
            },
        };
        let headers: Pairs = fields.or("headers", Pairs::default());
        if headers.0.iter().any(|(name, _)| HeaderName::try_from(name).is_err()) {
            fields.object("headers", "expected names of HTTP header fields");
        }
        let body = match (fields.optional("form"), fields.optional("json")) {
            (None, None) => Body::None,
            (Some(form), None) => Body::Form(form),
            (None, Some(json)) => Body::Json(json),
            (Some(_), Some(_)) => {
                fields.object("json", "does not go with `form`");
                Body::None
            }
        };
        if method == Some(Method::GET) && !matches!(body, Body::None) {
            fields.object("method", "GET has no body; use `query`");
        }
        let shape = Self {
            method: method?,
            path: path?,
            query: fields.or("query", Pairs::default()),
            headers,
            basic,
            body,
            receipt_url: fields.optional("receipt_url"),
            probe: fields.optional("probe"),
        };
        fields.finish();
        Some(shape)
    }

    /// The request that sends the message in `facts`; `None` when a part of the address or of
    /// the login has no value, which a valid configuration rules out.
    pub(crate) fn fill(&self, base: &Url, facts: &dyn Facts) -> Option<Request> {
        let mut request = self.without_body(self.method.clone(), &self.path, base, facts)?;
        match &self.body {
            Body::None => {}
            Body::Form(pairs) => {
                request.body = pairs.encode(facts).into_bytes();
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                request.headers.push((CONTENT_TYPE, form));
            }
            Body::Json(json) => {
                request.body = json.fill(facts).unwrap_or_default().to_string().into_bytes();
                request.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
            }
        }
        if !self.query.0.is_empty() {
            request.url.set_query(Some(&self.query.encode(facts)));
        }
        Some(request)
    }

    /// Whether the login can be tried without sending anything.
    pub(crate) fn has_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// The request that tries the login.
    pub(crate) fn probe(&self, base: &Url, facts: &dyn Facts) -> Option<Request> {
        self.without_body(Method::GET, self.probe.as_ref()?, base, facts)
    }

    fn without_body(
        &self,
        method: Method,
        path: &Template,
        base: &Url,
        facts: &dyn Facts,
    ) -> Option<Request> {
        let address =
            format!("{}{}", base.as_str().trim_end_matches('/'), path.fill(facts, percent_encode)?);
        let mut headers = Vec::new();
        for (name, template) in &self.headers.0 {
            if let Some(value) = template.plain(facts) {
                headers.push((HeaderName::try_from(name).ok()?, sensitive(&value)?));
            }
        }
        if let Some((user, password)) = &self.basic {
            let pair = format!("{}:{}", user.plain(facts)?, password.plain(facts)?);
            let value = sensitive(&format!("Basic {}", BASE64.encode(pair)))?;
            headers.push((http::header::AUTHORIZATION, value));
        }
        Some(Request { method, url: address.parse().ok()?, headers, body: Vec::new() })
    }

    /// The settings without which it cannot be filled in.
    pub(crate) fn needs(&self) -> Vec<Setting> {
        let mut needs: Vec<_> = [Some(&self.path), self.receipt_url.as_ref(), self.probe.as_ref()]
            .into_iter()
            .flatten()
            .chain(self.query.templates())
            .chain(self.headers.templates())
            .chain(self.basic.iter().flat_map(|(user, password)| [user, password]))
            .chain(match &self.body {
                Body::None => Vec::new(),
                Body::Form(pairs) => pairs.templates().collect(),
                Body::Json(json) => json.templates(),
            })
            .flat_map(Template::needs)
            .collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

/// A header field that no log shows.
fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// RFC 3986 2.1, everything but letters, digits and `*-._`; a blank becomes `%20`.
pub(crate) fn percent_encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Names and templates, in the order in which they were written.
#[derive(Clone, Debug, Default)]
struct Pairs(Vec<(String, Template)>);

impl Pairs {
    /// As `application/x-www-form-urlencoded`; pairs without a value are left out.
    fn encode(&self, facts: &dyn Facts) -> String {
        let mut form = Serializer::new(String::new());
        for (name, template) in &self.0 {
            if let Some(value) = template.plain(facts) {
                form.append_pair(name, &value);
            }
        }
        form.finish()
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        self.0.iter().map(|(_, template)| template)
    }
}

impl FromToml for Pairs {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let table = value.as_table().ok_or("expected a table of texts")?;
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let read = entries.into_iter().map(|(key, value)| {
            let template = Template::from_toml(value.get_ref())
                .map_err(|why| format!("{}: {why}", key.get_ref()))?;
            Ok((key.get_ref().to_string(), template))
        });
        read.collect::<Result<_, String>>().map(Self)
    }
}

/// A JSON value with templates for its texts.
#[derive(Clone, Debug)]
enum Json {
    Fixed(Value),
    Text(Template),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// `None` for a text without a value; it is left out of what it stands in, and so is an
    /// object of which nothing is left.
    fn fill(&self, facts: &dyn Facts) -> Option<Value> {
        Some(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => {
                let filled = template.plain(facts)?;
                match filled.parse::<u64>() {
                    Ok(number) if template.is_number() => number.into(),
                    _ => filled.into(),
                }
            }
            Self::List(items) => items.iter().filter_map(|item| item.fill(facts)).collect(),
            Self::Object(fields) => {
                let filled =
                    |(name, field): &(String, Self)| Some((name.clone(), field.fill(facts)?));
                let object: Map<_, _> = fields.iter().filter_map(filled).collect();
                if object.is_empty() && !fields.is_empty() {
                    return None;
                }
                Value::Object(object)
            }
        })
    }

    fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Text(template) => vec![template],
            Self::List(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Object(fields) => fields.iter().flat_map(|(_, f)| f.templates()).collect(),
        }
    }
}

impl FromToml for Json {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        if let Some(table) = value.as_table() {
            let fields = table.iter().map(|(key, value)| {
                let field = Self::from_toml(value.get_ref())
                    .map_err(|why| format!("{}: {why}", key.get_ref()))?;
                Ok((key.get_ref().to_string(), field))
            });
            return fields.collect::<Result<_, String>>().map(Self::Object);
        }
        if let Some(items) = value.as_array() {
            let items = items.iter().map(|item| Self::from_toml(item.get_ref()));
            return items.collect::<Result<_, _>>().map(Self::List);
        }
        if let Some(truth) = value.as_bool() {
            return Ok(Self::Fixed(truth.into()));
        }
        if value.as_integer().is_some() {
            return i64::from_toml(value).map(|number| Self::Fixed(number.into()));
        }
        text(value, "texts, whole numbers, true, false, lists and tables")?;
        Template::from_toml(value).map(Self::Text)
    }
}
