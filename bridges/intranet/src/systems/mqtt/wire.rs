//! What a broker sends: packets of MQTT 5.0 and 3.1.1 as far as a client meets them that
//! subscribes and publishes with QoS 1. Section numbers are those of MQTT 5.0.

use bytes::{Buf, Bytes, BytesMut, TryGetError};

/// The versions in use; 3.1.1 has no properties and fewer reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V311,
    V5,
}

/// A packet from a broker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Packet {
    Connack(Connack),
    Publish(Publish),
    /// The packet's id, and the reason: 0, or what went wrong from 0x80 on (2.4).
    Puback(u16, u8),
    /// The packet's id, and a reason for each filter: the QoS granted, or 0x80 and above.
    Suback(u16, Vec<u8>),
    Unsuback(u16),
    Pingresp,
    /// The broker ends the connection for this reason (3.14.2.1).
    Disconnect(u8),
}

/// The answer to the greeting (3.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Connack {
    pub(crate) session_present: bool,
    pub(crate) reason: u8,
    pub(crate) properties: Properties,
}

/// A message (3.3).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Publish {
    pub(crate) topic: String,
    /// 0 with QoS 0, which is not acknowledged.
    pub(crate) id: u16,
    /// The broker has sent it before, or thinks so.
    pub(crate) again: bool,
    /// It was kept by the broker and is sent because we have just subscribed.
    pub(crate) retained: bool,
    /// It bears [`ORIGIN`]: some viadukt published it; the value says which.
    pub(crate) origin: Option<String>,
    pub(crate) payload: Payload,
}

/// The user property by which we know what we published ourselves (3.3.2.3.7: it is passed on
/// unaltered).
pub(crate) const ORIGIN: &str = "viadukt-origin";

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Payload {
    Whole(Bytes),
    /// It was larger than we take; this many bytes with its properties.
    LeftOut(usize),
}

/// The properties that are used (2.2.2.2).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Properties {
    pub(crate) session_expiry: Option<u32>,
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) maximum_qos: Option<u8>,
    pub(crate) maximum_packet_size: Option<u32>,
    /// The value of [`ORIGIN`].
    origin: Option<String>,
}

/// The broker does not speak MQTT, or not so that we understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not MQTT as this client speaks it: {0}")]
pub(crate) struct Malformed(&'static str);

const EARLY: Malformed = Malformed("a packet that ends too early");

impl From<TryGetError> for Malformed {
    fn from(_: TryGetError) -> Self {
        EARLY
    }
}

/// Bytes as they come, and the packets that they make.
pub(crate) struct Frames {
    pub(crate) version: Version,
    /// The largest packet that is read whole.
    limit: usize,
    buffer: BytesMut,
    /// How much of what comes belongs to a packet that is left out.
    skipping: usize,
}

impl Frames {
    pub(crate) fn new(version: Version, limit: usize) -> Self {
        Self { version, limit, buffer: BytesMut::new(), skipping: 0 }
    }

    /// Where bytes from the network are put.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next packet, if all of it is here. Of a message that is too large only the beginning
    /// must be; the rest is passed over as it comes.
    pub(crate) fn next(&mut self) -> Result<Option<Packet>, Malformed> {
        let passed = self.skipping.min(self.buffer.len());
        self.buffer.advance(passed);
        self.skipping -= passed;
        let Some((first, length, head)) = fixed_header(&self.buffer)? else { return Ok(None) };
        if length > self.limit {
            return self.oversized(first, length, head);
        }
        if self.buffer.len() < head + length {
            return Ok(None);
        }
        self.buffer.advance(head);
        let body = Body(self.buffer.split_to(length).freeze());
        body.packet(first, self.version).map(Some)
    }

    fn oversized(
        &mut self,
        first: u8,
        length: usize,
        head: usize,
    ) -> Result<Option<Packet>, Malformed> {
        if first >> 4 != PUBLISH {
            return Err(Malformed("a packet that is too large"));
        }
        // The topic with its length, and the packet's id.
        let enough = length.min(2 + usize::from(u16::MAX) + 2);
        if self.buffer.len() < head + enough {
            return Ok(None);
        }
        self.buffer.advance(head);
        let mut body = Body(Bytes::copy_from_slice(&self.buffer[..enough]));
        let mut publish = body.publish(first)?;
        publish.payload = Payload::LeftOut(length - (enough - body.0.len()));
        self.buffer.advance(enough);
        self.skipping = length - enough;
        Ok(Some(Packet::Publish(publish)))
    }
}

const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const UNSUBACK: u8 = 11;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;

/// The first byte, the remaining length, and how long both are (2.1).
fn fixed_header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let Some((first, mut rest)) = bytes.split_first() else { return Ok(None) };
    let offered = rest.len();
    match varying(&mut rest) {
        Ok(length) => Ok(Some((*first, length, 1 + offered - rest.len()))),
        Err(_) if offered < 4 => Ok(None),
        Err(malformed) => Err(malformed),
    }
}

/// What is left of a packet.
struct Body(Bytes);

impl Body {
    fn packet(mut self, first: u8, version: Version) -> Result<Packet, Malformed> {
        let v5 = version == Version::V5;
        Ok(match first >> 4 {
            CONNACK => {
                let (flags, reason) = (self.byte()?, self.byte()?);
                let properties = if v5 { self.properties()? } else { Properties::default() };
                Packet::Connack(Connack { session_present: flags & 1 == 1, reason, properties })
            }
            PUBLISH => {
                let mut publish = self.publish(first)?;
                if v5 {
                    publish.origin = self.properties()?.origin;
                }
                publish.payload = Payload::Whole(self.0);
                Packet::Publish(publish)
            }
            // A reason that is left out is success (3.4.2.1).
            PUBACK => Packet::Puback(self.two()?, self.byte().unwrap_or(0)),
            SUBACK => {
                let id = self.two()?;
                if v5 {
                    self.properties()?;
                }
                Packet::Suback(id, self.0.to_vec())
            }
            UNSUBACK => Packet::Unsuback(self.two()?),
            PINGRESP => Packet::Pingresp,
            DISCONNECT if v5 => Packet::Disconnect(self.byte().unwrap_or(0)),
            _ => return Err(Malformed("a packet that brokers do not send")),
        })
    }

    /// A message without its properties and its payload.
    fn publish(&mut self, first: u8) -> Result<Publish, Malformed> {
        let topic = self.text()?;
        let id = match first >> 1 & 3 {
            0 => 0,
            1 => self.two()?,
            _ => return Err(Malformed("a message with a QoS that was not asked for")),
        };
        if topic.is_empty() {
            return Err(Malformed("a message without topic"));
        }
        let (again, retained) = (first & 8 != 0, first & 1 != 0);
        let payload = Payload::LeftOut(0);
        Ok(Publish { topic, id, again, retained, origin: None, payload })
    }

    fn properties(&mut self) -> Result<Properties, Malformed> {
        let length = varying(&mut self.0)?;
        let mut within = Body(self.take(length)?);
        let mut properties = Properties::default();
        while !within.0.is_empty() {
            match within.byte()? {
                0x11 => properties.session_expiry = Some(within.four()?),
                0x13 => properties.server_keep_alive = Some(within.two()?),
                0x24 => properties.maximum_qos = Some(within.byte()?),
                0x27 => properties.maximum_packet_size = Some(within.four()?),
                0x26 => {
                    let (name, value) = (within.binary()?, within.text()?);
                    if name == ORIGIN {
                        properties.origin = Some(value);
                    }
                }
                unused => within.pass_over(unused)?,
            }
        }
        Ok(properties)
    }

    /// Passes over a property's value, the length of which follows from the identifier.
    fn pass_over(&mut self, identifier: u8) -> Result<(), Malformed> {
        let length = match identifier {
            0x01 | 0x17 | 0x19 | 0x25 | 0x28..=0x2A => 1,
            0x21..=0x23 => 2,
            0x02 | 0x18 => 4,
            0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => self.two()?.into(),
            0x0B => return varying(&mut self.0).map(drop),
            _ => return Err(Malformed("a property that does not exist")),
        };
        self.take(length).map(drop)
    }

    fn take(&mut self, count: usize) -> Result<Bytes, Malformed> {
        if self.0.len() < count {
            return Err(EARLY);
        }
        Ok(self.0.split_to(count))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.0.try_get_u8()?)
    }

    fn two(&mut self) -> Result<u16, Malformed> {
        Ok(self.0.try_get_u16()?)
    }

    fn four(&mut self) -> Result<u32, Malformed> {
        Ok(self.0.try_get_u32()?)
    }

    /// Bytes with their length (1.5.6).
    fn binary(&mut self) -> Result<Bytes, Malformed> {
        let length = self.two()?;
        self.take(length.into())
    }

    /// A string (1.5.4). Most brokers see to it that it is UTF-8; where one does not, a message
    /// is better read with a mark in its topic than refused again and again.
    fn text(&mut self) -> Result<String, Malformed> {
        self.binary().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A variable byte integer (1.5.5).
fn varying(from: &mut impl Buf) -> Result<usize, Malformed> {
    let mut number = 0;
    for place in 0..4 {
        let byte = from.try_get_u8()?;
        number |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed("a length of more than four bytes"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn frames(version: Version, bytes: &[u8]) -> Frames {
        let mut frames = Frames::new(version, 64);
        frames.buffer().extend_from_slice(bytes);
        frames
    }

    #[test]
    fn packets_are_read_in_both_versions() {
        let publish = |topic: &str, id, again, payload: &[u8]| {
            let payload = Payload::Whole(Bytes::copy_from_slice(payload));
            let (topic, retained, origin) = (topic.to_owned(), false, None);
            Packet::Publish(Publish { topic, id, again, retained, origin, payload })
        };
        let granted = |server_keep_alive, maximum_packet_size| Properties {
            server_keep_alive,
            maximum_packet_size,
            ..Properties::default()
        };
        let connack = |session_present, reason, properties| {
            Packet::Connack(Connack { session_present, reason, properties })
        };
        for (version, bytes, expected) in [
            (Version::V311, &b"\x20\x02\x01\x00"[..], connack(true, 0, granted(None, None))),
            (Version::V311, b"\x20\x02\x00\x05", connack(false, 5, granted(None, None))),
            (Version::V5, b"\x20\x03\x01\x00\x00", connack(true, 0, granted(None, None))),
            (
                Version::V5,
                b"\x20\x10\x00\x00\x0d\x13\x00\x1e\x27\x00\x01\x00\x00\x1f\x00\x02ok",
                connack(false, 0, granted(Some(30), Some(65_536))),
            ),
            (Version::V311, b"\x32\x07\x00\x01a\x00\x07hi", publish("a", 7, false, b"hi")),
            (Version::V5, b"\x3a\x08\x00\x01a\x00\x07\x00hi", publish("a", 7, true, b"hi")),
            (Version::V311, b"\x30\x05\x00\x01ahi", publish("a", 0, false, b"hi")),
            (Version::V5, b"\x40\x02\x00\x07", Packet::Puback(7, 0)),
            (Version::V5, b"\x40\x04\x00\x07\x87\x00", Packet::Puback(7, 0x87)),
            (Version::V311, b"\x90\x04\x00\x01\x01\x80", Packet::Suback(1, vec![1, 0x80])),
            (Version::V5, b"\x90\x04\x00\x01\x00\x01", Packet::Suback(1, vec![1])),
            (Version::V5, b"\xb0\x04\x00\x02\x00\x00", Packet::Unsuback(2)),
            (Version::V5, b"\xd0\x00", Packet::Pingresp),
            (Version::V5, b"\xe0\x01\x8b", Packet::Disconnect(0x8B)),
        ] {
            // Byte by byte, nothing comes before all of it is here.
            let mut frames = frames(version, &[]);
            for (count, byte) in bytes.iter().enumerate() {
                assert_eq!(frames.next(), Ok(None), "{count} bytes of {bytes:x?}");
                frames.buffer().extend_from_slice(&[*byte]);
            }
            assert_eq!(frames.next(), Ok(Some(expected)), "{bytes:x?}");
            assert_eq!(frames.next(), Ok(None));
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_told_and_passed_over() {
        let payload = vec![b'x'; 100_000];
        let mut bytes = b"\x32".to_vec();
        bytes.extend(b"\xa7\x8d\x06"); // 100,007
        bytes.extend(b"\x00\x03a/b\x00\x09");
        bytes.extend(&payload);
        bytes.extend(b"\xd0\x00");
        let mut frames = frames(Version::V311, &[]);
        let mut read = Vec::new();
        for piece in bytes.chunks(1_000) {
            frames.buffer().extend_from_slice(piece);
            read.extend(frames.next().unwrap());
            assert!(frames.buffer().len() < 70_000, "it does not pile up");
        }
        read.extend(frames.next().unwrap());
        let [Packet::Publish(publish), Packet::Pingresp] = &read[..] else { panic!("{read:?}") };
        assert_eq!((publish.topic.as_str(), publish.id), ("a/b", 9));
        assert_eq!(publish.payload, Payload::LeftOut(100_000));
    }

    /// A broker that does not check sends such a message again on each connection.
    #[test]
    fn a_message_whose_strings_are_not_utf_8_is_read_all_the_same() {
        let properties = b"\x0c\x26\0\x01\xe4\0\x01\xff\x03\0\x02\xc3\x28";
        for (version, properties) in [(Version::V311, &b""[..]), (Version::V5, properties)] {
            let body = [b"\0\x05Geb\xe4u\0\x07", properties, b"hi"].concat();
            let packet = [&[0x32, body.len() as u8], &body[..]].concat();
            let read = frames(version, &packet).next().unwrap();
            let Some(Packet::Publish(publish)) = read else { panic!("{read:?}") };
            assert_eq!((publish.topic.as_str(), publish.id), ("Geb\u{fffd}u", 7));
            assert_eq!(publish.payload, Payload::Whole("hi".into()));
        }
    }

    #[test]
    fn what_is_not_mqtt_is_an_error_and_no_panic() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            b"\x34\x07\x00\x01a\x00\x07hi",
            b"\x32\x02\x00\x05",
            b"\x32\x04\x00\x00\x00\x01",
            b"\x20\xff\xff\xff\xff\xff",
            b"\x20\x05\x00\x00\x02\x77\x00",
            b"\x90\x7f\x00",
        ] {
            let mut frames = frames(Version::V5, bytes);
            let told = frames.next();
            assert!(matches!(told, Err(_) | Ok(None)), "{bytes:x?} became {told:?}");
        }
    }
}
