//! Parties on far sides of whom something lasting is known: they want no messages, or nothing of
//! them is shown. Each is a short keyed hash; who they are stands nowhere.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use viadukt_api::Timestamp;

use super::page::{Page, Section};
use super::parts::{nothing, secret};
use super::speech::Speech;
use super::visitor::{Posted, Visitor};
use super::{Console, no_such, not_done};
use crate::http::views::ContactView;

/// `GET /console/contacts`
pub(super) async fn list(State(console): State<Arc<Console>>, visitor: Visitor) -> Response {
    let speech = &visitor.speech;
    let contacts = match console.operations.contacts().await {
        Ok(contacts) => contacts,
        Err(error) => return not_done(&visitor, Section::Contacts, error),
    };
    let stopped: Vec<_> = contacts.iter().filter_map(|c| Some((c, c.stopped?))).collect();
    let blocked: Vec<_> = contacts.iter().filter_map(|c| Some((c, c.blocked?))).collect();
    let content = html! {
        p class="lead" { (speech.say("console-contacts-lead")) }
        section aria-labelledby="stopped" {
            h2 id="stopped" { (speech.say("console-stopped")) }
            p { (speech.say("console-stopped-text")) }
            @if stopped.is_empty() { (nothing(&speech.say("console-stopped-empty"))) }
            @else { (table(speech, "console-stopped-caption", &stopped, false)) }
        }
        section aria-labelledby="blocked" {
            h2 id="blocked" { (speech.say("console-blocked")) }
            p { (speech.say("console-blocked-text")) }
            @if blocked.is_empty() { (nothing(&speech.say("console-blocked-empty"))) }
            @else { (table(speech, "console-blocked-caption", &blocked, true)) }
        }
    };
    Page::of(Section::Contacts, &visitor).show(&content)
}

/// `GET /console/contacts/CONTACT/unblock`
pub(super) async fn ask(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Response {
    let contacts = match console.operations.contacts().await {
        Ok(contacts) => contacts,
        Err(error) => return not_done(&visitor, Section::Contacts, error),
    };
    let blocked = contacts.iter().find(|one| one.id == id && one.blocked.is_some());
    let Some(contact) = blocked else { return no_such(&visitor, Section::Contacts) };
    let speech = &visitor.speech;
    let content = html! {
        dl class="facts" {
            div { dt { (speech.say("console-contact")) } dd class="reference" { (contact.alias) } }
            div { dt { (speech.say("console-bridge")) } dd { (bridge(speech, contact)) } }
        }
        p { (speech.say("console-unblock-text")) }
        form class="decision" method="post" {
            (secret(&visitor))
            button { (speech.say("console-unblock")) }
            a class="button quiet" href="/console/contacts" { (speech.say("console-cancel")) }
        }
    };
    let title = speech.say("console-unblock-sure");
    Page::of(Section::Contacts, &visitor).titled(title).show(&content)
}

/// `POST /console/contacts/CONTACT/unblock`
pub(super) async fn unblock(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    Posted(visitor): Posted,
) -> Response {
    let alias: String = id.chars().take(8).collect();
    let done = match console.record(&visitor.session.operator, "unblock", &alias).await {
        Err(error) => Err(error),
        Ok(()) => console.operations.unblock(&id).await,
    };
    match done {
        Ok(()) => Redirect::to("/console/contacts").into_response(),
        Err(error) => not_done(&visitor, Section::Contacts, error),
    }
}

fn table(
    speech: &Speech,
    caption: &str,
    contacts: &[(&ContactView, Timestamp)],
    may_unblock: bool,
) -> Markup {
    html! {
        div class="scroll" role="group" tabindex="0" aria-label=(speech.count(caption, contacts.len())) {
            table {
                caption { (speech.count(caption, contacts.len())) }
                thead { tr {
                    th scope="col" { (speech.say("console-contact")) }
                    th scope="col" { (speech.say("console-bridge")) }
                    th scope="col" { (speech.say("console-since")) }
                    @if may_unblock { th scope="col" { (speech.say("console-decide")) } }
                } }
                tbody {
                    @for (contact, since) in contacts {
                        tr {
                            th scope="row" class="reference" { (contact.alias) }
                            td { (bridge(speech, contact)) }
                            td { (speech.time(*since)) }
                            @if may_unblock {
                                td { a class="button quiet" href={ "/console/contacts/" (contact.id) "/unblock" } {
                                    (speech.say("console-unblock")) span class="unseen" { " " (contact.alias) }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bridge(speech: &Speech, contact: &ContactView) -> String {
    let bridge = contact.bridge.as_ref().map(|bridge| bridge.to_string());
    bridge.unwrap_or_else(|| speech.say("console-not-known"))
}
