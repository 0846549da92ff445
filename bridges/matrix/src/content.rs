//! Puts messages into Matrix's words: the content of the events that carry them. Pure.

use serde_json::{Value, json};
use viadukt_api::message::{Attachment, Content, Sender};
use viadukt_api::{Address, MessageId, Words};

/// Where in a room something is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    /// The thread's first event.
    pub thread: Option<&'a MessageId>,
    /// The event it answers.
    pub reply_to: Option<&'a MessageId>,
}

/// Who speaks on the far side (MSC4144: a per-message profile). Clients that do not know
/// profiles show the name as the beginning of the text.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    /// Opaque, and the same for the same party.
    pub id: String,
    /// The name to show.
    pub name: String,
}

impl Speaker {
    /// The profile of `sender`. The id is a keyed hash: an address must not be guessable by
    /// trying all telephone numbers.
    pub(crate) fn new(sender: &Sender, key: &[u8; 32]) -> Self {
        let hash = blake3::keyed_hash(key, sender.address.as_str().as_bytes());
        Self { id: hash.to_hex()[..32].to_owned(), name: shown_name(sender).to_owned() }
    }

    fn profile(&self) -> Value {
        json!({ "id": self.id, "displayname": self.name, "has_fallback": true })
    }

    fn html(&self) -> String {
        format!("<strong data-mx-profile-fallback>{}: </strong>", escape(&self.name))
    }
}

fn shown_name(sender: &Sender) -> &str {
    sender.name.as_deref().unwrap_or(sender.address.as_str())
}

/// What a far side's message is besides its content.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner<'a> {
    /// A new or changed subject.
    pub subject: Option<&'a str>,
    /// It corrects an earlier message.
    pub correction: bool,
    /// A machine wrote it.
    pub automatic: bool,
    /// Who in the room is called by it.
    pub mentions: &'a [Address],
}

/// The largest content that fits an event after encryption: 65536 bytes for the event, of which
/// base64 takes a quarter and the homeserver's own fields some more.
const LARGEST: usize = 44_000;
/// How much of a text that does not fit is shown above its attached whole.
const EXCERPT: usize = 4_000;

/// The event that says `content` for `speaker`. Text that does not fit one event is cut; then
/// the second value is the whole of it, to be attached.
pub(crate) fn say<'c>(
    speaker: &Speaker,
    address: &Address,
    content: &'c Content,
    manner: Manner<'_>,
    place: Place<'_>,
    words: &Words,
) -> (Value, Option<&'c str>) {
    say_within(LARGEST, speaker, address, content, manner, place, words)
}

fn say_within<'c>(
    largest: usize,
    speaker: &Speaker,
    address: &Address,
    content: &'c Content,
    manner: Manner<'_>,
    place: Place<'_>,
    words: &Words,
) -> (Value, Option<&'c str>) {
    // A notice rings nowhere, whomever it mentions: `.m.rule.suppress_notices` stands before
    // `.m.rule.is_user_mention` (Matrix client-server, "Predefined Rules").
    let rings = !manner.mentions.is_empty();
    let msgtype = if manner.automatic && !rings { "m.notice" } else { "m.text" };
    let head = Head::new(speaker, address, manner, words);
    let fits = |event: &Value| event.to_string().len() <= largest;

    let whole = head.event(msgtype, &content.text, content.html.as_deref(), speaker, place);
    if fits(&whole) {
        return (whole, None);
    }
    let plain = head.event(msgtype, &content.text, None, speaker, place);
    if fits(&plain) {
        return (plain, None);
    }
    let end = content.text.char_indices().map(|(at, _)| at).take_while(|at| *at <= EXCERPT).last();
    let excerpt = &content.text[..end.unwrap_or(0)];
    let cut = format!("{excerpt}…\n\n{}", words.say("matrix-text-cut", &[]));
    (head.event(msgtype, &cut, None, speaker, place), Some(&content.text))
}

/// What stands above the text.
struct Head<'a> {
    text: String,
    html: String,
    mentions: &'a [Address],
}

impl<'a> Head<'a> {
    fn new(speaker: &Speaker, address: &Address, manner: Manner<'a>, words: &Words) -> Self {
        let mut text = format!("{}: ", speaker.name);
        let mut html = speaker.html();
        for user in manner.mentions {
            let name = escape(user.as_str());
            text.push_str(&format!("{} ", user.as_str()));
            html.push_str(&format!("<a href=\"https://matrix.to/#/{name}\">{name}</a> "));
        }
        let mut line = |sentence: &str| {
            text.push_str(sentence);
            text.push('\n');
            html.push_str(&format!("<strong>{}</strong><br>", escape(sentence)));
        };
        if let Some(subject) = manner.subject {
            line(subject);
        }
        // A display name is whatever its bearer likes; the address is shown where one begins
        // to talk with them.
        if manner.subject.is_some() && speaker.name != address.as_str() {
            line(&format!("<{}>", address.as_str()));
        }
        if manner.correction {
            line(&words.say("matrix-correction", &[]));
        }
        if manner.automatic {
            line(&words.say("matrix-automatic", &[]));
        }
        Self { text, html, mentions: manner.mentions }
    }

    fn event(
        &self,
        msgtype: &str,
        text: &str,
        html: Option<&str>,
        speaker: &Speaker,
        place: Place<'_>,
    ) -> Value {
        let html = html.map_or_else(|| escape_lines(text), str::to_owned);
        let mut event = json!({
            "msgtype": msgtype,
            "body": format!("{}{text}", self.text),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("{}{html}", self.html),
            "com.beeper.per_message_profile": speaker.profile(),
            "m.mentions": mentions(self.mentions),
        });
        relate(&mut event, place);
        event
    }
}

/// Who is meant (Matrix client-server, "User and room mentions"): never anybody by words that
/// come from outside.
fn mentions(users: &[Address]) -> Value {
    match users {
        [] => json!({}),
        _ => json!({ "user_ids": users.iter().map(Address::as_str).collect::<Vec<_>>() }),
    }
}

/// The event that replaces `of`, and what did not fit it, as for [`say`].
pub(crate) fn edit<'c>(
    speaker: &Speaker,
    address: &Address,
    content: &'c Content,
    of: &MessageId,
    manner: Manner<'_>,
    words: &Words,
) -> (Value, Option<&'c str>) {
    // An edit says everything twice: for clients that know edits, and for those that do not.
    let place = Place::default();
    let (new, rest) = say_within(LARGEST / 2, speaker, address, content, manner, place, words);
    let mut event = new.clone();
    event["body"] = Value::from(format!("* {}", new["body"].as_str().unwrap_or_default()));
    event["formatted_body"] =
        Value::from(format!("* {}", new["formatted_body"].as_str().unwrap_or_default()));
    event["m.new_content"] = new;
    event["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": of.as_str() });
    (event, rest)
}

/// A sentence of the bridge itself.
pub(crate) fn notice(text: &str, place: Place<'_>) -> Value {
    let mut event = json!({ "msgtype": "m.notice", "body": text, "m.mentions": {} });
    relate(&mut event, place);
    event
}

/// A mark on the event `of`. Reactions are never encrypted: `mark` must say nothing of content.
pub(crate) fn reaction(of: &MessageId, mark: &str) -> Value {
    json!({
        "m.relates_to": { "rel_type": "m.annotation", "event_id": of.as_str(), "key": mark }
    })
}

/// The event that carries an attachment. `file` is where it lies: `url`, or `file` with its keys.
pub(crate) fn attachment(
    speaker: &Speaker,
    attachment: &Attachment,
    size: u64,
    file: (&str, Value),
    place: Place<'_>,
) -> Value {
    let msgtype = match attachment.mime.split('/').next() {
        Some("image") => "m.image",
        Some("audio") => "m.audio",
        Some("video") => "m.video",
        _ => "m.file",
    };
    let mut event = json!({
        "msgtype": msgtype,
        "body": format!("{}: {}", speaker.name, attachment.name),
        "format": "org.matrix.custom.html",
        "formatted_body": format!("{}{}", speaker.html(), escape(&attachment.name)),
        "filename": attachment.name,
        "info": { "mimetype": attachment.mime, "size": size },
        "com.beeper.per_message_profile": speaker.profile(),
        "m.mentions": {},
    });
    event[file.0] = file.1;
    relate(&mut event, place);
    event
}

fn relate(event: &mut Value, place: Place<'_>) {
    let reply = |to: &MessageId| json!({ "event_id": to.as_str() });
    match (place.thread, place.reply_to) {
        (Some(root), answered) => {
            event["m.relates_to"] = json!({
                "rel_type": "m.thread",
                "event_id": root.as_str(),
                "is_falling_back": answered.is_none(),
                "m.in_reply_to": reply(answered.unwrap_or(root)),
            });
        }
        (None, Some(answered)) => {
            event["m.relates_to"] = json!({ "m.in_reply_to": reply(answered) });
        }
        (None, None) => {}
    }
}

fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

fn escape_lines(text: &str) -> String {
    escape(text).replace('\n', "<br>")
}

#[cfg(test)]
mod tests;
