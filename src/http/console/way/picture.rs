//! The way at a glance: the places that a message passed, and a lock at each hop between them.

use maud::{Markup, html};

use super::super::parts::Sign;
use super::super::speech::Speech;
use super::{Hop, Protected, Step, lock};

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

fn place(speech: &Speech, worker: &str) -> Markup {
    let (sign, name) = match worker {
        "matrix" => (Sign::Room, speech.say("console-room")),
        worker => (Sign::Far, worker.to_owned()),
    };
    html! { li class="place" { (sign.draw()) strong { (name) } } }
}

fn hop(speech: &Speech, hop: &Hop) -> Markup {
    let class = match (hop.passed, &hop.protected) {
        (false, _) => "broken",
        (true, Protected::EndToEnd(_) | Protected::Hop(_)) => "well",
        (true, Protected::Not | Protected::Unknown) => "careful",
    };
    html! {
        li class={ "hop " (class) } {
            span class="line" aria-hidden="true" {}
            @if hop.passed { (lock(speech, &hop.protected)) }
            @else { span class="mark broken" { (Sign::Broken.draw()) " " (speech.say("console-not-passed")) } }
        }
    }
}
