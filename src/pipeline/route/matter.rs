//! What goes on at a far side: one message of the room shows it, always the latest word.
//!
//! `route` says which message a report continues; which event that is, is looked up when the
//! delivery is made, since the first report may still be on its way ([`Role::Replaces`]). Where
//! it never arrived, or stands in a room that was left, the latest word is a new message.
//!
//! An edit wakes no telephone: in encrypted rooms the homeserver sees that it is one, and not
//! whom it mentions (Matrix client-server, push rule `.m.rule.suppress_edits`). So when a matter
//! becomes more pressing, who is to know of it is called by a message of its own.

use std::collections::BTreeMap;

use viadukt_api::{
    Address, Content, ConversationId, DeliveryId, Form, Message, MessageId, Sender, Severity,
    Timestamp, WorkerName,
};

use super::Routing;
use crate::ledger::{Delivery, Lane, Matter, Role, Step, Way};
use crate::store::StoreError;

/// The first line of a report is kept up to so many characters.
const TITLE: usize = 80;

/// How a message of a far side is shown.
pub(super) struct Word {
    /// The message that its event stands for.
    pub began_with: MessageId,
    pub role: Role,
    /// Who is called by it.
    pub calls: Vec<Address>,
    /// A call beside it, where it cannot call anybody itself.
    pub raised: Option<Call>,
}

/// A matter has become more pressing.
pub(super) struct Call {
    users: Vec<Address>,
    title: String,
    severity: Severity,
    sender: Sender,
}

impl Routing<'_, '_> {
    /// How `message` is shown, as the latest word on what it is about; `None`: it says nothing
    /// new. What it says is then made ready to stand for itself.
    pub(super) fn word(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        flood: Option<Timestamp>,
        message: &mut Message,
    ) -> Result<Option<Word>, StoreError> {
        let rules = self.pipeline.policy.rules.get(bridge);
        let called = |severity| rules.map_or(&[][..], |rules| rules.notices.called_by(severity));
        let users = called(message.severity).to_vec();
        let began_with = message.id.clone();
        let Some(report) = message.matter.clone() else {
            let (role, raised) = (Role::Says, None);
            return Ok(Some(Word { began_with, role, calls: users, raised }));
        };
        let title = title(message);
        self.put_into_words(message, report.ends);
        let said = self.draft.hash_of(&(&message.content, message.severity, report.ends));
        let report_id = report.id.clone();
        let report = self.pipeline.ledger.payload(&report)?;
        let ended = message.matter.as_ref().is_some_and(|matter| matter.ends);
        let now = self.pipeline.env.now();
        let known = self.draft.matter(bridge, &report_id)?;
        if let Some(known) = known.as_ref().filter(|known| known.said == said) {
            // The handle may have changed.
            let known = Matter { report, at: now, ..known.clone() };
            self.draft.set_matter(bridge, &report_id, &known);
            return Ok(None);
        }
        let goes_on = known.filter(|known| !known.ended && known.conversation == conversation);
        let mut role = match &goes_on {
            Some(_) => Role::Replaces,
            None => Role::Says,
        };
        let mut matter = goes_on.unwrap_or_else(|| Matter {
            conversation,
            began_with,
            report: report.clone(),
            title: String::new(),
            said,
            ended,
            called: None,
            waits: None,
            asked: BTreeMap::new(),
            at: now,
        });
        if let Some(waits) = matter.waits.take() {
            role = self.overtake(conversation, waits)?.unwrap_or(role);
        }
        let calls_for = !ended && !users.is_empty() && message.severity > matter.called;
        if calls_for {
            matter.called = message.severity;
        }
        let users = if calls_for { users } else { Vec::new() };
        let (calls, raised) = match (role, message.severity) {
            (Role::Replaces, Some(severity)) if !users.is_empty() => {
                let (title, sender) = (title.clone(), message.sender.clone());
                (Vec::new(), Some(Call { users, title, severity, sender }))
            }
            _ => (users, None),
        };
        // What calls somebody stays; so does the first word once it is on its way.
        let may_wait = calls.is_empty() && (role == Role::Replaces || flood.is_some());
        matter.waits = may_wait.then(|| self.id_of_shown(flood));
        let word = Word { began_with: matter.began_with.clone(), role, calls, raised };
        let matter = Matter { report, title, said, ended, at: now, ..matter };
        self.draft.set_matter(bridge, &report_id, &matter);
        Ok(Some(word))
    }

    /// A newer word takes the place of one that waits, if it still does; then it has the other's
    /// role when that was gathered, and so begins what the other would have begun.
    fn overtake(
        &mut self,
        conversation: ConversationId,
        waits: DeliveryId,
    ) -> Result<Option<Role>, StoreError> {
        let lane = Lane::to_room(conversation);
        let mut role = None;
        if let Some(gathered) = self.draft.gathered(conversation, waits)? {
            self.draft.ungather(conversation, waits);
            role = Some(gathered.delivery.role);
        } else {
            // What begins something may be there already, though nobody has said so yet.
            let delivery = self.draft.delivery(lane, waits)?;
            let replaces = delivery.is_some_and(|delivery| delivery.role == Role::Replaces);
            if !replaces || !self.take_back(lane, waits)? {
                return Ok(None);
            }
        }
        let way = Way::Decided { what: "overtaken".to_owned() };
        self.draft.step(waits.item, &Step { at: self.pipeline.env.now(), way });
        Ok(role)
    }

    /// A matter's message stands for itself, whatever was said before it: with its subject, and
    /// with a word that it is over.
    fn put_into_words(&self, message: &mut Message, ends: bool) {
        let over = ends.then(|| self.pipeline.words.say("matter-over", &[]));
        let first = match (over, message.subject.take()) {
            (Some(over), Some(subject)) => format!("{over} {subject}"),
            (Some(line), None) | (None, Some(line)) => line,
            (None, None) => return,
        };
        let Content { text, html, .. } = &mut message.content;
        if let Some(html) = html {
            *html = format!("<strong>{}</strong><br>{html}", escape(&first));
        }
        *text = format!("{first}\n{text}").trim_end().to_owned();
    }

    /// Calls `call`'s users by a message of its own.
    pub(super) fn call(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        began_with: &MessageId,
        call: Call,
    ) -> Result<(), StoreError> {
        let Call { users, title, severity, sender } = call;
        let severity = match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let args = [("title", title.as_str()), ("severity", severity)];
        let text = self.pipeline.words.say("matter-raised", &args);
        let shown = self.draft.mapped(bridge, began_with)?;
        let form = Form::Say {
            sender,
            content: Content { text, ..Content::default() },
            subject: None,
            correction: false,
            automatic: true,
            mentions: users,
        };
        let fill = |delivery: &mut Delivery| {
            delivery.to = WorkerName::hub();
            delivery.conversation = Some(conversation);
            delivery.answers = shown.and_then(|shown| shown.counterpart);
        };
        self.add(Lane::to_room(conversation), bridge, fill, &form)
    }
}

/// What a report begins with, in one line.
fn title(message: &Message) -> String {
    let lines = message.subject.as_deref().into_iter().chain(message.content.text.lines());
    let line = lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(TITLE) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
        None => line.to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
