//! What is made of a message.

use viadukt_api::{Content, Reason, Unreadable, Words};

use super::batch::{LEFT_OUT, REPEATED, TOPIC};
use crate::notice::Notice;
use crate::received::Received;
use crate::systems::told;

/// What `received` says. With `by_topic` each topic is a stream; else it is shown who speaks.
pub(crate) fn notice(
    received: &Received,
    by_topic: bool,
    words: &Words,
) -> Result<Notice, Unreadable> {
    if let Some(told) = told::read(received) {
        return Ok(told);
    }
    let unreadable = || Unreadable { reason: Reason::new("intranet-unreadable") };
    let topic = received.beside(TOPIC).ok_or_else(unreadable)?.to_owned();
    let mut text = match received.beside(LEFT_OUT) {
        Some(size) => words.say("mqtt-left-out", &[("size", size)]),
        None => text(&received.body, words),
    };
    if received.beside(REPEATED).is_some() {
        text = format!("{text}\n{}", words.say("mqtt-perhaps-repeated", &[]));
    }
    let (stream, speaker) = if by_topic { (Some(topic), None) } else { (None, Some(topic)) };
    let content = Content { text, ..Content::default() };
    Ok(Notice { stream, speaker, content, ..Notice::default() })
}

fn text(body: &[u8], words: &Words) -> String {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body)
        && (json.is_object() || json.is_array())
    {
        return format!("{json:#}");
    }
    match std::str::from_utf8(body) {
        Ok("") => words.say("mqtt-empty", &[]),
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => words.say("mqtt-binary", &[("size", &body.len().to_string())]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use bytes::Bytes;
    use viadukt_api::Timestamp;
    use viadukt_api::words::Language;

    use super::*;

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

    #[test]
    fn whatever_comes_is_shown_or_named() {
        let words = Words::new(Language::En);
        for (body, beside, expected) in [
            (&b"open"[..], &[][..], "open"),
            (b"21.5", &[], "21.5"),
            (b"{\"a\":[1]}", &[], "{\n  \"a\": [\n    1\n  ]\n}"),
            (b"{\"a\":", &[], "{\"a\":"),
            (b"", &[], "(no content)"),
            (b"\xff\x00", &[], "(binary data, 2 bytes)"),
            (b"", &[(LEFT_OUT, "9000")], "(a message of 9000 bytes; too large to be taken)"),
            (
                b"on",
                &[(REPEATED, "perhaps")],
                "on\n(The broker has sent this again; it may already stand above.)",
            ),
        ] {
            let notice = notice(&received(body, beside), true, &words).unwrap();
            assert_eq!(notice.content.text, expected);
            assert_eq!(notice.stream.as_deref(), Some("door/1"));
        }
    }

    #[test]
    fn in_one_stream_the_topic_is_who_speaks() {
        let notice = notice(&received(b"on", &[]), false, &Words::new(Language::En)).unwrap();
        assert_eq!((notice.stream, notice.speaker.as_deref()), (None, Some("door/1")));
    }
}
