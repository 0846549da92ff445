//! How everything does, at a glance.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::parts::{Sign, figure, mark};
use super::speech::Speech;
use super::visitor::Visitor;
use super::{Console, not_done};
use crate::http::views::{StatusView, WorkerView};

/// `GET /console`
pub(super) async fn page(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let StatusView { process, workers } = match console.operations.status().await {
        Ok(status) => status,
        Err(error) => return not_done(&visitor, Section::Overview, error),
    };
    let content = html! {
        (state(speech, process.ready, &workers))
        (figures(speech, &workers))
        section aria-labelledby="bridges" {
            h2 id="bridges" { (speech.say("console-workers")) }
            p { (speech.say("console-workers-text")) }
            (table(speech, &workers))
        }
    };
    Page::of(Section::Overview, &visitor).live().show(&content)
}

/// One sentence on how everything does.
fn state(speech: &Speech, started: bool, workers: &[WorkerView]) -> Markup {
    let down = workers.iter().filter(|row| !row.up).count();
    let (sign, words) = match (started, down) {
        (_, 1..) => (Sign::Broken, speech.count("console-state-down", down)),
        (false, _) => (Sign::Careful, speech.say("console-state-starting")),
        (true, _) => (Sign::Well, speech.say("console-state-well")),
    };
    html! { p class={ "state " (sign.class()) } { (mark(sign, &words)) } }
}

fn figures(speech: &Speech, workers: &[WorkerView]) -> Markup {
    let sum = |of: fn(&WorkerView) -> usize| workers.iter().map(of).sum::<usize>().to_string();
    let oldest = workers.iter().filter_map(|row| row.oldest).min();
    let oldest = oldest.map_or_else(|| speech.say("console-none"), |at| speech.age(at));
    html! {
        dl class="figures" {
            (figure(&sum(|row| row.waiting), &speech.say("console-waiting"), None))
            (figure(&oldest, &speech.say("console-oldest"), None))
            (figure(&sum(|row| row.held), &speech.say("console-held"), Some(&speech.say("console-held-note"))))
            (figure(&sum(|row| row.dead_letters), &speech.say("console-given-up"), Some(&speech.say("console-given-up-note"))))
        }
    }
}

fn table(speech: &Speech, workers: &[WorkerView]) -> Markup {
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.say("console-workers")) {
            table {
                caption class="unseen" { (speech.say("console-workers")) }
                thead { tr {
                    th scope="col" { (speech.say("console-name")) }
                    th scope="col" { (speech.say("console-state")) }
                    th scope="col" class="number" { (speech.say("console-waiting")) }
                    th scope="col" class="number" { (speech.say("console-oldest")) }
                    th scope="col" class="number" { (speech.say("console-held")) }
                    th scope="col" class="number" { (speech.say("console-given-up")) }
                } }
                tbody { @for row in workers { (line(speech, row)) } }
            }
        }
    }
}

fn line(speech: &Speech, row: &WorkerView) -> Markup {
    let oldest = row.oldest.map_or_else(|| speech.say("console-none"), |at| speech.age(at));
    html! {
        tr {
            th scope="row" {
                (if row.worker.is_hub() { Sign::Room } else { Sign::Far }.draw()) " "
                (row.worker)
            }
            td { (health(speech, row)) }
            td class="number" { (row.waiting) }
            td class="number" { (oldest) }
            td class="number" { (row.held) }
            td class="number" {
                @if row.dead_letters == 0 { "0" }
                @else { a href="/console/deadletters" { (row.dead_letters) } }
            }
        }
    }
}

fn health(speech: &Speech, row: &WorkerView) -> Markup {
    let (sign, key) = match (row.up, row.paused) {
        (false, _) => (Sign::Broken, "console-down"),
        (true, true) => (Sign::Paused, "console-paused"),
        (true, false) => (Sign::Well, "console-up"),
    };
    html! {
        (mark(sign, &speech.say(key))) br;
        span class="note" {
            (speech.say("console-up-since")) " " (speech.time(row.since))
            @if !row.up { " · " (row.health) }
        }
    }
}
