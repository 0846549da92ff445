//! What calls bring, as it is journalled.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use minijinja::Value;
use viadukt_api::config::Fields;
use viadukt_api::{Call, HookError, Protection, Timestamp, Unreadable};

use super::{Dialect, SavedCall, Taken};
use crate::guard::{Proof, Scheme, header};
use crate::reader::{Reading, Reads};
use crate::received::Received;

/// The calls of one system: taken apart, and later read, as its [`Dialect`] says.
#[derive(Clone)]
pub(crate) struct Calls {
    dialect: Arc<dyn Dialect>,
    /// The headers that are kept beside a body, for the template and the rules.
    headers: Vec<String>,
}

impl Calls {
    /// Reads `headers`; the options of its own the `dialect` has read already.
    pub(crate) fn parse(fields: &Fields<'_>, dialect: Arc<dyn Dialect>) -> Self {
        let headers = headers(fields, &*dialect);
        Self { dialect, headers }
    }

    /// How the system speaks.
    pub(crate) fn dialect(&self) -> &dyn Dialect {
        &*self.dialect
    }

    /// Takes apart `call`, which has given `proof`.
    ///
    /// # Errors
    /// The body is nothing that such a system sends.
    pub(crate) fn take(
        &self,
        system: &str,
        call: &Call,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Vec<Received>, HookError> {
        let taken = self.dialect.take(call)?.into_iter().enumerate();
        let received = taken.map(|(number, Taken { id, beside, body })| {
            let key = || match (proof.key(&call.body, now), number) {
                (key, 0) => key,
                (key, number) => format!("{key}+{number}"),
            };
            Received {
                system: system.to_owned(),
                id: id.unwrap_or_else(key),
                at: now,
                beside: self.kept(call, beside),
                protection: Protection::of_call(&call.url),
                body,
            }
        });
        Ok(received.collect())
    }

    /// What stands beside a body: what the dialect needs, and what the table asks for.
    fn kept(&self, call: &Call, mut beside: Vec<(String, String)>) -> Vec<(String, String)> {
        for name in &self.headers {
            if let Some(value) = header(call, name) {
                beside.push((name.clone(), value.to_owned()));
            }
        }
        beside
    }
}

impl Reads for Calls {
    fn template(&self) -> &'static str {
        self.dialect.template()
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        self.dialect.read(received)
    }

    fn beside(&self, received: &Received) -> Vec<(&'static str, Value)> {
        let headers = received.beside.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        vec![("headers", Value::from_pairs(headers))]
    }

    fn examples(&self, file: &[u8]) -> Result<Vec<Received>, String> {
        let mut call = SavedCall::read(file, self.dialect(), HeaderMap::new())?.0;
        for name in &self.headers {
            // A body alone stands for a call that has them all.
            if let (None, Ok(name)) = (header(&call, name), name.parse::<HeaderName>()) {
                call.headers.insert(name, http::HeaderValue::from_static("example"));
            }
        }
        let taken = self.take("example", &call, Proof::Signed, Timestamp(0));
        taken.map_err(|error| error.to_string())
    }
}

/// The names of `headers`, as HTTP/2 writes them. Those that prove who calls are kept by nobody.
fn headers(fields: &Fields<'_>, dialect: &dyn Dialect) -> Vec<String> {
    let names: Vec<String> = fields.list("headers");
    let read: Option<Vec<HeaderName>> = names.iter().map(|name| name.parse().ok()).collect();
    let Some(read) = read else {
        fields.object("headers", "expected names of headers such as \"X-GitHub-Event\"");
        return Vec::new();
    };
    let token = fields.optional::<String>("token_header");
    let signature = dialect.scheme().map(Scheme::header);
    let proofs = ["authorization", "cookie"].into_iter().chain(token.as_deref()).chain(signature);
    let proofs: Vec<_> = proofs.collect();
    let is_proof = |name: &HeaderName| proofs.iter().any(|p| name.as_str().eq_ignore_ascii_case(p));
    if read.iter().any(is_proof) {
        fields.object("headers", "secrets are not kept");
    }
    read.into_iter().map(|name| name.as_str().to_owned()).collect()
}
