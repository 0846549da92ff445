//! What mail systems report about mails of ours: that one did not arrive, waits, arrived, was
//! read, or was complained about.
//!
//! In reading order: the signs of a report ([`signs`]), what it consists of ([`material`]) and
//! the mail that it returns ([`returned`]); what it says in fields ([`fields`], [`disposition`],
//! [`feedback`]) or, from the many servers that have none, in prose ([`prose`], with [`said`],
//! [`phrases`], [`address`] and [`status`]); what it tells the room ([`told`], with [`reasons`]).

mod address;
mod disposition;
mod feedback;
mod fields;
mod material;
mod phrases;
mod prose;
mod reasons;
mod returned;
mod said;
mod signs;
mod status;
mod told;

use mail_parser::Message as Mail;
use serde::Serialize;

use material::Material;
use returned::Returned;
use signs::Signs;
pub(crate) use status::Status;
pub(crate) use told::Told;

/// A report.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) kind: Kind,
    /// Whom it is about, in its order.
    pub(crate) recipients: Vec<Recipient>,
    /// The mail that it is about, as far as it comes with the report.
    #[serde(skip)]
    pub(crate) returned: Returned,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A mail will not arrive, at one recipient at least (RFC 3464, `failed`).
    Bounce,
    /// A mail has not arrived yet (`delayed`).
    Delay,
    /// A mail arrived, or went on to a system that sends no reports.
    Delivered,
    /// What a recipient did with a mail (RFC 8098).
    Disposition,
    /// A recipient complains about a mail (RFC 5965).
    Feedback,
}

/// What became of a mail on its way to one recipient.
#[derive(Serialize)]
pub(crate) struct Recipient {
    pub(crate) address: String,
    pub(crate) status: Option<Status>,
    pub(crate) action: Option<Action>,
    /// What the server said, in its words.
    pub(crate) diagnostic: Option<String>,
}

/// RFC 3464 2.3.3, and RFC 8098 3.2.6 for what a person or a program did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
    Displayed,
    Deleted,
    Dispatched,
    Processed,
}

impl Action {
    /// The action that a field names; some servers write more than the word, or another form of
    /// it.
    fn parse(value: &str) -> Option<Self> {
        let value = value.trim_start().to_ascii_lowercase();
        let known = [
            ("fail", Self::Failed),
            ("expired", Self::Failed),
            ("delayed", Self::Delayed),
            ("delivered", Self::Delivered),
            ("deliverable", Self::Delivered),
            ("relayed", Self::Relayed),
            ("expanded", Self::Expanded),
            ("displayed", Self::Displayed),
            ("deleted", Self::Deleted),
            ("dispatched", Self::Dispatched),
            ("processed", Self::Processed),
        ];
        known.into_iter().find(|(word, _)| value.starts_with(word)).map(|(_, action)| action)
    }
}

impl Report {
    /// What `mail` reports; `None` when it is no report.
    pub(crate) fn read(mail: &Mail<'_>) -> Option<Self> {
        let signs = Signs::of(mail);
        if !signs.any() {
            return None;
        }
        let mut material = Material::of(mail, signs);
        if let Some(recipients) = feedback::read(&material) {
            return Some(material.report(Kind::Feedback, recipients));
        }
        let in_fields = disposition::read(&mut material).or_else(|| in_fields(&material));
        if let Some((kind, recipients)) = in_fields {
            return Some(material.report(kind, recipients));
        }
        let (kind, recipients) = prose::read(&material)?;
        // A gateway may put a report that it lets pass into one of its own, which names nobody.
        let wrapped = (!prose::names_somebody(&material)).then(|| material.wrapped()).flatten();
        Some(wrapped.unwrap_or_else(|| material.report(kind, recipients)))
    }
}

/// A delivery report by its fields, wherever they stand.
fn in_fields(material: &Material<'_>) -> Option<(Kind, Vec<Recipient>)> {
    let mut recipients = fields::recipients(material.status.as_deref()?);
    let kind = kind_of(&recipients)?;
    prose::name(&mut recipients, material);
    for recipient in &mut recipients {
        let action = *recipient.action.get_or_insert(Action::Failed);
        if matches!(action, Action::Failed | Action::Delayed) {
            prose::complete(recipient, &material.notice);
        }
    }
    Some((kind, recipients))
}

/// The worst that became of any of them. Without an action it is a failure: nothing else is
/// reported by servers that leave it out.
fn kind_of(recipients: &[Recipient]) -> Option<Kind> {
    let any = |actions: &[Action]| {
        recipients.iter().filter_map(|recipient| recipient.action).any(|a| actions.contains(&a))
    };
    match () {
        () if recipients.is_empty() => None,
        () if any(&[Action::Failed]) => Some(Kind::Bounce),
        () if any(&[Action::Delayed]) => Some(Kind::Delay),
        () if recipients.iter().all(|recipient| recipient.action.is_some()) => {
            Some(Kind::Delivered)
        }
        () => Some(Kind::Bounce),
    }
}

#[cfg(test)]
mod tests;
