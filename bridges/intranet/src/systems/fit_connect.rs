//! Callbacks of FIT-Connect, through which forms reach German authorities: what waits there, by
//! its ids alone. Nothing is fetched or decrypted.
//! <https://docs.fitko.de/fit-connect/docs/details/callbacks/>

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use serde_json::{Value, json};
use viadukt_api::config::Fields;
use viadukt_api::{Call, HookError, Unreadable};

use crate::body;
use crate::guard::digest::{self, HmacSha512, fingerprint};
use crate::guard::{Letter, NO_SIGNATURE, Scheme, Signed, header, seconds};
use crate::hook::{Dialect, HookTable, Taken, value_of};
use crate::notice::Notice;
use crate::reader::Reading;
use crate::received::Received;
use crate::system::Declared;

const TIMESTAMP: &str = "callback-timestamp";
const AUTHENTICATION: &str = "callback-authentication";

/// How FIT-Connect speaks.
pub(crate) struct FitConnect;

/// Reads the table of such a system.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<Box<dyn Declared>> {
    let table = HookTable::parse(fields, FitConnect)?;
    Some(Box::new(table))
}

impl Dialect for FitConnect {
    fn template(&self) -> &'static str {
        include_str!("fit_connect/message.j2")
    }

    fn scheme(&self) -> Option<&dyn Scheme> {
        Some(self)
    }

    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        let callback = body::json(&call.body)?;
        callback
            .get("type")
            .and_then(Value::as_str)
            .ok_or(HookError::Malformed("the body is no callback of FIT-Connect"))?;
        // A callback that was not answered comes again, signed anew, and says the same.
        Ok(vec![Taken { id: Some(fingerprint(&call.body)), ..Taken::whole(call) }])
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let callback = value_of(received)?;
        let kind = callback.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let list = ["submissions", "replies", "events", "submissionIds", "replyIds"];
        let list = list.into_iter().find_map(|name| callback.get(name)?.as_array());
        let waiting: Vec<Value> = list.into_iter().flatten().map(ids).collect();
        let value = json!({ "kind": kind, "waiting": waiting, "body": callback });
        Ok(Reading::of(value, Notice::default()))
    }
}

/// The ids of one thing that waits, and nothing else of it.
fn ids(one: &Value) -> Value {
    let id = |name: &str| one.get(name).and_then(Value::as_str);
    let own = ["submissionId", "replyId", "eventId"].into_iter().find_map(id);
    json!({ "id": own.or(one.as_str()), "destination": id("destinationId"), "case": id("caseId") })
}

/// HMAC-SHA512 over time and body with a full stop between, in hexadecimal.
impl Scheme for FitConnect {
    fn check(&self, call: &Call, secret: &str) -> Signed {
        let signature = digest::from_hex(header(call, AUTHENTICATION).ok_or(NO_SIGNATURE)?)?;
        let (timestamp, at) = seconds(call, TIMESTAMP)?;
        let signed = [timestamp.as_bytes(), b".", &call.body];
        digest::verify::<HmacSha512>(secret.as_bytes(), &signed, &signature)?;
        Ok(Some(at))
    }

    fn header(&self) -> &str {
        AUTHENTICATION
    }

    fn sign(&self, letter: &Letter<'_>, secret: &str) -> Result<Vec<(String, String)>, String> {
        let timestamp = letter.seconds();
        let signed = [timestamp.as_bytes(), b".", letter.body];
        let signature = digest::sign_hex::<HmacSha512>(secret.as_bytes(), &signed)?;
        Ok(vec![(TIMESTAMP.to_owned(), timestamp), (AUTHENTICATION.to_owned(), signature)])
    }
}
