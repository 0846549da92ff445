//! What operators did.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::parts::nothing;
use super::speech::Speech;
use super::visitor::Visitor;
use super::{Console, not_done};
use crate::http::Reference;
use crate::http::views::DoneView;

/// `GET /console/record`
pub(super) async fn page(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let done = match console.operations.done().await {
        Ok(done) => done,
        Err(error) => return not_done(&visitor, Section::Record, error),
    };
    let content = html! {
        p class="lead" { (speech.say("console-record-lead")) }
        @if done.is_empty() { (nothing(&speech.say("console-record-empty"))) }
        @else { (table(speech, &done)) }
    };
    Page::of(Section::Record, &visitor).show(&content)
}

fn table(speech: &Speech, done: &[DoneView]) -> Markup {
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.say("console-record")) {
            table {
                caption { (speech.count("console-record-caption", done.len())) }
                thead { tr {
                    th scope="col" { (speech.say("console-when")) }
                    th scope="col" { (speech.say("console-who")) }
                    th scope="col" { (speech.say("console-what")) }
                    th scope="col" { (speech.say("console-about")) }
                } }
                tbody {
                    @for done in done {
                        tr {
                            td { (speech.time(done.at)) }
                            td { (done.who) " " span class="note" { (speech.say(proof(done))) } }
                            td { (speech.say(what(done))) }
                            td { (about(&done.about)) }
                        }
                    }
                }
            }
        }
    }
}

fn proof(done: &DoneView) -> &'static str {
    match done.proof.as_str() {
        "oidc" => "console-proof-provider",
        _ => "console-proof-token",
    }
}

fn what(done: &DoneView) -> &'static str {
    match done.what.as_str() {
        "login" => "console-did-login",
        "requeue" => "console-did-requeue",
        "discard" => "console-did-discard",
        "unblock" => "console-did-unblock",
        "probe" => "console-did-probe",
        "test" => "console-did-test",
        _ => "console-did-else",
    }
}

/// A reference leads to its message's way.
fn about(about: &str) -> Markup {
    match about.parse::<Reference>() {
        Ok(reference) => {
            html! { a class="reference" href={ "/console/trace/" (reference) } { (about) } }
        }
        Err(_) => html! { (about) },
    }
}
