//! Reports without fields: what servers tell people.
//!
//! A mail is taken for a report when it comes from a program by its header and says so in its
//! subject or its words; a person who quotes or forwards one writes no report. Whom it is about
//! stands, in nearly all of them, at the beginning of a line.

use super::material::Material;
use super::said::{self, Found, MOST};
use super::signs::{Signs, single_blanks};
use super::status::Status;
use super::{Action, Kind, Recipient, address, phrases, returned};

/// What `material` reports in words.
pub(crate) fn read(material: &Material<'_>) -> Option<(Kind, Vec<Recipient>)> {
    let kind = recognise(&material.signs, &material.notice)?;
    let action = if kind == Kind::Delay { Action::Delayed } else { Action::Failed };
    let found = recipients(material);
    let is_alone = found.len() == 1;
    let recipient = |found: Found<'_>| {
        let own = (!found.said.is_empty()).then_some(found.said.as_str());
        let all = material.notice.as_str();
        let status = Status::of_failure(own.unwrap_or(all));
        let status = status.or_else(|| Status::of_failure(all).filter(|_| is_alone));
        let diagnostic = own.map_or_else(|| said::reply(all), said::cause);
        Recipient { address: found.address.to_owned(), status, action: Some(action), diagnostic }
    };
    Some((kind, found.into_iter().map(recipient).collect()))
}

/// Gives those that the fields do not name the addresses that the words name.
pub(crate) fn name(recipients: &mut Vec<Recipient>, material: &Material<'_>) {
    if recipients.iter().all(|recipient| !recipient.address.is_empty()) {
        return;
    }
    let in_words = self::recipients(material).into_iter().map(|found| found.address.to_owned());
    let is_known = |address: &String| recipients.iter().any(|r| address::same(&r.address, address));
    let mut left: Vec<String> = in_words.filter(|address| !is_known(address)).collect();
    left.reverse();
    for recipient in recipients.iter_mut().filter(|recipient| recipient.address.is_empty()) {
        recipient.address = left.pop().unwrap_or_default();
    }
    recipients.retain(|recipient| !recipient.address.is_empty());
}

/// Whether the words name anybody who can be the recipient.
pub(crate) fn names_somebody(material: &Material<'_>) -> bool {
    let parties = parties(material);
    let named = material.mail.header_raw("X-Failed-Recipients").unwrap_or_default();
    let mut others = address::all(named).chain(address::all(&material.notice));
    others.any(|a| !is_office(a) && !parties.iter().any(|party| address::same(party, a)))
}

/// Adds to a recipient named in fields what only the words say.
pub(crate) fn complete(recipient: &mut Recipient, notice: &str) {
    let is_plain = recipient.status.is_some_and(|status| !status.is_vague());
    if is_plain && recipient.diagnostic.is_some() {
        return;
    }
    let blocks = said::blocks(notice);
    let own = blocks.iter().find(|block| address::same(block.address, &recipient.address));
    let said = own.map_or(notice, |block| block.said.as_str());
    if !is_plain {
        recipient.status = Status::of_failure(said).filter(|s| !s.is_vague()).or(recipient.status);
    }
    if recipient.diagnostic.is_none() {
        recipient.diagnostic = own.and_then(|block| said::cause(&block.said));
    }
}

fn recognise(signs: &Signs, notice: &str) -> Option<Kind> {
    let words = single_blanks(&notice.to_lowercase());
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    let fails = says(phrases::FAILURES) || says(phrases::DELAYS) || said::has_refusal(notice);
    let hints = fails || says(phrases::HINTS);
    let is_report = signs.names_failed
        || signs.is_mailer_daemon
        || signs.is_daemon && (signs.has_subject || hints)
        || signs.is_unanswerable && (signs.has_subject || fails)
        || signs.has_subject && hints;
    if !is_report {
        return None;
    }
    let waits = says(phrases::DELAYS) && !says(phrases::ENDS);
    Some(if waits { Kind::Delay } else { Kind::Bounce })
}

/// Whom the report is about, by the surest of what it has: a field of the header, beginnings of
/// lines, replies of a server, any place in the words, the returned mail.
fn recipients<'t>(material: &'t Material<'_>) -> Vec<Found<'t>> {
    let notice = material.notice.as_str();
    let takes_part = parties(material);
    let is_party = |address: &str| takes_part.iter().any(|party| address::same(party, address));
    let written_to = &material.returned.recipients;
    let is_returned = |address: &str| written_to.iter().any(|known| address::same(known, address));

    let blocks: Vec<_> =
        said::blocks(notice).into_iter().filter(|b| !is_office(b.address)).collect();
    let named = material.mail.header_raw("X-Failed-Recipients").unwrap_or_default();
    let in_blocks = |address| (address, said::about(address, &blocks));
    let in_header = || address::all(named).take(MOST).map(in_blocks);
    let at_start = || blocks.iter().map(|block| (block.address, block.said.clone()));
    let alone = |address| (address, String::new());
    let in_replies = || said::in_replies(notice).map(alone);
    let lines = || notice.lines().filter(|line| !returned::is_field(line));
    let anywhere = || lines().flat_map(address::all).filter(|a| !is_office(a)).map(alone);
    let in_returned = || written_to.iter().map(|address| alone(address.as_str()));

    let not_party = |found: &(&str, String)| !is_party(found.0);
    let of_returned = |found: &(&str, String)| is_returned(found.0);
    List::of(in_header())
        .or(|| at_start().filter(not_party))
        .or(|| in_replies().filter(not_party))
        .or(|| anywhere().filter(not_party).filter(of_returned))
        .or(|| anywhere().filter(not_party))
        // Somebody wrote to himself.
        .or(at_start)
        .or(in_returned)
        .0
}

/// Recipients without doubles.
struct List<'t>(Vec<Found<'t>>);

impl<'t> List<'t> {
    fn of(candidates: impl Iterator<Item = (&'t str, String)>) -> Self {
        let mut list: Vec<Found<'t>> = Vec::new();
        for (address, said) in candidates {
            match list.iter().position(|known| address::same(known.address, address)) {
                Some(known) => {
                    list[known].said.push('\n');
                    list[known].said.push_str(&said);
                }
                None if list.len() < MOST => list.push(Found { address, said }),
                None => {}
            }
        }
        Self(list)
    }

    /// This list, or the next when there is nobody in it.
    fn or<I: Iterator<Item = (&'t str, String)>>(self, next: impl FnOnce() -> I) -> Self {
        if self.0.is_empty() { Self::of(next()) } else { self }
    }
}

/// Who takes part but did not fail: whoever sent the report, and whoever wrote the mail and so
/// gets the report.
fn parties(material: &Material<'_>) -> Vec<String> {
    let values = ["From", "To", "Reply-To"].map(|name| material.mail.header_raw(name));
    let named = values.into_iter().flatten().flat_map(|value| address::all(value).take(20));
    named.map(str::to_owned).chain(material.returned.senders.iter().cloned()).collect()
}

/// Whom people are told to write to.
fn is_office(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    ["postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster"]
        .contains(&local.as_str())
}
