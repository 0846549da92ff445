//! What the fuzz targets in `fuzz/` call: each takes any bytes and panics when something that
//! must hold does not.

use std::sync::Arc;

use viadukt_api::words::Language;
use viadukt_api::{Raw, Words};

use crate::gateway;
use crate::normalise::Reader;
use crate::number::{Party, Region};
use crate::smpp;
use crate::text::header::{Header, Place};
use crate::text::{Encoding, Parts, plain};

/// Any text is cut into parts that fit, say the same, and can each be read alone.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(parts) = Parts::of(&text) else { return };
    let encoding = parts.encoding;
    let room = parts.room();
    let mut together = String::new();
    let of = parts.count();
    for (part, number) in parts.iter().zip(1..=of) {
        assert!(part.units(encoding) <= room, "a part is too long");
        assert_eq!(encoding.decode(&part.octets), part.text);
        together.push_str(&part.text);
        let place = Place { reference: 7, of, number };
        let data = [&place.short()[..], &part.octets].concat();
        let (header, rest) = Header::split(&data).unwrap_or_default();
        assert_eq!(header.place, Some(place));
        assert_eq!(rest, part.octets);
    }
    assert_eq!(together, text);
    let spared = Parts::of(&plain::spare_parts(&text)).map(|spared| spared.count());
    assert!(spared.is_ok_and(|count| count <= parts.count()), "plainer words cost more");
}

/// Any user data can be read.
pub fn user_data(data: &[u8]) {
    if let Ok((header, rest)) = Header::split(data) {
        assert!(rest.len() < data.len());
        assert!(header.place.is_none_or(|place| (1..=place.of).contains(&place.number)));
    }
    for encoding in [Encoding::Gsm7, Encoding::Ucs2] {
        assert!(encoding.decode(data).chars().count() <= data.len());
    }
}

/// Whatever stands in the journal becomes a message or is said to be unreadable.
pub fn received(data: &[u8]) {
    let usual = Party::of("+4915112345678");
    let words = Arc::new(Words::new(Language::En));
    let reader = Reader { own: vec![usual.clone()], usual, region: Region::DE, words };
    let read = reader.read(&Raw { bytes: data.to_vec().into(), lifted: Vec::new() });
    if let Ok(message) = read {
        assert!(message.content.text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
        assert!(!message.sender.address.as_str().is_empty());
    }
}

/// Whatever stands in a number's place is read the same when it is stored and read again.
pub fn number(data: &[u8]) {
    let written = String::from_utf8_lossy(data);
    for region in [Region::DE, Region::IT, Region::US] {
        let read = [Party::of_gateway(&written, region), Party::of_person(&written, region).ok()];
        for party in read.into_iter().flatten() {
            assert_eq!(Party::of(party.as_str()), party);
        }
    }
}

/// Whatever an SMPP gateway sends is a text, a part, a receipt, or refused.
pub fn unit(data: &[u8]) {
    smpp::read_anything(data);
}

/// Any call over HTTP, to any preset, means something or is refused.
pub fn call(data: &[u8]) {
    gateway::fuzz::call(data);
}
