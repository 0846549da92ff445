//! The options of `[bridges.NAME.smpp]`.

use std::path::PathBuf;
use std::time::Duration;

use viadukt_api::config::{Fields, SecretFile};
use viadukt_api::network::is_loopback;
use viadukt_api::tls::Identity;

/// A gateway that is reached over SMPP, and how it wants to be spoken to.
#[derive(Clone, Debug)]
pub(crate) struct SmppSection {
    pub(crate) server: ServerSection,
    /// Our name at the gateway, at most 15 characters.
    pub(crate) system_id: String,
    pub(crate) password_file: SecretFile,
    /// What kind of system we are, where a gateway asks for it.
    pub(crate) system_type: String,
    pub(crate) bind: Bind,
    /// How many binds (or pairs) to hold at the same time.
    pub(crate) binds: u32,
    /// Submissions without an answer that one bind may have under way.
    pub(crate) window: u32,
    /// SMS (parts) per second over all binds; as fast as it goes without one.
    pub(crate) rate: Option<u32>,
    /// After this time without a sign of life the gateway is asked for one.
    pub(crate) enquire_link: Duration,
    /// How long an answer may take.
    pub(crate) response_timeout: Duration,
    /// The pauses before the first, second, … new connection; the last one repeats.
    pub(crate) reconnect: Vec<Duration>,
    /// What becomes of an SMS whose submission had no answer.
    pub(crate) unanswered: Unanswered,
    pub(crate) addressing: Addressing,
    pub(crate) alphabet: Alphabet,
    /// The `data_coding` of text in the gateway's default alphabet.
    pub(crate) data_coding: u8,
    pub(crate) long: Long,
    /// Whether to ask for receipts.
    pub(crate) receipts: bool,
    pub(crate) receipt_ids: ReceiptIds,
    /// Whether to send a reference of our own, by which a receipt finds its message when the
    /// answer to the submission was lost.
    pub(crate) own_reference: bool,
    pub(crate) service_type: String,
    /// How long parts of an inbound text wait for the others.
    pub(crate) parts_timeout: Duration,
}

/// Where the gateway is.
#[derive(Clone, Debug)]
pub(crate) struct ServerSection {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Encrypted from the first byte; else in clear.
    pub(crate) tls: bool,
    pub(crate) ca_file: Option<PathBuf>,
    /// Our own certificate, where a gateway asks for one.
    pub(crate) identity: Option<Identity>,
}

/// Which binds to hold (SMPP 3.4 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bind {
    /// One connection for both directions.
    Transceiver,
    /// A transmitter and a receiver.
    Pair,
}

/// What becomes of an SMS whose submission had no answer: the gateway may have it or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// "Delivery unknown" in the room; a person decides.
    Hold,
    /// It is sent again and may arrive twice.
    Resend,
}

/// Type of number and numbering plan (SMPP 3.4 5.2.5, 5.2.6), where the usual ones do not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addressing {
    pub(crate) source_ton: Option<u8>,
    pub(crate) source_npi: Option<u8>,
    pub(crate) destination_ton: Option<u8>,
    pub(crate) destination_npi: Option<u8>,
}

/// What the gateway reads and writes as its default alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// GSM 03.38, a septet in an octet.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
}

/// How the parts of a long text are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Long {
    /// By a user data header (3GPP TS 23.040 9.2.3.24.1).
    Udh,
    /// By the parameters `sar_*` (SMPP 3.4 5.3.2.22 to 24).
    Sar,
    /// Not at all: the gateway cuts what comes whole in `message_payload` (5.3.2.32).
    Payload,
}

/// How the ids in receipts are written, compared with those that submissions are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptIds {
    /// Alike, but for letter case and leading zeros.
    Same,
    /// Answers hold hexadecimal, receipts decimal.
    HexToDecimal,
    /// Answers hold decimal, receipts hexadecimal.
    DecimalToHex,
}

impl SmppSection {
    /// Reads the section; `None` when something needed is missing or unfit. The caller calls
    /// `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let server = ServerSection::parse(fields);
        // SMPP 3.4 4.1.1: 16 octets with the closing NUL for the name, 13 for the type.
        let system_id = fields.required::<String>("system_id");
        fits(fields, "system_id", system_id.as_deref(), 15);
        let password_file = fields.required("password_file");
        let system_type: String = fields.or("system_type", String::new());
        fits(fields, "system_type", Some(&system_type), 12);
        let service_type: String = fields.or("service_type", String::new());
        fits(fields, "service_type", Some(&service_type), 5);
        let bind =
            choice(fields, "bind", &[("transceiver", Bind::Transceiver), ("pair", Bind::Pair)]);
        let unanswered = [("hold", Unanswered::Hold), ("resend", Unanswered::Resend)];
        let unanswered = choice(fields, "unanswered", &unanswered);
        let alphabet = [("gsm7", Alphabet::Gsm7), ("latin1", Alphabet::Latin1)];
        let alphabet = choice(fields, "alphabet", &alphabet);
        let long = [("udh", Long::Udh), ("sar", Long::Sar), ("payload", Long::Payload)];
        let long = choice(fields, "long", &long);
        let receipt_ids = [
            ("same", ReceiptIds::Same),
            ("hex-to-decimal", ReceiptIds::HexToDecimal),
            ("decimal-to-hex", ReceiptIds::DecimalToHex),
        ];
        let receipt_ids = choice(fields, "receipt_ids", &receipt_ids);
        let usual_coding = if alphabet == Some(Alphabet::Latin1) { 3 } else { 0 };
        let seconds = Duration::from_secs;
        let mut reconnect = fields.or("reconnect", [1, 5, 15, 30].map(seconds).to_vec());
        if reconnect.is_empty() {
            fields.object("reconnect", "expected at least one time such as \"30s\"");
            reconnect.push(seconds(30));
        }
        let binds = within(fields, "binds", 1, 1, 16);
        let window = within(fields, "window", 10, 1, 1_000);
        let rate = fields.optional::<u32>("rate").map(|_| within(fields, "rate", 1, 1, 100_000));
        let enquire_link = time(fields, "enquire_link", 30);
        let response_timeout = time(fields, "response_timeout", 30);
        let parts_timeout = time(fields, "parts_timeout", 60 * 60);
        let receipts = fields.or("receipts", true);
        let own_reference = fields.or("own_reference", true);
        let data_coding = octet(fields, "data_coding").unwrap_or(usual_coding);
        let addressing = Addressing {
            source_ton: octet(fields, "source_ton"),
            source_npi: octet(fields, "source_npi"),
            destination_ton: octet(fields, "destination_ton"),
            destination_npi: octet(fields, "destination_npi"),
        };
        Some(Self {
            server: server?,
            system_id: system_id?,
            password_file: password_file?,
            system_type,
            bind: bind?,
            binds,
            window,
            rate,
            enquire_link,
            response_timeout,
            reconnect,
            unanswered: unanswered?,
            addressing,
            alphabet: alphabet?,
            data_coding,
            long: long?,
            receipts,
            receipt_ids: receipt_ids?,
            own_reference,
            service_type,
            parts_timeout,
        })
    }

    /// How many submissions may be under way over all binds.
    pub(crate) fn submissions(&self) -> usize {
        usize::try_from(self.binds.saturating_mul(self.window)).unwrap_or(usize::MAX)
    }
}

impl ServerSection {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let host: Option<String> = fields.required("host");
        let tls = choice(fields, "tls", &[("implicit", true), ("none", false)]);
        let allow_plaintext = fields.or("allow_plaintext", false);
        let remote = host.as_deref().is_some_and(|host| !is_loopback(host));
        if tls == Some(false) && remote && !allow_plaintext {
            let message = "\"none\" is allowed for 127.0.0.1, ::1 and localhost only; over a line \
                           that is protected in another way (a tunnel) set \
                           `allow_plaintext = true`";
            fields.object("tls", message);
        }
        // The ports of the registry (IANA: smpp) and of most gateways with TLS.
        let port = fields.or("port", if tls == Some(false) { 2775 } else { 3550 });
        let ca_file = fields.optional("ca_file");
        let identity = Identity::read(fields);
        Some(Self { host: host?, port, tls: tls?, ca_file, identity })
    }
}

/// One of the words that an option knows, the first one by default.
fn choice<T: Copy>(fields: &Fields<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let Some(word) = fields.optional::<String>(key) else {
        return words.first().map(|(_, meaning)| *meaning);
    };
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        fields.object(key, format!("expected {}", known.join(" or ")));
    }
    found
}

fn within(fields: &Fields<'_>, key: &str, default: u32, least: u32, most: u32) -> u32 {
    let value = fields.or(key, default);
    if !(least..=most).contains(&value) {
        fields.object(key, format!("expected a number from {least} to {most}"));
        return default;
    }
    value
}

fn octet(fields: &Fields<'_>, key: &str) -> Option<u8> {
    let value = fields.optional::<u32>(key)?;
    let octet = u8::try_from(value).ok();
    if octet.is_none() {
        fields.object(key, "expected a number from 0 to 255");
    }
    octet
}

fn time(fields: &Fields<'_>, key: &str, seconds: u64) -> Duration {
    let default = Duration::from_secs(seconds);
    let value = fields.or(key, default);
    if value.is_zero() {
        fields.object(key, "expected a time longer than zero");
        return default;
    }
    value
}

fn fits(fields: &Fields<'_>, key: &str, text: Option<&str>, most: usize) {
    if text.is_some_and(|text| text.len() > most || !text.bytes().all(|b| b.is_ascii_graphic())) {
        fields.object(key, format!("expected at most {most} characters of ASCII"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::contract;

    use super::*;

    fn parse(toml: &str) -> (Option<SmppSection>, Vec<String>) {
        contract::parse(toml, "smpp", SmppSection::parse)
    }

    /// What little is needed.
    const USUAL: &str = "host = 'smsc.example'\nsystem_id = 'amt'\npassword_file = 'password'";

    impl SmppSection {
        /// Everything as it is by default.
        pub(in crate::smpp) fn usual() -> Self {
            parse(USUAL).0.unwrap()
        }
    }

    #[test]
    fn little_is_needed() {
        let (section, found) = parse(USUAL);
        assert_eq!(found, Vec::<String>::new());
        let section = section.unwrap();
        assert_eq!((section.server.port, section.window, section.rate), (3550, 10, None));
        assert_eq!((section.bind, section.long), (Bind::Transceiver, Long::Udh));
    }

    #[test]
    fn every_mistake_is_named() {
        let (_, found) = parse(
            "host = 'smsc.example'
            tls = 'none'
            key_file = 'key.pem'
            system_id = 'a name that is too long'
            bind = 'both'
            window = 0
            source_ton = 300
            reconnect = []
            enquire_link = '0s'
            password_file = 'password'",
        );
        let expected = [
            "smpp.certificate_file: missing: the certificate of `key_file`",
            "smpp.tls: \"none\" is allowed for 127.0.0.1, ::1 and localhost only; over a line \
             that is protected in another way (a tunnel) set `allow_plaintext = true`",
            "smpp.system_id: expected at most 15 characters of ASCII",
            "smpp.bind: expected \"transceiver\" or \"pair\"",
            "smpp.window: expected a number from 1 to 1000",
            "smpp.source_ton: expected a number from 0 to 255",
            "smpp.reconnect: expected at least one time such as \"30s\"",
            "smpp.enquire_link: expected a time longer than zero",
        ];
        assert_eq!(found, expected);
    }
}
