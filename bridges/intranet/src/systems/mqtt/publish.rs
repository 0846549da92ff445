//! Publishing a message: each over a connection of its own, as one hands in a letter. So an
//! attempt knows exactly whether its message has left, and nothing is taken for sent that lies
//! in a queue.

use std::time::Duration;

use bytes::Bytes;
use viadukt_api::{Content, DeliveryError, MessageId, Probe, Reason, Receipt, async_trait};

use super::Mqtt;
use super::compose::{self, Connect, Said};
use super::config::PayloadForm;
use super::connection::{Connection, Trouble};
use super::topic::{chooses, is_topic};
use super::wire::Packet;
use crate::system::{Outgoing, Takes};

const ID: u16 = 1;

#[async_trait]
impl Takes for Mqtt {
    fn party(&self, behind: Option<&str>) -> Result<(), Reason> {
        let topic = behind.ok_or_else(|| Reason::new("mqtt-topic-missing"))?;
        let allowed = self.section.publish.iter().any(|filter| chooses(filter, topic));
        if !is_topic(topic) || !allowed {
            return Err(Reason::new("mqtt-topic-not-allowed").with("topic", topic));
        }
        Ok(())
    }

    fn fits(&self, content: &Content) -> Result<(), Reason> {
        match content.attachments.is_empty() {
            true => Ok(()),
            false => Err(Reason::new("mqtt-no-attachments")),
        }
    }

    async fn send(&self, out: &Outgoing<'_>) -> Result<Receipt, DeliveryError> {
        let refuse = DeliveryError::refused;
        self.party(out.behind).and_then(|()| self.fits(out.content)).map_err(refuse)?;
        let said = Said {
            topic: out.behind.unwrap_or_default().to_owned(),
            payload: self.payload(out),
            retain: self.section.retain,
        };
        let mut connection = self.visit().await.map_err(away)?;
        let packet = compose::publish(self.section.version, ID, &self.client_id, &said);
        let granted = &connection.granted.properties;
        if granted.maximum_qos == Some(0) {
            return Err(refuse(Reason::new("mqtt-no-receipts")));
        }
        if granted.maximum_packet_size.is_some_and(|most| packet.len() > most as usize) {
            return Err(refuse(Reason::new("mqtt-too-large")));
        }
        let is_answer = |packet: &Packet| match packet {
            Packet::Puback(ID, reason) => Some(*reason),
            _ => None,
        };
        // From the first byte on the broker may have it.
        let answered = async {
            connection.write(&packet).await?;
            connection.answer(is_answer).await
        };
        let answer = answered.await;
        let protection = connection.protection().clone();
        connection.end(false).await;
        match answer {
            Ok(reason) => taken(reason)?,
            Err(_) => return Err(DeliveryError::unknown(Reason::new("mqtt-no-answer"))),
        }
        Ok(Receipt { id: Some(MessageId::new(out.id)), more: Vec::new(), protection })
    }

    async fn probe(&self) -> Option<Probe> {
        let what = format!("mqtt connection of {}", self.name);
        let result = match self.visit().await {
            Ok(connection) => {
                let protection = connection.protection().to_string();
                connection.end(false).await;
                Ok(protection)
            }
            Err(trouble) => Err(trouble.to_string()),
        };
        Some(Probe { what, result })
    }
}

impl Mqtt {
    /// A connection beside the one that listens: with a client id of its own, since a broker
    /// lets each in once (MQTT 5.0, 3.1.4), and a session that ends with it.
    async fn visit(&self) -> Result<Connection, Trouble> {
        let client_id = format!("{}-{}", self.client_id, self.random());
        let with = Connect {
            client_id: &client_id,
            clean: true,
            session_expiry: Duration::ZERO,
            keep_alive: self.section.keep_alive,
            receive_maximum: 1,
            login: self.login(),
            will: None,
        };
        let (version, limit) = (self.section.version, self.section.max_message);
        Connection::open(&self.broker, version, &with, limit).await
    }

    fn payload(&self, out: &Outgoing<'_>) -> Bytes {
        match self.section.payload {
            PayloadForm::Text => out.content.text.clone().into(),
            PayloadForm::Json => serde_json::json!({
                "id": out.id,
                "at": out.accepted_at.0,
                "sender": out.sender.name,
                "text": out.content.text,
                "correction": out.correction,
            })
            .to_string()
            .into(),
        }
    }
}

/// Nothing has been sent yet.
fn away(trouble: Trouble) -> DeliveryError {
    DeliveryError::retry(match trouble {
        Trouble::Away(_) => Reason::new("mqtt-away"),
        Trouble::Refused(_) => Reason::new("mqtt-not-let-in"),
    })
}

/// What the broker's answer means (MQTT 5.0, 3.4.2.1). In 3.1.1 it can only say yes, also to
/// what it throws away.
fn taken(reason: u8) -> Result<(), DeliveryError> {
    match reason {
        0..0x80 => Ok(()),
        0x87 => Err(DeliveryError::refused(Reason::new("mqtt-not-authorised"))),
        0x90 | 0x99 => Err(DeliveryError::refused(Reason::new("mqtt-not-taken"))),
        _ => Err(DeliveryError::retry(Reason::new("mqtt-away"))),
    }
}
