//! Reads an accepted event into a neutral message. Pure.

use serde_json::Value;
use viadukt_api::inbox::Raw;
use viadukt_api::{
    Act, Address, Attachment, Automatic, Content, Media, Message, MessageId, Protection, Reason,
    RoomId, Sender, Timestamp, Unreadable, WorkerName,
};

use crate::envelope::Envelope;

/// The message in `raw`.
pub(crate) fn normalise(raw: &Raw) -> Result<Message, Unreadable> {
    match serde_json::from_slice(&raw.bytes).map_err(|_| unreadable())? {
        Envelope::Event { room, event, protection, name, power, pinned } => {
            let event: Value = serde_json::from_str(event.get()).map_err(|_| unreadable())?;
            let mut message = bare(&event, &room, protection).ok_or_else(unreadable)?;
            message.sender.name = name;
            message.sender.power = power;
            fill(&mut message, &event, pinned)?;
            Ok(message)
        }
        Envelope::Invite { room, sender, at } => {
            Ok(notice(&room, &format!("invite:{room}"), &sender, at, Act::Invite))
        }
        Envelope::Tell { room, about, sender, reason, at } => {
            Ok(notice(&room, &about, &sender, at, Act::Tell(reason)))
        }
    }
}

fn unreadable() -> Unreadable {
    Unreadable { reason: Reason::new("matrix-unreadable") }
}

/// A message that is no event of the timeline.
fn notice(room: &str, id: &str, sender: &str, at: Timestamp, act: Act) -> Message {
    Message {
        id: MessageId::new(id),
        sent_at: at,
        sender: Sender { address: Address::new(sender), name: None, power: None },
        room: Some(RoomId::new(room)),
        answer_to: None,
        via: None,
        exchange: None,
        recipients: Vec::new(),
        ancestors: Vec::new(),
        subject: None,
        act,
        content: Content::default(),
        automatic: None,
        matter: None,
        severity: None,
        level: None,
        hops: 0,
        protection: Protection::default(),
    }
}

/// What every event has, still without what it does and says.
fn bare(event: &Value, room: &str, protection: Protection) -> Option<Message> {
    let at = Timestamp(event["origin_server_ts"].as_u64()?);
    let id = event["event_id"].as_str()?;
    let mut message = notice(room, id, event["sender"].as_str()?, at, Act::Say);
    message.protection = protection;
    Some(message)
}

fn fill(message: &mut Message, event: &Value, pinned: bool) -> Result<(), Unreadable> {
    let content = &event["content"];
    match event["type"].as_str() {
        Some("m.room.redaction") => {
            // `redacts` moved into the content with room version 11.
            let of = content["redacts"].as_str().or(event["redacts"].as_str());
            message.act = Act::Redact(MessageId::new(of.ok_or_else(unreadable)?));
        }
        Some("m.room.tombstone") => {
            let to = content["replacement_room"].as_str().ok_or_else(unreadable)?;
            message.act = Act::Moved(RoomId::new(to));
        }
        // Clients send reactions in clear in every room (Matrix client-server 11.7,
        // "Annotations"): whether such a mark may do anything is judged later.
        Some("m.reaction") => {
            let relates = &content["m.relates_to"];
            let to = relates["event_id"].as_str().ok_or_else(unreadable)?;
            let mark = relates["key"].as_str().ok_or_else(unreadable)?.to_owned();
            message.act = Act::React { to: MessageId::new(to), mark };
        }
        // Anyone who runs a homeserver could put words into a member's mouth this way.
        Some(_) if pinned && !message.protection.is_end_to_end() => {
            message.act = Act::Tell(
                Reason::new("matrix-plaintext-ignored")
                    .with("user", message.sender.address.as_str()),
            );
        }
        Some(kind) => say(message, content, kind),
        None => return Err(unreadable()),
    }
    Ok(())
}

fn say(message: &mut Message, content: &Value, kind: &str) {
    let relates = &content["m.relates_to"];
    let mut said = content;
    if relates["rel_type"] == "m.replace" && content["m.new_content"].is_object() {
        said = &content["m.new_content"];
        if let Some(of) = relates["event_id"].as_str() {
            message.act = Act::Edit(MessageId::new(of));
        }
    } else {
        message.ancestors = ancestors(relates);
    }
    if said["msgtype"] == "m.notice" {
        message.automatic = Some(Automatic::Generated);
    }
    let is_reply = relates["m.in_reply_to"]["event_id"].is_string();
    message.content = read_content(said, kind, is_reply);
}

/// What the event continues, the nearest first. In a thread the reply may be a mere fallback
/// for clients without threads and says nothing then.
fn ancestors(relates: &Value) -> Vec<MessageId> {
    let in_thread = relates["rel_type"] == "m.thread";
    let fallback = in_thread && relates["is_falling_back"] == true;
    let reply = relates["m.in_reply_to"]["event_id"].as_str().filter(|_| !fallback);
    let root = relates["event_id"].as_str().filter(|_| in_thread);
    let root = root.filter(|root| reply != Some(root));
    reply.into_iter().chain(root).map(MessageId::new).collect()
}

fn read_content(said: &Value, kind: &str, is_reply: bool) -> Content {
    let body = said["body"].as_str().unwrap_or_default();
    let html = said["formatted_body"]
        .as_str()
        .filter(|_| said["format"] == "org.matrix.custom.html")
        .map(|html| without_mx_reply(html).to_owned());
    let msgtype = said["msgtype"].as_str().unwrap_or_default();
    if kind == "m.sticker" || matches!(msgtype, "m.image" | "m.file" | "m.audio" | "m.video") {
        // MSC2530: with a file name beside it, the body is a caption.
        let name = said["filename"].as_str();
        let caption = name.is_some_and(|name| name != body);
        return Content {
            text: if caption { body.to_owned() } else { String::new() },
            html: html.filter(|_| caption),
            attachments: attachment(said, name.unwrap_or(body)).into_iter().collect(),
        };
    }
    let text = if is_reply { without_quote(body) } else { body };
    let text = if msgtype == "m.emote" { format!("* {text}") } else { text.to_owned() };
    Content { text, html, attachments: Vec::new() }
}

fn attachment(said: &Value, name: &str) -> Option<Attachment> {
    let place = if said["file"].is_object() {
        serde_json::json!({ "file": said["file"] })
    } else {
        serde_json::json!({ "url": said["url"].as_str()? })
    };
    // The name comes from a stranger; only its last part may become a file name.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(Attachment {
        name: if name.is_empty() { "file".to_owned() } else { name.to_owned() },
        mime: said["info"]["mimetype"].as_str().unwrap_or("application/octet-stream").to_owned(),
        size: said["info"]["size"].as_u64(),
        media: Media::With {
            worker: WorkerName::hub(),
            handle: place.to_string(),
            blobs: Vec::new(),
        },
    })
}

/// The rich reply fallback of older clients, removed: lines that quote, then an empty line.
fn without_quote(body: &str) -> &str {
    if !body.starts_with("> <") && !body.starts_with("> * <") {
        return body;
    }
    let mut rest = body;
    while rest.starts_with("> ") || rest.starts_with(">\n") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    rest.strip_prefix('\n').unwrap_or(rest)
}

fn without_mx_reply(html: &str) -> &str {
    let quoted = html.trim_start().strip_prefix("<mx-reply>");
    quoted.and_then(|rest| rest.split_once("</mx-reply>")).map_or(html, |(_, after)| after)
}

#[cfg(test)]
mod tests;
