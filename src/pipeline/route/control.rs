//! Commands that open and close the ways of a bridge: `!block`, `!unblock`, `!pause` and
//! `!continue`. Each gives its answer in words.

use viadukt_api::{Address, ConversationId, WorkerName};

use super::Routing;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// `!block`: nothing that the other side of this conversation writes is shown any more.
    pub(super) fn block(
        &mut self,
        bridge: &WorkerName,
        conversation: Option<ConversationId>,
    ) -> Result<String, StoreError> {
        let known = conversation.map(|id| self.draft.conversation(id)).transpose()?.flatten();
        let Some(conversation) = known else {
            return Ok(self.pipeline.words.say("command-block-where", &[]));
        };
        for remote in &conversation.remotes {
            self.set_blocked(bridge, remote, true)?;
        }
        Ok(self.pipeline.words.say("command-blocked", &[]))
    }

    /// `!unblock RECIPIENT`
    pub(super) fn unblock(
        &mut self,
        bridge: &WorkerName,
        whom: &str,
    ) -> Result<String, StoreError> {
        let words = &self.pipeline.words;
        let Some(worker) = self.pipeline.worker(bridge) else {
            return Ok(words.say("delivery-no-bridge", &[]));
        };
        let party = match worker.recipient(whom) {
            Ok(party) => party,
            Err(reason) => return Ok(words.reason(&reason)),
        };
        let key = match self.set_blocked(bridge, &party, false)? {
            true => "command-unblocked",
            false => "command-not-blocked",
        };
        Ok(words.say(key, &[]))
    }

    /// Whether that is news.
    fn set_blocked(
        &mut self,
        bridge: &WorkerName,
        party: &Address,
        blocked: bool,
    ) -> Result<bool, StoreError> {
        let mut contact = self.draft.contact(bridge, party)?;
        let news = contact.blocked.is_some() != blocked;
        if news {
            contact.blocked = blocked.then(|| self.pipeline.env.now());
            self.draft.set_contact(bridge, party, &contact);
        }
        Ok(news)
    }

    /// `!pause`: nothing leaves `bridge`. What was routed before waits.
    pub(super) fn pause(&mut self, bridge: &WorkerName) -> String {
        let pipeline = self.pipeline;
        if !pipeline.pauses.set(bridge, true) {
            return pipeline.words.say("command-paused-already", &[]);
        }
        self.draft.set_paused(bridge, Some(pipeline.env.now()));
        let waiting = pipeline.lanes.depth().get(bridge).map_or(0, |waiting| waiting.count);
        pipeline.words.say("command-paused", &[("count", &waiting.to_string())])
    }

    /// `!continue`: what waits leaves at once, unless something else holds it. Should the
    /// process end before this is durable, the command is carried out again.
    pub(super) fn go_on(&mut self, bridge: &WorkerName) -> String {
        let pipeline = self.pipeline;
        let paused = pipeline.pauses.set(bridge, false);
        if paused {
            self.draft.set_paused(bridge, None);
            pipeline.lanes.wake(bridge);
        }
        let key = match (pipeline.pauses(bridge), paused) {
            (true, _) => "command-paused-by-configuration",
            (false, true) => "command-continued",
            (false, false) => "command-not-paused",
        };
        pipeline.words.say(key, &[])
    }
}
