//! `[bridges.NAME.answers]`: what a bridge answers by itself.

use std::time::Duration;

use viadukt_api::Timestamp;
use viadukt_api::config::Fields;

use super::hours::{OfficeHours, Zone};

/// The automatic answers of a bridge. A text of `None` is viadukt's own, in its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Who answers.
    pub name: String,
    /// Whether the first message of a conversation is acknowledged.
    pub first_contact: bool,
    /// The acknowledgement.
    pub first_contact_text: Option<String>,
    /// Whether a message that comes while nobody is there is answered.
    pub out_of_hours: bool,
    /// That answer.
    pub out_of_hours_text: Option<String>,
    /// When somebody is there.
    pub office_hours: Vec<OfficeHours>,
    /// Whether the author of a message hears that it could not be shown in the room.
    pub undeliverable: bool,
    /// What they hear.
    pub undeliverable_text: Option<String>,
    /// An answer is given to the same person again after this time at the earliest.
    pub again_after: Duration,
    /// The confirmation that nothing will be sent any more.
    pub stop_text: Option<String>,
    /// The confirmation that messages will be sent again.
    pub start_text: Option<String>,
    /// Who we are, and how to stop this.
    pub help_text: Option<String>,
}

impl Answers {
    /// None but those that somebody asks for; `name` answers.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            first_contact: false,
            first_contact_text: None,
            out_of_hours: false,
            out_of_hours_text: None,
            office_hours: Vec::new(),
            undeliverable: false,
            undeliverable_text: None,
            again_after: Duration::from_secs(7 * 86_400),
            stop_text: None,
            start_text: None,
            help_text: None,
        }
    }

    pub(super) fn read(fields: &Fields<'_>, name: &str) -> Self {
        let default = Self::new(name);
        let answers = Self {
            name: fields.or("name", default.name),
            first_contact: fields.or("first_contact", default.first_contact),
            first_contact_text: fields.optional("first_contact_text"),
            out_of_hours: fields.or("out_of_hours", default.out_of_hours),
            out_of_hours_text: fields.optional("out_of_hours_text"),
            office_hours: fields.list("office_hours"),
            undeliverable: fields.or("undeliverable", default.undeliverable),
            undeliverable_text: fields.optional("undeliverable_text"),
            again_after: fields.or("again_after", default.again_after),
            stop_text: fields.optional("stop_text"),
            start_text: fields.optional("start_text"),
            help_text: fields.optional("help_text"),
        };
        if answers.out_of_hours && !fields.names("office_hours") {
            fields.object("office_hours", "missing; \"out_of_hours\" needs it");
        }
        fields.finish();
        answers
    }

    /// Whether nobody is there at `now`.
    pub fn nobody_is_there(&self, now: Timestamp, zone: &Zone) -> bool {
        !self.office_hours.iter().any(|hours| hours.cover(now, zone))
    }
}
