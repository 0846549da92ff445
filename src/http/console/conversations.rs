//! The conversations: where they live and when they had a message last, without what is said in
//! them and without who says it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page::{Page, Section};
use super::parts::nothing;
use super::speech::Speech;
use super::visitor::Visitor;
use super::{Console, not_done};
use crate::http::views::{ConversationView, ConversationsView, Home};

/// `GET /console/conversations`
pub(super) async fn page(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let conversations = match console.operations.conversations().await {
        Ok(conversations) => conversations,
        Err(error) => return not_done(&visitor, Section::Conversations, error),
    };
    let content = html! {
        p class="lead" { (speech.say("console-conversations-lead")) }
        @if conversations.latest.is_empty() { (nothing(&speech.say("console-conversations-empty"))) }
        @else { (table(speech, &conversations)) }
    };
    Page::of(Section::Conversations, &visitor).live().show(&content)
}

fn table(speech: &Speech, conversations: &ConversationsView) -> Markup {
    let shown = conversations.latest.len();
    let total: usize = conversations.total.values().sum();
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.say("console-conversations")) {
            table {
                caption {
                    (speech.count("console-conversations-caption", total))
                    @if shown < total { " " (speech.count("console-conversations-shown", shown)) }
                }
                thead { tr {
                    th scope="col" { (speech.say("console-last")) }
                    th scope="col" { (speech.say("console-bridge")) }
                    th scope="col" { (speech.say("console-home")) }
                    th scope="col" { (speech.say("console-parties")) }
                    th scope="col" class="number" { (speech.say("console-messages")) }
                    th scope="col" { (speech.say("console-began")) }
                } }
                tbody { @for conversation in &conversations.latest { (row(speech, conversation)) } }
            }
        }
    }
}

fn row(speech: &Speech, conversation: &ConversationView) -> Markup {
    html! {
        tr {
            th scope="row" { (speech.time(conversation.last_at.unwrap_or(conversation.began_at))) }
            td { (conversation.bridge) }
            td { (home(speech, &conversation.home)) }
            td class="reference" { (conversation.parties.join(", ")) }
            td class="number" { (conversation.messages) }
            td { (speech.time(conversation.began_at)) }
        }
    }
}

fn home(speech: &Speech, home: &Home) -> String {
    match home {
        Home::Main => speech.say("console-home-main"),
        Home::Team(name) => speech.fill("console-home-team", &[("name", name)]),
        Home::Intake => speech.say("console-home-intake"),
        Home::Own => speech.say("console-home-own"),
    }
}
