//! A text as the submissions that carry it (SMPP 3.4 4.4.1): one, or one for each part.

use std::time::Duration;

use rusmpp::pdus::SubmitSm;
use rusmpp::tlvs::MessageSubmissionRequestTlvValue as Parameter;
use rusmpp::types::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{
    DataCoding, EsmClass, MessagePayload, Npi, RegisteredDelivery, ServiceType, Ton,
    UserMessageReference,
};
use viadukt_api::Reason;

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

/// The submissions for `sms`, the same ones at every attempt.
pub(super) fn submissions(sms: &Outgoing, section: &SmppSection) -> Result<Vec<SubmitSm>, Reason> {
    let Addressing { source_ton, source_npi, destination_ton, destination_npi } =
        section.addressing;
    let source = Numbered::of(&sms.from, source_ton, source_npi);
    let destination = Numbered::of(&sms.to, destination_ton, destination_npi);
    let refused = |key| move || Reason::new(key).with("code", "SMPP 3.4 5.2.8");
    let validity = sms.validity.map(|span| relative(span.clamp(SHORTEST, LONGEST)));
    let reference = reference(sms);
    let mut bare = SubmitSm::builder()
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
    if section.own_reference {
        bare.push_tlv(Parameter::UserMessageReference(UserMessageReference::new(reference)));
    }

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
pub(super) fn reference(sms: &Outgoing) -> u16 {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use rusmpp::tlvs::TlvTag;
    use viadukt_api::contract::delivery_id;

    use super::*;

    fn sms(from: &str, text: &str) -> Outgoing {
        Outgoing {
            id: delivery_id(1),
            reference: "token".to_owned(),
            to: "+491701234567".to_owned(),
            from: from.to_owned(),
            text: text.to_owned(),
            validity: Some(Duration::from_secs(2 * 86_400 + 3_600)),
            repeated: false,
        }
    }

    fn composed(sms: &Outgoing, section: &SmppSection) -> Vec<SubmitSm> {
        submissions(sms, section).unwrap()
    }

    #[test]
    fn senders_are_numbers_short_codes_or_names() {
        let cases = [
            ("+4915112345678", (1, 1, "4915112345678")),
            ("10001", (3, 0, "10001")),
            ("Amt Ulm", (5, 0, "Amt Ulm")),
        ];
        for (from, (ton, npi, address)) in cases {
            let submission = composed(&sms(from, "Ja"), &SmppSection::usual()).remove(0);
            let written = (
                u8::from(submission.source_addr_ton),
                u8::from(submission.source_addr_npi),
                submission.source_addr.as_str(),
            );
            assert_eq!(written, (ton, npi, address));
            assert_eq!(u8::from(submission.dest_addr_ton), 1);
            assert_eq!(submission.validity_period.as_str(), "000002010000000R");
        }
        let addressing =
            Addressing { source_ton: Some(0), source_npi: Some(8), ..Default::default() };
        let section = SmppSection { addressing, ..SmppSection::usual() };
        let submission = composed(&sms("10001", "Ja"), &section).remove(0);
        let as_configured = (submission.source_addr_ton.into(), submission.source_addr_npi.into());
        assert_eq!(as_configured, (0u8, 8u8));
        let refused = submissions(&sms("Bürgeramt", "Ja"), &section).err().unwrap();
        assert_eq!(refused.key, "smpp-sender-refused");
    }

    #[test]
    fn alphabets() {
        let latin1 =
            SmppSection { alphabet: Alphabet::Latin1, data_coding: 3, ..SmppSection::usual() };
        let cases: [(&SmppSection, &str, u8, &[u8]); 4] = [
            (&SmppSection::usual(), "ü€", 0, &[0x7e, 0x1b, 0x65]),
            (&SmppSection::usual(), "ы", 8, &[0x04, 0x4b]),
            (&latin1, "ü", 3, &[0xfc]),
            (&latin1, "ü€", 8, &[0x00, 0xfc, 0x20, 0xac]),
        ];
        for (section, text, data_coding, octets) in cases {
            let submission = composed(&sms("10001", text), section).remove(0);
            assert_eq!(u8::from(submission.data_coding), data_coding, "{text}");
            assert_eq!(&**submission.short_message(), octets, "{text}");
        }
    }

    #[test]
    fn parts_are_marked_as_the_gateway_wants_it() {
        let long = "a".repeat(200);
        let with = |long| SmppSection { long, own_reference: false, ..SmppSection::usual() };
        let text = sms("10001", &long);
        let [high, low] = reference(&text).to_be_bytes();

        let udh = composed(&text, &with(Long::Udh));
        assert_eq!(udh.len(), 2);
        assert_eq!(u8::from(udh[1].esm_class), UDHI);
        assert_eq!(udh[1].short_message()[..7], [5, 0, 3, low, 2, 2, b'a']);
        assert_eq!(composed(&text, &with(Long::Udh)), udh, "the same at every attempt");

        let sar = composed(&text, &with(Long::Sar));
        let tags: Vec<_> = sar[0].tlvs().iter().map(rusmpp::tlvs::Tlv::tag).collect();
        let expected = [TlvTag::SarMsgRefNum, TlvTag::SarTotalSegments, TlvTag::SarSegmentSeqnum];
        assert_eq!(tags, expected);
        assert_eq!((u8::from(sar[0].esm_class), sar[0].short_message().len()), (0, 153));
        assert_ne!([high, low], [0, 0]);

        let payload = composed(&text, &with(Long::Payload));
        assert_eq!((payload.len(), payload[0].short_message().len()), (1, 0));
        assert_eq!(payload[0].tlvs()[0].value_length(), 200);
    }
}
