//! What Standard Webhooks bring: `{"type": …, "timestamp": …, "data": …}`.

use serde_json::Value;
use viadukt_api::{Call, HookError, Unreadable};

use super::signature::{self, ID, Signature};
use crate::body;
use crate::guard::{Scheme, header};
use crate::hook::{Dialect, Taken, value_of};
use crate::notice::Notice;
use crate::reader::Reading;
use crate::received::Received;

/// How a sender of Standard Webhooks speaks.
pub(crate) struct StandardWebhooks;

impl Dialect for StandardWebhooks {
    fn template(&self) -> &'static str {
        include_str!("message.j2")
    }

    fn scheme(&self) -> Option<&dyn Scheme> {
        Some(&Signature)
    }

    fn take(&self, call: &Call) -> Result<Vec<Taken>, HookError> {
        body::value(header(call, "content-type"), &call.body)?;
        let id = header(call, ID).filter(|id| signature::is_id(id)).map(str::to_owned);
        Ok(vec![Taken { id, ..Taken::whole(call) }])
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let value = value_of(received)?;
        let at = value.get("timestamp").and_then(Value::as_str).and_then(body::moment);
        Ok(Reading::of(value, Notice { at, ..Notice::default() }))
    }
}
