//! What all systems that call us share. How each of them speaks is its [`Dialect`]; everything
//! else is here: the [`table`], who may call ([`crate::guard`]) and what [`calls`] bring. What is
//! made of that is the same as with systems that we listen to ([`crate::reader`]).

mod calls;
mod dialect;
mod saved_call;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use http::{HeaderMap, Method};
use viadukt_api::{Answer, Call, HookError, Timestamp};

pub(crate) use self::calls::Calls;
pub(crate) use self::dialect::{Dialect, Taken, value_of};
pub(crate) use self::saved_call::SavedCall;
pub(crate) use self::table::HookTable;
use crate::guard::Guard;
use crate::reader::Reader;
use crate::system::{Brought, Called, System};

/// A system that calls us, at work.
pub(crate) struct Hook {
    guard: Guard,
    calls: Calls,
    reader: Reader,
}

impl Called for Hook {
    fn admit(&self, call: &Call, now: Timestamp) -> Result<(), HookError> {
        let dialect = self.calls.dialect();
        let is_handshake = dialect.handshake(call).is_some();
        match is_handshake {
            true => self.guard.admit_handshake(call, rest(call))?,
            false => self.guard.admit(call, rest(call), dialect.scheme())?,
        }
        if self.reader.expiry().is_some_and(|expiry| expiry.is_over(now)) {
            return Err(HookError::Expired);
        }
        if !is_handshake && !matches!(call.method, Method::POST | Method::PUT) {
            return Err(HookError::Malformed("the method is not POST"));
        }
        Ok(())
    }

    fn call(&self, call: &Call, now: Timestamp) -> Result<Brought, HookError> {
        self.admit(call, now)?;
        let dialect = self.calls.dialect();
        if let Some(answer) = dialect.handshake(call) {
            return Ok(Brought { items: Vec::new(), answer });
        }
        let proof = self.guard.check(call, rest(call), dialect.scheme(), now)?;
        let mut items = self.calls.take(self.reader.name(), call, proof, now)?;
        for received in &mut items {
            if let Some(id) = self.reader.id(received) {
                received.id = id;
            }
        }
        let (status, headers) = (dialect.status(), HeaderMap::new());
        let answer = Answer { status, content_type: "text/plain", body: "ok".to_owned(), headers };
        Ok(Brought { items, answer })
    }
}

/// What follows the system's name in the path.
fn rest(call: &Call) -> &str {
    call.path.split_once('/').map_or("", |(_, rest)| rest)
}

impl System for Hook {
    fn reader(&self) -> Option<&Reader> {
        Some(&self.reader)
    }

    fn called(&self) -> Option<&dyn Called> {
        Some(self)
    }
}
