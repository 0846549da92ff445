//! Who writes and who is written to: telephone numbers (ITU-T E.164), short codes, and the names
//! that some senders put in a number's place.

mod prefix;

use std::fmt;

use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;
use phonenumber::{PhoneNumber, Type};
use toml::de::DeValue;
use viadukt_api::Address;
use viadukt_api::config::{FromToml, text};

pub(crate) use self::prefix::Prefix;
use crate::text::gsm7;

/// Where a number without a country belongs: the two letters of ISO 3166-1, such as `DE`.
pub(crate) type Region = Id;

/// E.164 6.1: a number has at most 15 digits; no country has subscribers with fewer than 7,
/// country code included.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Short codes are used within a country and have a few digits; a zero would begin a number.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;
/// 3GPP TS 23.040 9.1.2.5: a name takes at most ten octets of packed septets.
const NAME_CHARACTERS: usize = 11;
/// A longer thing in a sender's place is nobody's name.
const LONGEST_SENDER: usize = 64;

/// Either end of a short message, in the one form in which it is stored and compared.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// A telephone number: `+` and 7 to 15 digits.
    Number(String),
    /// A short code: 3 to 6 digits.
    ShortCode(String),
    /// A name. It cannot be answered.
    Name(String),
}

/// Why what a person wrote is nobody that a short message could reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no telephone number at all.
    NoNumber,
    /// No network of the world has given such a number to anybody.
    NotAssigned,
    /// It is a number of a kind that receives no short messages: a landline, a service line.
    ReceivesNone,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number(…)",
            Self::ShortCode(_) => "ShortCode(…)",
            Self::Name(_) => "Name(…)",
        })
    }
}

impl Party {
    /// Takes back what [`Party::as_str`] gave; total, since everything else is a name.
    pub(crate) fn of(canonical: &str) -> Self {
        let text = canonical.to_owned();
        match canonical.strip_prefix('+') {
            Some(digits) if is_full(digits) => Self::Number(text),
            None if is_short(canonical) => Self::ShortCode(text),
            _ => Self::Name(text),
        }
    }

    /// Reads a sender or our own number as a gateway writes it: `+4917…`, `4917…`, `004917…` or
    /// `017…`, a short code, or a name. Gateways are believed: a number that the tables do not
    /// know (it may be younger than they are) is still a number. `None`: it is empty, or nothing
    /// that could be shown in a sender's place.
    pub(crate) fn of_gateway(written: &str, home: Region) -> Option<Self> {
        let written = written.trim();
        if written.is_empty()
            || written.len() > LONGEST_SENDER
            || written.contains(char::is_control)
        {
            return None;
        }
        let (international, bare) = match written.strip_prefix('+') {
            Some(bare) => (true, without_separators(bare)),
            None => (false, without_separators(written)),
        };
        if !is_digits(&bare) {
            return Some(Self::Name(written.to_owned()));
        }
        if !international && is_short(&bare) {
            return Some(Self::ShortCode(bare));
        }
        let number = if international {
            Some(bare)
        } else if let Some(bare) = bare.strip_prefix("00") {
            Some(bare.to_owned())
        } else if bare.starts_with('0') {
            at_home(&bare, home)
        } else {
            Some(bare)
        };
        let number = number.filter(|digits| is_full(digits));
        Some(number.map_or_else(
            || Self::Name(written.to_owned()),
            |digits| Self::Number(format!("+{digits}")),
        ))
    }

    /// Reads a recipient as a person writes it: `0170 1234567`, `+49 (170) 1234567`, `72000`.
    pub(crate) fn of_person(written: &str, home: Region) -> Result<Self, Unfit> {
        let written = written.trim();
        let bare = without_separators(written.strip_prefix('+').unwrap_or(written));
        if written.len() > LONGEST_SENDER || !is_digits(&bare) {
            return Err(Unfit::NoNumber);
        }
        if written == bare && is_short(&bare) {
            return Ok(Self::ShortCode(bare));
        }
        let abroad = if written.starts_with('+') { Some(&*bare) } else { bare.strip_prefix("00") };
        // With a region, the parser would take that region's trunk prefix off a foreign number.
        let number = match abroad {
            Some(digits) => phonenumber::parse(None, format!("+{digits}")),
            None => phonenumber::parse(Some(home), &bare),
        };
        let number = number.map_err(|_| Unfit::NoNumber)?;
        match number.number_type(&DATABASE) {
            Type::Unknown => Err(Unfit::NotAssigned),
            kind if !receives(kind) => Err(Unfit::ReceivesNone),
            _ => Ok(Self::Number(e164(&number))),
        }
    }

    /// The number, code or name in its one form.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Number(text) | Self::ShortCode(text) | Self::Name(text) => text,
        }
    }

    /// The same for the pipeline.
    pub(crate) fn address(&self) -> Address {
        Address::new(self.as_str())
    }

    /// Whether a machine writes from it: people have numbers.
    pub(crate) fn is_machine(&self) -> bool {
        !matches!(self, Self::Number(_))
    }
}

impl FromToml for Party {
    /// A number of our own, which a gateway has given us: with its country, or a short code.
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected = "a number such as \"+4915112345678\", or a short code such as \"72000\"";
        match Self::of(text(value, expected)?) {
            Self::Number(number) if DIGITS.contains(&(number.len() - 1)) => {
                Ok(Self::Number(number))
            }
            Self::ShortCode(code) => Ok(Self::ShortCode(code)),
            _ => Err(format!("expected {expected}")),
        }
    }
}

/// Whether networks take `name` as a sender (3GPP TS 23.040 9.1.2.5): up to eleven characters of
/// the GSM alphabet, a letter among them, so that nobody takes it for a number.
pub(crate) fn fits_as_name(name: &str) -> bool {
    name.chars().count() <= NAME_CHARACTERS
        && name.trim() == name
        && name.contains(char::is_alphabetic)
        && name
            .chars()
            .all(|c| !c.is_control() && gsm7::code(c).is_some_and(|c| c.septets().len() == 1))
}

/// The digits of the international number behind a national one.
fn at_home(digits: &str, home: Region) -> Option<String> {
    let number = phonenumber::parse(Some(home), digits).ok()?;
    e164(&number).strip_prefix('+').map(str::to_owned)
}

fn e164(number: &PhoneNumber) -> String {
    format!("+{}{}", number.code().value(), number.national())
}

fn receives(kind: Type) -> bool {
    // Voice over IP stays: some countries give such numbers to phones that do receive.
    !matches!(
        kind,
        Type::FixedLine
            | Type::PremiumRate
            | Type::TollFree
            | Type::SharedCost
            | Type::PersonalNumber
            | Type::Uan
            | Type::Voicemail
            | Type::Pager
            | Type::Emergency
    )
}

/// What people put between digits.
fn without_separators(written: &str) -> String {
    written.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '/' | '(' | ')' | '.')).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether these are as many digits as a number with its country has.
fn is_full(digits: &str) -> bool {
    is_digits(digits) && DIGITS.contains(&digits.len())
}

fn is_short(text: &str) -> bool {
    is_digits(text) && SHORT_DIGITS.contains(&text.len()) && !text.starts_with('0')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn person(written: &str) -> Result<String, Unfit> {
        Party::of_person(written, Id::DE).map(|to| to.as_str().to_owned())
    }

    fn gateway(written: &str) -> Option<Party> {
        Party::of_gateway(written, Id::DE)
    }

    #[test]
    fn people_write_numbers_in_many_ways() {
        for written in [
            "0170 1234567",
            "0170/1234567",
            "+49 170 1234567",
            "+49 (170) 123-45-67",
            "+49 (0)170 1234567",
            "0049 170 1234567",
            " 01701234567 ",
            "491701234567",
        ] {
            assert_eq!(person(written).as_deref(), Ok("+491701234567"), "{written}");
        }
        assert_eq!(person("+43 664 1234567").as_deref(), Ok("+436641234567"));
        assert_eq!(person("+1 212 555 2368").as_deref(), Ok("+12125552368"));
        assert_eq!(person("72000").as_deref(), Ok("72000"));
        let abroad = Party::of_person("+49 170 1234567", Id::US).unwrap();
        assert_eq!(abroad.as_str(), "+491701234567", "the 1 is no trunk prefix in Germany");
    }

    #[test]
    fn what_cannot_be_written_to_is_told_apart() {
        for written in ["", "Anna", "@anna:amt.example", "buero@amt.example", "+", "٠١٧٠"] {
            assert_eq!(person(written), Err(Unfit::NoNumber), "{written}");
        }
        for written in ["12", "+49 170 12", "0170 12345678901", "+999 1234567"] {
            assert!(
                matches!(person(written), Err(Unfit::NotAssigned | Unfit::NoNumber)),
                "{written}"
            );
        }
        for written in ["030 901820", "+49 800 1234567", "0900 1 234567", "+49 180 1 234567"] {
            assert_eq!(person(written), Err(Unfit::ReceivesNone), "{written}");
        }
    }

    #[test]
    fn gateways_write_numbers_in_a_few_ways() {
        for written in ["491701234567", "+491701234567", "00491701234567", "01701234567"] {
            assert_eq!(gateway(written), Some(Party::Number("+491701234567".into())), "{written}");
        }
        assert_eq!(gateway("72000"), Some(Party::ShortCode("72000".into())));
        assert_eq!(gateway("DHL Paket"), Some(Party::Name("DHL Paket".into())));
        // A range that no table knows.
        assert_eq!(gateway("499991234567"), Some(Party::Number("+499991234567".into())));
        for written in ["", " ", "a\u{0}b"] {
            assert_eq!(gateway(written), None, "{written:?}");
        }
        assert_eq!(gateway(&"9".repeat(500)), None);
        for odd in ["1", "+12", "1234567890123456", "0"] {
            assert_eq!(gateway(odd), Some(Party::Name(odd.into())), "{odd}");
        }
    }

    #[test]
    fn the_stored_form_is_read_back() {
        for written in ["+491701234567", "72000", "Bürgeramt", "+49x", "+3", "1234567"] {
            assert_eq!(Party::of(written).as_str(), written);
            assert_eq!(gateway(written).map(|p| Party::of(p.as_str())), gateway(written));
        }
        assert!(!Party::of("+491701234567").is_machine());
        assert!(Party::of("72000").is_machine());
        assert!(Party::of("Amt").is_machine());
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["Amt", "Bürgeramt", "Stadt Ulm 1"] {
            assert!(fits_as_name(name), "{name}");
        }
        for name in ["", " ", "12345", "Buergerbuero", "Amt ", "Amt\n", "Amt €", "„Amt“"] {
            assert!(!fits_as_name(name), "{name:?}");
        }
    }

    #[test]
    fn debug_names_nobody() {
        assert_eq!(format!("{:?}", Party::of("+491701234567")), "Number(…)");
    }
}
