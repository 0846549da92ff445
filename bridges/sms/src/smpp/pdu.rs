//! Protocol data units (SMPP 3.4 3.2). What we write is rusmpp's and strict. What we read is our
//! own and tolerant: rusmpp gives up a whole unit for one field that is too long or not ASCII, or
//! for a parameter without the NUL that should end it.

use bytes::{Buf, Bytes, BytesMut};
use rusmpp::encode::Length;
use rusmpp::encode::owned::Encode;
use rusmpp::tlvs::TlvTag;
use rusmpp::{Command, CommandId, CommandStatus};

/// Octets of a header (SMPP 3.4 3.2.1).
const HEADER: usize = 16;
/// The longest unit: 64 KiB of `message_payload` and what stands around it. A longer one is no
/// unit but a sign that reader and writer have lost each other.
const LONGEST: usize = 128 * 1024;

/// One unit as it came.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) id: CommandId,
    pub(super) status: CommandStatus,
    pub(super) sequence: u32,
    pub(super) body: Bytes,
}

/// The length in front of a unit cannot be one: where the next unit begins is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadLength;

impl Frame {
    /// Takes the first unit off `buffer`; `None` while it is not there whole.
    pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Self>, BadLength> {
        let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| BadLength)?;
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(BadLength);
        }
        if buffer.len() < length {
            buffer.reserve(length - buffer.len());
            return Ok(None);
        }
        let mut unit = buffer.split_to(length).freeze();
        unit.advance(4);
        let (id, status, sequence) = (unit.get_u32(), unit.get_u32(), unit.get_u32());
        Ok(Some(Self { id: id.into(), status: status.into(), sequence, body: unit }))
    }

    /// Whether it answers one of ours (SMPP 3.4 5.1.2.1: bit 31).
    pub(super) fn is_answer(&self) -> bool {
        u32::from(self.id) & 0x8000_0000 != 0
    }

    /// The `message_id` that a submission was answered with; empty when there is none.
    pub(super) fn message_id(&self) -> String {
        let mut fields = Fields(self.body.clone());
        fields.text().unwrap_or_default()
    }
}

/// Writes `command` at the end of `out`.
pub(super) fn write(command: &Command, out: &mut BytesMut) {
    let length = 4 + command.length();
    out.reserve(length);
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    command.encode(out);
}

/// A short message that the gateway brings: `deliver_sm` or `data_sm` (SMPP 3.4 4.6.1, 4.7.1).
#[derive(Clone)]
pub(super) struct Sm {
    pub(super) source: Party,
    pub(super) destination: Party,
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    /// `short_message`, or `message_payload` where that is empty.
    pub(super) octets: Bytes,
    pub(super) parameters: Parameters,
}

/// An address with its type of number (SMPP 3.4 5.2.5).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Party {
    ton: u8,
    address: String,
}

impl Party {
    /// `TON` of a number with its country code.
    const INTERNATIONAL: u8 = 1;

    /// The address, with the plus sign where the network says that it has a country code.
    pub(super) fn written(&self) -> String {
        let digits =
            !self.address.is_empty() && self.address.bytes().all(|digit| digit.is_ascii_digit());
        let plus = if self.ton == Self::INTERNATIONAL && digits { "+" } else { "" };
        format!("{plus}{}", self.address)
    }
}

impl Sm {
    /// Reads the body of a `deliver_sm`; `None` when it is cut short.
    pub(super) fn deliver(body: Bytes) -> Option<Self> {
        let mut fields = Fields(body);
        fields.text()?; // service_type
        let source = fields.party()?;
        let destination = fields.party()?;
        let esm_class = fields.octet()?;
        fields.skip(2)?; // protocol_id, priority_flag
        fields.text()?; // schedule_delivery_time
        fields.text()?; // validity_period
        fields.skip(2)?; // registered_delivery, replace_if_present_flag
        let data_coding = fields.octet()?;
        fields.skip(1)?; // sm_default_msg_id
        let length = fields.octet()?;
        let octets = fields.octets(usize::from(length))?;
        let parameters = Parameters(fields.0);
        Some(Self { source, destination, esm_class, data_coding, octets, parameters }.whole())
    }

    /// Reads the body of a `data_sm`; `None` when it is cut short.
    pub(super) fn data(body: Bytes) -> Option<Self> {
        let mut fields = Fields(body);
        fields.text()?; // service_type
        let source = fields.party()?;
        let destination = fields.party()?;
        let esm_class = fields.octet()?;
        fields.skip(1)?; // registered_delivery
        let data_coding = fields.octet()?;
        let (octets, parameters) = (Bytes::new(), Parameters(fields.0));
        Some(Self { source, destination, esm_class, data_coding, octets, parameters }.whole())
    }

    /// SMPP 3.4 5.3.2.32: the text is in one place or the other.
    fn whole(mut self) -> Self {
        if self.octets.is_empty()
            && let Some(payload) = self.parameters.find(TlvTag::MessagePayload)
        {
            self.octets = payload;
        }
        self
    }
}

/// Optional parameters (SMPP 3.4 5.3): tag, length, value. One that is cut short ends the list.
#[derive(Clone)]
pub(super) struct Parameters(Bytes);

impl Parameters {
    /// The value of the first one with this tag.
    pub(super) fn find(&self, tag: TlvTag) -> Option<Bytes> {
        let mut fields = Fields(self.0.clone());
        loop {
            let [found, length] = [fields.double()?, fields.double()?];
            let value = fields.octets(usize::from(length))?;
            if found == u16::from(tag) {
                return Some(value);
            }
        }
    }

    /// Its text, with or without the NUL that should end it.
    pub(super) fn text(&self, tag: TlvTag) -> Option<String> {
        let value = self.find(tag)?;
        let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
        value.get(..end).map(latin1)
    }

    /// Its number, whichever length the gateway gave it.
    pub(super) fn number(&self, tag: TlvTag) -> Option<u16> {
        match &*self.find(tag)? {
            [low] => Some(u16::from(*low)),
            [high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }
}

/// Mandatory fields, read one after the other.
struct Fields(Bytes);

impl Fields {
    fn octet(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    fn double(&mut self) -> Option<u16> {
        self.0.try_get_u16().ok()
    }

    fn octets(&mut self, count: usize) -> Option<Bytes> {
        (count <= self.0.len()).then(|| self.0.split_to(count))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.octets(count).map(drop)
    }

    /// A C-Octet String (SMPP 3.4 3.1): up to its NUL.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|b| *b == 0)?;
        let text = self.octets(end)?;
        self.skip(1)?;
        Some(latin1(&text))
    }

    fn party(&mut self) -> Option<Party> {
        let ton = self.octet()?;
        self.skip(1)?; // NPI
        Some(Party { ton, address: self.text()? })
    }
}

/// Names in addresses come in Latin-1 where they are not ASCII.
fn latin1(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use rusmpp::decode::DecodeWithLength;
    use rusmpp::pdus::DeliverSm;
    use rusmpp::tlvs::MessageDeliveryRequestTlvValue as Tlv;
    use rusmpp::types::{COctetString, OctetString};
    use rusmpp::values::{DataCoding, EsmClass, MessagePayload, Ton};

    use super::*;

    fn written(deliver: DeliverSm) -> Frame {
        let mut out = BytesMut::new();
        write(&Command::new(CommandStatus::EsmeRok, 7, deliver), &mut out);
        let frame = Frame::take(&mut out).unwrap().unwrap();
        assert!(out.is_empty());
        frame
    }

    fn deliver() -> rusmpp::pdus::builders::DeliverSmBuilder {
        DeliverSm::builder()
            .source_addr_ton(Ton::International)
            .source_addr(COctetString::from_string("491701234567".to_owned()).unwrap())
            .destination_addr(COctetString::from_string("10001".to_owned()).unwrap())
            .esm_class(EsmClass::from(0x40))
            .data_coding(DataCoding::Ucs2)
    }

    /// A `deliver_sm` from +491701234567 to 10001.
    pub(in crate::smpp) fn deliver_sm(
        esm_class: u8,
        data_coding: u8,
        octets: &[u8],
        parameters: &[u8],
    ) -> Sm {
        Sm::deliver(deliver_body(esm_class, data_coding, octets, parameters)).unwrap()
    }

    /// The same, not read yet.
    pub(in crate::smpp) fn deliver_body(
        esm_class: u8,
        data_coding: u8,
        octets: &[u8],
        parameters: &[u8],
    ) -> Bytes {
        let length = u8::try_from(octets.len()).unwrap();
        let mut body = b"\0\x01\x01491701234567\0\0\x0110001\0".to_vec();
        body.extend([esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, length]);
        body.extend_from_slice(octets);
        body.extend_from_slice(parameters);
        body.into()
    }

    /// An optional parameter.
    pub(in crate::smpp) fn parameter(tag: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap();
        [&tag.to_be_bytes(), &length.to_be_bytes(), value].concat()
    }

    #[test]
    fn what_another_implementation_writes_is_read() {
        let text = OctetString::from_slice(b"Hallo").unwrap();
        let id = Tlv::ReceiptedMessageId(COctetString::from_string("ab12".to_owned()).unwrap());
        let frame = written(deliver().short_message(text).push_tlv(id).build());
        assert_eq!((frame.id, frame.sequence), (CommandId::DeliverSm, 7));
        let sm = Sm::deliver(frame.body).unwrap();
        assert_eq!(sm.source.written(), "+491701234567");
        assert_eq!(sm.destination.written(), "10001");
        assert_eq!((sm.esm_class, sm.data_coding, &*sm.octets), (0x40, 8, &b"Hallo"[..]));
        assert_eq!(sm.parameters.text(TlvTag::ReceiptedMessageId).unwrap(), "ab12");
        assert_eq!(sm.parameters.number(TlvTag::SarMsgRefNum), None);
    }

    #[test]
    fn the_text_may_be_in_the_payload() {
        let payload = rusmpp::types::AnyOctetString::from_slice(&[b'x'; 300]);
        let payload = Tlv::MessagePayload(MessagePayload::new(payload));
        let sm = Sm::deliver(written(deliver().push_tlv(payload).build()).body).unwrap();
        assert_eq!(sm.octets.len(), 300);
    }

    #[test]
    fn an_id_without_its_end_does_not_run_into_the_next_parameter() {
        let mut parameters = vec![0, 0x1e, 0, 2, b'4', b'2'];
        parameters.extend([0x04, 0x27, 0, 1, 2]);
        let parameters = Parameters(parameters.into());
        assert_eq!(parameters.text(TlvTag::ReceiptedMessageId).unwrap(), "42");
        assert_eq!(parameters.number(TlvTag::MessageState), Some(2));
    }

    /// The reason why what comes is read here; without it rusmpp would do.
    #[test]
    fn what_rusmpp_gives_up_is_read() {
        let unended = [parameter(0x001e, b"42"), parameter(0x0427, &[2])].concat();
        let name = [&b"\0\x05\0B\xfcrger\0\x01\x0110001\0"[..], &[0; 10]].concat();
        for body in [deliver_body(4, 0, b"", &unended), Bytes::from(name)] {
            let mut theirs = BytesMut::from(&body[..]);
            let read = <DeliverSm as DecodeWithLength>::decode(&mut theirs, body.len());
            assert!(read.is_err());
            assert!(Sm::deliver(body).is_some());
        }
    }

    #[test]
    fn a_unit_waits_until_it_is_whole_and_an_impossible_length_is_said() {
        let mut whole = BytesMut::new();
        write(&Command::new(CommandStatus::EsmeRok, 1, rusmpp::Pdu::EnquireLink), &mut whole);
        for cut in 0..16 {
            assert!(matches!(Frame::take(&mut BytesMut::from(&whole[..cut])), Ok(None)));
        }
        for length in [[0, 0, 0, 15], *b"HTTP"] {
            assert!(Frame::take(&mut BytesMut::from(&length[..])).is_err());
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_none_or_shorter() {
        let text = OctetString::from_slice(b"Hallo").unwrap();
        let body = written(deliver().short_message(text).build()).body;
        for cut in 0..body.len() {
            assert!(Sm::deliver(body.slice(..cut)).is_none(), "{cut}");
        }
    }
}
