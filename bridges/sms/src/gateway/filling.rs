//! What the templates of a declaration are filled in with.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

use super::place::{Place, Setting, Writing};
use super::request::percent_encode;
use super::template::{Facts, Template};
use crate::outgoing::Outgoing;
use crate::text::{Encoding, Parts};

/// What the operator has set.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) account: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) secret: Option<SecretString>,
    /// Where the gateway reaches our hooks, without a slash at the end.
    pub(crate) hooks_url: Option<String>,
    pub(crate) hook_secret: Option<SecretString>,
}

/// The settings, and the message to send.
pub(crate) struct Filling<'a> {
    pub(crate) settings: &'a Settings,
    /// `None` when only the login is tried.
    pub(crate) sms: Option<&'a Outgoing>,
    /// The address of receipts; `None` while that itself is filled in.
    pub(crate) receipt_url: Option<&'a Template>,
}

impl Facts for Filling<'_> {
    fn value<'f>(&'f self, place: &'f Place) -> Option<Cow<'f, str>> {
        match place {
            Place::Setting(setting) => return self.settings.value(*setting).map(Cow::Borrowed),
            Place::ReceiptUrl => {
                let inner = Filling { receipt_url: None, ..*self };
                return self.receipt_url?.fill(&inner, percent_encode).map(Cow::Owned);
            }
            _ => {}
        }
        let sms = self.sms?;
        Some(match place {
            Place::To(number) => number.write(&sms.to),
            Place::From(number) => number.write(&sms.from),
            Place::Text(Writing::Plain) => Cow::Borrowed(&sms.text),
            Place::Text(writing) => match (writing, Encoding::of(&sms.text)) {
                (Writing::IfGsm, Encoding::Gsm7) => Cow::Borrowed(&sms.text),
                (Writing::ElseUcs2Hex, Encoding::Ucs2) => Cow::Owned(hexadecimal(&sms.text)),
                _ => return None,
            },
            Place::Reference => Cow::Borrowed(&sms.reference),
            Place::Coding(gsm, other) => match Encoding::of(&sms.text) {
                Encoding::Gsm7 => Cow::Borrowed(gsm),
                Encoding::Ucs2 => Cow::Borrowed(other),
            },
            Place::Parts => Cow::Owned(Parts::of(&sms.text).ok()?.count().to_string()),
            Place::Validity(unit, most) => {
                Cow::Owned(unit.count(sms.validity?).min(*most).to_string())
            }
            Place::ReceiptUrl | Place::Setting(_) => return None,
        })
    }
}

impl Settings {
    fn value(&self, setting: Setting) -> Option<&str> {
        match setting {
            Setting::Account => self.account.as_deref(),
            Setting::User => self.user.as_deref(),
            Setting::Service => self.service.as_deref(),
            Setting::Secret => self.secret.as_ref().map(ExposeSecret::expose_secret),
            Setting::HooksUrl => self.hooks_url.as_deref(),
            Setting::HookSecret => self.hook_secret.as_ref().map(ExposeSecret::expose_secret),
        }
    }
}

/// UTF-16, big-endian, in hexadecimal.
fn hexadecimal(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04x}")).collect()
}
