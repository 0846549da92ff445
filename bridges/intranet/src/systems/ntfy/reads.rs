//! How messages of an ntfy server are journalled, and read again (ntfy's documentation,
//! "Subscribe via API", "JSON message format").

use serde::Deserialize;
use viadukt_api::{Protection, Reason, Severity, Timestamp, Unreadable};

use crate::notice::Notice;
use crate::reader::{Reading, Reads};
use crate::received::Received;

/// What is read of a line besides the template's fields.
#[derive(Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    time: u64,
    #[serde(default)]
    topic: String,
    priority: Option<u8>,
}

/// How messages are read: each is a line of the stream as it came.
pub(crate) struct Messages;

impl Reads for Messages {
    fn template(&self) -> &'static str {
        include_str!("message.j2")
    }

    fn read(&self, received: &Received) -> Result<Reading, Unreadable> {
        let unreadable = |_| Unreadable { reason: Reason::new("intranet-unreadable") };
        let line: Line = serde_json::from_slice(&received.body).map_err(unreadable)?;
        let value = serde_json::from_slice(&received.body).map_err(unreadable)?;
        let severity = match line.priority.unwrap_or(3) {
            5.. => Severity::Critical,
            4 => Severity::Warning,
            _ => Severity::Info,
        };
        let notice = Notice {
            at: (line.time > 0).then(|| Timestamp(line.time.saturating_mul(1_000))),
            stream: Some(line.topic).filter(|topic| !topic.is_empty()),
            severity: Some(severity),
            ..Notice::default()
        };
        Ok(Reading::of(value, notice))
    }

    /// A file holds one message, or some lines of a stream.
    fn examples(&self, file: &[u8]) -> Result<Vec<Received>, String> {
        let example = |line: &[u8]| received("example", line, Protection::Unknown, Timestamp(0));
        let lines = || file.split(|byte| *byte == b'\n').filter_map(example).collect();
        let found: Vec<_> = example(file).map_or_else(lines, |one| vec![one]);
        if found.is_empty() { Err("it holds no message of ntfy".to_owned()) } else { Ok(found) }
    }

    fn brings_ids(&self) -> bool {
        true
    }
}

/// A line of the stream of `system`, which came over a line with this protection; `None` if it is
/// no message.
pub(crate) fn received(
    system: &str,
    line: &[u8],
    protection: Protection,
    at: Timestamp,
) -> Option<Received> {
    let said: Line = serde_json::from_slice(line).ok()?;
    (said.event == "message" && !said.id.is_empty()).then(|| Received {
        system: system.to_owned(),
        id: said.id,
        at,
        beside: Vec::new(),
        protection,
        body: line.to_vec().into(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::sync::Arc;

    use viadukt_api::Words;

    use super::*;
    use crate::reader::ReaderTable;
    use crate::systems::tests::with_fields;

    fn read(options: &str, line: &str) -> Notice {
        let table = with_fields(options, |fields| ReaderTable::parse(fields, Arc::new(Messages)));
        let reader = table.reader("push", &Arc::new(Words::new(Default::default()))).unwrap();
        let received =
            received("push", line.as_bytes(), Protection::Unknown, Timestamp(7)).unwrap();
        reader.read(&received).unwrap()
    }

    /// The example of ntfy's documentation, "JSON message format".
    const EXAMPLE: &str = r#"{"id":"sPs71M8A2T","time":1643935928,"event":"message",
        "topic":"mytopic","priority":5,"tags":["warning","skull"],
        "click":"https://homecam.mynet.lan/i/1","attachment":{"name":"camera.jpg",
        "type":"image/png","size":33848,"url":"https://ntfy.sh/file/sPs71M8A2T.png"},
        "title":"Unauthorized access detected","message":"Movement detected in the yard."}"#;

    #[test]
    fn a_message_says_everything_that_it_carries() {
        let notice = read("", EXAMPLE);
        assert_eq!(
            notice.content.text,
            "Unauthorized access detected\n\nMovement detected in the yard.\n\n\
             camera.jpg (https://ntfy.sh/file/sPs71M8A2T.png)\n\nhttps://homecam.mynet.lan/i/1\n\n\
             #warning #skull"
        );
        assert_eq!(notice.severity, Some(Severity::Critical));
        assert_eq!(notice.stream.as_deref(), Some("mytopic"));
        assert_eq!(notice.at, Some(Timestamp(1_643_935_928_000)));
    }

    #[test]
    fn rules_and_a_messages_own_markdown_are_read() {
        let line = r#"{"id":"1","event":"message","topic":"t","message":"**a** <b>",
            "content_type":"text/markdown","tags":["closed"],
            "actions":[{"action":"view","label":"Open *it*","url":"https://amt.example/"}]}"#;
        let notice =
            read("matter = 'topic'\nends = \"'closed' in tags\"\nstream = 'tags[0]'", line);
        assert_eq!(notice.content.text, "a <b>\n\nOpen *it* (https://amt.example/)\n\n#closed");
        assert_eq!(notice.stream.as_deref(), Some("closed"));
        assert!(notice.matter.unwrap().ends);
        let plain = read("", r#"{"id":"1","event":"message","message":"**a**\nb","title":"*t*"}"#);
        assert_eq!(plain.content.text, "*t*\n\n**a**\nb");
    }
}
