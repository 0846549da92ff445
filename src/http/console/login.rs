//! In with the token, and out again.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::time::Instant;

use super::Console;
use super::cookie::Cookie;
use super::page::public;
use super::parts::Sign;
use super::session::{Operator, Proof, same, secret};
use super::speech::Speech;
use super::visitor::{Posted, Reader};

/// Names longer than this are cut.
const LONGEST_NAME: usize = 60;

/// Where the login leads.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// The form of the login.
#[derive(Deserialize)]
pub(super) struct Presented {
    csrf: String,
    #[serde(default)]
    name: String,
    token: String,
    #[serde(default)]
    next: String,
}

/// `GET /console/login`
pub(super) async fn form(
    State(console): State<Arc<Console>>,
    Reader(speech): Reader,
    Query(wanted): Query<Wanted>,
) -> Response {
    ask(&console, &speech, StatusCode::OK, &wanted.next, None)
}

/// `POST /console/login`
pub(super) async fn enter(
    State(console): State<Arc<Console>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Reader(speech): Reader,
    headers: HeaderMap,
    Form(presented): Form<Presented>,
) -> Response {
    let again = |status, key| ask(&console, &speech, status, &presented.next, Some(key));
    let expected = Cookie::Form.of(&headers, console.tls());
    if !expected.is_some_and(|expected| same(&expected, &presented.csrf)) {
        return again(StatusCode::FORBIDDEN, "console-login-expired");
    }
    if let Err(pause) = console.logins.take(from.ip(), Instant::now()) {
        let mut refused = again(StatusCode::TOO_MANY_REQUESTS, "console-login-too-often");
        let seconds = pause.as_secs() + 1;
        refused.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return refused;
    }
    let name: String = presented.name.trim().chars().take(LONGEST_NAME).collect();
    if name.is_empty() || name.contains(char::is_control) {
        return again(StatusCode::BAD_REQUEST, "console-login-name");
    }
    if !console.token.matches(presented.token.trim()) {
        tracing::warn!("somebody tried to log in to the console with a wrong token");
        return again(StatusCode::FORBIDDEN, "console-login-wrong");
    }
    let operator = Operator { name, proof: Proof::Token };
    if console.record(&operator, "login", "").await.is_err() {
        return again(StatusCode::INTERNAL_SERVER_ERROR, "console-failed");
    }
    let cookie = console.begin(operator);
    let forget = Cookie::Form.forget(console.tls());
    let cookies = [(header::SET_COOKIE, cookie), (header::SET_COOKIE, forget)];
    (AppendHeaders(cookies), Redirect::to(inside(&presented.next))).into_response()
}

/// `POST /console/logout`
pub(super) async fn leave(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    _posted: Posted,
) -> Response {
    if let Some(id) = Cookie::Session.of(&headers, console.tls()) {
        console.sessions.end(&id);
    }
    let forget = Cookie::Session.forget(console.tls());
    ([(header::SET_COOKIE, forget)], Redirect::to("/console/login")).into_response()
}

/// Pages of ours alone: a link may not use the login as a stepping stone to elsewhere.
fn inside(next: &str) -> &str {
    let fits = next.starts_with("/console/")
        && next.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b))
        && !next.contains("//");
    if fits { next } else { "/console" }
}

/// The login's page, with what went wrong. Its form brings along a secret that the browser has
/// from us as a cookie, so that nobody is logged in by a form of another site.
fn ask(
    console: &Console,
    speech: &Speech,
    status: StatusCode,
    next: &str,
    wrong: Option<&str>,
) -> Response {
    let csrf = secret(&*console.env.entropy);
    let place = console.token_place.display().to_string();
    let content = html! {
        p class="lead" { (speech.say("console-login-lead")) }
        @if let Some(wrong) = wrong {
            p class="wrong" role="alert" id="wrong" { (Sign::Broken.draw()) " " (speech.say(wrong)) }
        }
        @if console.provider.is_some() {
            p { a class="button" href="/console/oidc/start" { (speech.say("console-login-provider")) } }
            h2 { (speech.say("console-login-by-token")) }
        }
        (fields(speech, &csrf, inside(next), wrong.is_some()))
        details {
            summary { (speech.say("console-login-where")) }
            p { (speech.fill("console-login-where-text", &[("file", &place)])) }
        }
    };
    let mut page = public(status, speech, &speech.say("console-login"), &content);
    page.headers_mut().append(header::SET_COOKIE, Cookie::Form.set(&csrf, console.tls()));
    page
}

fn fields(speech: &Speech, csrf: &str, next: &str, wrong: bool) -> Markup {
    let about = wrong.then_some("wrong");
    html! {
        form class="login" method="post" action="/console/login" {
            input type="hidden" name="csrf" value=(csrf);
            input type="hidden" name="next" value=(next);
            label for="name" { (speech.say("console-login-your-name")) }
            input id="name" name="name" autocomplete="name" maxlength=(LONGEST_NAME) required
                aria-describedby="name-why";
            p class="hint" id="name-why" { (speech.say("console-login-name-why")) }
            label for="token" { (speech.say("console-login-token")) }
            input id="token" name="token" type="password" autocomplete="current-password" required
                aria-describedby=[about] aria-invalid=[wrong.then_some("true")];
            button { (speech.say("console-login-enter")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_leads_to_pages_of_ours_alone() {
        for ours in ["/console/deadletters/01JD2Z-0/requeue", "/console/test"] {
            assert_eq!(inside(ours), ours);
        }
        for foreign in [
            "",
            "//evil.example",
            "/console//evil.example",
            "https://evil.example",
            "/api/probe",
            "/console/\\evil",
            "/console/x?y=z",
            "/console/%2f",
        ] {
            assert_eq!(inside(foreign), "/console", "{foreign}");
        }
    }
}
