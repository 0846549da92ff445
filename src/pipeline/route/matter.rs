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
use crate::ledger::{Decision, Delivery, Lane, Matter, Origin, Role, Step, Way};
use crate::store::StoreError;

/// The first line of a report is kept up to so many characters.
const TITLE: usize = 80;

/// What a far side says about a matter, ready to stand for itself.
pub(super) struct Report {
    matter: viadukt_api::Matter,
    title: String,
    said: [u8; 32],
    /// What is known of the matter, while it goes on.
    known: Option<Matter>,
}

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
    matter: MessageId,
    users: Vec<Address>,
    title: String,
    severity: Severity,
    sender: Sender,
}

impl Routing<'_, '_> {
    /// Reads `message` as a report on `matter` and puts it into words that stand for themselves.
    /// `None`: it says nothing new.
    pub(super) fn report_on(
        &mut self,
        matter: viadukt_api::Matter,
        bridge: &WorkerName,
        message: &mut Message,
    ) -> Result<Option<Report>, StoreError> {
        let title = title(message);
        self.put_into_words(message, matter.ends);
        let said = self.draft.hash_of(&(&message.content, message.severity, matter.ends));
        let known = self.draft.matter(bridge, &matter.id)?;
        if let Some(known) = known.as_ref().filter(|known| known.said == said) {
            // What the far side needs to act on it may have changed all the same.
            let report = self.pipeline.ledger.payload(&matter)?;
            let known = Matter { report, at: self.pipeline.env.now(), ..known.clone() };
            self.draft.set_matter(bridge, &matter.id, &known);
            return Ok(None);
        }
        let known = known.filter(|known| !known.ended);
        Ok(Some(Report { matter, title, said, known }))
    }

    /// How `message` is shown: as the latest word on what it reports on, if it does.
    pub(super) fn word(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        flood: Option<Timestamp>,
        report: Option<Report>,
        message: &Message,
    ) -> Result<Word, StoreError> {
        let rules = self.pipeline.policy.rules.get(bridge);
        let users = rules.map_or(&[][..], |rules| rules.notices.called_by(message.severity));
        let Some(Report { matter, title, said, known }) = report else {
            let (began_with, calls) = (message.id.clone(), users.to_vec());
            return Ok(Word { began_with, role: Role::Says, calls, raised: None });
        };
        let known = known.filter(|known| known.conversation == conversation);
        let mut role = if known.is_some() { Role::Replaces } else { Role::Says };
        let (began_with, waits, mut called, asked) = match known {
            Some(known) => (known.began_with, known.waits, known.called, known.asked),
            None => (message.id.clone(), None, None, BTreeMap::new()),
        };
        if let Some(waits) = waits {
            role = self.overtake(conversation, waits)?.unwrap_or(role);
        }
        let mut word =
            Word { began_with: began_with.clone(), role, calls: Vec::new(), raised: None };
        if let Some(severity) = message.severity.filter(|severity| Some(*severity) > called)
            && !matter.ends
            && !users.is_empty()
        {
            called = Some(severity);
            let (users, title, sender) = (users.to_vec(), title.clone(), message.sender.clone());
            match role {
                Role::Replaces => {
                    let matter = matter.id.clone();
                    word.raised = Some(Call { matter, users, title, severity, sender });
                }
                _ => word.calls = users,
            }
        }
        // What calls somebody stays; so does the first word once it is on its way.
        let may_wait = word.calls.is_empty() && (role == Role::Replaces || flood.is_some());
        let latest = Matter {
            conversation,
            began_with,
            report: self.pipeline.ledger.payload(&matter)?,
            title,
            said,
            ended: matter.ends,
            called,
            waits: may_wait.then(|| self.id_of_shown(flood)),
            asked,
            at: self.pipeline.env.now(),
        };
        self.draft.set_matter(bridge, &matter.id, &latest);
        Ok(word)
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
        let way = Way::Decided { what: Decision::Overtaken, by: String::new() };
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

    /// Calls `call`'s users by a message of its own, which can be answered like the other.
    pub(super) fn call(
        &mut self,
        bridge: &WorkerName,
        conversation: ConversationId,
        began_with: &MessageId,
        call: Call,
    ) -> Result<(), StoreError> {
        let Call { matter, users, title, severity, sender } = call;
        let severity = match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let args = [("title", title.as_str()), ("severity", severity)];
        let text = self.pipeline.words.say("matter-raised", &args);
        let shown = self.draft.mapped(bridge, began_with)?;
        let message = MessageId::new(format!("call:{}", self.next_id()));
        self.draft.set_shown_by(bridge, &matter, &message, self.pipeline.env.now());
        let origin =
            Origin { worker: bridge.clone(), message, room: None, apart: false, cost: None };
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
            delivery.origin = Some(origin);
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
