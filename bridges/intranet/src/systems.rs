//! The kinds of systems: one line each.

mod alerts {
    pub(crate) mod silence;
}
mod chat;
mod cloudevents {
    pub(crate) mod outgoing;
}
mod gotify;
mod nextcloud;
mod ntfy {
    pub(crate) mod outgoing;
}
mod standard {
    mod key;
    pub(crate) mod outgoing;
}
mod talk {
    pub(crate) mod outgoing;
}
mod teams;

use crate::post::{only_does, only_takes};
use crate::system::SystemKind;

/// Everything that a system can be configured to speak.
pub(crate) const SYSTEMS: &[SystemKind] = &[
    SystemKind {
        name: "alertmanager",
        parse: |fields| only_does(alerts::silence::parse(fields), alerts::silence::DEEDS),
    },
    SystemKind {
        name: "cloudevents",
        parse: |fields| only_takes(cloudevents::outgoing::parse(fields)),
    },
    gotify::GOTIFY,
    chat::MATTERMOST,
    nextcloud::NEXTCLOUD,
    SystemKind { name: "ntfy", parse: |fields| only_takes(ntfy::outgoing::parse(fields)) },
    chat::ROCKETCHAT,
    chat::SLACK,
    SystemKind {
        name: "standard-webhooks",
        parse: |fields| only_takes(standard::outgoing::parse(fields)),
    },
    SystemKind { name: "talk", parse: |fields| only_takes(talk::outgoing::parse(fields)) },
    teams::TEAMS,
];
