//! Whom short messages may go to at all.

use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};

use super::{Party, is_digits, is_short};

/// The beginning of the numbers that may be written to (`+49`, `+49151`), or one short code.
/// Nobody may be written to by default: fraudsters make others send to numbers that earn them
/// money, far away or short.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    #[cfg(test)]
    pub(crate) fn of(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// Whether `party` is among those meant.
    pub(crate) fn covers(&self, party: &Party) -> bool {
        match party {
            Party::Number(number) => self.0.starts_with('+') && number.starts_with(&self.0),
            Party::ShortCode(code) => *code == self.0,
            Party::Name(_) => false,
        }
    }
}

impl FromToml for Prefix {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let expected =
            "the beginning of numbers such as \"+49\", or a short code such as \"72000\"";
        let prefix = text(value, expected)?;
        let fits = match prefix.strip_prefix('+') {
            Some(digits) => is_digits(digits) && digits.len() <= 15 && !digits.starts_with('0'),
            None => is_short(prefix),
        };
        if fits { Ok(Self(prefix.to_owned())) } else { Err(format!("expected {expected}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_numbers_and_a_short_code_itself() {
        let germany = Prefix::of("+49");
        assert!(germany.covers(&Party::of("+491701234567")));
        assert!(!germany.covers(&Party::of("+436641234567")));
        assert!(!germany.covers(&Party::of("49000")));
        let code = Prefix::of("72000");
        assert!(code.covers(&Party::of("72000")));
        assert!(!code.covers(&Party::of("720001")));
        assert!(!code.covers(&Party::of("+72000123")));
    }
}
