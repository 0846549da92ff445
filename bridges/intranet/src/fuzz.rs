//! What the fuzz targets in `fuzz/` call: each takes any bytes and panics when something that
//! must hold does not.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::{Call, Content, Timestamp, Words};

use crate::guard::Proof;
use crate::hook::{Reader, ReaderTable};
use crate::markup;
use crate::received::Received;
use crate::systems::HOOKS;
use crate::systems::mqtt::wire::{Frames, Malformed, Packet, Version};
use crate::template::{mrkdwn, plain};

/// Any call of any kind of system is refused, or brings what can be read the same each time.
/// The first byte chooses the kind and what the body is said to be; what stands before the first
/// empty line are headers.
pub fn hook(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let (kind, _) = HOOKS[usize::from(*choice) % HOOKS.len()];
    let Some(reader) = reader(kind) else { return };
    let content_type = match choice / 32 {
        0 => "application/x-www-form-urlencoded",
        1 => "text/plain",
        2 => "application/cloudevents+json",
        3 => "application/cloudevents-batch+json",
        _ => "application/json",
    };
    let end = rest.windows(2).position(|window| window == b"\n\n");
    let (head, body) = end.map_or((&rest[..0], rest), |end| (&rest[..end], &rest[end + 2..]));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    for line in head.split(|byte| *byte == b'\n') {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(halves.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(halves.next().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let call = Call {
        method: Method::POST,
        path: kind.to_owned(),
        query: String::new(),
        url: "https://amt.example/".to_owned(),
        headers,
        body: body.to_vec().into(),
        from: [127, 0, 0, 1].into(),
    };
    if let Some(scheme) = reader.dialect().scheme() {
        assert!(scheme.check(&call, "a secret that nobody knows").is_err(), "{kind} let it in");
    }
    let Ok(taken) = reader.take(&call, Proof::Signed, Timestamp(0)) else { return };
    for received in taken {
        let again = Received::from_raw(&received.clone().into_item().raw);
        assert!(again.as_ref() == Some(&received), "{kind}: the journal keeps it");
        match (reader.read(&received), again.map(|again| reader.read(&again))) {
            (Ok(notice), Some(Ok(again))) => {
                assert_eq!(notice, again);
                harmless(&notice.content);
            }
            (Err(_), Some(Err(_))) => {}
            _ => panic!("{kind}: the same call, another meaning"),
        }
    }
}

/// Any Markdown, HTML or Slack markup becomes something harmless; any value stays what it is.
pub fn markup(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    harmless(&markup::from_markdown(&text));
    harmless(&markup::from_html(&text, None));
    harmless(&markup::from_markdown(&mrkdwn::to_markdown(&text)));
    let value = markup::tidy(&text).replace('\t', " ");
    let shown = markup::from_markdown(&format!("x{}y", plain(&value)));
    assert_eq!(shown.text, format!("x{value}y"));
}

/// What a broker of MQTT sends becomes the same packets however the network cuts it, and does not
/// pile up. The first byte chooses the version and how long the pieces are.
pub fn packets(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let version = if choice & 1 == 0 { Version::V5 } else { Version::V311 };
    let whole = read_packets(version, bytes, usize::MAX);
    assert_eq!(whole, read_packets(version, bytes, usize::from(choice / 2) + 1));
}

fn read_packets(version: Version, bytes: &[u8], piece: usize) -> Vec<Result<Packet, Malformed>> {
    let mut frames = Frames::new(version, 256);
    let mut read = Vec::new();
    for piece in bytes.chunks(piece) {
        frames.buffer().extend_from_slice(piece);
        while let Some(next) = frames.next().transpose() {
            let over = next.is_err();
            read.push(next);
            if over {
                return read;
            }
        }
        assert!(frames.buffer().len() < 70_000, "the longest topic is what is waited for");
    }
    read
}

fn reader(kind: &str) -> Option<Reader> {
    let (_, parse) = HOOKS.iter().find(|(name, _)| *name == kind)?;
    let document = DeTable::parse("").ok()?;
    let findings = Findings::default();
    let fields = Fields::new(document.get_ref(), 0..0, "", &findings);
    let table = ReaderTable::parse(&fields, parse(&fields));
    table.build(kind, &Arc::new(Words::new(Default::default()))).ok()
}

fn harmless(content: &Content) {
    assert!(content.text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    let html = content.html.as_deref().unwrap_or_default();
    for tag in ["<script", "<img", "<style", "<iframe", "<svg", "<a href=\"javascript:"] {
        assert!(!html.contains(tag), "{tag}");
    }
    // Clean, it may have more tags than before, since each is closed.
    if let Some(again) = markup::sanitise(html) {
        assert_eq!(again, html, "clean is clean");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough to know that the targets work; `fuzz/` runs for hours.
    #[test]
    fn strange_calls_do_no_harm() {
        for choice in 0..=255u8 {
            for rest in [
                &b""[..],
                b"{}",
                b"ce-id:1\nce-type:t\n\n{\"alerts\":[{}]}",
                b"text=%00&x",
                b"[\"\xff\"]",
            ] {
                hook(&[&[choice], rest].concat());
            }
        }
        for text in
            [&b"**a** <b>c</b> [x](y)"[..], b"<script>", b"\x00\xff\n    code", b"\t`<@x|y>`"]
        {
            markup(text);
        }
        for choice in 0..=255u8 {
            for rest in [
                &b"\x20\x09\0\0\x06\x13\0\x1e\x24\x01\xd0\0\xe0\x01\x8b"[..],
                b"\x32\x09\0\x01a\0\x07\x02\x01\0x\x30\x80\x02\0\x01a\0",
                b"\x32\xff\xff\xff\x7f\0\x01a\0\x07",
            ] {
                packets(&[&[choice], rest].concat());
            }
        }
    }
}
