//! What we send to a broker: packets of MQTT 5.0 and 3.1.1. Section numbers are those of
//! MQTT 5.0. Lengths of strings are checked where they come from: in the configuration, and for
//! topics in [`super::topic`].

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::wire::{ORIGIN, Version};

/// The greeting (3.1).
pub(crate) struct Connect<'c> {
    pub(crate) client_id: &'c str,
    /// Begins a session that ends with the connection, instead of going on with ours.
    pub(crate) clean: bool,
    /// How long the broker keeps the session, and what comes for it, while we are away.
    pub(crate) session_expiry: Duration,
    pub(crate) keep_alive: Duration,
    /// How many messages the broker may send before the first is acknowledged.
    pub(crate) receive_maximum: u16,
    /// User and password.
    pub(crate) login: Option<(&'c str, &'c str)>,
    /// What the broker publishes when we are gone without a word.
    pub(crate) will: Option<&'c Said>,
}

/// A message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    /// The broker keeps it for whoever subscribes later.
    pub(crate) retain: bool,
}

/// The bytes of the ping (3.12).
pub(crate) const PINGREQ: &[u8] = b"\xc0\x00";

/// The greeting.
pub(crate) fn connect(version: Version, with: &Connect<'_>) -> Bytes {
    let v5 = version == Version::V5;
    let mut body = BytesMut::new();
    text(&mut body, "MQTT");
    body.put_u8(if v5 { 5 } else { 4 });
    let will = with.will.map_or(0, |will| 0x0C | u8::from(will.retain) << 5);
    let login = if with.login.is_some() { 0xC0 } else { 0 };
    body.put_u8(login | will | u8::from(with.clean) << 1);
    body.put_u16(u16::try_from(with.keep_alive.as_secs()).unwrap_or(u16::MAX));
    if v5 {
        let expiry = u32::try_from(with.session_expiry.as_secs()).unwrap_or(u32::MAX);
        let mut properties = BytesMut::new();
        properties.put_u8(0x11);
        properties.put_u32(if with.clean { 0 } else { expiry });
        properties.put_u8(0x21);
        properties.put_u16(with.receive_maximum);
        varying(&mut body, properties.len());
        body.put(properties);
    }
    text(&mut body, with.client_id);
    if let Some(will) = with.will {
        no_properties(&mut body, version);
        text(&mut body, &will.topic);
        binary(&mut body, &will.payload);
    }
    if let Some((user, password)) = with.login {
        text(&mut body, user);
        text(&mut body, password);
    }
    packet(0x10, &body)
}

/// A subscription with QoS 1 at most (3.8); `fresh` asks for what the broker retained.
pub(crate) fn subscribe(version: Version, id: u16, filters: &[&str], fresh: bool) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u16(id);
    no_properties(&mut body, version);
    for filter in filters {
        text(&mut body, filter);
        let shared = filter.starts_with("$share/");
        // Retain handling (3.8.3.1): 0 sends what is retained, 2 does not.
        let handling = if version == Version::V311 || fresh || shared { 0 } else { 2 << 4 };
        body.put_u8(1 | handling);
    }
    packet(0x82, &body)
}

/// The end of subscriptions (3.10).
pub(crate) fn unsubscribe(version: Version, id: u16, filters: &[&str]) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u16(id);
    no_properties(&mut body, version);
    for filter in filters {
        text(&mut body, filter);
    }
    packet(0xA2, &body)
}

/// A message with QoS 1 (3.3); `origin` is who publishes it, where the version lets us say so.
pub(crate) fn publish(version: Version, id: u16, origin: &str, said: &Said) -> Bytes {
    let mut body = BytesMut::with_capacity(said.payload.len() + said.topic.len() + 128);
    text(&mut body, &said.topic);
    body.put_u16(id);
    if version == Version::V5 {
        let mut properties = BytesMut::new();
        properties.put_u8(0x26);
        text(&mut properties, ORIGIN);
        text(&mut properties, origin);
        varying(&mut body, properties.len());
        body.put(properties);
    }
    body.put_slice(&said.payload);
    packet(0x32 | u8::from(said.retain), &body)
}

/// The acknowledgement of a message (3.4); the reason that is left out is success.
pub(crate) fn puback(to: &mut BytesMut, id: u16) {
    to.put_slice(&[0x40, 2]);
    to.put_u16(id);
}

/// A farewell (3.14). With it the broker drops our will, unless told otherwise, which only
/// MQTT 5 can (0x04).
pub(crate) fn disconnect(version: Version, with_will: bool) -> Bytes {
    match (version, with_will) {
        (Version::V5, true) => Bytes::from_static(b"\xe0\x01\x04"),
        _ => Bytes::from_static(b"\xe0\x00"),
    }
}

fn packet(first: u8, body: &[u8]) -> Bytes {
    let mut packet = BytesMut::with_capacity(body.len() + 5);
    packet.put_u8(first);
    varying(&mut packet, body.len());
    packet.put_slice(body);
    packet.freeze()
}

/// A variable byte integer (1.5.5).
fn varying(to: &mut BytesMut, mut number: usize) {
    loop {
        let low = (number & 0x7F) as u8;
        number >>= 7;
        to.put_u8(if number > 0 { low | 0x80 } else { low });
        if number == 0 {
            break;
        }
    }
}

fn no_properties(to: &mut BytesMut, version: Version) {
    if version == Version::V5 {
        to.put_u8(0);
    }
}

fn text(to: &mut BytesMut, text: &str) {
    binary(to, text.as_bytes());
}

fn binary(to: &mut BytesMut, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    to.put_u16(length);
    to.put_slice(&bytes[..length.into()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_specification_writes_them() {
        let said = Said { topic: "a/b".to_owned(), payload: "x".into(), retain: false };
        let with = Connect {
            client_id: "me",
            clean: false,
            session_expiry: Duration::from_secs(600),
            keep_alive: Duration::from_secs(30),
            receive_maximum: 256,
            login: Some(("u", "p")),
            will: Some(&said),
        };
        let mut acks = BytesMut::new();
        puback(&mut acks, 7);
        for (made, expected) in [
            (
                connect(Version::V311, &with),
                &b"\x10\x1c\0\x04MQTT\x04\xcc\0\x1e\0\x02me\0\x03a/b\0\x01x\0\x01u\0\x01p"[..],
            ),
            (
                connect(Version::V5, &with),
                b"\x10\x26\0\x04MQTT\x05\xcc\0\x1e\x08\x11\0\0\x02\x58\x21\x01\0\
                  \0\x02me\0\0\x03a/b\0\x01x\0\x01u\0\x01p",
            ),
            (subscribe(Version::V311, 1, &["a/#"], false), b"\x82\x08\0\x01\0\x03a/#\x01"),
            (subscribe(Version::V5, 1, &["a/#"], true), b"\x82\x09\0\x01\0\0\x03a/#\x01"),
            (subscribe(Version::V5, 1, &["a/#"], false), b"\x82\x09\0\x01\0\0\x03a/#\x21"),
            (unsubscribe(Version::V5, 2, &["a"]), b"\xa2\x06\0\x02\0\0\x01a"),
            (publish(Version::V311, 3, "me", &said), b"\x32\x08\0\x03a/b\0\x03x"),
            (
                publish(Version::V5, 3, "me", &said),
                b"\x32\x1e\0\x03a/b\0\x03\x15\x26\0\x0eviadukt-origin\0\x02mex",
            ),
            (acks.freeze(), b"\x40\x02\0\x07"),
        ] {
            assert_eq!(made, expected);
        }
        let long = Said { payload: vec![0; 200].into(), ..said };
        assert_eq!(publish(Version::V311, 3, "me", &long)[..3], [0x32, 0xCF, 0x01]);
    }
}
