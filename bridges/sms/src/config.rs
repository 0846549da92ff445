//! The options of a `kind = "sms"` bridge.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{Fields, FromToml, text};
use viadukt_api::{BuildError, Context, Patience};

use crate::gateway::GatewaySection;
use crate::number::{self, Party, Prefix, Region};
use crate::smpp::SmppSection;
use crate::transport::Transport;

/// 3GPP TS 23.040 9.2.3.12.1: a relative validity period ends at 63 weeks.
const LONGEST_VALIDITY: Duration = Duration::from_secs(63 * 7 * 24 * 60 * 60);
/// German networks have these senders blocked: anybody could be meant.
const GENERAL_NAMES: [&str; 4] = ["INFO", "SMS", "TEXT", "MESSAGE"];

/// A bridge's section, valid as far as it can be checked without the network.
#[derive(Clone)]
pub(crate) struct SmsSection {
    pub(crate) options: Options,
    pub(crate) way: Way,
}

/// What holds whichever way the gateway is reached.
#[derive(Clone)]
pub(crate) struct Options {
    /// Whom messages come from when nothing says another; a name cannot be answered.
    pub(crate) usual: Party,
    /// All that are ours, the usual one among them.
    pub(crate) own: Vec<Party>,
    /// Where a number without a country belongs.
    pub(crate) region: Region,
    /// Whether characters that GSM-7 lacks are replaced where that spares parts.
    pub(crate) transliterate: bool,
    /// The most parts of one message.
    pub(crate) max_parts: u8,
    /// Who may be written to.
    pub(crate) prefixes: Vec<Prefix>,
    /// How long the network may try.
    pub(crate) validity: Option<Duration>,
    /// How long and at which pace to try what the gateway cannot take yet.
    pub(crate) patience: Patience,
}

/// The way to the gateway.
#[derive(Clone)]
pub(crate) enum Way {
    Smpp(SmppSection),
    Http(GatewaySection),
}

impl SmsSection {
    /// Reads the section; `None` when something needed is missing or unfit. The caller asks
    /// the general options and calls `finish`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let (options, way) = (Options::parse(fields), Way::parse(fields));
        Some(Self { options: options?, way: way? })
    }
}

impl Options {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let Home(region) = fields.or("region", Home(Region::DE));
        let own = own(fields, region);
        let transliterate = fields.or("transliterate", true);
        let max_parts = max_parts(fields);
        let prefixes = fields.required_list("prefixes");
        let validity = fields.optional::<Duration>("validity");
        if validity.is_some_and(|span| span.is_zero() || span > LONGEST_VALIDITY) {
            fields.object("validity", "expected a time of at most \"441d\" (63 weeks)");
        }
        let patience = Patience::read(fields, &default_patience());
        let (own, prefixes) = (own?, prefixes?);
        let usual = own.first()?.clone();
        Some(Self { usual, own, region, transliterate, max_parts, prefixes, validity, patience })
    }
}

impl Way {
    fn parse(fields: &Fields<'_>) -> Option<Self> {
        let smpp = fields.optional_table("smpp");
        let http = fields.optional_table("http");
        // Read even when there is one too many, so that each mistake is found at once.
        let smpp = smpp.map(|fields| read_table(&fields, SmppSection::parse).map(Self::Smpp));
        let http = http.map(|fields| read_table(&fields, GatewaySection::parse).map(Self::Http));
        match (smpp, http) {
            (Some(way), None) | (None, Some(way)) => way,
            (Some(_), Some(_)) => {
                fields.object("http", "expected one way to the gateway: there is `smpp` already");
                None
            }
            (None, None) => {
                fields.object("smpp", "missing: the table `smpp` or `http` says how to reach it");
                None
            }
        }
    }

    /// Builds it; see [`viadukt_api::Section::build`].
    pub(crate) fn build(&self, context: Context) -> Result<Arc<dyn Transport>, BuildError> {
        match self {
            Self::Smpp(section) => section.build(context),
            Self::Http(section) => section.build(context),
        }
    }
}

fn read_table<T>(fields: &Fields<'_>, read: fn(&Fields<'_>) -> Option<T>) -> Option<T> {
    let section = read(fields);
    fields.finish();
    section
}

/// `numbers`, or `sender`.
fn own(fields: &Fields<'_>, region: Region) -> Option<Vec<Party>> {
    let sender = fields.optional::<String>("sender");
    let Some(sender) = sender else {
        let numbers: Vec<Party> = fields.required_list("numbers")?;
        let mut seen = HashSet::new();
        if !numbers.iter().all(|number| seen.insert(number)) {
            fields.object("numbers", "expected each number once");
            return None;
        }
        return Some(numbers);
    };
    if !fields.list::<Party>("numbers").is_empty() {
        fields.object("sender", "expected `numbers` or `sender`: a name cannot be answered");
        return None;
    }
    let expected = if !number::fits_as_name(&sender) {
        "expected at most eleven letters, digits and blanks, such as \"Amt Ulm\""
    } else if region == Region::DE && GENERAL_NAMES.contains(&sender.to_uppercase().as_str()) {
        "networks in Germany block this name; expected the agency's own, such as \"Amt Ulm\""
    } else {
        return Some(vec![Party::Name(sender)]);
    };
    fields.object("sender", expected);
    None
}

fn max_parts(fields: &Fields<'_>) -> u8 {
    let parts = fields.or("max_parts", 6u16);
    match u8::try_from(parts) {
        Ok(parts) if parts > 0 => parts,
        _ => {
            fields.object("max_parts", "expected a whole number from 1 to 255");
            1
        }
    }
}

/// A gateway that is away is back within minutes, and a message of yesterday confuses.
fn default_patience() -> Patience {
    let pauses = [10, 30, 60, 120, 300, 600, 900];
    Patience {
        pauses: pauses.map(Duration::from_secs).to_vec(),
        give_up_after: Duration::from_secs(24 * 60 * 60),
        tell_after: Duration::from_secs(15 * 60),
    }
}

struct Home(Region);

impl FromToml for Home {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "the two letters of a country, such as \"DE\"";
        let region = text(value, expected)?.parse::<Region>();
        region.map(Self).map_err(|_| format!("expected {expected}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use viadukt_api::contract::parse;

    use super::*;

    fn findings(toml: &str) -> Vec<String> {
        parse(toml, "", SmsSection::parse).1
    }

    #[test]
    fn every_mistake_is_named() {
        let found = findings(
            "numbers = ['+4915112345678', '0151 12345678']
            region = 'Bayern'
            max_parts = 0
            prefixes = ['0049', '+49']
            validity = '500d'
            retry = []
            colour = 'blue'",
        );
        assert_eq!(
            found,
            [
                "smpp: missing: the table `smpp` or `http` says how to reach it",
                "numbers[1]: expected a number such as \"+4915112345678\", or a short code such \
                 as \"72000\"",
                "region: expected the two letters of a country, such as \"DE\"",
                "max_parts: expected a whole number from 1 to 255",
                "prefixes[0]: expected the beginning of numbers such as \"+49\", or a short code \
                 such as \"72000\"",
                "validity: expected a time of at most \"441d\" (63 weeks)",
                "retry: expected at least one time such as \"2m\"",
                "colour: unknown option; known here: give_up_after, http, max_parts, numbers, \
                 prefixes, region, retry, sender, smpp, tell_after, transliterate, validity",
            ]
        );
    }

    #[test]
    fn nobody_may_be_written_to_by_default() {
        assert!(findings("sender = 'Amt Ulm'").contains(&"prefixes: missing".to_owned()));
        let found = findings("sender = 'Amt Ulm'\nprefixes = []");
        assert!(found.contains(&"prefixes: expected at least one item".to_owned()), "{found:?}");
    }

    #[test]
    fn a_name_stands_alone_and_is_the_agencys_own() {
        for (sender, expected) in [
            ("numbers = ['72000']\nsender = 'Amt'", "expected `numbers` or `sender`"),
            ("sender = 'Bürgerbüro Ulm'", "expected at most eleven letters"),
            ("sender = 'Info'", "networks in Germany block this name"),
        ] {
            let found = findings(sender);
            assert!(
                found.iter().any(|f| f.starts_with(&format!("sender: {expected}"))),
                "{found:?}"
            );
        }
        assert!(findings("").contains(&"numbers: missing".to_owned()));
    }
}
