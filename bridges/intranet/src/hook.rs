//! What all systems that call us share. How each of them speaks is its [`Dialect`]; everything
//! else is here: the [`table`], who may call ([`crate::guard`]), what a call brings and what is
//! made of it ([`reader`], with [`crate::template`] and the [`rules`] by field), and what is only
//! for a while ([`expiry`]).

mod dialect;
mod expiry;
mod reader;
mod rules;
pub(crate) mod severity;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use http::{HeaderMap, Method};
use viadukt_api::{Answer, Call, Context, HookError, Timestamp, Unreadable};

pub(crate) use self::dialect::{Dialect, Reading, Taken, value_of};
use self::expiry::Expiry;
pub(crate) use self::reader::{Reader, ReaderTable};
pub(crate) use self::table::HookTable;
use crate::guard::Guard;
use crate::notice::Notice;
use crate::received::Received;
use crate::system::{Brought, Called, Listens, System};

/// A system that calls us, at work.
pub(crate) struct Hook {
    guard: Guard,
    reader: Reader,
    expiry: Option<Expiry>,
    context: Context,
}

impl Called for Hook {
    fn call(&self, call: &Call, now: Timestamp) -> Result<Brought, HookError> {
        let dialect = self.reader.dialect();
        if let Some(answer) = dialect.handshake(call) {
            return Ok(Brought { items: Vec::new(), answer });
        }
        let rest = call.path.split_once('/').map_or("", |(_, rest)| rest);
        let proof = self.guard.check(call, rest, dialect.scheme(), now)?;
        if self.expiry.is_some_and(|expiry| expiry.is_over(now)) {
            return Err(HookError::Expired);
        }
        if !matches!(call.method, Method::POST | Method::PUT) {
            return Err(HookError::Malformed("the method is not POST"));
        }
        let items = self.reader.take(call, proof, now)?;
        let (status, headers) = (dialect.status(), HeaderMap::new());
        let answer = Answer { status, content_type: "text/plain", body: "ok".to_owned(), headers };
        Ok(Brought { items, answer })
    }
}

impl System for Hook {
    fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        match self.expiry.filter(|_| expiry::is_warning(received)) {
            Some(expiry) => {
                let reason = expiry.reason(self.reader.name(), self.reader.owner());
                Ok(Notice { tell: Some(reason), ..Notice::default() })
            }
            None => self.reader.read(received),
        }
    }

    fn called(&self) -> Option<&dyn Called> {
        Some(self)
    }

    fn listens(&self) -> Option<&dyn Listens> {
        self.expiry.map(|_| self as &dyn Listens)
    }
}
