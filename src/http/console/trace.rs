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
use crate::http::{OperationError, Reference};

/// What is looked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    reference: String,
}

/// `GET /console/trace`
pub(super) async fn ask(visitor: Visitor, Query(wanted): Query<Wanted>) -> Response {
    let written = wanted.reference.trim();
    match written.parse::<Reference>() {
        Ok(reference) => Redirect::to(&format!("/console/trace/{reference}")).into_response(),
        Err(_) if written.is_empty() => question(&visitor, StatusCode::OK, "", None),
        Err(_) => {
            let wrong = Some("console-trace-malformed");
            question(&visitor, StatusCode::BAD_REQUEST, written, wrong)
        }
    }
}

/// `GET /console/trace/REFERENCE`
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    Path(written): Path<String>,
    visitor: Visitor,
) -> Response {
    let Ok(reference) = written.parse::<Reference>() else {
        let wrong = Some("console-trace-malformed");
        return question(&visitor, StatusCode::BAD_REQUEST, &written, wrong);
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
