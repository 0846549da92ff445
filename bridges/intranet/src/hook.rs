//! What all systems that call us share. How each of them speaks is its [`Dialect`]; everything
//! else is here: who may call ([`crate::guard`]), what becomes of a body ([`crate::template`]),
//! the [`rules`] by field, and what is only for a while ([`expiry`]).

mod dialect;
mod expiry;
mod rules;
pub(crate) mod severity;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::sync::Arc;

use http::{HeaderMap, Method};
use viadukt_api::{Answer, Call, Context, HookError, MessageId, Reason, Timestamp, Unreadable};

pub(crate) use self::dialect::{Dialect, Reading, Taken, value_of};
use self::expiry::Expiry;
use self::rules::Rules;
pub(crate) use self::table::HookTable;
use crate::guard::{Guard, header};
use crate::notice::Notice;
use crate::received::Received;
use crate::system::{Brought, Called, Listens, System};
use crate::template::{Template, context};

/// A system that calls us, at work.
pub(crate) struct Hook {
    /// The system's name in the configuration.
    name: String,
    dialect: Arc<dyn Dialect>,
    guard: Guard,
    template: Template,
    /// The template is the operator's, who wants it for everything.
    is_own_template: bool,
    rules: Rules,
    /// The headers that are kept beside a body, for the template and the rules.
    headers: Vec<String>,
    expiry: Option<Expiry>,
    /// Who is to be told when something is wrong with it.
    owner: Option<String>,
    context: Context,
}

impl Called for Hook {
    fn call(&self, call: &Call, now: Timestamp) -> Result<Brought, HookError> {
        if let Some(answer) = self.dialect.handshake(call) {
            return Ok(Brought { items: Vec::new(), answer });
        }
        let rest = call.path.split_once('/').map_or("", |(_, rest)| rest);
        let proof = self.guard.check(call, rest, self.dialect.scheme(), now)?;
        if self.expiry.as_ref().is_some_and(|expiry| expiry.is_over(now)) {
            return Err(HookError::Expired);
        }
        if !matches!(call.method, Method::POST | Method::PUT) {
            return Err(HookError::Malformed("the method is not POST"));
        }
        let mut items = Vec::new();
        for (number, taken) in self.dialect.take(call)?.into_iter().enumerate() {
            let Taken { id, beside, body } = taken;
            let id = id.unwrap_or_else(|| match number {
                0 => proof.key(&call.body, now),
                number => format!("{}+{number}", proof.key(&call.body, now)),
            });
            let mut received = Received {
                system: self.name.clone(),
                id,
                at: now,
                beside: self.kept(call, beside),
                protection: protection(call).to_owned(),
                body,
            };
            if let Some(id) = self.rules.id(|| self.dialect.read(&received).ok()) {
                received.id = id;
            }
            items.push(received);
        }
        let answer = Answer {
            status: self.dialect.status(),
            content_type: "text/plain",
            body: "ok".to_owned(),
            headers: HeaderMap::new(),
        };
        Ok(Brought { items, answer })
    }
}

impl Hook {
    /// What stands beside a body: what the dialect needs, and what the table asks for.
    fn kept(&self, call: &Call, mut beside: Vec<(String, String)>) -> Vec<(String, String)> {
        for name in &self.headers {
            if let Some(value) = header(call, name) {
                beside.push((name.clone(), value.to_owned()));
            }
        }
        beside
    }

    fn content(&self, notice: &mut Notice, value: &minijinja::Value) -> Result<(), Unreadable> {
        let is_said = !notice.content.text.is_empty() || notice.content.html.is_some();
        if is_said && !self.is_own_template {
            return Ok(());
        }
        let rendered = self.template.render(value).map_err(|error| {
            let reason = match &self.owner {
                None => Reason::new("intranet-template-fails"),
                Some(owner) => Reason::new("intranet-template-fails-owned").with("owner", owner),
            };
            Unreadable { reason: reason.with("error", error.to_string()) }
        })?;
        notice.content = rendered;
        Ok(())
    }
}

impl System for Hook {
    fn read(&self, received: &Received) -> Result<Notice, Unreadable> {
        if let Some(expiry) = &self.expiry
            && expiry.is_warning(received)
        {
            let reason = expiry.reason(&self.name, self.owner.as_deref());
            return Ok(Notice { tell: Some(reason), ..Notice::default() });
        }
        let Reading { value, mut notice } = self.dialect.read(received)?;
        let value = context(&value, &received.beside);
        self.content(&mut notice, &value)?;
        self.rules.apply(&value, &mut notice);
        if let Some(matter) = &mut notice.matter {
            // Ids of matters are the bridge's, those of a system its own.
            matter.id = MessageId::new(format!("{}/{}", self.name, matter.id.as_str()));
        }
        Ok(notice)
    }

    fn called(&self) -> Option<&dyn Called> {
        Some(self)
    }

    fn listens(&self) -> Option<&dyn Listens> {
        self.expiry.as_ref().map(|_| self as &dyn Listens)
    }
}

/// How a call was protected: the public listener or the proxy before it ends TLS.
fn protection(call: &Call) -> &'static str {
    if call.url.starts_with("https:") { "TLS" } else { "none" }
}
