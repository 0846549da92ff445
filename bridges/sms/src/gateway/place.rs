//! What a template can be filled in with: `{to}`, `{validity:minutes?}`, `{account}`.

use std::borrow::Cow;
use std::time::Duration;

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
    /// `{validity:minutes}`, `{validity:seconds}`: how long to try, rounded up;
    /// `{validity:seconds|14400}`: at most so many.
    Validity(Unit, u64),
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

impl Place {
    /// Reads what stands between the braces.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
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
            ("validity", format) => {
                let (unit, most) = format.split_once('|').unwrap_or((format, ""));
                let unit = Unit::parse(unit).ok_or("expected {validity:minutes} or :seconds")?;
                let most = if most.is_empty() { Ok(u64::MAX) } else { most.parse() };
                Self::Validity(unit, most.map_err(|_| "expected {validity:seconds|14400}")?)
            }
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

    /// The setting that stands as `name` in templates.
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
            // The address comes from [public]; the secret decides whether it is used.
            Self::HooksUrl | Self::HookSecret => "hook_secret_file",
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
    fn parse(name: &str) -> Option<Self> {
        match name {
            "seconds" => Some(Self::Seconds),
            "minutes" => Some(Self::Minutes),
            _ => None,
        }
    }

    /// How many of it `span` takes, at least one.
    pub(crate) fn count(self, span: Duration) -> u64 {
        let unit = match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
        };
        span.as_secs().div_ceil(unit).max(1)
    }
}
