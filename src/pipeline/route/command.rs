//! What a command in a room does.

use viadukt_api::{Content, Message, Reason, Timestamp, WorkerName};

use super::Routing;
use super::outward::Leaving;
use crate::pipeline::at;
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
                return self.begin_with(judged, &to, subject, text);
            }
            Command::To { to } => self.write_to(judged, &to)?,
            Command::Cc { more, fewer } => self.copy_to(judged, &more, &fewer)?,
            Command::Send { to, at, text } => match self.time(at.as_deref()) {
                Ok(not_before) => return self.send_to(judged, &to, not_before, text),
                Err(reason) => words.say("not-sent", &[("reason", &words.clause(&reason))]),
            },
            Command::Approve { room } => return self.approve(judged, room.as_deref()),
            Command::Deed { word, rest } => return self.deed(judged, word, rest),
            Command::Block => self.block(&bridge, judged.conversation())?,
            Command::Unblock { whom } => self.unblock(&bridge, &whom)?,
            Command::Pause => self.pause(&bridge),
            Command::Continue => self.go_on(&bridge),
            Command::Help => self.help(&bridge),
            Command::Unclear => words.say("command-unclear", &[]),
            Command::Status => self.pipeline.status_text(),
            Command::DeadLetters => self.pipeline.dead_letters_text(&bridge)?,
            Command::Discard { reference } => {
                self.pipeline.discard_for(self.draft, judged.message(), &bridge, &reference)?
            }
            Command::Resend { reference } => {
                let (again, refused) = self.pipeline.resend(
                    self.draft,
                    judged.message(),
                    judged.conversation(),
                    reference.as_deref(),
                )?;
                if let Some(reason) = &refused {
                    let event = &judged.message().id;
                    self.refuse(&bridge, event, judged.conversation(), reason)?;
                }
                if again.is_empty() && refused.is_some() {
                    return Ok(());
                }
                let count = again.len().to_string();
                self.deliveries.extend(again);
                words.say("command-resend", &[("count", &count)])
            }
        };
        self.tell(&bridge, judged.conversation(), text)
    }

    fn time(&self, written: Option<&str>) -> Result<Option<Timestamp>, Reason> {
        let (now, zone) = (self.pipeline.env.now(), &self.pipeline.policy.zone);
        written.map(|written| at::read(written, now, zone)).transpose()
    }

    /// Every command, and what the far side can be asked to do.
    fn help(&self, bridge: &WorkerName) -> String {
        let words = &self.pipeline.words;
        let mut lines = vec![words.say("command-help", &[("verb", self.verb(bridge))])];
        let worker = self.pipeline.worker(bridge);
        for deed in worker.iter().flat_map(|worker| worker.deeds()) {
            let word = deed.words.first().copied().unwrap_or_default();
            let args = [("word", word), ("marks", &deed.marks.join(" "))];
            lines.push(words.say("command-help-deed", &args));
        }
        lines.join("\n")
    }

    /// The bridge's own word for `!send`.
    fn verb(&self, bridge: &WorkerName) -> &'static str {
        self.pipeline.worker(bridge).map_or("send", |worker| worker.verb())
    }

    /// `!new`: a conversation that may begin without a word.
    fn begin_with(
        &mut self,
        judged: &Judged,
        to: &[String],
        subject: String,
        text: String,
    ) -> Result<(), StoreError> {
        let bridge = judged.bridge().clone();
        let message = judged.message();
        let Some(worker) = self.pipeline.worker(&bridge) else { return Ok(()) };
        let mut not_reached = Vec::new();
        let parties = self.read_recipients(&*worker, to, &mut not_reached);
        let [first, others @ ..] = parties.as_slice() else {
            return self.tell(&bridge, judged.conversation(), not_reached.join("\n"));
        };
        if worker.exchange(None, first).is_some() {
            let args = [("verb", worker.verb())];
            let text = self.pipeline.words.say("command-no-subjects", &args);
            return self.tell(&bridge, judged.conversation(), text);
        }
        let content = Content { text, ..Content::default() };
        let mut conversation = self.begin_with_party(&bridge, first, None, Some(subject));
        conversation.remotes.extend_from_slice(others);
        let cleared = match self.may_leave(message, &bridge, &conversation.remotes, &content)? {
            Ok(cleared) => cleared,
            Err(reason) => return self.refuse(&bridge, &message.id, None, &reason),
        };
        let cradle = self.cradle(judged)?;
        for party in &parties {
            self.approve_party(&bridge, party)?;
        }
        if !not_reached.is_empty() {
            self.tell(&bridge, None, not_reached.join("\n"))?;
        }
        if !content.text.is_empty() {
            let first = Message { content, ancestors: Vec::new(), ..message.clone() };
            return self.send_first(conversation, &cradle, first, Leaving::default(), cleared);
        }
        self.draft.set_home(conversation.id, &cradle.home);
        self.draft.set_conversation(&conversation);
        if let Some(thread) = &cradle.thread {
            self.draft.set_thread(conversation.id, thread);
            let mapped = self.mapped(conversation.id);
            self.draft.map(&WorkerName::hub(), &message.id, &mapped);
        }
        let text = self.pipeline.words.say("command-new", &[]);
        self.tell(&bridge, Some(conversation.id), text)
    }
}
