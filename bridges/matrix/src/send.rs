//! One attempt to deliver into a room.
//!
//! Every event goes out under a transaction id made from the delivery's id. The homeserver
//! answers a repetition by the same device with the first event's id for about a day; after that,
//! and where an earlier device may have sent it, we look for the event ourselves before sending it
//! again. For that it carries its transaction id in its (encrypted) content, too.

use std::collections::BTreeMap;
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::api::error::ErrorKind;
use matrix_sdk::ruma::{OwnedTransactionId, RoomId, uint};
use serde_json::Value;
use viadukt_api::message::{Attachment, Media};
use viadukt_api::{
    BlobRef, DeliveryError, Form, MessageId, Outbound, Protection, Reason, Receipt, State, Target,
    Timestamp,
};

use crate::content::{self, Manner, Place, Speaker};
use crate::media::{self, Uploaded};
use crate::online::Online;
use crate::rooms;
use crate::trouble::{delivery_error, kind};

/// How long we trust the homeserver to recognise a transaction id; Synapse does for a day.
const REMEMBERED: Duration = Duration::from_secs(20 * 3600);
/// Events of a reconciliation are looked for this long before the message was accepted, since
/// the homeserver's clock is not ours.
const CLOCK_SKEW: u64 = 15 * 60 * 1000;
/// What the transaction id is called in an event's content.
const DELIVERY: &str = "eu.viadukt.delivery";
/// How many pages of our own events a reconciliation reads.
const MOST_PAGES: usize = 20;

/// Delivers `out`.
pub(crate) async fn deliver(online: &Online, out: &Outbound) -> Result<Receipt, DeliveryError> {
    let Target::Room { room, thread, reply_to } = &out.target else {
        return Err(DeliveryError::refused(Reason::new("matrix-internal")));
    };
    let unknown = |_| DeliveryError::refused(Reason::new("matrix-room-unknown"));
    let id = RoomId::parse(room.as_str()).map_err(unknown)?;
    if let Form::Join = out.form {
        rooms::enter(online, &id).await?;
        return Ok(Receipt { id: None, more: Vec::new(), protection: Protection::Unknown });
    }
    let room = rooms::writable(online, &id).await?;
    if let Form::Say { .. } = out.form {
        rooms::inhabited(online, &room).await?;
    }
    let attempt = Attempt::begin(online, &room, out).await?;
    let place = Place { thread: thread.as_ref(), reply_to: reply_to.as_ref() };
    match &out.form {
        Form::Say { sender, content, subject, correction, automatic, mentions } => {
            let manner = Manner {
                subject: subject.as_deref(),
                correction: *correction,
                automatic: *automatic,
                mentions,
            };
            attempt.say(sender, content, manner, place).await
        }
        Form::Edit { of, sender, content, automatic } => {
            let manner = Manner { automatic: *automatic, ..Manner::default() };
            attempt.edit(sender, content, of, manner, place).await
        }
        Form::Notice { text } => attempt.message(content::notice(text, place)).await,
        Form::Status { of, state: State::Sent | State::Delivered, text } => {
            attempt.mark(of, text).await
        }
        Form::Status { of, text, .. } => {
            let place = Place { thread: place.thread, reply_to: Some(of) };
            attempt.message(content::notice(text, place)).await
        }
        Form::Deed { .. } | Form::Join => {
            Err(DeliveryError::refused(Reason::new("matrix-internal")))
        }
    }
}

/// One attempt at one delivery.
struct Attempt<'a> {
    online: &'a Online,
    room: &'a Room,
    out: &'a Outbound,
    protection: Protection,
    /// Events of earlier attempts, by transaction id, where the homeserver may not know it again.
    sent: BTreeMap<String, MessageId>,
}

impl<'a> Attempt<'a> {
    async fn begin(
        online: &'a Online,
        room: &'a Room,
        out: &'a Outbound,
    ) -> Result<Self, DeliveryError> {
        let protection = rooms::protection(online, room).await?;
        let age = online.context.env.now().since(out.accepted_at);
        // A store from a backup waits for what may have been delivered since, and the hub is a
        // new device then.
        let by_another_device = out.accepted_at < online.device_since;
        let sent = if by_another_device || (out.repeated && age > REMEMBERED) {
            find_sent(online, room, out.accepted_at).await?
        } else {
            BTreeMap::new()
        };
        Ok(Self { online, room, out, protection, sent })
    }

    /// A far side's message: its text, then an event for each attachment. Attachments of a
    /// message that starts a thread go into the thread.
    async fn say(
        &self,
        sender: &viadukt_api::Sender,
        content: &viadukt_api::Content,
        manner: Manner<'_>,
        place: Place<'_>,
    ) -> Result<Receipt, DeliveryError> {
        let speaker = Speaker::new(sender, &self.online.profile_key);
        let words = &self.online.context.words;
        let bare = content.text.trim().is_empty() && manner.subject.is_none();
        let text = (!bare || content.attachments.is_empty())
            .then(|| content::say(&speaker, &sender.address, content, manner, place, words));
        self.all(&speaker, text, &content.attachments, place).await
    }

    /// A far side's new version of `of`. What was attached to it goes beside it.
    async fn edit(
        &self,
        sender: &viadukt_api::Sender,
        content: &viadukt_api::Content,
        of: &MessageId,
        manner: Manner<'_>,
        place: Place<'_>,
    ) -> Result<Receipt, DeliveryError> {
        let speaker = Speaker::new(sender, &self.online.profile_key);
        let words = &self.online.context.words;
        let text = content::edit(&speaker, &sender.address, content, of, manner, words);
        let place = Place { thread: place.thread.or(Some(of)), reply_to: None };
        self.all(&speaker, Some(text), &content.attachments, place).await
    }

    /// The event of a text, with what did not fit it, then an event for each attachment.
    async fn all(
        &self,
        speaker: &Speaker,
        text: Option<(Value, Option<&str>)>,
        attachments: &[Attachment],
        place: Place<'_>,
    ) -> Result<Receipt, DeliveryError> {
        let mut ids = Vec::new();
        let mut whole_text = None;
        if let Some((event, rest)) = text {
            ids.push(self.send("m.room.message", event, 0).await?);
            whole_text = rest.map(|text| self.spool_text(text)).transpose()?;
        }
        for (index, attachment) in attachments.iter().chain(&whole_text).enumerate() {
            let root = place.thread.or(ids.first());
            let place = Place { thread: root, reply_to: None };
            let event = self.attachment(speaker, attachment, place).await?;
            ids.push(self.send("m.room.message", event, index + 1).await?);
        }
        let mut ids = ids.into_iter();
        Ok(self.receipt(ids.next(), ids.collect()))
    }

    /// The event for `attachment`, uploaded; or the sentence that says why it is not there.
    async fn attachment(
        &self,
        speaker: &Speaker,
        attachment: &Attachment,
        place: Place<'_>,
    ) -> Result<Value, DeliveryError> {
        let words = &self.online.context.words;
        let name = attachment.name.as_str();
        let Media::Spooled(blob) = &attachment.media else {
            let text = words.say("matrix-attachment-lost", &[("name", name)]);
            return Ok(content::notice(&text, place));
        };
        let encrypt = self.protection.is_end_to_end();
        Ok(match media::upload(self.online, blob, encrypt, &attachment.mime).await? {
            Uploaded::Placed(field, value) => {
                content::attachment(speaker, attachment, blob.size, (field, value), place)
            }
            Uploaded::TooLarge(limit) => {
                let limit = (limit / 1_000_000).to_string();
                let args = [("name", name), ("limit", limit.as_str())];
                content::notice(&words.say("matrix-attachment-too-large", &args), place)
            }
            Uploaded::Lost => {
                let text = words.say("matrix-attachment-lost", &[("name", name)]);
                content::notice(&text, place)
            }
        })
    }

    fn spool_text(&self, text: &str) -> Result<Attachment, DeliveryError> {
        let full = |_| DeliveryError::retry(Reason::new("matrix-spool"));
        let blob: BlobRef = self.online.context.spool.put(text.as_bytes()).map_err(full)?;
        Ok(Attachment {
            name: self.online.context.words.say("matrix-text-file", &[]),
            mime: "text/plain; charset=utf-8".to_owned(),
            size: Some(blob.size),
            media: Media::Spooled(blob),
        })
    }

    /// A delivery that is one event.
    async fn message(&self, event: Value) -> Result<Receipt, DeliveryError> {
        let id = self.send("m.room.message", event, 0).await?;
        Ok(self.receipt(Some(id), Vec::new()))
    }

    /// A reaction. That it is there already is as good as sent.
    async fn mark(&self, of: &MessageId, mark: &str) -> Result<Receipt, DeliveryError> {
        let event = content::reaction(of, mark);
        let txn = self.transaction(0);
        let sent = self.room.send_raw("m.reaction", event).with_transaction_id(&txn).await;
        let id = match sent {
            Ok(sent) => Some(MessageId::new(sent.response.event_id.as_str())),
            Err(matrix_sdk::Error::Http(error))
                if error.client_api_error_kind() == Some(&ErrorKind::DuplicateAnnotation) =>
            {
                None
            }
            Err(error) => return Err(delivery_error(&error)),
        };
        // Reactions go in clear, whatever the room.
        Ok(Receipt { id, more: Vec::new(), protection: Protection::Unknown })
    }

    /// Sends the `index`th event of this delivery.
    async fn send(
        &self,
        kind_of_event: &str,
        mut event: Value,
        index: usize,
    ) -> Result<MessageId, DeliveryError> {
        let txn = self.transaction(index);
        event[DELIVERY] = Value::from(txn.as_str());
        if let Some(id) = self.sent.get(txn.as_str()) {
            return Ok(id.clone());
        }
        let turn = self.online.rotation.next(self.room).await.map_err(|e| delivery_error(&e))?;
        let sent = self.room.send_raw(kind_of_event, event).with_transaction_id(&txn).await;
        drop(turn);
        match sent {
            Ok(sent) => {
                if self.protection.is_end_to_end() && sent.encryption_info.is_none() {
                    tracing::error!("matrix-sdk sent an event in clear into an encrypted room");
                }
                Ok(MessageId::new(sent.response.event_id.as_str()))
            }
            Err(error) => {
                tracing::debug!(delivery = %self.out.id, kind = kind(&error), "not sent");
                Err(delivery_error(&error))
            }
        }
    }

    fn transaction(&self, index: usize) -> OwnedTransactionId {
        format!("viadukt-{}-{index}", self.out.id).into()
    }

    fn receipt(&self, id: Option<MessageId>, more: Vec<MessageId>) -> Receipt {
        Receipt { id, more, protection: self.protection.clone() }
    }
}

/// Our own events in `room` since `accepted_at`, by their transaction ids.
async fn find_sent(
    online: &Online,
    room: &Room,
    accepted_at: Timestamp,
) -> Result<BTreeMap<String, MessageId>, DeliveryError> {
    online.bring_keys(room).await.map_err(|e| delivery_error(&e))?;
    let oldest = accepted_at.0.saturating_sub(CLOCK_SKEW);
    let mut sent = BTreeMap::new();
    let mut from: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut options = MessagesOptions::backward().from(from.as_deref());
        options.limit = uint!(100);
        options.filter.senders = Some(vec![online.own.clone()]);
        let page = room.messages(options).await.map_err(|e| delivery_error(&e))?;
        for event in &page.chunk {
            let json: Value = event.raw().deserialize_as_unchecked().unwrap_or_default();
            if json["origin_server_ts"].as_u64().is_some_and(|at| at < oldest) {
                return Ok(sent);
            }
            // Earlier releases left it to the homeserver, which tells the sending device alone.
            let txn = json["content"][DELIVERY].as_str();
            let txn = txn.or(json["unsigned"]["transaction_id"].as_str());
            if let (Some(txn), Some(id)) = (txn, json["event_id"].as_str()) {
                sent.insert(txn.to_owned(), MessageId::new(id));
            }
        }
        match page.end {
            Some(end) => from = Some(end),
            None => return Ok(sent),
        }
    }
    Ok(sent)
}
