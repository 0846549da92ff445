//! How everything does, at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use viadukt_api::{Health, WorkerName};

use super::page::{Page, Section};
use super::parts::{Sign, figure, mark};
use super::speech::Speech;
use super::visitor::Visitor;
use super::{Console, not_done};
use crate::http::{OperationError, QueueView};

/// `GET /console`
pub(super) async fn page(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let workers = match workers(&console).await {
        Ok(workers) => workers,
        Err(error) => return not_done(&visitor, Section::Overview, error),
    };
    let content = html! {
        (state(speech, console.operations.ready(), &workers))
        (figures(speech, &workers))
        section aria-labelledby="bridges" {
            h2 id="bridges" { (speech.say("console-workers")) }
            p { (speech.say("console-workers-text")) }
            (table(speech, &workers))
        }
    };
    Page::of(Section::Overview, &visitor).live().show(&content)
}

/// A worker with everything that is shown of it.
struct WorkerRow {
    queue: QueueView,
    health: Health,
    given_up: usize,
}

async fn workers(console: &Console) -> Result<Vec<WorkerRow>, OperationError> {
    let mut given_up: BTreeMap<WorkerName, usize> = BTreeMap::new();
    for letter in console.operations.dead_letters().await? {
        *given_up.entry(letter.bridge).or_default() += 1;
    }
    let mut health: BTreeMap<_, _> = console.operations.health().into_iter().collect();
    let row = |queue: QueueView| WorkerRow {
        health: health.remove(&queue.worker).unwrap_or(Health::Up),
        given_up: given_up.remove(&queue.worker).unwrap_or_default(),
        queue,
    };
    Ok(console.operations.queues().into_iter().map(row).collect())
}

/// One sentence on how everything does.
fn state(speech: &Speech, started: bool, workers: &[WorkerRow]) -> Markup {
    let down = workers.iter().filter(|row| row.health != Health::Up).count();
    let (sign, words) = match (started, down) {
        (_, 1..) => (Sign::Broken, speech.count("console-state-down", down)),
        (false, _) => (Sign::Careful, speech.say("console-state-starting")),
        (true, _) => (Sign::Well, speech.say("console-state-well")),
    };
    html! { p class={ "state " (sign.class()) } { (mark(sign, &words)) } }
}

fn figures(speech: &Speech, workers: &[WorkerRow]) -> Markup {
    let sum = |of: fn(&WorkerRow) -> usize| workers.iter().map(of).sum::<usize>().to_string();
    let oldest = workers.iter().filter_map(|row| row.queue.oldest).min();
    let oldest = oldest.map_or_else(|| speech.say("console-none"), |at| speech.age(at));
    html! {
        dl class="figures" {
            (figure(&sum(|row| row.queue.waiting), &speech.say("console-waiting"), None))
            (figure(&oldest, &speech.say("console-oldest"), None))
            (figure(&sum(|row| row.queue.held), &speech.say("console-held"), Some(&speech.say("console-held-note"))))
            (figure(&sum(|row| row.given_up), &speech.say("console-given-up"), Some(&speech.say("console-given-up-note"))))
        }
    }
}

fn table(speech: &Speech, workers: &[WorkerRow]) -> Markup {
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

fn line(speech: &Speech, row: &WorkerRow) -> Markup {
    let queue = &row.queue;
    let oldest = queue.oldest.map_or_else(|| speech.say("console-none"), |at| speech.age(at));
    html! {
        tr {
            th scope="row" {
                (if queue.worker.is_hub() { Sign::Room } else { Sign::Far }.draw()) " "
                (queue.worker)
            }
            td { (health(speech, row)) }
            td class="number" { (queue.waiting) }
            td class="number" { (oldest) }
            td class="number" { (queue.held) }
            td class="number" {
                @if row.given_up == 0 { "0" }
                @else { a href="/console/deadletters" { (row.given_up) } }
            }
        }
    }
}

fn health(speech: &Speech, row: &WorkerRow) -> Markup {
    match &row.health {
        Health::Down(why) => html! {
            (mark(Sign::Broken, &speech.say("console-down"))) br; span class="note" { (why) }
        },
        Health::Up if row.queue.paused => mark(Sign::Paused, &speech.say("console-paused")),
        Health::Up => mark(Sign::Well, &speech.say("console-up")),
    }
}
