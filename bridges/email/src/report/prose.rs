//! Reports without fields: what servers tell people.
//!
//! A mail is taken for a report when it comes from a program by its header and says so in its
//! subject or its words; a person who quotes or forwards one writes no report. Whom it is about
//! stands, in nearly all of them, at the beginning of a line.

use super::material::Material;
use super::status::Status;
use super::{Action, Kind, Recipient, address, phrases};

/// More recipients are not read.
const MOST: usize = 100;
/// Of what a server says about a recipient, at most.
const LONGEST: usize = 2_000;
/// A diagnostic is cut after these.
const DIAGNOSTIC: usize = 400;

/// What `material` reports in words.
pub(crate) fn read(material: &Material<'_>) -> Option<(Kind, Vec<Recipient>)> {
    let notice = single_blanks(&material.notice.to_lowercase());
    let kind = recognise(material, &notice)?;
    let action = if kind == Kind::Delay { Action::Delayed } else { Action::Failed };
    let recipient = |found: Found<'_>| {
        let own = (!found.said.is_empty()).then_some(found.said.as_str());
        let said = own.unwrap_or(&material.notice);
        let status = Status::of_failure(said).or_else(|| Status::of_failure(&material.notice));
        let diagnostic = reply(said).or_else(|| own.and_then(first_paragraph));
        Recipient { address: found.address.to_owned(), status, action: Some(action), diagnostic }
    };
    Some((kind, recipients(material).into_iter().map(recipient).collect()))
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
    let blocks = blocks(notice);
    let own = blocks.iter().find(|block| address::same(block.address, &recipient.address));
    let said = own.map_or(notice, |block| block.said.as_str());
    if !is_plain {
        recipient.status = Status::of_failure(said).filter(|s| !s.is_vague()).or(recipient.status);
    }
    if recipient.diagnostic.is_none() {
        let said = own.map(|block| block.said.as_str());
        recipient.diagnostic = said.and_then(|said| reply(said).or_else(|| first_paragraph(said)));
    }
}

fn recognise(material: &Material<'_>, notice: &str) -> Option<Kind> {
    let subject = material.mail.subject().unwrap_or_default().to_lowercase();
    let subject = single_blanks(&subject);
    let says = |words: &[&str]| words.iter().any(|word| notice.contains(word));
    let names_it = phrases::SUBJECTS.iter().any(|words| subject.starts_with(words));
    let is_named = material.header("X-Failed-Recipients").is_some();
    let fails = says(phrases::FAILURES) || says(phrases::DELAYS) || has_reply(notice);
    let author = author(material);
    let is_report = is_named
        // This name is given to nothing else.
        || author.starts_with("mailer-daemon")
        || is_daemon(material, &author) && (names_it || fails)
        || names_it && fails;
    if !is_report {
        return None;
    }
    let waits = says(phrases::DELAYS) && !says(phrases::ENDS);
    Some(if waits { Kind::Delay } else { Kind::Bounce })
}

/// The name before the `@` of whoever sent the report.
fn author(material: &Material<'_>) -> String {
    let from = material.header("From").unwrap_or_default();
    let address = address::all(&from).next().unwrap_or(from.trim_matches(['<', '>', ' ']));
    address.split('@').next().unwrap_or_default().to_owned()
}

/// Whether the header says that a program wrote it which delivers mail.
fn is_daemon(material: &Material<'_>, author: &str) -> bool {
    let header = |name| material.header(name).unwrap_or_default();
    let path = header("Return-Path");
    path.starts_with("<>")
        || path.starts_with("<mailer-daemon")
        || phrases::DAEMONS.iter().any(|name| author.starts_with(name))
        || phrases::NAMES.iter().any(|name| header("From").contains(name))
}

/// A recipient and what is said about it.
struct Found<'t> {
    address: &'t str,
    said: String,
}

/// Whom the report is about, by the surest of what it has: a field of the header, beginnings of
/// lines, replies of a server, any place in the words, the returned mail.
fn recipients<'t>(material: &'t Material<'_>) -> Vec<Found<'t>> {
    let notice = material.notice.as_str();
    let takes_part = parties(material);
    let is_party = |address: &str| takes_part.iter().any(|party| address::same(party, address));
    let returned = &material.returned.recipients;
    let is_returned = |address: &str| returned.iter().any(|known| address::same(known, address));

    let blocks: Vec<_> = blocks(notice).into_iter().filter(|b| !is_office(b.address)).collect();
    let named = material.mail.header_raw("X-Failed-Recipients").unwrap_or_default();
    let in_blocks = |address| (address, said_of(&blocks, address));
    let in_header = || address::all(named).map(in_blocks);
    let at_start = || blocks.iter().map(|block| (block.address, block.said.clone()));
    let alone = |address| (address, String::new());
    let in_replies = || in_replies(notice).map(alone);
    let anywhere = || address::all(notice).filter(|address| !is_office(address)).map(alone);
    let in_returned = || returned.iter().map(|address| alone(address.as_str()));

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

/// The addresses that a server refused in what is said of the session (RFC 5321 4.2), or that it
/// was asked for (4.1.1.3): `554 <eva@amt.example>... Host unknown`, `RCPT TO:<eva@amt.example>`.
fn in_replies(notice: &str) -> impl Iterator<Item = &str> {
    notice.lines().filter_map(|line| {
        let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let begins = line.get(..3).is_some_and(|code| {
            code.starts_with(['4', '5']) && code.bytes().all(|b| b.is_ascii_digit())
        });
        let refused = begins.then(|| line.get(3..).and_then(address::leading)).flatten();
        let asked = || line.get(line.to_ascii_lowercase().find("rcpt to:")? + 8..);
        refused.or_else(|| address::leading(asked()?)).map(|(address, _)| address)
    })
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

fn said_of(blocks: &[Found<'_>], address: &str) -> String {
    let own = blocks.iter().filter(|block| address::same(block.address, address));
    own.map(|block| block.said.as_str()).collect::<Vec<_>>().join("\n")
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

/// The words, cut where a line begins with an address: what follows is about it.
fn blocks(notice: &str) -> Vec<Found<'_>> {
    let mut blocks: Vec<Found<'_>> = Vec::new();
    for line in notice.lines() {
        if let Some((address, rest)) = address::leading(line) {
            if blocks.len() == MOST {
                break;
            }
            blocks
                .push(Found { address, said: rest.trim_start_matches(['>', '"', ':']).to_owned() });
        } else if let Some(block) = blocks.last_mut()
            && block.said.len() + line.len() < LONGEST
        {
            block.said.push('\n');
            block.said.push_str(line.trim());
        }
    }
    blocks
}

/// What the server said: its reply, to the end of the paragraph.
fn reply(said: &str) -> Option<String> {
    let mut lines = said.lines();
    let first = lines.by_ref().find_map(|line| reply_at(line).map(|at| &line[at..]))?;
    let more = lines.map(str::trim).take_while(|line| !line.is_empty());
    diagnostic(std::iter::once(first).chain(more))
}

fn first_paragraph(said: &str) -> Option<String> {
    let lines = said.lines().map(str::trim).skip_while(|line| line.is_empty());
    diagnostic(lines.take_while(|line| !line.is_empty()))
}

fn diagnostic<'t>(lines: impl Iterator<Item = &'t str>) -> Option<String> {
    let text = single_blanks(&lines.collect::<Vec<_>>().join(" "));
    let text: String = text.chars().take(DIAGNOSTIC).collect();
    (!text.is_empty()).then_some(text)
}

fn has_reply(text: &str) -> bool {
    text.lines().any(|line| reply_at(line).is_some())
}

/// Where a refusal in SMTP begins (RFC 5321 4.2): `550 5.1.1`, `550-5.1.1`, `554 No`.
fn reply_at(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    bytes.windows(4).enumerate().position(|(at, window)| {
        matches!(window, [b'4' | b'5', b'0'..=b'7', b'0'..=b'9', b' ' | b'-'])
            && (at == 0
                || !bytes[at - 1].is_ascii_alphanumeric() && !b".-:[#".contains(&bytes[at - 1]))
            && bytes.get(at + 4).is_some_and(|next| !next.is_ascii_digit() || b"45".contains(next))
    })
}

fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
