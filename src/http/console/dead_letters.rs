//! What was given up, and what a person decides about it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::page::{Page, Section};
use super::parts::{nothing, secret};
use super::speech::Speech;
use super::visitor::{Posted, Visitor};
use super::{Console, not_done};
use crate::http::Reference;
use crate::http::views::{DeadLetterFilter, DeadLetterView};
use crate::observe::Direction;

/// Who decides, as the trail names it; by name they stand in the record.
const BY: &str = "console";

/// What a person may decide.
#[derive(Clone, Copy)]
enum Decision {
    Requeue,
    Discard,
}

impl Decision {
    /// Its word in paths and in the record.
    fn word(self) -> &'static str {
        match self {
            Self::Requeue => "requeue",
            Self::Discard => "discard",
        }
    }

    /// Its button.
    fn button(self) -> &'static str {
        match self {
            Self::Requeue => "console-requeue",
            Self::Discard => "console-discard",
        }
    }

    /// The question before it is done, and what that means.
    fn question(self) -> (&'static str, &'static str) {
        match self {
            Self::Requeue => ("console-requeue-sure", "console-requeue-text"),
            Self::Discard => ("console-discard-sure", "console-discard-text"),
        }
    }
}

/// `GET /console/deadletters`
pub(super) async fn list(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let dead = match console.operations.dead_letters(&DeadLetterFilter::default()).await {
        Ok(dead) => dead,
        Err(error) => return not_done(&visitor, Section::DeadLetters, error),
    };
    let content = html! {
        p class="lead" { (speech.say("console-dead-lead")) }
        @if dead.is_empty() { (nothing(&speech.say("console-dead-empty"))) }
        @else { (table(speech, &dead)) }
    };
    Page::of(Section::DeadLetters, &visitor).live().show(&content)
}

/// `GET /console/deadletters/REFERENCE/requeue`
pub(super) async fn ask_requeue(
    state: State<Arc<Console>>,
    reference: Path<Reference>,
    visitor: Visitor,
) -> Response {
    ask(state, reference, visitor, Decision::Requeue).await
}

/// `GET /console/deadletters/REFERENCE/discard`
pub(super) async fn ask_discard(
    state: State<Arc<Console>>,
    reference: Path<Reference>,
    visitor: Visitor,
) -> Response {
    ask(state, reference, visitor, Decision::Discard).await
}

/// `POST /console/deadletters/REFERENCE/requeue`
pub(super) async fn requeue(
    state: State<Arc<Console>>,
    reference: Path<Reference>,
    posted: Posted,
) -> Response {
    decide(state, reference, posted, Decision::Requeue).await
}

/// `POST /console/deadletters/REFERENCE/discard`
pub(super) async fn discard(
    state: State<Arc<Console>>,
    reference: Path<Reference>,
    posted: Posted,
) -> Response {
    decide(state, reference, posted, Decision::Discard).await
}

async fn ask(
    State(console): State<Arc<Console>>,
    Path(reference): Path<Reference>,
    visitor: Visitor,
    decision: Decision,
) -> Response {
    let dead = match console.operations.dead_letter(reference).await {
        Ok(dead) => dead,
        Err(error) => return not_done(&visitor, Section::DeadLetters, error),
    };
    let speech = &visitor.speech;
    let (question, meaning) = decision.question();
    let content = html! {
        (facts(speech, &dead))
        p { (speech.say(meaning)) }
        form class="decision" method="post" {
            (secret(&visitor))
            button class=[matches!(decision, Decision::Discard).then_some("grave")] { (speech.say(decision.button())) }
            a class="button quiet" href="/console/deadletters" { (speech.say("console-cancel")) }
        }
    };
    Page::of(Section::DeadLetters, &visitor).titled(speech.say(question)).show(&content)
}

async fn decide(
    State(console): State<Arc<Console>>,
    Path(reference): Path<Reference>,
    Posted(visitor): Posted,
    decision: Decision,
) -> Response {
    let operator = &visitor.session.operator;
    let done = match console.record(operator, decision.word(), &reference.to_string()).await {
        Err(error) => Err(error),
        Ok(()) => match decision {
            Decision::Requeue => console.operations.requeue(reference, BY).await,
            Decision::Discard => console.operations.discard(reference, BY).await,
        },
    };
    match done {
        Ok(()) => Redirect::to(&format!("/console/trace/{reference}")).into_response(),
        Err(error) => not_done(&visitor, Section::DeadLetters, error),
    }
}

fn table(speech: &Speech, dead: &[DeadLetterView]) -> Markup {
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.say("console-dead-letters")) {
            table {
                caption { (speech.count("console-dead-caption", dead.len())) }
                thead { tr {
                    th scope="col" { (speech.say("console-reference")) }
                    th scope="col" { (speech.say("console-bridge")) }
                    th scope="col" { (speech.say("console-direction")) }
                    th scope="col" { (speech.say("console-since")) }
                    th scope="col" { (speech.say("console-why")) }
                    th scope="col" { (speech.say("console-decide")) }
                } }
                tbody { @for dead in dead { (row(speech, dead)) } }
            }
        }
    }
}

fn row(speech: &Speech, dead: &DeadLetterView) -> Markup {
    let reference = dead.reference.to_string();
    html! {
        tr {
            th scope="row" { a class="reference" href={ "/console/trace/" (reference) } { (reference) } }
            td { (dead.bridge) }
            td { (speech.say(direction(dead.direction))) }
            td { (speech.time(dead.since)) }
            td { (speech.bare(&dead.reason.key)) }
            td { ul class="choices" {
                @for decision in [Decision::Requeue, Decision::Discard] {
                    li {
                        a class="button quiet" href={ "/console/deadletters/" (reference) "/" (decision.word()) } {
                            (speech.say(decision.button())) span class="unseen" { " " (reference) }
                        }
                    }
                }
            } }
        }
    }
}

fn facts(speech: &Speech, dead: &DeadLetterView) -> Markup {
    html! {
        dl class="facts" {
            div { dt { (speech.say("console-reference")) } dd class="reference" { (dead.reference) } }
            div { dt { (speech.say("console-bridge")) } dd { (dead.bridge) } }
            div { dt { (speech.say("console-direction")) } dd { (speech.say(direction(dead.direction))) } }
            div { dt { (speech.say("console-since")) } dd { (speech.time(dead.since)) } }
            div { dt { (speech.say("console-why")) } dd { (speech.bare(&dead.reason.key)) } }
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "console-inward",
        Direction::Out => "console-outward",
    }
}
