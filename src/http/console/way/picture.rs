//! The way at a glance: the places that a message passed, and a lock at each hop between them.

use maud::{Markup, html};
use viadukt_api::{Protection, WorkerName};

use super::super::parts::Sign;
use super::super::speech::Speech;
use super::{Hop, Step, lock};

/// Where the message came from and where it went, with viadukt in between.
pub(in super::super) fn picture(speech: &Speech, steps: &[Step]) -> Markup {
    let hops = || steps.iter().filter_map(|step| step.hop.as_ref());
    let Some(from) = hops().find(|hop| hop.inward) else { return html! {} };
    let mut targets: Vec<&Hop> = Vec::new();
    // What goes back to where it came from tells the sender how it went; it is not the way.
    for hop in hops().filter(|hop| !hop.inward && hop.worker != from.worker) {
        targets.retain(|known| known.worker != hop.worker);
        targets.push(hop);
    }
    html! {
        section aria-labelledby="picture" {
            h2 id="picture" { (speech.say("console-picture")) }
            ol class="way" {
                (place(speech, &from.worker))
                (hop(speech, from))
                li class="place" { (Sign::Viadukt.draw()) strong { "viadukt" } }
                @if let [only] = targets.as_slice() {
                    (hop(speech, only))
                    (place(speech, &only.worker))
                } @else if !targets.is_empty() {
                    li class="branches" { ul {
                        @for target in &targets {
                            li { ol class="way" { (hop(speech, target)) (place(speech, &target.worker)) } }
                        }
                    } }
                }
            }
        }
    }
}

fn place(speech: &Speech, worker: &WorkerName) -> Markup {
    let (sign, name) = match worker.is_hub() {
        true => (Sign::Room, speech.say("console-room")),
        false => (Sign::Far, worker.to_string()),
    };
    html! { li class="place" { (sign.draw()) strong { (name) } } }
}

fn hop(speech: &Speech, hop: &Hop) -> Markup {
    let class = match (hop.passed, &hop.protection) {
        (false, _) => "broken",
        (true, Protection::Megolm { .. } | Protection::Tls { .. }) => "well",
        (true, Protection::Plain | Protection::Unknown) => "careful",
    };
    html! {
        li class={ "hop " (class) } {
            span class="line" aria-hidden="true" {}
            @if hop.passed { (lock(speech, &hop.protection)) }
            @else { span class="mark broken" { (Sign::Broken.draw()) " " (speech.say("console-not-passed")) } }
        }
    }
}
