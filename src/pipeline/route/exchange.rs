//! Networks without threads: which conversation of an exchange is meant.

use viadukt_api::{Content, ConversationId, Message, MessageId, WorkerName};

use super::Routing;
use crate::ledger::{Conversation, Draft};
use crate::pipeline::Pipeline;
use crate::store::StoreError;

impl Pipeline {
    /// The exchange that `conversation` is part of.
    pub(in crate::pipeline) fn exchange_of(
        &self,
        conversation: &Conversation,
    ) -> Option<MessageId> {
        let [party] = conversation.remotes.as_slice() else { return None };
        self.worker(&conversation.bridge)?.exchange(conversation.via.as_ref(), party)
    }

    /// The conversation that a far side's message continues without naming an earlier message:
    /// the one whose number it bears, else the one that wrote last.
    pub(in crate::pipeline) fn conversation_in_exchange(
        &self,
        draft: &Draft<'_>,
        bridge: &WorkerName,
        message: &Message,
    ) -> Result<Option<ConversationId>, StoreError> {
        let Some(id) = &message.exchange else { return Ok(None) };
        Ok(draft.exchange(bridge, id)?.and_then(|exchange| {
            let named = exchange.named(&message.content.text);
            named.map(|(conversation, _)| conversation).or(exchange.unnumbered())
        }))
    }

    /// `content` as it leaves `conversation`: with its number where the party talks with others
    /// of us as well.
    pub(in crate::pipeline) fn numbered(
        &self,
        draft: &Draft<'_>,
        conversation: &Conversation,
        mut content: Content,
    ) -> Result<Content, StoreError> {
        let Some(id) = self.exchange_of(conversation) else { return Ok(content) };
        let exchange = draft.exchange(&conversation.bridge, &id)?.unwrap_or_default();
        if let Some(number) = exchange.number(conversation.id, self.env.now()) {
            content.text = format!("{} #{number}", content.text);
            content.html = content.html.map(|html| format!("{html} #{number}"));
        }
        Ok(content)
    }
}

impl Routing<'_, '_> {
    /// The party spoke: the number that named `conversation` is taken off the text. Says
    /// whether the conversation was a guess, because it has others beside it.
    pub(super) fn heard(
        &mut self,
        message: &mut Message,
        conversation: &Conversation,
    ) -> Result<bool, StoreError> {
        let (bridge, now) = (&conversation.bridge, self.pipeline.env.now());
        let Some(id) = message.exchange.clone() else { return Ok(false) };
        let mut exchange = self.draft.exchange(bridge, &id)?.unwrap_or_default();
        let named = exchange.named(&message.content.text).map(|(_, text)| text.to_owned());
        let is_guess = named.is_none() && exchange.is_shared(conversation.id, now);
        if let Some(text) = named {
            message.content.text = text;
            message.content.html = None;
        }
        exchange.latest.get_or_insert(conversation.id);
        exchange.spoke(conversation.id, now);
        self.draft.set_exchange(bridge, &id, &exchange);
        Ok(is_guess)
    }

    /// We spoke in `conversation`: answers without a number go there from now on.
    pub(super) fn wrote(&mut self, conversation: &Conversation) -> Result<(), StoreError> {
        let Some(id) = self.pipeline.exchange_of(conversation) else { return Ok(()) };
        let mut exchange = self.draft.exchange(&conversation.bridge, &id)?.unwrap_or_default();
        exchange.spoke(conversation.id, self.pipeline.env.now());
        exchange.latest = Some(conversation.id);
        self.draft.set_exchange(&conversation.bridge, &id, &exchange);
        Ok(())
    }
}
