//! Calls from systems: `/hooks/BRIDGE/SYSTEM`. The system checks who calls and takes apart what
//! is brought; it is answered once that is durable.

use viadukt_api::{Answer, Call, HookError, Hooks, Inbox, Intake, async_trait};

use crate::received::Received;
use crate::system::Called;
use crate::worker::IntranetWorker;

#[async_trait]
impl Hooks for IntranetWorker {
    fn admit(&self, call: &Call) -> Result<(), HookError> {
        self.called(call)?.admit(call, self.context.env.now())
    }

    async fn call(&self, call: Call, inbox: &Inbox) -> Result<Answer, HookError> {
        let brought = self.called(&call)?.call(&call, self.context.env.now())?;
        let items = brought.items.into_iter().map(Received::into_item).collect::<Vec<_>>();
        if !items.is_empty() {
            inbox.accept(Intake { items, keep: Vec::new() }).await?;
        }
        Ok(brought.answer)
    }
}

impl IntranetWorker {
    /// The system that `call` is for.
    fn called(&self, call: &Call) -> Result<&dyn Called, HookError> {
        let name = call.path.split('/').next().unwrap_or_default();
        self.system(name).and_then(|system| system.called()).ok_or(HookError::Unknown)
    }
}
