//! The console: pages for people who keep viadukt running, on the internal listener.
//!
//! They are made here, whole, for browsers with or without scripts. They show how things are and
//! what became of messages, never what anybody wrote, nor who: a party on a far side is a short
//! keyed hash. What a page changes is recorded first, by whom.
//!
//! | file | what |
//! |---|---|
//! | [`guard`] | what every request passes: host, origin, headers |
//! | [`login`], [`oidc`], [`session`], [`cookie`] | who somebody is |
//! | [`visitor`] | who looks, and what their forms bring |
//! | [`speech`] | in which language |
//! | [`page`], [`parts`] | the frame, and the small pieces |
//! | [`overview`] … [`record`] | a file for each page |
//! | `assets/` | style, script and icon, in the binary |

mod assets;
mod contacts;
mod conversations;
mod cookie;
mod dead_letters;
mod guard;
mod login;
mod oidc;
mod overview;
mod page;
mod parts;
mod record;
mod session;
mod speech;
mod test;
mod trace;
mod visitor;
mod way;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use viadukt_api::Env;
use viadukt_api::words::Language;

use crate::config::{self, Zone};

use super::front::rate::Rate;
use super::views::DoneView;
use super::{AdminToken, OperationError, Operations};

use cookie::Cookie;
use oidc::{Departures, Provider};
use page::{Page, Section};
use session::{Operator, Proof, Sessions};
use speech::Languages;
use visitor::Visitor;

/// How often one address may try to log in: once a second in the long run …
const LOGINS_PER_SECOND: u32 = 1;
/// … and so often at once after a rest.
const LOGINS_AT_ONCE: u32 = 10;

/// What a console is made of.
pub struct Parts {
    /// `[http.console]`
    pub settings: config::Console,
    /// The pipeline.
    pub operations: Arc<dyn Operations>,
    /// What people log in with unless a file of the settings holds another token.
    pub token: Arc<AdminToken>,
    /// The folder that it lies in.
    pub data_dir: PathBuf,
    /// Clock and randomness.
    pub env: Env,
    /// What people read whose browser asks for no language of ours.
    pub language: Language,
    /// The zone of the times that are shown.
    pub zone: Zone,
}

/// The console.
pub struct Console {
    settings: config::Console,
    operations: Arc<dyn Operations>,
    token: Arc<AdminToken>,
    /// Where that lies, for people who look for it.
    token_place: PathBuf,
    env: Env,
    languages: Languages,
    sessions: Sessions,
    logins: Rate,
    /// Where people may log in besides.
    provider: Option<Provider>,
    /// Who is there right now.
    departures: Departures,
}

impl Console {
    /// A console to which nobody is logged in yet.
    ///
    /// # Errors
    /// A file that the settings name cannot be read.
    pub fn open(parts: Parts) -> io::Result<Self> {
        let Parts { settings, operations, token, data_dir, env, language, zone } = parts;
        let (token, token_place) = match &settings.token_file {
            Some(file) => (Arc::new(AdminToken::chosen(file.read()?)), file.path()),
            None => (token, data_dir.join(AdminToken::FILE)),
        };
        let open = |oidc: &config::Oidc| {
            let base = settings.base_url.as_ref().ok_or("oidc needs base_url")?;
            Provider::open(oidc.clone(), base)
        };
        let provider = settings.oidc.as_ref().map(open).transpose().map_err(io::Error::other)?;
        Ok(Self {
            provider,
            departures: Departures::default(),
            sessions: Sessions::new(settings.idle, settings.longest),
            logins: Rate::new(LOGINS_PER_SECOND, LOGINS_AT_ONCE),
            languages: Languages::new(language, zone),
            settings,
            operations,
            token,
            token_place,
            env,
        })
    }

    /// Its pages.
    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/console", get(overview::page))
            .route("/console/", get(async || Redirect::permanent("/console")))
            .route("/console/login", get(login::form).post(login::enter))
            .route("/console/logout", post(login::leave))
            .route("/console/oidc/start", get(oidc::start))
            .route("/console/oidc/callback", get(oidc::callback))
            .route("/console/conversations", get(conversations::page))
            .route("/console/trace", get(trace::ask))
            .route("/console/trace/{reference}", get(trace::page))
            .route("/console/deadletters", get(dead_letters::list))
            .route("/console/deadletters/{reference}/requeue", get(dead_letters::ask_requeue))
            .route("/console/deadletters/{reference}/requeue", post(dead_letters::requeue))
            .route("/console/deadletters/{reference}/discard", get(dead_letters::ask_discard))
            .route("/console/deadletters/{reference}/discard", post(dead_letters::discard))
            .route("/console/contacts", get(contacts::list))
            .route("/console/contacts/{contact}/unblock", get(contacts::ask))
            .route("/console/contacts/{contact}/unblock", post(contacts::unblock))
            .route("/console/test", get(test::page))
            .route("/console/test/probe", post(test::probe))
            .route("/console/test/{bridge}", post(test::send))
            .route("/console/record", get(record::page))
            .route("/console/assets/{name}", get(assets::file))
            .route("/console/{*rest}", get(unknown))
            .layer(from_fn_with_state(Arc::clone(&self), guard::guard))
            .with_state(self)
    }

    /// Whether browsers reach it over TLS.
    fn tls(&self) -> bool {
        self.settings.is_behind_tls()
    }

    /// Lets `operator` in; gives the cookie to set.
    fn begin(&self, operator: Operator) -> HeaderValue {
        Cookie::Session.set(&self.sessions.begin(operator, &self.env), self.tls())
    }

    /// Records that `operator` is about to do `what`; only then it may be done.
    async fn record(
        &self,
        operator: &Operator,
        what: &str,
        about: &str,
    ) -> Result<(), OperationError> {
        let proof = match operator.proof {
            Proof::Token => "token",
            Proof::Provider => "oidc",
        };
        tracing::info!(what, about, "an operator acts in the console");
        let done = DoneView {
            at: self.env.now(),
            who: operator.name.clone(),
            proof: proof.to_owned(),
            what: what.to_owned(),
            about: about.to_owned(),
        };
        self.operations.record_done(done).await
    }
}

/// A page that there is not.
async fn unknown(visitor: Visitor) -> Response {
    no_such(&visitor, Section::Overview)
}

/// What is shown where something does not exist, or not any more.
fn no_such(visitor: &Visitor, section: Section) -> Response {
    let speech = &visitor.speech;
    let content = maud::html! { p class="lead" { (speech.say("console-unknown-text")) } };
    let page = Page::of(section, visitor).titled(speech.say("console-unknown"));
    page.show_as(StatusCode::NOT_FOUND, &content)
}

/// What is shown where an operation was not done.
fn not_done(visitor: &Visitor, section: Section, error: OperationError) -> Response {
    let OperationError::Failed(why) = error else { return no_such(visitor, section) };
    let speech = &visitor.speech;
    let content = maud::html! {
        p class="lead" { (speech.say("console-failed-text")) }
        pre { (why) }
    };
    let page = Page::of(section, visitor).titled(speech.say("console-failed"));
    page.show_as(StatusCode::INTERNAL_SERVER_ERROR, &content)
}

#[cfg(test)]
mod tests;
