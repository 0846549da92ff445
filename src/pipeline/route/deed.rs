//! What people ask a far side to do about what goes on there.

use std::time::Duration;

use viadukt_api::{Act, Form, Matter, WorkerName};

use super::Routing;
use crate::ledger::{Delivery, Lane, Origin, Remote, Role};
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

/// The same mark asks for the same again after this time at the earliest.
const ASKED_FOR: Duration = Duration::from_secs(300);

impl Routing<'_, '_> {
    /// Asks the far side for `word` about what the message answers, or puts its mark to.
    pub(super) fn deed(
        &mut self,
        judged: &Judged,
        word: String,
        rest: String,
    ) -> Result<(), StoreError> {
        let (bridge, message) = (judged.bridge().clone(), judged.message());
        let id = judged.about().map(|about| about.conversation);
        let conversation = id.map(|id| self.draft.conversation(id)).transpose()?.flatten();
        let (Some(about), Some(conversation)) = (judged.about(), conversation) else {
            let text = self.pipeline.words.say("deed-about-what", &[("word", &word)]);
            return self.tell(&bridge, judged.conversation(), text);
        };
        let Some(recipient) = conversation.remotes.first().cloned() else { return Ok(()) };
        let matter: Matter = self.pipeline.ledger.unpack(&about.report)?;
        let delivery = self.next_id();
        if matches!(message.act, Act::React { .. }) {
            let now = self.pipeline.env.now();
            let mut about = about.clone();
            if let Some((asked, at)) = about.asked.get(&word)
                && now.since(*at) < ASKED_FOR
                && self.draft.dead(&asked.to_bytes())?.is_none()
            {
                return Ok(());
            }
            about.asked.insert(word.clone(), (delivery, now));
            self.draft.set_matter(&bridge, &matter.id, &about);
        }
        let origin = Origin {
            worker: WorkerName::hub(),
            message: message.id.clone(),
            room: message.room.clone(),
            apart: true,
            cost: None,
        };
        let remote = Remote {
            to: vec![recipient.clone()],
            cc: Vec::new(),
            recipient,
            via: conversation.via,
            subject: conversation.subject,
            message_id: self.pipeline.new_message_id(&bridge),
            references: conversation.ids,
        };
        let fill = |delivery: &mut Delivery| {
            delivery.conversation = Some(conversation.id);
            delivery.origin = Some(origin);
            delivery.remote = Some(remote);
            delivery.role = Role::Asks;
        };
        let form = Form::Deed { word, rest, sender: message.sender.clone(), matter };
        // It waits behind nothing that was said before.
        self.add(Lane::scheduled(delivery), &bridge, fill, &form)
    }
}
