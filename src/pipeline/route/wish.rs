//! What a remote wishes about being written to. The wish itself is shown like any message; here
//! it becomes a rule, and the room hears of it.

use viadukt_api::{Act, Address, ConversationId, Message, Wish, WorkerName};

use super::Routing;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// A wish that is shown in `conversation`.
    pub(super) fn wish(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        author: &Address,
        wish: Wish,
    ) -> Result<(), StoreError> {
        self.remember(bridge, author, wish)?;
        let key = match wish {
            Wish::Stop => "wish-stop",
            Wish::Start => "wish-start",
            Wish::Help => return Ok(()),
        };
        let text = self.pipeline.words.say(key, &[]);
        self.tell(bridge, Some(conversation), text)
    }

    /// A wish, if it is one, of somebody who is blocked: nobody sees it, and it holds.
    pub(super) fn unseen_wish(&mut self, message: &Message) -> Result<(), StoreError> {
        let Act::Wish(wish) = message.act else { return Ok(()) };
        let bridge = self.accepted.worker.clone();
        self.remember(&bridge, &message.sender.address, wish)
    }

    /// A machine's wish is one too.
    fn remember(
        &mut self,
        bridge: &WorkerName,
        author: &Address,
        wish: Wish,
    ) -> Result<(), StoreError> {
        let mut contact = self.draft.contact(bridge, author)?;
        let now = self.pipeline.env.now();
        contact.stopped = match wish {
            Wish::Stop => Some(contact.stopped.unwrap_or(now)),
            Wish::Start => None,
            Wish::Help => return Ok(()),
        };
        self.draft.set_contact(bridge, author, &contact);
        Ok(())
    }
}
