//! A raw mail (RFC 5322) becomes a neutral message. Pure; whatever cannot be understood is
//! shown as it is rather than lost.

use std::sync::Arc;

use mail_parser::{Addr, HeaderName, HeaderValue, Message as Mail, MessageParser};
use viadukt_api::{
    Act, Address, Automatic, Content, Message, MessageId, Protection, Raw, Reason, Sender,
    Timestamp, Unreadable, Words, WorkerName,
};

use crate::authentication::{Authentication, Standing};
use crate::automatic::automatic;
use crate::lift::Lifted;
use crate::repair::{repair, within_limits};
use crate::report::{Report, Told};
use crate::{border, clean};
use crate::{parts, said, trim};

/// More ancestors than these are of no use to find a conversation.
const MAX_ANCESTORS: usize = 50;
/// More recipients than these are not named: nobody answers to all of so many.
const MAX_RECIPIENTS: usize = 500;
/// Stands for a sender who is not named (RFC 2606 2: nobody has it).
const NOBODY: &str = "unknown@unknown.invalid";

/// Reads mails for one mailbox.
pub(crate) struct Reader {
    pub(crate) worker: WorkerName,
    /// The mailbox's own address; a dry run has none.
    pub(crate) own: Option<String>,
    /// The server whose word about senders counts; without one they are not marked.
    pub(crate) authserv_id: Option<String>,
    pub(crate) words: Arc<Words>,
}

impl Reader {
    /// Reads `raw`.
    ///
    /// # Errors
    /// There is nothing in it that could be shown.
    pub(crate) fn read(&self, raw: &Raw) -> Result<Message, Unreadable> {
        self.reading(raw).map(|reading| reading.message)
    }

    /// Reads `raw`, and says what was done with it.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub(crate) fn reading(&self, raw: &Raw) -> Result<Reading, Unreadable> {
        let lifted = Lifted::of(raw);
        let repaired = repair(lifted.skeleton);
        let (readable, cut) = within_limits(&repaired);
        if readable.trim_ascii().is_empty() {
            return Err(Unreadable { reason: Reason::new("mail-empty") });
        }
        let parsed = MessageParser::default().parse(readable).filter(has_header);
        let Some(mail) = parsed else {
            let message = as_it_is(lifted.skeleton);
            return Ok(Reading { message, trimmed: false, report: None, authentication: None });
        };

        let own = self.own.as_deref();
        let report = Report::read(&mail);
        let automatic = automatic(&mail, own, report.is_some());
        let (mut content, trimmed) = match lifted.whole {
            Some(size) => (self.header_only(size), false),
            None => self.content(&mail, &lifted, automatic),
        };
        if cut {
            let note = self.words.say("mail-beyond-limits", &[]);
            content.text = format!("{}\n\n{note}", content.text).trim_start().to_owned();
        }
        let id = mail.header(HeaderName::MessageId).and_then(first_id);
        let id = id.unwrap_or_else(|| made_up_id(readable));
        let ancestors = ancestors(&mail, &id);
        let mut message = Message {
            sent_at: sent_at(&mail),
            sender: sender(&mail),
            room: None,
            answer_to: answer_to(&mail, own),
            via: None,
            exchange: None,
            recipients: recipients(&mail, own),
            ancestors,
            id,
            subject: mail.subject().map(clean::line).filter(|subject| !subject.is_empty()),
            act: Act::Say,
            content,
            automatic,
            matter: None,
            severity: None,
            level: None,
            hops: u16::try_from(mail.header_values(HeaderName::Received).count())
                .unwrap_or(u16::MAX),
            protection: border::protection(&mail),
        };
        let told = report.as_ref().and_then(|r| r.told(own, &message.ancestors, &self.words));
        let trimmed = trimmed && told.is_none();
        if let Some(told) = told {
            tell(&mut message, told);
        }
        let trusted = self.authserv_id.as_deref();
        let author = message.sender.address.as_str();
        let authentication = Authentication::of(&mail, trusted, author);
        if trusted.is_some() && automatic != Some(Automatic::Report) {
            let standing = authentication.as_ref().map(|found| found.sender);
            self.mark(&mut message.sender, standing.unwrap_or(Standing::Unverified));
        }
        Ok(Reading { message, trimmed, report, authentication })
    }

    /// What a room shows, and whether something was taken off it: then the original is attached.
    fn content(
        &self,
        mail: &Mail<'_>,
        lifted: &Lifted<'_>,
        automatic: Option<Automatic>,
    ) -> (Content, bool) {
        let said = parts::content(mail, lifted, &self.worker);
        // In a report what it reports about is the point.
        if automatic == Some(Automatic::Report) {
            return (said.whole(), false);
        }
        let forwarding = mail.subject().is_some_and(trim::is_forwarding);
        let (mut content, trimmed) = said.trimmed(forwarding);
        if trimmed {
            let name = self.words.say("mail-original-name", &[]);
            content.attachments.push(said::original(lifted, name, &self.worker));
        }
        (content, trimmed)
    }

    /// Says beside the name how sure it is.
    fn mark(&self, sender: &mut Sender, standing: Standing) {
        let key = match standing {
            Standing::Verified => return,
            Standing::Unverified => "mail-sender-unverified",
            Standing::Suspect => "mail-sender-suspect",
        };
        let name = sender.name.as_deref().unwrap_or(sender.address.as_str());
        sender.name = Some(self.words.say(key, &[("name", name)]));
    }

    fn header_only(&self, size: u64) -> Content {
        let megabytes = size.div_ceil(1_000_000).to_string();
        let text = self.words.say("mail-too-large-to-fetch", &[("megabytes", &megabytes)]);
        Content { text, ..Content::default() }
    }
}

/// What became of a mail.
pub(crate) struct Reading {
    pub(crate) message: Message,
    /// Quoted mails or a signature were taken off what it says.
    pub(crate) trimmed: bool,
    /// What it reports, when it is a report.
    pub(crate) report: Option<Report>,
    /// What the server that received it found out about its sender.
    pub(crate) authentication: Option<Authentication>,
}

/// Makes a report on a mail of ours out of `message`: what it tells takes the place of what the
/// server wrote.
fn tell(message: &mut Message, told: Told) {
    if matches!(told.act, Act::Report { .. }) {
        message.recipients = told.recipients;
    }
    message.act = told.act;
    message.content = Content { text: told.text, ..Content::default() };
    message.ancestors.retain(|id| *id != told.of);
    message.ancestors.insert(0, told.of);
}

/// Whether any field is one that mails have; a text's first words may look like a field.
fn has_header(mail: &Mail<'_>) -> bool {
    mail.headers().iter().any(|header| !header.name.is_other())
}

/// What has no header, shown as text.
fn as_it_is(bytes: &[u8]) -> Message {
    Message {
        id: made_up_id(bytes),
        sent_at: Timestamp(0),
        sender: Sender { address: Address::new(NOBODY), name: None, power: None },
        room: None,
        answer_to: None,
        via: None,
        exchange: None,
        recipients: Vec::new(),
        ancestors: Vec::new(),
        subject: None,
        act: Act::Say,
        content: Content { text: clean::text(&clean::decoded(bytes)), ..Content::default() },
        automatic: None,
        matter: None,
        severity: None,
        level: None,
        hops: 0,
        protection: Protection::Unknown,
    }
}

/// The first message id in a field, without its angle brackets.
pub(crate) fn first_id(value: &HeaderValue<'_>) -> Option<MessageId> {
    ids(value).next()
}

fn ids<'v>(value: &'v HeaderValue<'_>) -> impl DoubleEndedIterator<Item = MessageId> + 'v {
    let list = value.as_text_list();
    let one = list.is_none().then(|| value.as_text()).flatten();
    let texts = list.unwrap_or_default().iter().map(AsRef::as_ref).chain(one);
    texts.map(clean::line).filter(|id| !id.is_empty()).map(MessageId::new)
}

/// An id for a mail that has none (RFC 5322 3.6.4: they only should): the same mail, the same id.
fn made_up_id(mail: &[u8]) -> MessageId {
    MessageId::new(format!("{}@missing.invalid", blake3::hash(mail).to_hex()))
}

/// In-Reply-To names the nearest; References runs from the oldest to the newest (RFC 5322 3.6.4).
fn ancestors(mail: &Mail<'_>, id: &MessageId) -> Vec<MessageId> {
    let mut found: Vec<MessageId> = Vec::new();
    for candidate in ids(mail.in_reply_to()).chain(ids(mail.references()).rev()) {
        if candidate != *id && !found.contains(&candidate) && found.len() < MAX_ANCESTORS {
            found.push(candidate);
        }
    }
    found
}

fn sender(mail: &Mail<'_>) -> Sender {
    let named = [mail.from(), mail.sender(), mail.reply_to()];
    let found = named.into_iter().flatten().find_map(|field| field.iter().find_map(party));
    let (address, name) = found.unwrap_or_else(|| (Address::new(NOBODY), None));
    Sender { address, name, power: None }
}

/// The first Reply-To that is neither the author nor ourselves.
fn answer_to(mail: &Mail<'_>, own: Option<&str>) -> Option<Address> {
    let author = sender(mail).address;
    let (wanted, _) = mail.reply_to()?.iter().find_map(party)?;
    let is_own = own.is_some_and(|own| same_mailbox(wanted.as_str(), own));
    let is_author = wanted.as_str().eq_ignore_ascii_case(author.as_str());
    Some(wanted).filter(|_| !is_own && !is_author)
}

fn party(addr: &Addr<'_>) -> Option<(Address, Option<String>)> {
    let address = clean::address(addr.address()?)?;
    let name = addr.name().map(clean::line).filter(|name| !name.is_empty());
    Some((Address::new(address), name))
}

fn recipients(mail: &Mail<'_>, own: Option<&str>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for addr in mail.all_to().chain(mail.all_cc()).flat_map(|field| field.iter()) {
        let Some((address, _)) = party(addr) else { continue };
        let is_own = own.is_some_and(|own| same_mailbox(address.as_str(), own));
        let known = found.iter().any(|a| a.as_str().eq_ignore_ascii_case(address.as_str()));
        if !is_own && !known && found.len() < MAX_RECIPIENTS {
            found.push(address);
        }
    }
    found
}

/// Whether `address` reaches the mailbox `own`, perhaps with a subaddress (RFC 5233).
fn same_mailbox(address: &str, own: &str) -> bool {
    let (Some((local, domain)), Some((own_local, own_domain))) =
        (address.rsplit_once('@'), own.rsplit_once('@'))
    else {
        return false;
    };
    let local = local.split('+').next().unwrap_or_default();
    domain.eq_ignore_ascii_case(own_domain) && local.eq_ignore_ascii_case(own_local)
}

fn sent_at(mail: &Mail<'_>) -> Timestamp {
    let date = mail.date().copied().or_else(|| mail.received().and_then(|r| r.date()));
    let seconds = date.map_or(0, |date| date.to_timestamp());
    Timestamp(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
}
