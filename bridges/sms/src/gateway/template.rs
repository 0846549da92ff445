//! Texts with places to fill in: `{to}`, `{validity:minutes?}`.
//!
//! A template knows nothing of escaping: what it is filled in for does that, for the whole of a
//! form's value or a JSON string, and for each filled place of an address. So nothing that a
//! phone or a clerk wrote can leave the place it was meant for.

use std::borrow::Cow;
use std::time::Duration;

use toml::de::DeValue;
use viadukt_api::config::{FromToml, text};

/// A text with places to fill in. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Place { what: Place, optional: bool },
}

/// What can be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `{to}`, `{to:digits}`, `{to:00}`: the recipient.
    To(Number),
    /// `{from}` and so on: the sender.
    From(Number),
    /// `{text}`; `{text:gsm}` for a text that GSM 03.38 can write, else nothing;
    /// `{text:ucs2hex}` for every other, in hexadecimal UTF-16, else nothing.
    Text(Writing),
    /// `{reference}`: our own id for the message, which nobody can guess.
    Reference,
    /// `{coding:A|B}`: A for a text that GSM 03.38 can write, B for every other.
    Coding(String, String),
    /// `{parts}`: how many parts the network will carry.
    Parts,
    /// `{validity:minutes}`, `{validity:seconds}`: how long to try, rounded up.
    Validity(Unit),
    /// `{receipt_url}`: where receipts of this message go.
    ReceiptUrl,
    /// `{account}`, `{user}`, `{secret}`, `{service}`, `{hooks_url}`, `{hook_secret}`: as the
    /// operator has set it.
    Setting(Setting),
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// `+49170…`; short codes and names as they are.
    Plus,
    /// `49170…`
    Digits,
    /// `0049170…`
    Zeros,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Plain,
    IfGsm,
    ElseUcs2Hex,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Minutes,
}

/// What the operator sets in `[bridges.NAME.http]`, by the option's name without `_file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    Account,
    User,
    Secret,
    Service,
    HooksUrl,
    HookSecret,
}

/// Gives what is filled in.
pub(crate) trait Facts {
    /// The value for `place`, unescaped; `None` where there is none.
    fn value<'f>(&'f self, place: &'f Place) -> Option<Cow<'f, str>>;
}

impl Template {
    /// Reads what somebody wrote.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let inner = from.strip_prefix('{').and_then(|from| from.split_once('}'));
                let (name, after) = inner.ok_or("a single brace; write {{ or }} for one")?;
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                let (name, optional) =
                    name.strip_suffix('?').map_or((name, false), |name| (name, true));
                pieces.push(Piece::Place { what: Place::parse(name)?, optional });
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// Fills it in, each filled place through `escape`; `None` when a place has no value: then
    /// the field that it stands in is left out.
    pub(crate) fn fill(&self, facts: &dyn Facts, escape: fn(&str) -> String) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => filled.push_str(literal),
                Piece::Place { what, .. } => {
                    let value = facts.value(what)?;
                    // Our own address is the beginning of one, not a part to be escaped.
                    let is_address = *what == Place::Setting(Setting::HooksUrl);
                    filled.push_str(&if is_address { value } else { escape(&value).into() });
                }
            }
        }
        Some(filled)
    }

    /// As [`Template::fill`], where the whole is escaped by what it is put into.
    pub(crate) fn plain(&self, facts: &dyn Facts) -> Option<String> {
        self.fill(facts, str::to_owned)
    }

    /// Whether it is a single place that holds a whole number, which JSON writes without quotes.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.0.as_slice(), [Piece::Place { what: Place::Validity(_) | Place::Parts, .. }])
    }

    /// The settings without which it cannot be filled in.
    pub(crate) fn needs(&self) -> impl Iterator<Item = Setting> {
        self.places(false).filter_map(|place| match place {
            Place::Setting(setting) => Some(*setting),
            _ => None,
        })
    }

    /// Whether a place may have no value and is not marked with `?`.
    fn has_unmarked(&self) -> bool {
        self.places(false).any(|place| match place {
            Place::Validity(_) | Place::ReceiptUrl => true,
            Place::Text(writing) => *writing != Writing::Plain,
            _ => false,
        })
    }

    fn places(&self, are_optional: bool) -> impl Iterator<Item = &Place> {
        self.0.iter().filter_map(move |piece| match piece {
            Piece::Place { what, optional } if *optional == are_optional => Some(what),
            _ => None,
        })
    }
}

impl FromToml for Template {
    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let template = Self::parse(text(value, "a text with places such as {to}")?)?;
        if template.has_unmarked() {
            return Err("{validity:…}, {receipt_url}, {text:gsm} and {text:ucs2hex} may have no \
                        value: mark them with ?, as in {receipt_url?}; the field is then left out"
                .to_owned());
        }
        Ok(template)
    }
}

impl Place {
    fn parse(name: &str) -> Result<Self, String> {
        let number = |format: &str| match format {
            "" => Ok(Number::Plus),
            "digits" => Ok(Number::Digits),
            "00" => Ok(Number::Zeros),
            _ => Err(format!("{{{name}}}: numbers are written plain, :digits or :00")),
        };
        let (word, format) = name.split_once(':').unwrap_or((name, ""));
        Ok(match (word, format) {
            ("to", format) => Self::To(number(format)?),
            ("from", format) => Self::From(number(format)?),
            ("coding", format) => {
                let (gsm, other) = format.split_once('|').ok_or("expected {coding:A|B}")?;
                Self::Coding(gsm.to_owned(), other.to_owned())
            }
            ("validity", "seconds") => Self::Validity(Unit::Seconds),
            ("validity", "minutes") => Self::Validity(Unit::Minutes),
            ("text", "") => Self::Text(Writing::Plain),
            ("text", "gsm") => Self::Text(Writing::IfGsm),
            ("text", "ucs2hex") => Self::Text(Writing::ElseUcs2Hex),
            ("reference", "") => Self::Reference,
            ("parts", "") => Self::Parts,
            ("receipt_url", "") => Self::ReceiptUrl,
            (word, "") => Self::Setting(Setting::parse(word).ok_or_else(|| {
                format!(
                    "{{{name}}} is not known; known: to, from, text, reference, coding:A|B, \
                     parts, validity:minutes, validity:seconds, receipt_url, {}",
                    Setting::ALL.map(Setting::name).join(", ")
                )
            })?),
            _ => return Err(format!("{{{name}}} is not known")),
        })
    }
}

impl Setting {
    const ALL: [Self; 6] =
        [Self::Account, Self::User, Self::Secret, Self::Service, Self::HooksUrl, Self::HookSecret];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }

    /// The word in templates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::User => "user",
            Self::Secret => "secret",
            Self::Service => "service",
            Self::HooksUrl => "hooks_url",
            Self::HookSecret => "hook_secret",
        }
    }

    /// The option that sets it.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Secret => "secret_file",
            Self::HookSecret => "hook_secret_file",
            other => other.name(),
        }
    }
}

impl Number {
    /// Writes a number that begins with a plus sign; anything else stays as it is.
    pub(crate) fn write(self, number: &str) -> Cow<'_, str> {
        match (self, number.strip_prefix('+')) {
            (Self::Digits, Some(digits)) => Cow::Borrowed(digits),
            (Self::Zeros, Some(digits)) => Cow::Owned(format!("00{digits}")),
            _ => Cow::Borrowed(number),
        }
    }
}

impl Unit {
    /// How many of it `span` takes, at least one.
    pub(crate) fn count(self, span: Duration) -> u64 {
        let unit = match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
        };
        span.as_secs().div_ceil(unit).max(1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    struct Known;

    impl Facts for Known {
        fn value<'f>(&'f self, place: &'f Place) -> Option<Cow<'f, str>> {
            match place {
                Place::To(number) => Some(number.write("+491701234567")),
                Place::Text(Writing::Plain) => Some("a & b".into()),
                _ => None,
            }
        }
    }

    #[test]
    fn places_are_filled_in() {
        let fill = |written: &str| Template::parse(written).unwrap().plain(&Known);
        assert_eq!(
            fill("{to} {to:digits} {to:00}").unwrap(),
            "+491701234567 491701234567 00491701234567"
        );
        assert_eq!(fill("{{{text}}}").unwrap(), "{a & b}");
        assert_eq!(fill("for {validity:minutes?} minutes"), None);
        let escaped = Template::parse("/x?y={text}&z").unwrap();
        assert_eq!(
            escaped.fill(&Known, |text| text.replace('&', "%26")).unwrap(),
            "/x?y=a %26 b&z"
        );
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for written in ["{to", "to}", "{nobody}", "{to:roman}", "{coding}", "{text:loud}"] {
            assert!(Template::parse(written).is_err(), "{written}");
        }
    }
}
