//! What a report on a mail of ours tells the room.

use viadukt_api::{Act, Address, MessageId, State, Words};

use super::{Action, Kind, Recipient, Report, reasons};
use crate::automatic::is_own_mark;
use crate::clean;

/// More recipients are counted, not named.
const MOST: usize = 20;
/// The length of the token in our Message-IDs, in hexadecimal digits.
const TOKEN: usize = 32;

/// What is told.
pub(crate) struct Told {
    pub(crate) act: Act,
    /// The mail that the report continues.
    pub(crate) of: MessageId,
    /// Whom it is about.
    pub(crate) recipients: Vec<Address>,
    pub(crate) text: String,
}

impl Report {
    /// What this report means to the mailbox `own`; `parents` are the ids that the report
    /// answers by its header. `None` when it is about no mail of ours, as far as one can tell:
    /// then it is shown as it is. So is a bounce of a report, which comes back without our mark.
    pub(crate) fn told(
        &self,
        own: Option<&str>,
        parents: &[MessageId],
        words: &Words,
    ) -> Option<Told> {
        let of = self.of(own?, parents)?;
        let act = |state| Act::Report { of: of.clone(), state };
        let (act, text) = match self.kind {
            Kind::Bounce => (act(State::Failed), self.by_recipient(words)),
            Kind::Delay => (act(State::Delayed), self.by_recipient(words)),
            Kind::Delivered => (act(self.arrived()), self.by_recipient(words)),
            // Neither says anything about the delivery, which a reader of the mail had anyway.
            Kind::Disposition => (Act::Say, self.by_recipient(words)),
            Kind::Feedback => (Act::Say, self.complaint(words)),
        };
        let address = |recipient: &Recipient| Address::new(recipient.address.clone());
        let recipients = self.recipients.iter().map(address).collect();
        Some(Told { act, of, recipients, text })
    }

    /// The id of our mail: one that only we give out, which the report names or answers, else
    /// the one that stands beside our mark in the returned header.
    fn of(&self, own: &str, parents: &[MessageId]) -> Option<MessageId> {
        let returned = &self.returned;
        let id = returned.id.as_deref().map(MessageId::new);
        let named = id.iter().chain(parents).find(|id| is_own_id(id.as_str(), own)).cloned();
        let is_marked = returned.mark.as_deref().is_some_and(|mark| is_own_mark(mark, Some(own)));
        named.or(id.filter(|_| is_marked))
    }

    /// What was handed on to a system that reports nothing is as good as sent, no more.
    fn arrived(&self) -> State {
        let is_there = |recipient: &Recipient| recipient.action == Some(Action::Delivered);
        if self.recipients.iter().all(is_there) { State::Delivered } else { State::Sent }
    }

    fn by_recipient(&self, words: &Words) -> String {
        let mut lines: Vec<String> =
            self.recipients.iter().take(MOST).map(|recipient| line(recipient, words)).collect();
        let more = self.recipients.len().saturating_sub(MOST);
        if more > 0 {
            lines.push(words.say("mail-report-more", &[("count", &more.to_string())]));
        }
        lines.join("\n")
    }

    fn complaint(&self, words: &Words) -> String {
        let named = self.recipients.iter().take(MOST).map(|r| clean::line(&r.address));
        let address = named.collect::<Vec<_>>().join(", ");
        words.say("mail-report-complaint", &[("address", &address)])
    }
}

/// One recipient's line.
fn line(recipient: &Recipient, words: &Words) -> String {
    let key = match recipient.action {
        None | Some(Action::Failed) => "mail-report-failed",
        Some(Action::Delayed) => "mail-report-delayed",
        Some(Action::Delivered) => "mail-report-delivered",
        Some(Action::Relayed | Action::Expanded) => "mail-report-relayed",
        Some(Action::Displayed) => "mail-report-displayed",
        Some(Action::Deleted) => "mail-report-deleted",
        Some(Action::Dispatched | Action::Processed) => "mail-report-processed",
    };
    let reason = reasons::in_words(recipient, words);
    words.say(key, &[("address", &clean::line(&recipient.address)), ("reason", &reason)])
}

/// Whether `id` has the form of the ids that mails from `own` carry.
fn is_own_id(id: &str, own: &str) -> bool {
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let token = id.split('@').next().unwrap_or_default();
    let is_token = token.len() == TOKEN && token.bytes().all(|b| b.is_ascii_hexdigit());
    is_token && domain(id) == domain(own)
}
