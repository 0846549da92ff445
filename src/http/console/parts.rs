//! The small pieces that pages are made of: signs, marks, and the secret in forms.
//!
//! A sign never stands alone: its shape tells what its colour tells, and words beside it tell
//! what both do.

use maud::{Markup, html};

use super::visitor::Visitor;

/// A sign, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A circle with a tick: well.
    Well,
    /// A circle with two bars: paused.
    Paused,
    /// A triangle: look at it.
    Careful,
    /// An octagon: broken.
    Broken,
    /// A closed lock.
    Locked,
    /// An open lock.
    Unlocked,
    /// A person.
    Person,
    /// A far side: an antenna.
    Far,
    /// A Matrix room: a speech bubble.
    Room,
    /// viadukt: two arches.
    Viadukt,
}

impl Sign {
    /// What styles it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Well | Self::Locked => "well",
            Self::Paused => "paused",
            Self::Careful | Self::Unlocked => "careful",
            Self::Broken => "broken",
            Self::Person | Self::Far | Self::Room | Self::Viadukt => "plain",
        }
    }

    /// Its lines, on a square of 24.
    fn path(self) -> &'static str {
        match self {
            Self::Well => "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19ZM7.5 12.2l3.2 3.2 5.8-6.4",
            Self::Paused => "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19ZM9.7 8.5v7M14.3 8.5v7",
            Self::Careful => "M12 3.2 22 20.5H2L12 3.2ZM12 9.5v5M12 17.2v.3",
            Self::Broken => {
                "M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8L8 2.5ZM8.8 8.8l6.4 6.4M15.2 8.8l-6.4 6.4"
            }
            Self::Locked => "M6 11h12v9.5H6V11ZM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11M12 14.5v2.5",
            Self::Unlocked => "M6 11h12v9.5H6V11ZM8.5 11V6.5a3.5 3.5 0 0 1 6.8-1.2M12 14.5v2.5",
            Self::Person => "M12 3.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20.5a7.5 7.5 0 0 1 15 0",
            Self::Far => {
                "M12 21V11.5M12 7.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM7.5 14a6.4 6.4 0 0 1 0-9M16.5 14a6.4 6.4 0 0 0 0-9M4.5 17a10.7 10.7 0 0 1 0-15M19.5 17a10.7 10.7 0 0 0 0-15"
            }
            Self::Room => "M3.5 4.5h17v12h-9l-4.5 4v-4H3.5v-12ZM8 9h8M8 12.3h5",
            Self::Viadukt => "M1.5 5.5h21M2 20v-5.5a5 5 0 0 1 10 0v5.5M12 14.5a5 5 0 0 1 10 0v5.5",
        }
    }

    /// The sign, for the eye alone; words stand beside it.
    pub fn draw(self) -> Markup {
        html! {
            svg class={ "sign " (self.class()) } viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
                path d=(self.path()) {}
            }
        }
    }
}

/// A sign with its words.
pub(super) fn mark(sign: Sign, words: &str) -> Markup {
    html! { span class={ "mark " (sign.class()) } { (sign.draw()) " " (words) } }
}

/// The secret that every form of a session brings along.
pub(super) fn secret(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="csrf" value=(visitor.session.csrf); }
}

/// A number with what it counts.
pub(super) fn figure(value: &str, of: &str, note: Option<&str>) -> Markup {
    html! {
        div class="figure" {
            dt { (of) }
            dd { span class="value" { (value) } @if let Some(note) = note { span class="note" { (note) } } }
        }
    }
}

/// What stands where a list is empty.
pub(super) fn nothing(words: &str) -> Markup {
    html! { p class="nothing" { (Sign::Well.draw()) " " (words) } }
}
