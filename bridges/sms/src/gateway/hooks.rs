//! Calls from the gateway: who calls, what it brings, and the answer once that is safe.

use viadukt_api::{Answer, Call, HookError, Hooks, Inbox, async_trait};

use super::Gateway;
use super::call::value;
use super::hook::{Arrival, Brought};

#[async_trait]
impl Hooks for Gateway {
    async fn call(&self, call: Call, inbox: &Inbox) -> Result<Answer, HookError> {
        let now = self.env.now();
        let guard = self.guard.as_ref().ok_or(HookError::Unknown)?;
        guard.check(&call, now)?;
        let value = value(&call)?;
        let hook = self.declaration.hook(&call.path, &value).ok_or(HookError::Unknown)?;
        let brought =
            hook.read(&value, Arrival::new(now, &call.url)).map_err(HookError::Malformed)?;
        let (mut items, mut parts) = (Vec::new(), Vec::new());
        for one in brought {
            match one {
                Brought::Whole(received, same) => items.push(received.into_item(&[same], now)),
                Brought::Part(part) => parts.push(part),
            }
        }
        tracing::debug!(items = items.len(), parts = parts.len(), "the gateway called");
        self.reassembly.accept(inbox, items, parts).await?;
        let reply = &self.declaration.reply;
        Ok(Answer {
            status: reply.status,
            content_type: reply.content_type,
            body: reply.body.clone(),
        })
    }
}
