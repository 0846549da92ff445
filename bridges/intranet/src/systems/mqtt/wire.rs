//! What a broker sends: packets of MQTT 5.0 and 3.1.1 as far as a client meets them that
//! subscribes and publishes with QoS 1. Section numbers are those of MQTT 5.0.

use bytes::{Buf, Bytes, BytesMut};

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

/// The properties that are used: numbers by their identifier (2.2.2.2), and [`ORIGIN`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Properties {
    numbers: Vec<(u8, u32)>,
    origin: Option<String>,
}

impl Properties {
    pub(crate) const SESSION_EXPIRY: u8 = 0x11;
    pub(crate) const SERVER_KEEP_ALIVE: u8 = 0x13;
    pub(crate) const MAXIMUM_QOS: u8 = 0x24;
    pub(crate) const MAXIMUM_PACKET_SIZE: u8 = 0x27;

    pub(crate) fn number(&self, identifier: u8) -> Option<u32> {
        self.numbers.iter().find(|(known, _)| *known == identifier).map(|(_, number)| *number)
    }
}

/// The broker does not speak MQTT, or not so that we understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not MQTT as this client speaks it: {0}")]
pub(crate) struct Malformed(&'static str);

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
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let mut body = Body(Bytes::copy_from_slice(&rest[..rest.len().min(4)]));
    let offered = body.0.len();
    match body.varying() {
        Ok(length) => Ok(Some((*first, length, 1 + offered - body.0.len()))),
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
        let length = self.varying()?;
        let mut within = Body(self.take(length)?);
        let mut properties = Properties::default();
        while !within.0.is_empty() {
            let identifier = within.byte()?;
            let number = match identifier {
                0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2A => u32::from(within.byte()?),
                0x13 | 0x21..=0x23 => u32::from(within.two()?),
                0x02 | 0x11 | 0x18 | 0x27 => {
                    u32::from(within.two()?) << 16 | u32::from(within.two()?)
                }
                0x0B => within.varying()? as u32,
                0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | 0x1C | 0x1F => {
                    within.text()?;
                    continue;
                }
                0x26 => {
                    let (name, value) = (within.text()?, within.text()?);
                    if name == ORIGIN {
                        properties.origin = Some(value);
                    }
                    continue;
                }
                _ => return Err(Malformed("a property that does not exist")),
            };
            properties.numbers.push((identifier, number));
        }
        Ok(properties)
    }

    fn take(&mut self, count: usize) -> Result<Bytes, Malformed> {
        if self.0.len() < count {
            return Err(Malformed("a packet that ends too early"));
        }
        Ok(self.0.split_to(count))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn two(&mut self) -> Result<u16, Malformed> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A variable byte integer (1.5.5).
    fn varying(&mut self) -> Result<usize, Malformed> {
        let mut number = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7F) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed("a length of more than four bytes"))
    }

    /// A string (1.5.4). Brokers see to it that it is UTF-8; where one does not, a message is
    /// better read with a mark in its topic than refused again and again.
    fn text(&mut self) -> Result<String, Malformed> {
        let length = self.two()?;
        self.take(length.into()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
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
        let connack = |session_present, reason, numbers: &[(u8, u32)]| {
            let properties = Properties { numbers: numbers.to_vec(), origin: None };
            Packet::Connack(Connack { session_present, reason, properties })
        };
        for (version, bytes, expected) in [
            (Version::V311, &b"\x20\x02\x01\x00"[..], connack(true, 0, &[])),
            (Version::V311, b"\x20\x02\x00\x05", connack(false, 5, &[])),
            (Version::V5, b"\x20\x03\x01\x00\x00", connack(true, 0, &[])),
            (
                Version::V5,
                b"\x20\x10\x00\x00\x0d\x13\x00\x1e\x27\x00\x01\x00\x00\x1f\x00\x02ok",
                connack(false, 0, &[(0x13, 30), (0x27, 65_536)]),
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
