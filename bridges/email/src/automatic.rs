//! Whether a machine wrote a mail, and what it reports about a mail of ours.

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders, PartType};
use viadukt_api::State;
use viadukt_api::{Automatic, MessageId};

use crate::read::first_id;

/// Marks every mail that leaves viadukt: the delivery's id and, after `via`, the mailbox.
pub(crate) const DELIVERY: &str = "X-Viadukt-Delivery";

/// Why `mail` counts as written by a machine (RFC 3834 2, RFC 5436 2.7.1); `own` is the address
/// of this bridge's mailbox. `X-Auto-Response-Suppress` says nothing here: it asks not to be
/// answered and stands in persons' mails too.
pub(crate) fn automatic(mail: &Message<'_>, own: Option<&str>) -> Option<Automatic> {
    let field = |name: &str| mail.header_raw(name.to_owned()).map(|v| v.trim().to_lowercase());
    let starts = |name: &str, words: &[&str]| {
        field(name).is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
    };
    let any = |names: &[&str]| names.iter().any(|name| field(name).is_some());

    if is_ours(mail, own) {
        return Some(Automatic::Own);
    }
    if mail.content_type().is_some_and(|kind| is_report(kind.ctype(), kind.subtype())) {
        return Some(Automatic::Report);
    }
    let submitted = field("Auto-Submitted").filter(|value| !value.starts_with("no"));
    if submitted.as_deref().is_some_and(|value| value.starts_with("auto-replied"))
        || any(&["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From"])
        || starts("X-Auto-Reply", &["yes", "true"])
        || starts("Precedence", &["auto_reply", "auto-reply"])
        || starts("X-Precedence", &["auto_reply"])
    {
        return Some(Automatic::Reply);
    }
    if starts("Return-Path", &["<>"]) || is_daemon(mail) {
        return Some(Automatic::Report);
    }
    if any(&["List-Id", "List-Post", "List-Unsubscribe", "List-Help", "Mailing-List"])
        || starts("Precedence", &["bulk", "list", "junk"])
    {
        return Some(Automatic::Bulk);
    }
    let generated = submitted.is_some()
        || any(&["X-Cron-Env", "X-Auto-Generated", "Feedback-ID"])
        || starts("X-Viadukt-Notice", &["yes"]);
    generated.then_some(Automatic::Generated)
}

/// What a delivery status notification (RFC 3464) says about a mail of ours. `None` when it is
/// none, or when it does not hold our mail's header: then it could name any mail.
pub(crate) fn report(mail: &Message<'_>, own: Option<&str>) -> Option<(MessageId, State)> {
    let state = mail.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        let is_status = kind.ctype() == "message"
            && matches!(kind.subtype(), Some("delivery-status" | "global-delivery-status"));
        is_status.then(|| state(part.contents())).flatten()
    })?;
    let of = mail.parts.iter().find_map(|part| match &part.body {
        PartType::Message(original) => id_if_ours(original, own),
        PartType::Text(header) if is_header(part) => {
            id_if_ours(&MessageParser::default().parse_headers(header.as_bytes())?, own)
        }
        _ => None,
    })?;
    Some((of, state))
}

/// The worst of what the per-recipient fields say: our mails have one recipient each.
fn state(status: &[u8]) -> Option<State> {
    let status = String::from_utf8_lossy(status).to_lowercase();
    let actions: Vec<&str> =
        status.lines().filter_map(|line| line.strip_prefix("action:")).map(str::trim).collect();
    let any = |words: &[&str]| actions.iter().any(|a| words.iter().any(|w| a.starts_with(w)));
    match () {
        () if any(&["failed"]) => Some(State::Failed),
        () if any(&["delayed"]) => Some(State::Delayed),
        () if any(&["delivered", "relayed", "expanded"]) => Some(State::Delivered),
        () => None,
    }
}

fn id_if_ours(original: &Message<'_>, own: Option<&str>) -> Option<MessageId> {
    if !is_ours(original, own) {
        return None;
    }
    first_id(original.header("Message-ID")?)
}

fn is_ours(mail: &Message<'_>, own: Option<&str>) -> bool {
    let Some(own) = own else { return false };
    mail.header_raw(DELIVERY)
        .and_then(|value| value.trim().rsplit_once("via "))
        .is_some_and(|(_, mailbox)| mailbox.trim().eq_ignore_ascii_case(own))
}

fn is_report(ctype: &str, subtype: Option<&str>) -> bool {
    matches!(
        (ctype, subtype),
        ("multipart", Some("report"))
            | ("message", Some("delivery-status" | "disposition-notification"))
    )
}

fn is_header(part: &mail_parser::MessagePart<'_>) -> bool {
    part.content_type()
        .and_then(|kind| kind.subtype())
        .is_some_and(|subtype| matches!(subtype, "rfc822-headers" | "global-headers"))
}

fn is_daemon(mail: &Message<'_>) -> bool {
    let from = mail.header("From").and_then(HeaderValue::as_address);
    let address = from.and_then(|from| from.first()).and_then(|first| first.address());
    let local = address.and_then(|a| a.split('@').next()).unwrap_or_default();
    ["mailer-daemon", "postmaster"].iter().any(|name| local.eq_ignore_ascii_case(name))
}
