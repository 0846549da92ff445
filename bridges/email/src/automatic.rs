//! Whether a machine wrote a mail.

use mail_parser::{HeaderValue, Message, MimeHeaders};
use viadukt_api::Automatic;

/// Marks every mail that leaves viadukt: the delivery's id and, after `via`, the mailbox.
pub(crate) const DELIVERY: &str = "X-Viadukt-Delivery";

/// How subjects of automatic replies begin, in the languages of Exchange and Outlook.
const AWAY: &[&str] = &[
    "automatic reply:",
    "auto reply:",
    "autoreply:",
    "out of office",
    "automatische antwort:",
    "abwesenheitsnotiz",
    "abwesend:",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "afwezig:",
];

/// Why `mail` counts as written by a machine (RFC 3834 2, RFC 5436 2.7.1); `own` is the address
/// of this bridge's mailbox, and a report is one by what it says (see [`crate::report`]). `X-Auto-Response-Suppress` says nothing here: it asks not to be
/// answered and stands in persons' mails too.
pub(crate) fn automatic(
    mail: &Message<'_>,
    own: Option<&str>,
    is_report: bool,
) -> Option<Automatic> {
    let field = |name: &str| match name {
        "Subject" => mail.subject().map(str::to_lowercase),
        _ => mail.header_raw(name.to_owned()).map(|value| value.trim().to_lowercase()),
    };
    let starts = |name: &str, words: &[&str]| {
        field(name).is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
    };
    let any = |names: &[&str]| names.iter().any(|name| field(name).is_some());

    if is_ours(mail, own) {
        return Some(Automatic::Own);
    }
    if is_report || mail.content_type().is_some_and(|kind| reports(kind.ctype(), kind.subtype())) {
        return Some(Automatic::Report);
    }
    let submitted = field("Auto-Submitted").filter(|value| !value.starts_with("no"));
    if submitted.as_deref().is_some_and(|value| value.starts_with("auto-replied"))
        || any(&["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From"])
        || starts("X-Auto-Reply", &["yes", "true"])
        || starts("X-Apple-Action", &["vacation"])
        // Some say so in their subject alone; what stands beside it makes it sure, though it
        // stands in persons' mails, or in reports, as well.
        || starts("Subject", AWAY)
            && (field("X-Auto-Response-Suppress").is_some() || starts("Return-Path", &["<>"]))
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

fn is_ours(mail: &Message<'_>, own: Option<&str>) -> bool {
    mail.header_raw(DELIVERY).is_some_and(|mark| is_own_mark(mark, own))
}

/// Whether `mark`, the value of [`DELIVERY`], says that the mail left from the mailbox `own`.
pub(crate) fn is_own_mark(mark: &str, own: Option<&str>) -> bool {
    let mailbox = mark.trim().rsplit_once("via ").map(|(_, mailbox)| mailbox.trim());
    mailbox.zip(own).is_some_and(|(mailbox, own)| mailbox.eq_ignore_ascii_case(own))
}

fn reports(ctype: &str, subtype: Option<&str>) -> bool {
    matches!(
        (ctype, subtype),
        ("multipart", Some("report"))
            | ("message", Some("delivery-status" | "disposition-notification"))
    )
}

fn is_daemon(mail: &Message<'_>) -> bool {
    let from = mail.header("From").and_then(HeaderValue::as_address);
    let address = from.and_then(|from| from.first()).and_then(|first| first.address());
    let local = address.and_then(|a| a.split('@').next()).unwrap_or_default();
    ["mailer-daemon", "postmaster"].iter().any(|name| local.eq_ignore_ascii_case(name))
}
