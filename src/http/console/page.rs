//! The frame of every page: its head, the way around, the foot.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use viadukt_api::words::Language;

use super::parts::{Sign, secret};
use super::speech::{Speech, code};
use super::visitor::Visitor;

/// A part of the console, as the way around names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Conversations,
    Trace,
    DeadLetters,
    Contacts,
    Test,
    Record,
}

impl Section {
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Conversations,
        Self::Trace,
        Self::DeadLetters,
        Self::Contacts,
        Self::Test,
        Self::Record,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/console",
            Self::Conversations => "/console/conversations",
            Self::Trace => "/console/trace",
            Self::DeadLetters => "/console/deadletters",
            Self::Contacts => "/console/contacts",
            Self::Test => "/console/test",
            Self::Record => "/console/record",
        }
    }

    /// The key of its name.
    fn name(self) -> &'static str {
        match self {
            Self::Overview => "console-overview",
            Self::Conversations => "console-conversations",
            Self::Trace => "console-trace",
            Self::DeadLetters => "console-dead-letters",
            Self::Contacts => "console-contacts",
            Self::Test => "console-test",
            Self::Record => "console-record",
        }
    }
}

/// A page for somebody who is logged in.
pub(super) struct Page<'v> {
    pub visitor: &'v Visitor,
    /// The part it belongs to.
    pub section: Section,
    /// Its heading; without it that of its part.
    pub title: Option<String>,
    /// Whether it changes by itself and is worth keeping fresh.
    pub live: bool,
}

impl<'v> Page<'v> {
    /// The first page of `section`.
    pub fn of(section: Section, visitor: &'v Visitor) -> Self {
        Self { visitor, section, title: None, live: false }
    }

    /// The same under a heading of its own.
    pub fn titled(self, title: String) -> Self {
        Self { title: Some(title), ..self }
    }

    /// The same, kept fresh.
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The page with `content` below its heading.
    pub fn show(self, content: &Markup) -> Response {
        self.show_as(StatusCode::OK, content)
    }

    /// The same with another status than 200.
    pub fn show_as(self, status: StatusCode, content: &Markup) -> Response {
        let speech = &self.visitor.speech;
        let title = self.title.clone().unwrap_or_else(|| speech.say(self.section.name()));
        let main = html! {
            div class="title" {
                h1 { (title) }
                @if self.live { (freshness(speech)) }
            }
            div data-live[self.live] { (content) }
        };
        let page = frame(speech, &title, &self.visitor.path, Some(&self), &main);
        (status, Html(page.into_string())).into_response()
    }

    fn navigation(&self) -> Markup {
        let speech = &self.visitor.speech;
        html! {
            nav aria-label=(speech.say("console-navigation")) {
                ul {
                    @for section in Section::ALL {
                        @let current = (section == self.section).then_some("page");
                        li { a href=(section.path()) aria-current=[current] { (speech.say(section.name())) } }
                    }
                }
            }
        }
    }

    fn person(&self) -> Markup {
        let speech = &self.visitor.speech;
        html! {
            form class="person" method="post" action="/console/logout" {
                (secret(self.visitor))
                span { (Sign::Person.draw()) " " (self.visitor.session.operator.name) }
                button class="quiet" { (speech.say("console-logout")) }
            }
        }
    }
}

/// A page for anybody: the login and what comes with it.
pub(super) fn public(
    status: StatusCode,
    speech: &Speech,
    title: &str,
    content: &Markup,
) -> Response {
    let main = html! { div class="narrow" { h1 { (title) } (content) } };
    let page = frame(speech, title, "/console/login", None, &main);
    (status, Html(page.into_string())).into_response()
}

/// When the page was made, and the way to have it made anew. The script adds a switch.
fn freshness(speech: &Speech) -> Markup {
    html! {
        p class="fresh" data-stop=(speech.say("console-live-stop")) data-go=(speech.say("console-live-go")) {
            span { (speech.say("console-as-of")) " " span data-live-time { (speech.now()) } }
            a href="" { (speech.say("console-reload")) }
        }
    }
}

fn frame(
    speech: &Speech,
    title: &str,
    path: &str,
    page: Option<&Page<'_>>,
    main: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(code(speech.language)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – viadukt" }
                link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/console/assets/console.css";
                script src="/console/assets/console.js" defer {}
            }
            body {
                a class="skip" href="#main" { (speech.say("console-skip")) }
                header {
                    div class="bar" {
                        a class="brand" href="/console" { (Sign::Viadukt.draw()) " viadukt" }
                        (languages(speech, path))
                        @if let Some(page) = page { (page.person()) }
                    }
                    @if let Some(page) = page { (page.navigation()) }
                }
                main id="main" tabindex="-1" { (main) }
                footer { p { "viadukt " (env!("CARGO_PKG_VERSION")) " · " (speech.say("console-no-content")) } }
            }
        }
    }
}

/// The same page in the other language, each named in itself.
fn languages(speech: &Speech, path: &str) -> Markup {
    html! {
        ul class="languages" aria-label=(speech.say("console-language")) {
            @for (language, name) in [(Language::De, "Deutsch"), (Language::En, "English")] {
                @let current = (language == speech.language).then_some("true");
                li {
                    a href={ (path) "?lang=" (code(language)) } lang=(code(language)) hreflang=(code(language))
                        aria-current=[current] { (name) }
                }
            }
        }
    }
}
