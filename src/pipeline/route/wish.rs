//! What a remote wishes about being written to. The wish itself is shown like any message; here
//! it becomes a rule, and the room hears of it.

use viadukt_api::{Address, ConversationId, Wish, WorkerName};

use super::Routing;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Remembers what `author` wishes. A machine's wish is one too.
    pub(super) fn wish(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        author: &Address,
        wish: Wish,
    ) -> Result<(), StoreError> {
        let mut contact = self.draft.contact(bridge, author)?;
        let now = self.pipeline.env.now();
        let (stopped, key) = match wish {
            Wish::Stop => (Some(contact.stopped.unwrap_or(now)), "wish-stop"),
            Wish::Start => (None, "wish-start"),
            Wish::Help => return Ok(()),
        };
        contact.stopped = stopped;
        self.draft.set_contact(bridge, author, &contact);
        let text = self.pipeline.words.say(key, &[]);
        self.tell(bridge, Some(conversation), text)
    }
}
