//! What every request to the console passes before a page hears of it, and what every answer
//! carries.
//!
//! | a request must | else | against |
//! |---|---|---|
//! | name a host that is ours | 421 | another site's name that leads here (DNS rebinding) |
//! | if it changes something, come from our own page | 403 | forms of other sites |
//!
//! Forms bring a secret of their session besides ([`super::visitor::Posted`]).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::Console;
use super::cookie::Cookie;
use super::speech;

/// Content comes from here alone, none of it stands in the page itself, nobody frames it, and
/// forms lead nowhere else. Scripts may ask for pages again, to keep them fresh.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// Headers of every answer. With the policy `no-referrer` browsers would send `Origin: null`
/// with our own forms (Fetch Standard, "append a request `Origin` header").
const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Lets a request pass, or does not; and completes the answer.
pub(super) async fn guard(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match admit(&console, &request) {
        Err(refused) => refused.into_response(),
        Ok(()) => match language_choice(&console, &request) {
            Some(chosen) => chosen,
            None => next.run(request).await,
        },
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if console.tls() {
        let always = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    response
}

fn admit(console: &Console, request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let host = host(request).filter(|host| is_ours(console, host));
    let Some(host) = host else {
        let why = "this host is not ours; name it as http.console.base_url\n";
        return Err((StatusCode::MISDIRECTED_REQUEST, why));
    };
    if request.method().is_safe() || comes_from(request.headers(), &host) {
        Ok(())
    } else {
        Err((StatusCode::FORBIDDEN, "this form is not from here\n"))
    }
}

fn host(request: &Request) -> Option<Authority> {
    let host = request.headers().get(header::HOST)?;
    host.to_str().ok()?.parse().ok()
}

/// No foreign name can lead to an address that is written out, nor to `localhost`.
fn is_ours(console: &Console, host: &Authority) -> bool {
    let name = host.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let known = console.settings.base_url.as_ref().and_then(|url| url.host_str());
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || known.is_some_and(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the page behind a request is under `host` (RFC 6454 7). Browsers say so whenever
/// something may change.
fn comes_from(headers: &HeaderMap, host: &Authority) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin.and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host.as_str()))
}

/// `?lang=de` chooses a language, which a cookie keeps; the page follows in it.
fn language_choice(console: &Console, request: &Request) -> Option<Response> {
    let query = request.uri().query().filter(|_| request.method().is_safe())?;
    let mut pairs = query.split('&');
    let chosen = pairs.find_map(|pair| pair.strip_prefix("lang="))?.parse().ok()?;
    let rest: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("lang=")).collect();
    let page = without_query(request.uri(), &rest.join("&"));
    let cookie = Cookie::Language.set(speech::code(chosen), console.tls());
    Some(([(header::SET_COOKIE, cookie)], Redirect::to(&page)).into_response())
}

fn without_query(uri: &Uri, query: &str) -> String {
    match query {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    }
}
