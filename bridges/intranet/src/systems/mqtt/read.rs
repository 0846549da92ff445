//! What is made of a message.

use minijinja::Value;
use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{Reason, Timestamp, Unreadable};

use super::batch::{LEFT_OUT, REPEATED, TOPIC};
use super::topic::{example, is_filter};
use crate::notice::Notice;
use crate::reader::{Reading, Reads};
use crate::received::Received;

/// The topics that are listened to, and how messages to them are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    /// The filters that choose them.
    pub(super) filters: Vec<String>,
    /// Each topic is a stream; else it is shown who speaks.
    by_topic: bool,
}

impl Topics {
    /// Reads `subscribe` and `streams`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Self {
        let filters = fields.list::<Filter>("subscribe").into_iter().map(|filter| filter.0);
        let by_topic = fields.or("streams", Streams { by_topic: true }).by_topic;
        Self { filters: filters.collect(), by_topic }
    }
}

impl Reads for Topics {
    fn template(&self) -> &'static str {
        include_str!("message.j2")
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let unreadable = || Unreadable { reason: Reason::new("intranet-unreadable") };
        let topic = Some(received.beside(TOPIC).ok_or_else(unreadable)?.to_owned());
        let mut remarks = Vec::new();
        let value = match received.beside(LEFT_OUT) {
            Some(size) => {
                remarks.push(Reason::new("mqtt-left-out").with("size", size));
                None
            }
            None => Some(value(&received.body)),
        };
        if received.beside(REPEATED).is_some() {
            remarks.push(Reason::new("mqtt-perhaps-repeated"));
        }
        let (stream, speaker) = if self.by_topic { (topic, None) } else { (None, topic) };
        Ok(Reading { value, notice: Notice { stream, speaker, ..Notice::default() }, remarks })
    }

    fn beside(&self, received: &Received) -> Vec<(&'static str, Value)> {
        let topic = received.beside(TOPIC).map(Value::from).unwrap_or_default();
        vec![("topic", topic), ("size", Value::from(received.body.len()))]
    }

    /// A file holds one payload.
    fn examples(&self, file: &[u8]) -> Result<Vec<Received>, String> {
        let topic = self.filters.first().map_or_else(|| "example".to_owned(), |f| example(f));
        Ok(vec![Received {
            system: "example".to_owned(),
            id: "example".to_owned(),
            at: Timestamp(0),
            beside: vec![(TOPIC.to_owned(), topic)],
            protection: viadukt_api::Protection::Unknown,
            body: file.trim_ascii_end().to_vec().into(),
        }])
    }
}

/// A table or list of JSON; else the payload as a text; nothing where it is none.
fn value(payload: &[u8]) -> serde_json::Value {
    let json = serde_json::from_slice::<serde_json::Value>(payload);
    match (json, std::str::from_utf8(payload)) {
        (Ok(json), _) if json.is_object() || json.is_array() => json,
        (_, Ok(text)) if !text.contains('\0') => text.into(),
        _ => serde_json::Value::Null,
    }
}

/// A filter of topics (MQTT 5.0, 4.7), also of those that a group shares.
pub(super) struct Filter(pub(super) String);

impl FromToml for Filter {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a filter such as \"door/+\" or \"$share/GROUP/door/#\"";
        let filter = text(value, expected)?;
        let fits = is_filter(filter).then(|| Self(filter.to_owned()));
        fits.ok_or_else(|| format!("expected {expected}"))
    }
}

struct Streams {
    by_topic: bool,
}

impl FromToml for Streams {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match text(value, "\"topic\" or \"one\"")? {
            "topic" => Ok(Self { by_topic: true }),
            "one" => Ok(Self { by_topic: false }),
            _ => Err("expected \"topic\" or \"one\"".to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use viadukt_api::Words;
    use viadukt_api::words::Language;

    use super::*;
    use crate::reader::{Reader, ReaderTable};
    use crate::systems::tests::with_fields;

    fn received(body: &'static [u8], beside: &[(&str, &str)]) -> Received {
        let beside = [&[(TOPIC, "door/1")], beside].concat();
        Received {
            system: "iot".to_owned(),
            id: "1".to_owned(),
            at: Timestamp(7),
            beside: beside.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            protection: viadukt_api::Protection::Plain,
            body: Bytes::from_static(body),
        }
    }

    pub(crate) fn reader(options: &str) -> Reader {
        let table = with_fields(options, |fields| {
            ReaderTable::parse(fields, Arc::new(Topics::parse(fields)))
        });
        table.reader("iot", &Arc::new(Words::new(Language::En))).unwrap()
    }

    #[test]
    fn whatever_comes_is_shown_or_named() {
        let reader = reader("");
        for (body, beside, expected) in [
            (&b"open"[..], &[][..], "open"),
            (b"*open*", &[], "*open*"),
            (b"21.5", &[], "21.5"),
            (b"\"21.5\"", &[], "\"21.5\""),
            (b"{\"a\":[1]}", &[], "{\n  \"a\": [\n    1\n  ]\n}"),
            (b"{\"a\":", &[], "{\"a\":"),
            (b" ", &[], "(no content)"),
            (b"", &[], "(no content)"),
            (b"\xff\x00", &[], "(binary data, 2 bytes)"),
            (b"", &[(LEFT_OUT, "9000")], "(a message of 9000 bytes; too large to be taken)"),
            (
                b"on",
                &[(REPEATED, "perhaps")],
                "on\n(The broker has sent this again; it may already stand above.)",
            ),
        ] {
            let notice = reader.read(&received(body, beside)).unwrap();
            assert_eq!(notice.content.text, expected);
            assert_eq!(notice.stream.as_deref(), Some("door/1"));
        }
    }

    #[test]
    fn in_one_stream_the_topic_is_who_speaks() {
        let notice = reader("streams = 'one'").read(&received(b"on", &[])).unwrap();
        assert_eq!((notice.stream, notice.speaker.as_deref()), (None, Some("door/1")));
    }

    #[test]
    fn rules_know_the_payload_and_its_topic() {
        let reader = reader(
            "stream = 'site'\nseverity = \"'critical' if body | float > 30 else 'info'\"\n\
             matter = 'topic'\nends = \"body == 'closed'\"",
        );
        let notice = reader.read(&received(b"{\"site\":\"Ulm\"}", &[])).unwrap();
        assert_eq!(notice.stream.as_deref(), Some("Ulm"));
        let notice = reader.read(&received(b"31.5", &[])).unwrap();
        assert_eq!(notice.severity, Some(viadukt_api::Severity::Critical));
        let matter = reader.read(&received(b"closed", &[])).unwrap().matter.unwrap();
        assert_eq!((matter.id.as_str(), matter.ends), ("iot/door/1", true));
    }
}
