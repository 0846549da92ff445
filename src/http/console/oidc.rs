//! In through an identity provider: OpenID Connect's authorization code flow (Core 1.0, 3.1),
//! with PKCE (RFC 7636), state and nonce.
//!
//! Signatures are checked with the library that TLS stands on here; the crates for the whole
//! protocol bring a second one, or one with an open advisory (docs/adr/0015-console.md).

mod id_token;
mod provider;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use viadukt_api::{Env, Timestamp};

use super::Console;
use super::cookie::Cookie;
use super::page::public;
use super::parts::Sign;
use super::session::{Operator, Proof, same, secret};
use super::speech::Speech;
use super::visitor::Reader;

pub(super) use provider::Provider;

/// How long somebody may take at the provider.
const PATIENCE: Duration = Duration::from_secs(600);
/// So many may be there at once; the oldest have to begin again.
const MOST: usize = 200;

/// Somebody who is at the provider, by the `state` that they will bring back.
struct Absent {
    /// What the ID token must repeat.
    nonce: String,
    /// What shows that who brings the code is who asked for it (RFC 7636 4.1).
    verifier: String,
    /// What their browser has as a cookie, so that nobody else comes back in their place.
    browser: String,
    since: Timestamp,
}

/// Everybody who is at the provider.
#[derive(Default)]
pub(super) struct Departures(Mutex<BTreeMap<String, Absent>>);

impl Departures {
    fn leave(&self, state: String, absent: Absent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = absent.since;
        all.retain(|_, absent| now.since(absent.since) < PATIENCE);
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, absent)| absent.since).map(|(s, _)| s.clone());
            oldest.map(|state| all.remove(&state));
        }
        all.insert(state, absent);
    }

    /// Who comes back with `state`, once.
    fn come_back(&self, state: &str, now: Timestamp) -> Option<Absent> {
        let absent = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state)?;
        (now.since(absent.since) < PATIENCE).then_some(absent)
    }
}

/// Why the provider let nobody in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The person may not operate viadukt: they are in none of the groups.
    #[error("the person is in none of the groups of http.console.oidc.groups")]
    NotInvited,
    /// The answer is not for us, or not for now: nothing that an honest browser brings.
    #[error("{0}")]
    NotForUs(&'static str),
    /// The provider could not be asked, or speaks otherwise than it should.
    #[error("{0}")]
    Failed(String),
}

/// `GET /console/oidc/start`
pub(super) async fn start(State(console): State<Arc<Console>>, Reader(speech): Reader) -> Response {
    let Some(provider) = &console.provider else { return StatusCode::NOT_FOUND.into_response() };
    let Env { entropy, .. } = &console.env;
    let [state, nonce, verifier, browser] = [(); 4].map(|()| secret(&**entropy));
    match provider.door(&state, &nonce, &verifier, console.env.now()).await {
        Err(refusal) => refused(&speech, &refusal),
        Ok(door) => {
            let cookie = Cookie::Provider.set(&browser, console.tls());
            let since = console.env.now();
            console.departures.leave(state, Absent { nonce, verifier, browser, since });
            ([(header::SET_COOKIE, cookie)], Redirect::to(door.as_str())).into_response()
        }
    }
}

/// What somebody brings from the provider (Core 3.1.2.5).
#[derive(Deserialize)]
pub(super) struct Brought {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
}

/// `GET /console/oidc/callback`
pub(super) async fn callback(
    State(console): State<Arc<Console>>,
    Reader(speech): Reader,
    headers: HeaderMap,
    Query(brought): Query<Brought>,
) -> Response {
    match identify(&console, &headers, brought).await {
        Err(refusal) => refused(&speech, &refusal),
        Ok(name) => {
            let operator = Operator { name, proof: Proof::Provider };
            if let Err(error) = console.record(&operator, "login", "").await {
                return refused(&speech, &Refusal::Failed(error.to_string()));
            }
            welcome(&console, &speech, operator)
        }
    }
}

async fn identify(
    console: &Console,
    headers: &HeaderMap,
    Brought { state, code }: Brought,
) -> Result<String, Refusal> {
    let provider = console.provider.as_ref().ok_or(Refusal::NotForUs("there is no provider"))?;
    let now = console.env.now();
    let absent = console.departures.come_back(&state, now);
    let absent = absent.ok_or(Refusal::NotForUs("nobody left with this state"))?;
    let browser = Cookie::Provider.of(headers, console.tls()).unwrap_or_default();
    if !same(&browser, &absent.browser) {
        return Err(Refusal::NotForUs("somebody else left with this state"));
    }
    if code.is_empty() {
        return Err(Refusal::NotForUs("the provider gave no code"));
    }
    provider.identify(&code, &absent.verifier, &absent.nonce, now).await
}

/// The first page after the provider. It leads on by itself, as a step within our own site: a
/// cookie that is for this site alone is not sent while a redirect from elsewhere goes on
/// (RFC 6265bis 5.2).
fn welcome(console: &Console, speech: &Speech, operator: Operator) -> Response {
    let content = html! { p { a href="/console" { (speech.say("console-login-on")) } } };
    let mut page = public(StatusCode::OK, speech, &speech.say("console-login-done"), &content);
    let cookies = [console.begin(operator), Cookie::Provider.forget(console.tls())];
    let headers = page.headers_mut();
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(header::REFRESH, HeaderValue::from_static("0; url=/console"));
    page
}

fn refused(speech: &Speech, refusal: &Refusal) -> Response {
    tracing::warn!(why = %refusal, "a login through the identity provider failed");
    let (status, key) = match refusal {
        Refusal::NotInvited => (StatusCode::FORBIDDEN, "console-login-not-invited"),
        Refusal::NotForUs(_) => (StatusCode::BAD_REQUEST, "console-login-expired"),
        Refusal::Failed(_) => (StatusCode::BAD_GATEWAY, "console-login-provider-failed"),
    };
    let content = html! {
        p class="wrong" role="alert" { (Sign::Broken.draw()) " " (speech.say(key)) }
        p { a href="/console/login" { (speech.say("console-login-again")) } }
    };
    public(status, speech, &speech.say("console-login"), &content)
}
