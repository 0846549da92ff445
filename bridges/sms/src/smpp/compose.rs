//! A text as the submissions that carry it (SMPP 3.4 4.4.1): one, or one for each part.

use std::time::Duration;

use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::MessageSubmissionRequestTlvValue as Parameter;
use rusmpp::types::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{
    DataCoding, EsmClass, MessagePayload, Npi, RegisteredDelivery, ServiceType, Ton,
};
use viadukt_api::{Reason, Timestamp};

use super::bind::bounded;
use super::config::{Addressing, Alphabet, Long, SmppSection};
use crate::outgoing::Outgoing;
use crate::text::header::Place;
use crate::text::parts::Part;
use crate::text::{Encoding, Parts};

/// `esm_class` with the indicator of a user data header (SMPP 3.4 5.2.12).
const UDHI: u8 = 0x40;
/// `data_coding` of UCS-2 (SMPP 3.4 5.2.19).
const UCS2: u8 = 8;
/// The longest validity that is written in days; a month has no fixed length.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// With less a gateway would give up before its first attempt.
const SHORTEST: Duration = Duration::from_secs(60);

/// The submissions for `sms`, the same ones at every attempt but for the time that is left.
pub(super) fn submissions(
    sms: &Outgoing,
    section: &SmppSection,
    now: Timestamp,
) -> Result<Vec<SubmitSm>, Reason> {
    let Addressing { source_ton, source_npi, destination_ton, destination_npi } =
        section.addressing;
    let source = Numbered::of(&sms.from, source_ton, source_npi);
    let destination = Numbered::of(&sms.to, destination_ton, destination_npi);
    let refused = |key| move || Reason::new(key).with("code", "SMPP 3.4 5.2.8");
    let validity = sms.validity.map(|span| {
        relative(span.saturating_sub(now.since(sms.accepted_at)).clamp(SHORTEST, LONGEST))
    });
    let bare = SubmitSm::builder()
        .service_type(ServiceType::new(bounded(&section.service_type).unwrap_or_default()))
        .source_addr_ton(source.ton)
        .source_addr_npi(source.npi)
        .source_addr(source.address.ok_or_else(refused("smpp-sender-refused"))?)
        .dest_addr_ton(destination.ton)
        .dest_addr_npi(destination.npi)
        .destination_addr(destination.address.ok_or_else(refused("smpp-number-refused"))?)
        .validity_period(validity.unwrap_or_default())
        .registered_delivery(RegisteredDelivery::from(u8::from(section.receipts)))
        .build();

    let Written { parts, data_coding } = Written::of(&sms.text, section)?;
    let with = |esm_class: u8| {
        let mut submission = bare.clone().with_data_coding(DataCoding::from(data_coding));
        submission.esm_class = EsmClass::from(esm_class);
        submission
    };
    if let [only] = &parts[..] {
        return Ok(vec![short(with(0), only.clone())?]);
    }
    // `Parts` makes no more than 255.
    let of = u8::try_from(parts.len()).unwrap_or(u8::MAX);
    let reference = reference(sms);
    let parts = parts
        .into_iter()
        .zip(1..)
        .map(|(octets, number)| (Place { reference, of, number }, octets));
    match section.long {
        Long::Udh => parts
            .map(|(place, octets)| short(with(UDHI), [&place.short()[..], &octets].concat()))
            .collect(),
        Long::Sar => parts
            .map(|(place, octets)| {
                let mut submission = short(with(0), octets)?;
                submission.push_tlv(Parameter::SarMsgRefNum(place.reference));
                submission.push_tlv(Parameter::SarTotalSegments(place.of));
                submission.push_tlv(Parameter::SarSegmentSeqnum(place.number));
                Ok(submission)
            })
            .collect(),
        Long::Payload => {
            let whole: Vec<u8> = parts.flat_map(|(_, octets)| octets).collect();
            let payload = MessagePayload::new(AnyOctetString::from_vec(whole));
            let mut submission = with(0);
            submission.push_tlv(Parameter::MessagePayload(payload));
            Ok(vec![submission])
        }
    }
}

/// A text in the gateway's terms: what each part says, without headers.
struct Written {
    parts: Vec<Vec<u8>>,
    data_coding: u8,
}

impl Written {
    fn of(text: &str, section: &SmppSection) -> Result<Self, Reason> {
        let too_long = |_| Reason::new("smpp-text-refused").with("code", "> 255");
        let mut parts = Parts::of(text).map_err(too_long)?;
        let latin1 = section.alphabet == Alphabet::Latin1;
        // The euro and the Greek capitals of GSM 03.38 are not in Latin-1.
        if latin1 && parts.encoding == Encoding::Gsm7 && text.chars().any(|c| c > '\u{ff}') {
            parts = Parts::encoded(text, Encoding::Ucs2).map_err(too_long)?;
        }
        let octets = |part: &Part| match parts.encoding {
            Encoding::Gsm7 if latin1 => {
                part.text.chars().filter_map(|c| u8::try_from(c).ok()).collect()
            }
            Encoding::Gsm7 | Encoding::Ucs2 => part.octets.clone(),
        };
        let data_coding = match parts.encoding {
            Encoding::Gsm7 => section.data_coding,
            Encoding::Ucs2 => UCS2,
        };
        Ok(Self { parts: parts.iter().map(octets).collect(), data_coding })
    }
}

/// An address with its type of number and numbering plan (SMPP 3.4 5.2.5, 5.2.6).
struct Numbered {
    ton: Ton,
    npi: Npi,
    /// `None`: too long, or not ASCII.
    address: Option<COctetString<1, 21>>,
}

impl Numbered {
    /// `ton` and `npi` as configured; else those that providers expect for a number with its
    /// country code, a short code and a name.
    fn of(written: &str, ton: Option<u8>, npi: Option<u8>) -> Self {
        let (usual_ton, usual_npi, address) = match written.strip_prefix('+') {
            Some(number) => (Ton::International, Npi::Isdn, number),
            None if written.bytes().all(|digit| digit.is_ascii_digit()) => {
                (Ton::NetworkSpecific, Npi::Unknown, written)
            }
            None => (Ton::Alphanumeric, Npi::Unknown, written),
        };
        Self {
            ton: ton.map_or(usual_ton, Ton::from),
            npi: npi.map_or(usual_npi, Npi::from),
            address: bounded(address),
        }
    }
}

fn short(mut submission: SubmitSm, octets: Vec<u8>) -> Result<SubmitSm, Reason> {
    let octets = OctetString::from_vec(octets)
        .map_err(|_| Reason::new("smpp-text-refused").with("code", "> 255"))?;
    submission.set_short_message(octets);
    Ok(submission)
}

/// Tells the parts of this message from those of others to the same phone; the same at every
/// attempt, so that parts of two attempts fit together.
fn reference(sms: &Outgoing) -> u16 {
    let [high, low, ..] = *blake3::hash(&sms.id.to_bytes()).as_bytes();
    u16::from_be_bytes([high, low])
}

/// Relative time, `YYMMDDhhmmsstnnR` (SMPP 3.4 7.1.1.2).
fn relative(span: Duration) -> EmptyOrFullCOctetString<17> {
    let minutes = span.as_secs() / 60;
    let (days, hours, minutes, seconds) =
        (minutes / 1_440, minutes / 60 % 24, minutes % 60, span.as_secs() % 60);
    let written = format!("0000{days:02}{hours:02}{minutes:02}{seconds:02}000R");
    // Sixteen characters as long as `days` has two digits.
    EmptyOrFullCOctetString::from_string(written).unwrap_or_default()
}
