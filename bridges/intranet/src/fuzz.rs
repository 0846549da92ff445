//! What the fuzz targets in `fuzz/` call: each takes any bytes and panics when something that
//! must hold does not.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use toml::de::DeTable;
use viadukt_api::config::{Fields, Findings};
use viadukt_api::{Call, Content, Timestamp, Words};

use crate::guard::Proof;
use crate::hook::Calls;
use crate::markup;
use crate::reader::{Reader, ReaderTable, Reads};
use crate::received::Received;
use crate::systems::mqtt::wire::{Frames, Malformed, Packet, Version};
use crate::systems::ntfy::incoming::Lines;
use crate::systems::{HOOKS, LISTENED, ntfy};
use crate::template::{mrkdwn, plain};

/// Any call of any kind of system is refused, or brings what can be read the same each time.
/// The first byte chooses the kind and what the body is said to be; what stands before the first
/// empty line are headers.
pub fn hook(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let (kind, _) = HOOKS[usize::from(*choice) % HOOKS.len()];
    let Some((calls, reader)) = hook_of(kind) else { return };
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
    if let Some(scheme) = calls.dialect().scheme() {
        assert!(scheme.check(&call, "a secret that nobody knows").is_err(), "{kind} let it in");
    }
    let Ok(taken) = calls.take(kind, &call, Proof::Signed, Timestamp(0)) else { return };
    for received in taken {
        read(&reader, received);
    }
}

/// Any feed is refused, or lists what can be read the same each time.
pub fn feed(data: &[u8]) {
    let Some((reads, reader)) = listened("feed") else { return };
    let Ok(entries) = reads.examples(data) else { return };
    // Nothing that it says would come twice, and nothing would be lost for another.
    let again = reads.examples(data).unwrap_or_default();
    assert!(entries == again, "the same feed, other entries");
    for received in entries {
        read(&reader, received);
    }
}

/// The stream of an ntfy server becomes the same lines however the network cuts it, and each of
/// them is no message or can be read the same each time. The first byte says how long the pieces
/// are.
pub fn ntfy(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let Some((_, reader)) = listened("ntfy") else { return };
    let whole = lines(bytes, usize::MAX);
    assert_eq!(whole, lines(bytes, usize::from(*choice) + 1));
    for line in whole {
        if let Some(received) =
            ntfy::reads::received("ntfy", &line, viadukt_api::Protection::Unknown, Timestamp(0))
        {
            read(&reader, received);
        }
    }
}

fn lines(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut lines = Lines::default();
    bytes.chunks(piece).flat_map(|piece| lines.push(piece)).collect()
}

/// What was brought outlives the journal, and says something harmless, the same each time, or
/// nothing.
fn read(reader: &Reader, received: Received) {
    let again = Received::from_raw(&received.clone().into_item().raw);
    assert!(again.as_ref() == Some(&received), "the journal keeps it");
    match (reader.read(&received), again.map(|again| reader.read(&again))) {
        (Ok(notice), Some(Ok(again))) => {
            assert_eq!(notice, again);
            harmless(&notice.content);
        }
        (Err(_), Some(Err(_))) => {}
        _ => panic!("{}: the same, another meaning", reader.name()),
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

fn hook_of(kind: &str) -> Option<(Calls, Reader)> {
    let (_, parse) = HOOKS.iter().find(|(name, _)| *name == kind)?;
    let calls = with_fields(|fields| Calls::parse(fields, parse(fields)))?;
    let reader = reader(kind, Arc::new(calls.clone()))?;
    Some((calls, reader))
}

fn listened(kind: &str) -> Option<(Arc<dyn Reads>, Reader)> {
    let (_, parse) = LISTENED.iter().find(|(name, _)| *name == kind)?;
    let reads = with_fields(parse)?;
    let reader = reader(kind, Arc::clone(&reads))?;
    Some((reads, reader))
}

fn reader(kind: &str, reads: Arc<dyn Reads>) -> Option<Reader> {
    let table = with_fields(|fields| ReaderTable::parse(fields, reads))?;
    table.reader(kind, &Arc::new(Words::new(Default::default()))).ok()
}

fn with_fields<T>(parse: impl FnOnce(&Fields<'_>) -> T) -> Option<T> {
    let document = DeTable::parse("").ok()?;
    let findings = Findings::default();
    Some(parse(&Fields::new(document.get_ref(), 0..0, "", &findings)))
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
        for line in [
            &b"\0{\"event\":\"message\",\"id\":\"1\",\"tags\":7,\"actions\":{}}\n{\n"[..],
            b"\x07{\"event\":\"message\",\"id\":\"1\",\"title\":[1],\"attachment\":\"x\"}\n",
        ] {
            ntfy(line);
        }
        for listing in [
            &b"<rss version='2.0'><channel><item><title>&lt;b&gt;&#8238;</title></item><item/>"[..],
            b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='javascript:x'/></entry>",
            b"{\"version\":\"https://jsonfeed.org/version/1\",\"title\":\"\",\"items\":[{\"id\":\"\"}]}",
        ] {
            feed(listing);
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
