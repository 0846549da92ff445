//! What a gateway's answer to a message means.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use viadukt_api::config::Fields;

use super::pick::Pick;
use super::test::{Holds, Test};

/// How answers are read.
#[derive(Clone, Debug)]
pub(crate) struct AnswerShape {
    /// Text instead of JSON: the whole answer is one value.
    is_text: bool,
    /// Whether a 2xx answer means that the message was taken; without it, it always does.
    taken: Option<Test>,
    /// The ids of the message or its parts; without it our own reference is the id.
    id: Option<Pick>,
    /// The gateway's word for what is wrong.
    code: Option<Pick>,
    /// Words that mean: later.
    retry: Vec<String>,
    /// Words that mean: login refused.
    login: Vec<String>,
    /// Statuses that mean: it has the message from an earlier attempt.
    known: Vec<u16>,
    /// The gateway knows our own reference again, so a second attempt does no harm.
    pub(crate) idempotent: bool,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was taken under these ids; none: under our own reference.
    Taken(Vec<String>),
    /// Not now; with the gateway's word and the pause it asks for.
    Later(String, Option<Duration>),
    /// Never; with the gateway's word.
    Refused(String),
    /// It does not know us.
    LoginRefused,
    /// It may have been taken or not.
    Unclear,
}

impl AnswerShape {
    /// Reads `[answer]`.
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let is_text = match fields.or("shape", "json".to_owned()).as_str() {
            "json" => false,
            "text" => true,
            _ => {
                fields.object("shape", "expected \"json\" or \"text\"");
                false
            }
        };
        let shape = Self {
            is_text,
            taken: fields.optional_table("taken").and_then(|fields| Test::parse(&fields)),
            id: fields.optional_table("id").map(|fields| Pick::parse(&fields)),
            code: fields.optional_table("code").map(|fields| Pick::parse(&fields)),
            retry: fields.list("retry"),
            login: fields.list("login"),
            known: fields.list("known"),
            idempotent: fields.or("idempotent", false),
        };
        fields.finish();
        Some(shape)
    }

    /// Says what an answer means. `retry_after` is the pause that its header asks for.
    pub(crate) fn read(
        &self,
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Verdict {
        let value = self.value(body);
        let code = value.as_ref().and_then(|value| self.code.as_ref()?.first(value));
        if self.known.contains(&status.as_u16()) {
            return Verdict::Taken(Vec::new());
        }
        if status.is_success() {
            return match (value, &self.taken) {
                (None, Some(_)) => Verdict::Unclear,
                (value, None) => self.taken_as(value.as_ref()),
                (Some(value), Some(test)) => match test.of(&value) {
                    Holds::All => self.taken_as(Some(&value)),
                    // Some parts are on their way: neither to be sent again nor given up.
                    Holds::Some => Verdict::Unclear,
                    Holds::None => self.failed(code.unwrap_or_default(), retry_after),
                    Holds::Absent => match code {
                        Some(code) => self.failed(code, retry_after),
                        None => Verdict::Unclear,
                    },
                },
            };
        }
        let word = code.clone().unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
        match status.as_u16() {
            // Only a gateway's own upstream knows what became of it (RFC 9110 15.6.5).
            504 => Verdict::Unclear,
            500.. | 408 | 425 | 429 => Verdict::Later(word, retry_after),
            _ if code.as_ref().is_some_and(|code| self.is_known_word(code)) => {
                self.failed(word, retry_after)
            }
            401 | 403 => Verdict::LoginRefused,
            // The account is empty, or our address is wrong: ours to mend, not the message's
            // fault.
            300..=399 | 402 | 404 | 405 | 410 => Verdict::Later(word, retry_after),
            _ => Verdict::Refused(word),
        }
    }

    /// The whole answer as a value; `None` when it is not what it should be.
    fn value(&self, body: &[u8]) -> Option<Value> {
        if self.is_text {
            let text = std::str::from_utf8(body).ok()?;
            return Some(Value::String(text.trim().to_owned()));
        }
        serde_json::from_slice(body).ok()
    }

    fn taken_as(&self, value: Option<&Value>) -> Verdict {
        let ids = value.zip(self.id.as_ref()).map(|(value, id)| id.all(value));
        Verdict::Taken(ids.unwrap_or_default())
    }

    fn is_known_word(&self, code: &str) -> bool {
        [&self.retry, &self.login].into_iter().flatten().any(|word| word == code)
    }

    fn failed(&self, code: String, retry_after: Option<Duration>) -> Verdict {
        if self.login.contains(&code) {
            Verdict::LoginRefused
        } else if self.retry.contains(&code) {
            Verdict::Later(code, retry_after)
        } else {
            Verdict::Refused(code)
        }
    }
}
