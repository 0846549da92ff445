//! The picture of a message's way, and its steps one by one.

mod picture;
mod reading;

use maud::{Markup, html};

use super::parts::{Sign, mark};
use super::speech::Speech;

pub(super) use picture::picture;
pub(super) use reading::{Hop, Protected, Step, read};

/// Every step, in order.
pub(super) fn steps(speech: &Speech, steps: &[Step]) -> Markup {
    html! {
        section aria-labelledby="steps" {
            h2 id="steps" { (speech.say("console-steps")) }
            ol class="steps" { @for step in steps { (station(speech, step)) } }
        }
    }
}

/// One stop on the line: what happened, why, and how the hop there was protected.
fn station(speech: &Speech, step: &Step) -> Markup {
    html! {
        li class=(step.sign.class()) {
            span class="stop" { (step.sign.draw()) }
            div {
                h3 { (speech.say(step.stage)) }
                p { (step.words(speech)) }
                @if let Some(reason) = &step.reason {
                    p { span class="note" { (speech.say("console-why")) ": " } (reason) }
                }
                @if let Some(Hop { protected, passed: true, .. }) = &step.hop {
                    p { (lock(speech, protected)) }
                }
            }
            p class="note" { (speech.time(step.at)) }
        }
    }
}

/// A lock, closed or open, with the words for how a hop was protected.
fn lock(speech: &Speech, protected: &Protected) -> Markup {
    let (sign, key, how) = match protected {
        Protected::EndToEnd(how) => (Sign::Locked, "console-lock-end", how.as_str()),
        Protected::Hop(how) => (Sign::Locked, "console-lock-hop", how.as_str()),
        Protected::Not => (Sign::Unlocked, "console-lock-none", ""),
        Protected::Unknown => (Sign::Unlocked, "console-lock-unknown", ""),
    };
    html! { (mark(sign, &speech.say(key))) @if !how.is_empty() { " " span class="note" { (how) } } }
}
