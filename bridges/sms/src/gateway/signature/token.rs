//! Gateways that sign nothing hand back a secret that they were given: in a header, or in a
//! field of query or form.

use subtle::ConstantTimeEq;
use viadukt_api::config::Fields;
use viadukt_api::{Call, HookError};

use super::{Signed, digest};
use crate::gateway::call::{header, pairs};

const NO_TOKEN: HookError = HookError::Unauthorised("the token is missing");
const WRONG_TOKEN: HookError = HookError::Unauthorised("the token is not the one");

/// Where the token stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    /// In this header field.
    Header(String),
    /// In this field of query or form.
    Field(String),
}

impl TokenPlace {
    /// Reads `header = "…"` or `field = "…"`.
    pub(super) fn parse(fields: &Fields<'_>) -> Option<Self> {
        match (fields.optional("header"), fields.optional("field")) {
            (Some(header), None) => Some(Self::Header(header)),
            (None, Some(field)) => Some(Self::Field(field)),
            _ => {
                fields.object("scheme", "\"token\" needs `header` or `field`: where it stands");
                None
            }
        }
    }

    pub(super) fn check(&self, call: &Call, secret: &str) -> Signed {
        let said = match self {
            Self::Header(name) => header(call, name).map(str::to_owned),
            Self::Field(name) => {
                pairs(call).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
        };
        compare(said.ok_or(NO_TOKEN)?.as_bytes(), secret.as_bytes())
    }
}

/// RFC 7617.
pub(super) fn check_basic(call: &Call, user: &str, secret: &str) -> Signed {
    let said = header(call, "Authorization").and_then(|said| said.strip_prefix("Basic "));
    let said = digest::from_base64(said.ok_or(NO_TOKEN)?)?;
    compare(&said, format!("{user}:{secret}").as_bytes())
}

fn compare(said: &[u8], secret: &[u8]) -> Signed {
    if said.ct_eq(secret).into() { Ok(None) } else { Err(WRONG_TOKEN) }
}
