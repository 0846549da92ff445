//! The picture of a message's way, and its steps one by one.

mod picture;
mod reading;

use maud::{Markup, html};
use viadukt_api::Protection;

use super::parts::{Sign, mark};
use super::speech::{Speech, code};

pub(super) use picture::picture;
pub(super) use reading::{Hop, Step, What, read};

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
                @match &step.what {
                    What::Told(words) => p lang=(code(speech.in_rooms)) { (words) },
                    What::Attempt { worker, number, outcome } => {
                        p { (What::attempt(speech, worker, *number, outcome)) }
                    }
                }
                @if let Some(reason) = &step.reason {
                    p {
                        span class="note" { (speech.say("console-why")) ": " } (speech.bare(reason))
                        @if let Some(code) = &step.code { " " span class="reference" { (code) } }
                    }
                }
                @if let Some(Hop { protection, passed: true, .. }) = &step.hop {
                    p { (lock(speech, protection)) }
                }
            }
            p class="note" { (speech.time(step.at)) }
        }
    }
}

/// A lock, closed or open, with the words for how a hop was protected.
fn lock(speech: &Speech, protection: &Protection) -> Markup {
    let (sign, key, how) = match protection {
        Protection::Megolm { trust } => {
            let how = trust.map_or_else(|| "Megolm".to_owned(), |trust| format!("Megolm, {trust}"));
            (Sign::Locked, "console-lock-end", how)
        }
        Protection::Tls { version, cipher, .. } => {
            let known = [version.as_deref(), cipher.as_deref()].into_iter().flatten();
            let how = known.collect::<Vec<_>>().join(", ");
            (Sign::Locked, "console-lock-hop", if how.is_empty() { "TLS".to_owned() } else { how })
        }
        Protection::Plain => (Sign::Unlocked, "console-lock-none", String::new()),
        Protection::Unknown => (Sign::Unlocked, "console-lock-unknown", String::new()),
    };
    html! {
        (mark(sign, &speech.say(key)))
        @if !how.is_empty() { " " span class="note" { (how) } }
    }
}
