//! What people can ask Alertmanager to do about an alert: to be silent about it for a while
//! (Alertmanager's API v2, `POST /silences`).
//!
//! To acknowledge is the same for a shorter while. Alertmanager knows no acknowledgement, and its
//! dashboards agree on this stand-in (karma, "Alert acknowledgement"): who has seen an alert wants
//! it to stop repeating, and to come back if it is forgotten.

use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use url::Url;
use viadukt_api::client::Request;
use viadukt_api::config::Fields;
use viadukt_api::{Content, Deed, DeliveryError, Probe, Reason, Receipt, async_trait};

use super::handle::{Handle, Matcher};
use crate::client::{Reach, below};
use crate::line::{Line, Rules};
use crate::login::Login;
use crate::payload::rfc3339;
use crate::post::{BuildTakes, json};
use crate::system::{Asked, Outgoing, Takes};

const SILENCE: Deed = Deed { words: &["silence", "stumm"], marks: &["🔕"] };
const ACKNOWLEDGE: Deed = Deed { words: &["ack", "quittieren"], marks: &["👀", "✅"] };

/// What can be asked for.
pub(crate) const DEEDS: &[Deed] = &[SILENCE, ACKNOWLEDGE];

/// In [`Silences::created_by`]: the name of who asks.
const SENDER: &str = "{sender}";
/// Nobody means to be silent for longer.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Reads the options whose names begin with `api_`, and `created_by`.
pub(crate) fn parse(fields: &Fields<'_>) -> Option<BuildTakes> {
    let reach = Reach::parse(fields);
    let url = reach.url(fields, "api_url");
    let login = Login::parse(fields, "api_");
    let created_by = fields.or("created_by", "viadukt".to_owned());
    let silence_for = fields.or("silence_for", Duration::from_secs(4 * 3_600));
    let ack_for = fields.or("ack_for", Duration::from_secs(3_600));
    let url = url?;
    Some(Box::new(move |name, context| {
        let line = Line::new(name, &url, Rules::Repeatable, &reach, context)?;
        let (url, created_by) = (below(&url, &["api", "v2", "silences"]), created_by.clone());
        let login = login.header(context)?;
        Ok(Box::new(Silences { line, url, login, created_by, silence_for, ack_for }))
    }))
}

/// An Alertmanager's silences.
struct Silences {
    line: Line,
    url: Url,
    login: Option<HeaderValue>,
    created_by: String,
    silence_for: Duration,
    ack_for: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    matchers: Vec<Matcher>,
    starts_at: String,
    ends_at: String,
    created_by: String,
    comment: String,
}

#[derive(Deserialize)]
struct Made {
    #[serde(rename = "silenceID")]
    id: String,
}

impl Silences {
    fn silence(&self, asked: &Asked<'_>) -> Result<Silence, Reason> {
        let usual = match asked.word {
            word if SILENCE.words.contains(&word) => self.silence_for,
            word if ACKNOWLEDGE.words.contains(&word) => self.ack_for,
            _ => return Err(Reason::new("intranet-no-deed")),
        };
        let (span, comment) = span_and_comment(asked.rest, usual)?;
        let words = &self.line.context.words;
        let comment = match comment {
            "" => words.say("intranet-silence-comment", &[("word", asked.word)]),
            comment => comment.to_owned(),
        };
        // Times that do not move with the attempt: what is repeated is the same silence.
        let ends = asked.asked_at.plus(span);
        if ends <= self.line.context.env.now() {
            return Err(Reason::new("intranet-silence-over"));
        }
        Ok(Silence {
            matchers: matchers(asked.matter.handle.as_deref())?,
            starts_at: rfc3339(asked.asked_at),
            ends_at: rfc3339(ends),
            created_by: self.author(asked),
            comment,
        })
    }

    fn author(&self, asked: &Asked<'_>) -> String {
        let name = asked.sender.name.as_deref().unwrap_or("viadukt");
        self.created_by.replace(SENDER, name)
    }
}

#[async_trait]
impl Takes for Silences {
    fn party(&self, _: Option<&str>) -> Result<(), Reason> {
        Err(self.line.reason("intranet-takes-nothing"))
    }

    fn fits(&self, _: &Content) -> Result<(), Reason> {
        Err(self.line.reason("intranet-takes-nothing"))
    }

    async fn send(&self, _: &Outgoing<'_>) -> Result<Receipt, DeliveryError> {
        Err(DeliveryError::refused(self.line.reason("intranet-takes-nothing")))
    }

    async fn act(&self, asked: &Asked<'_>) -> Result<Receipt, DeliveryError> {
        let silence = self.silence(asked).map_err(DeliveryError::refused)?;
        let mut request = Request::post(self.url.clone(), "application/json", json(&silence));
        request.headers.extend(self.login.clone().map(|login| (AUTHORIZATION, login)));
        let answer = self.line.ask(request).await?;
        let made = serde_json::from_slice::<Made>(&answer.body.unwrap_or_default());
        Ok(self.line.receipt(made.map_or_else(|_| asked.id.to_owned(), |made| made.id)))
    }

    async fn probe(&self) -> Option<Probe> {
        Some(self.line.probe().await)
    }
}

/// Silent is what has all these labels, and lacks those whose value is empty. Without any that
/// has a value, everything would be silent.
fn matchers(handle: Option<&str>) -> Result<Vec<Matcher>, Reason> {
    let handle = handle.and_then(|handle| serde_json::from_str::<Handle>(handle).ok());
    let matchers = handle.unwrap_or_default().matchers;
    match matchers.iter().all(|matcher| matcher.value.is_empty()) {
        true => Err(Reason::new("intranet-silence-unclear")),
        false => Ok(matchers),
    }
}

/// What stands behind the word: `2h`, `1h30m being repaired`, `being repaired`, nothing.
fn span_and_comment(rest: &str, usual: Duration) -> Result<(Duration, &str), Reason> {
    let rest = rest.trim();
    let (first, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((usual, rest));
    }
    match span(first) {
        Some(span) if !span.is_zero() && span <= LONGEST => Ok((span, comment.trim_start())),
        _ => Err(Reason::new("intranet-silence-span").with("written", first)),
    }
}

/// A span as Prometheus writes it (its `common/model`, `ParseDuration`), down to minutes.
fn span(written: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    for piece in written.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let unit = match piece.chars().last()? {
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return None,
        };
        let number: u64 = piece.get(..piece.len() - 1)?.parse().ok()?;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
