//! What a broker sent, on its way into the journal.

use bytes::{Bytes, BytesMut};
use viadukt_api::{Protection, Timestamp};

use super::compose;
use super::config::Reading;
use super::recent::Recent;
use super::wire::{Payload, Publish};
use crate::received::Received;

/// Beside a body: the topic.
pub(crate) const TOPIC: &str = "topic";
/// Beside a body: it may be a repetition.
pub(crate) const REPEATED: &str = "repeated";
/// Beside an empty body: how many bytes were left out.
pub(crate) const LEFT_OUT: &str = "left-out";

/// Where what is received comes from, and when.
pub(crate) struct Origin<'o> {
    /// The system.
    pub(crate) system: &'o str,
    pub(crate) reading: &'o Reading,
    /// How the line is protected.
    pub(crate) protection: &'o Protection,
    pub(crate) at: Timestamp,
}

/// Messages that are accepted in one transaction and acknowledged after it.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) received: Vec<Received>,
    acks: BytesMut,
    count: usize,
}

impl Batch {
    /// Takes a message that is to be accepted; `number` is one that no other message has.
    pub(crate) fn take(
        &mut self,
        publish: Publish,
        number: &str,
        origin: &Origin<'_>,
        recent: &mut Recent,
    ) {
        let repeated = recent.knows(&publish);
        recent.push(&publish);
        self.pass(&publish);
        let mut beside = vec![(TOPIC.to_owned(), publish.topic.clone())];
        if repeated {
            beside.push((REPEATED.to_owned(), "perhaps".to_owned()));
        }
        let body = match publish.payload {
            Payload::Whole(bytes) => bytes,
            Payload::LeftOut(size) => {
                beside.push((LEFT_OUT.to_owned(), size.to_string()));
                Bytes::new()
            }
        };
        let told = origin.reading.id.as_ref().and_then(|path| field(&body, path));
        let id = match told {
            Some(id) => format!("{}/{id}", publish.topic),
            None => number.to_owned(),
        };
        self.received.push(Received {
            system: origin.system.to_owned(),
            id,
            at: origin.at,
            beside,
            protection: origin.protection.clone(),
            body,
        });
    }

    /// Takes a message that is only to be acknowledged.
    pub(crate) fn pass(&mut self, publish: &Publish) {
        self.count += 1;
        if publish.id != 0 {
            compose::puback(&mut self.acks, publish.id);
        }
    }

    /// How many messages it has.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The acknowledgements of all its messages, in their order (MQTT 5.0, 4.6).
    pub(crate) fn acks(&self) -> &[u8] {
        &self.acks
    }
}

/// The text or number at `path` in a JSON payload.
fn field(body: &[u8], path: &[String]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    match path.iter().try_fold(&json, |value, name| value.get(name))? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn publish(id: u16, again: bool, payload: Payload) -> Publish {
        let topic = "door/1".to_owned();
        Publish { topic, id, again, retained: false, origin: None, payload }
    }

    fn taken(publishes: &[Publish], id: Option<&str>) -> Batch {
        let id = id.map(|path| path.split('.').map(str::to_owned).collect());
        let reading = Reading { by_topic: true, id };
        let origin = Origin {
            system: "iot",
            reading: &reading,
            protection: &Protection::Plain,
            at: Timestamp(7),
        };
        let (mut batch, mut recent) = (Batch::default(), Recent::default());
        for (number, publish) in publishes.iter().enumerate() {
            batch.take(publish.clone(), &number.to_string(), &origin, &mut recent);
        }
        batch
    }

    #[test]
    fn a_message_that_comes_again_is_taken_and_marked() {
        let whole = |text: &'static str| Payload::Whole(text.into());
        let first = publish(3, false, whole("open"));
        let again = publish(3, true, whole("open"));
        let without = publish(0, false, whole("open"));
        let batch = taken(&[first, again, without], None);
        let marks: Vec<_> = batch.received.iter().map(|r| r.beside(REPEATED)).collect();
        assert_eq!(marks, [None, Some("perhaps"), None]);
        let ids: Vec<_> = batch.received.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["0", "1", "2"], "none is dropped");
        assert_eq!(batch.acks(), b"\x40\x02\0\x03\x40\x02\0\x03");
        assert_eq!(batch.count(), 3);
    }

    #[test]
    fn a_field_tells_messages_apart_where_it_is_there() {
        let bodies =
            [r#"{"event":{"id":17}}"#, r#"{"event":{"id":"a"}}"#, r#"{"id":1}"#, "no json"];
        let publishes = bodies.map(|body| publish(1, false, Payload::Whole(body.into())));
        let batch = taken(&publishes, Some("event.id"));
        let ids: Vec<_> = batch.received.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["door/1/17", "door/1/a", "2", "3"]);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let batch = taken(&[publish(1, false, Payload::LeftOut(9_000_000))], None);
        assert_eq!(batch.received[0].beside(LEFT_OUT), Some("9000000"));
        assert!(batch.received[0].body.is_empty());
    }
}
