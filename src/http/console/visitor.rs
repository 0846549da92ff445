//! Who looks at a page, and what forms bring.

use std::sync::Arc;

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Console;
use super::cookie::Cookie;
use super::session::{Session, same};
use super::speech::Speech;

/// Anybody at all, with the language that they read.
pub(super) struct Reader(pub Speech);

impl FromRequestParts<Arc<Console>> for Reader {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Arc<Console>,
    ) -> Result<Self, Self::Rejection> {
        let chosen = Cookie::Language.of(&parts.headers, console.tls());
        let now = console.env.now();
        Ok(Self(console.languages.speech(&parts.headers, chosen.as_deref(), now)))
    }
}

/// Somebody who is logged in. Everybody else is led to the login.
pub(super) struct Visitor {
    pub session: Session,
    pub speech: Speech,
    /// The page they are at.
    pub path: String,
}

impl FromRequestParts<Arc<Console>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Arc<Console>,
    ) -> Result<Self, Response> {
        let id = Cookie::Session.of(&parts.headers, console.tls());
        let session = id.and_then(|id| console.sessions.find(&id, console.env.now()));
        let path = parts.uri.path().to_owned();
        let Some(session) = session else {
            return Err(Redirect::to(&login(&path, parts.method.is_safe())).into_response());
        };
        let Ok(Reader(speech)) = Reader::from_request_parts(parts, console).await;
        Ok(Self { session, speech, path })
    }
}

/// The way to the login, and from there back to a page; a form would have to be filled anew.
fn login(path: &str, is_page: bool) -> String {
    if is_page && path != "/console" {
        format!("/console/login?next={path}")
    } else {
        "/console/login".to_owned()
    }
}

/// A form that somebody sent who is logged in, from a page of their session. There is no other
/// way to read a form, so none can be taken without its secret.
///
/// The forms of the console bring nothing else: what they are about stands in their address.
pub(super) struct Posted(pub Visitor);

/// The secret of the session, in every form.
#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    csrf: String,
}

impl FromRequest<Arc<Console>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, console).await?;
        let read = Form::<Secret>::from_request(Request::from_parts(parts, body), &()).await;
        let sent = read.map(|Form(secret)| secret.csrf).unwrap_or_default();
        if !same(&sent, &visitor.session.csrf) {
            let why = "this form is not from your session; go back and load the page again\n";
            return Err((StatusCode::FORBIDDEN, why).into_response());
        }
        Ok(Self(visitor))
    }
}
