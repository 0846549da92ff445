//! Trying things out: what each worker finds when it looks at its far side, and a sentence that
//! goes all the way into a bridge's room.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use viadukt_api::{Probe, WorkerName};

use super::page::{Page, Section};
use super::parts::{Sign, mark, secret};
use super::speech::Speech;
use super::visitor::{Posted, Visitor};
use super::{Console, no_such, not_done};

/// `GET /console/test`
pub(super) async fn page(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    show(&console, &visitor, None)
}

/// `POST /console/test/probe`
pub(super) async fn probe(
    State(console): State<Arc<Console>>,
    Posted(visitor): Posted,
) -> Response {
    if let Err(error) = console.record(&visitor.session.operator, "probe", "").await {
        return not_done(&visitor, Section::Test, error);
    }
    let probed = console.operations.probe().await;
    show(&console, &visitor, Some(&probed))
}

/// `POST /console/test/BRIDGE`
pub(super) async fn send(
    State(console): State<Arc<Console>>,
    Path(bridge): Path<String>,
    Posted(visitor): Posted,
) -> Response {
    let Ok(bridge) = bridge.parse::<WorkerName>() else {
        return no_such(&visitor, Section::Test);
    };
    let done = match console.record(&visitor.session.operator, "test", bridge.as_str()).await {
        Err(error) => Err(error),
        Ok(()) => console.operations.test_room(&bridge).await,
    };
    match done {
        Ok(reference) => Redirect::to(&format!("/console/trace/{reference}")).into_response(),
        Err(error) => not_done(&visitor, Section::Test, error),
    }
}

fn show(
    console: &Console,
    visitor: &Visitor,
    probed: Option<&[(WorkerName, Vec<Probe>)]>,
) -> Response {
    let speech = &visitor.speech;
    let workers = console.operations.health().into_iter().map(|(name, _)| name);
    let bridges: Vec<_> = workers.filter(|name| !name.is_hub()).collect();
    let content = html! {
        section aria-labelledby="probe" {
            h2 id="probe" { (speech.say("console-probe")) }
            p { (speech.say("console-probe-text")) }
            form method="post" action="/console/test/probe" {
                (secret(visitor))
                button { (speech.say("console-probe-go")) }
            }
            @if let Some(probed) = probed { (findings(speech, probed)) }
        }
        section aria-labelledby="send" {
            h2 id="send" { (speech.say("console-send")) }
            p { (speech.say("console-send-text")) }
            ul class="choices" {
                @for bridge in &bridges {
                    li { form method="post" action={ "/console/test/" (bridge) } {
                        (secret(visitor))
                        button class="quiet" { (speech.fill("console-send-go", &[("bridge", bridge.as_str())])) }
                    } }
                }
            }
        }
    };
    Page::of(Section::Test, visitor).show(&content)
}

fn findings(speech: &Speech, probed: &[(WorkerName, Vec<Probe>)]) -> Markup {
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.say("console-probe-found")) {
            table {
                caption { (speech.say("console-probe-found")) }
                thead { tr {
                    th scope="col" { (speech.say("console-worker")) }
                    th scope="col" { (speech.say("console-tried")) }
                    th scope="col" { (speech.say("console-found")) }
                } }
                tbody {
                    @for (worker, probe) in probed.iter().flat_map(|(w, p)| p.iter().map(move |p| (w, p))) {
                        tr {
                            th scope="row" { (worker) }
                            td { (probe.what) }
                            td { (finding(speech, probe)) }
                        }
                    }
                }
            }
        }
    }
}

fn finding(speech: &Speech, probe: &Probe) -> Markup {
    let (sign, key, words) = match &probe.result {
        Ok(words) => (Sign::Well, "console-works", words),
        Err(words) => (Sign::Broken, "console-fails", words),
    };
    html! { (mark(sign, &speech.say(key))) " " span class="note" { (words) } }
}
