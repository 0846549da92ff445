//! What a command in a room does.

use viadukt_api::{Address, Content, ConversationId, Message, WorkerName};

use super::Routing;
use crate::ledger::{Conversation, Mapped, Thread};
use crate::pipeline::commands::Command;
use crate::pipeline::judge::Judged;
use crate::store::StoreError;

impl Routing<'_, '_> {
    /// Carries out `command`.
    pub(super) fn command(&mut self, judged: &Judged, command: Command) -> Result<(), StoreError> {
        let words = &self.pipeline.words;
        let bridge = judged.bridge().clone();
        let text = match command {
            Command::New { to, subject, text } => {
                return self.begin_with(judged, to, subject, text);
            }
            // Each of these grows a file of its own.
            Command::Send { .. } | Command::Approve { .. } => words.say("command-unclear", &[]),
            Command::Block => self.block(&bridge, judged.conversation())?,
            Command::Unblock { whom } => self.unblock(&bridge, &whom)?,
            Command::Pause => self.pause(&bridge),
            Command::Continue => self.go_on(&bridge),
            Command::Help => words.say("command-help", &[]),
            Command::Unclear => words.say("command-unclear", &[]),
            Command::Status => self.pipeline.status_text(),
            Command::Resend { reference } => {
                let again = self.pipeline.resend(
                    self.draft,
                    judged.conversation(),
                    reference.as_deref(),
                )?;
                let count = again.len().to_string();
                self.deliveries.extend(again);
                words.say("command-resend", &[("count", &count)])
            }
        };
        self.tell(&bridge, judged.conversation(), text)
    }

    /// `!new`: a conversation whose thread grows from the command itself.
    fn begin_with(
        &mut self,
        judged: &Judged,
        to: Address,
        subject: String,
        text: String,
    ) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let message = judged.message();
        let Some(room) = message.room.clone() else { return Ok(()) };
        let conversation = Conversation {
            id: ConversationId(self.accepted.id.0),
            bridge: bridge.clone(),
            remotes: vec![to],
            via: None,
            subject: Some(subject),
            ids: Vec::new(),
            began_at: self.accepted.received_at,
            told_leaving: false,
        };
        let content = Content { text, ..Content::default() };
        let cleared = match self.may_leave(message, &bridge, &conversation.remotes, &content)? {
            Ok(cleared) => cleared,
            Err(reason) => return self.refuse(&bridge, &message.id, None, &reason),
        };
        self.draft.set_thread(conversation.id, &Thread { room, root: message.id.clone() });
        self.draft.set_conversation(&conversation);
        if content.text.is_empty() {
            let mapped =
                Mapped { conversation: conversation.id, counterpart: None, item: self.accepted.id };
            self.draft.map(&WorkerName::hub(), &message.id, &mapped);
            let text = self.pipeline.words.say("command-new", &[]);
            return self.tell(&bridge, Some(conversation.id), text);
        }
        let first = Message { content, ancestors: Vec::new(), ..message.clone() };
        self.send(&bridge, conversation, first, false, cleared)
    }
}
