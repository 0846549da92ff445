//! One message's way: the question for it, and the answer.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Section};
use super::parts::Sign;
use super::speech::Speech;
use super::visitor::Visitor;
use super::{Console, not_done, way};
use crate::http::views::FoundView;
use crate::http::{OperationError, Reference};

/// What is looked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    reference: String,
}

/// `GET /console/trace`: by our reference, or by whatever a network calls a message.
pub(super) async fn ask(
    State(console): State<Arc<Console>>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Response {
    let written = wanted.reference.trim();
    if written.is_empty() {
        return question(&visitor, StatusCode::OK, "", None);
    }
    if let Ok(reference) = written.parse::<Reference>() {
        return Redirect::to(&format!("/console/trace/{reference}")).into_response();
    }
    match console.operations.find(written).await {
        Err(error) => not_done(&visitor, Section::Trace, error),
        Ok(found) => match found.as_slice() {
            [] => {
                let wrong = Some("console-trace-unknown");
                question(&visitor, StatusCode::NOT_FOUND, written, wrong)
            }
            [only] => Redirect::to(&format!("/console/trace/{}", only.item)).into_response(),
            several => choice(&visitor, several),
        },
    }
}

/// The messages that a name may mean.
fn choice(visitor: &Visitor, found: &[FoundView]) -> Response {
    let speech = &visitor.speech;
    let content = html! {
        p class="lead" { (speech.count("console-trace-several", found.len())) }
        ul class="found" { @for one in found {
            li {
                a class="reference" href={ "/console/trace/" (one.item) } { (one.item) } " "
                span class="note" { (one.worker) ", " (speech.time(one.at)) }
            }
        } }
    };
    Page::of(Section::Trace, visitor).show(&content)
}

/// `GET /console/trace/REFERENCE`
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    Path(written): Path<String>,
    visitor: Visitor,
) -> Response {
    let Ok(reference) = written.parse::<Reference>() else {
        let wrong = Some("console-trace-unknown");
        return question(&visitor, StatusCode::NOT_FOUND, &written, wrong);
    };
    let speech = &visitor.speech;
    let trace = match console.operations.trace(reference.item()).await {
        Ok(trace) => trace,
        Err(OperationError::Unknown) => {
            let wrong = Some("console-trace-unknown");
            return question(&visitor, StatusCode::NOT_FOUND, &written, wrong);
        }
        Err(error) => return not_done(&visitor, Section::Trace, error),
    };
    let steps = way::read(&trace.entries);
    let content = html! {
        p class="lead" { (speech.say("console-reference")) " " span class="reference" { (reference) } }
        (way::picture(speech, &steps))
        (way::steps(speech, &steps))
        (form(speech, "", None))
    };
    let title = speech.say("console-trace-one");
    Page::of(Section::Trace, &visitor).titled(title).live().show(&content)
}

fn question(visitor: &Visitor, status: StatusCode, written: &str, wrong: Option<&str>) -> Response {
    let speech = &visitor.speech;
    let content = html! {
        p class="lead" { (speech.say("console-trace-lead")) }
        (form(speech, written, wrong))
    };
    Page::of(Section::Trace, visitor).show_as(status, &content)
}

fn form(speech: &Speech, written: &str, wrong: Option<&str>) -> Markup {
    html! {
        @if let Some(wrong) = wrong {
            p class="wrong" role="alert" id="wrong" { (Sign::Careful.draw()) " " (speech.say(wrong)) }
        }
        form class="search" method="get" action="/console/trace" role="search" {
            label for="reference" { (speech.say("console-reference")) }
            input id="reference" name="reference" value=(written) required spellcheck="false"
                autocomplete="off" aria-describedby=[wrong.map(|_| "wrong")]
                aria-invalid=[wrong.map(|_| "true")];
            button { (speech.say("console-trace-go")) }
        }
    }
}
