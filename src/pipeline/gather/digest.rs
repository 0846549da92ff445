//! The one message that shows what a flood gathered.

use std::io::Write;

use viadukt_api::{
    Address, Attachment, Content, DeliveryId, Form, Media, MessageId, Sender, Timestamp, WorkerName,
};

use crate::ledger::{Delivery, Draft, Gathered, Lane, Origin, Role, Step, Way};
use crate::pipeline::Pipeline;
use crate::store::StoreError;

/// The part of the first item that the message is: above its gathered delivery, below what is
/// told.
const DIGEST: u16 = 0xA00;

/// The message itself names so many; the file has all.
const LINES: usize = 100;

/// A line is cut after so many characters.
const LINE: usize = 100;

/// What one gathered message says.
struct Said {
    at: Timestamp,
    sender: Sender,
    subject: Option<String>,
    content: Content,
    mentions: Vec<Address>,
}

impl Pipeline {
    /// Makes the deliveries that show `gathered`, of one conversation, in `draft`.
    pub(super) fn digest(
        &self,
        draft: &mut Draft<'_>,
        gathered: Vec<Gathered>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (alone, together): (Vec<_>, Vec<_>) = gathered
            .into_iter()
            .map(|gathered| gathered.delivery)
            .partition(|delivery| delivery.role == Role::Replaces);
        for delivery in alone.iter().chain(&together) {
            if let Some(conversation) = delivery.conversation {
                draft.ungather(conversation, delivery.id);
            }
        }
        let mut deliveries = alone;
        match together.as_slice() {
            [] => {}
            [single] => deliveries.push(single.clone()),
            [first, ..] => deliveries.push(self.gather_up(draft, first, &together)?),
        }
        for delivery in &deliveries {
            draft.set_delivery(delivery);
        }
        Ok(deliveries)
    }

    /// One delivery for all of `together`, whose first is `first`.
    fn gather_up(
        &self,
        draft: &mut Draft<'_>,
        first: &Delivery,
        together: &[Delivery],
    ) -> Result<Delivery, StoreError> {
        let id = DeliveryId { item: first.id.item, part: DIGEST };
        let now = self.env.now();
        let mut said = Vec::with_capacity(together.len());
        for delivery in together {
            said.extend(self.said(delivery)?);
            let way = Way::Gathered { into: id.to_string() };
            draft.step(delivery.id.item, &Step { at: now, way });
        }
        let file = self.full_texts(&said)?;
        let attached = said.iter_mut().flat_map(|said| said.content.attachments.drain(..));
        let attachments = std::iter::once(file).chain(attached).collect();
        let content = Content { text: self.lines(&said), html: None, attachments };
        let mut mentions: Vec<_> = said.into_iter().flat_map(|said| said.mentions).collect();
        mentions.sort();
        mentions.dedup();
        let bridge = &first.bridge;
        let address = Address::new(bridge.as_str());
        let form = Form::Say {
            sender: Sender { address, name: None, power: None },
            content,
            subject: None,
            correction: false,
            automatic: true,
            mentions,
        };
        // It stands for none of the messages, which may yet get an event of their own.
        let message = MessageId::new(format!("gathered:{id}"));
        let origin =
            Origin { worker: bridge.clone(), message, room: None, apart: false, cost: None };
        let lane = first.conversation.map_or(first.lane, Lane::to_room);
        Ok(Delivery {
            to: WorkerName::hub(),
            conversation: first.conversation,
            origin: Some(origin),
            level: together.iter().filter_map(|delivery| delivery.level).max(),
            ..Delivery::new(id, lane, bridge, now, self.ledger.payload(&form)?)
        })
    }

    fn said(&self, delivery: &Delivery) -> Result<Option<Said>, StoreError> {
        let at = delivery.accepted_at;
        Ok(match self.ledger.unpack(&delivery.form)? {
            Form::Say { sender, subject, content, mentions, .. } => {
                Some(Said { at, sender, subject, content, mentions })
            }
            _ => None,
        })
    }

    /// A file with everything that `said` says.
    fn full_texts(&self, said: &[Said]) -> Result<Attachment, StoreError> {
        let write = || {
            let mut file = self.ledger.spool().create()?;
            for Said { at, sender, subject, content, .. } in said {
                let time = self.policy.zone.at(*at).strftime("%Y-%m-%d %H:%M:%S").to_string();
                let name = sender.name.as_deref().unwrap_or(sender.address.as_str());
                writeln!(file, "== {time} {name}")?;
                for text in subject.iter().chain([&content.text]) {
                    writeln!(file, "{text}")?;
                }
                writeln!(file)?;
            }
            file.finish()
        };
        let blob = write().map_err(crate::ledger::spool_failed)?;
        Ok(Attachment {
            name: self.words.say("digest-file", &[]),
            mime: "text/plain; charset=utf-8".to_owned(),
            size: Some(blob.size),
            media: Media::Spooled(blob),
        })
    }

    /// How many there are, and what each begins with.
    fn lines(&self, said: &[Said]) -> String {
        let time = |at: Timestamp| self.policy.zone.at(at).strftime("%H:%M").to_string();
        let count = said.len().to_string();
        let mut lines = vec![self.words.say("digest", &[("count", &count)])];
        lines.extend(said.iter().take(LINES).map(|said| {
            let texts = said.subject.as_deref().into_iter().chain(said.content.text.lines());
            let first = texts.map(str::trim).find(|line| !line.is_empty()).unwrap_or("…");
            let cut: String = first.chars().take(LINE).collect();
            format!("{} {cut}", time(said.at))
        }));
        if let Some(more) = said.len().checked_sub(LINES).filter(|more| *more > 0) {
            lines.push(self.words.say("digest-more", &[("count", &more.to_string())]));
        }
        lines.join("\n")
    }
}
