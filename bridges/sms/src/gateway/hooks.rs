//! Calls from the gateway: who calls, what it brings, and the answer once that is safe.

use viadukt_api::{Answer, Call, HookError, Hooks, Inbox, async_trait};

use super::Gateway;
use super::call::value;
use super::hook::{Arrival, Brought};

#[async_trait]
impl Hooks for Gateway {
    fn admit(&self, call: &Call) -> Result<(), HookError> {
        self.guard.as_ref().ok_or(HookError::Unknown)?.admit(call)
    }

    async fn call(&self, call: Call, inbox: &Inbox) -> Result<Answer, HookError> {
        let now = self.env.now();
        let guard = self.guard.as_ref().ok_or(HookError::Unknown)?;
        guard.check(&call, now)?;
        let value = value(&call)?;
        let reply = self.declaration.reply.answer();
        let Some(hook) = self.declaration.hook(&call.path, &value) else {
            // Gateways report more than anybody declares; refused they would repeat it for days.
            let is_known = self.declaration.has_hook_at(&call.path);
            tracing::debug!(is_known, "the gateway called for what no hook is declared for");
            return if is_known { Ok(reply) } else { Err(HookError::Unknown) };
        };
        let arrival = Arrival::new(now, &call.url);
        let brought = hook.read(&value, arrival).map_err(HookError::Malformed)?;
        let (mut items, mut parts) = (Vec::new(), Vec::new());
        for one in brought {
            match one {
                Brought::Whole(received, same) => items.push(received.into_item(&[same], now)),
                Brought::Part(part) => parts.push(part),
            }
        }
        tracing::debug!(items = items.len(), parts = parts.len(), "the gateway called");
        self.reassembly.accept(inbox, items, parts).await?;
        Ok(reply)
    }
}
